/*
 * redis_exchange.c - commands out, replies in, and what a failure means.
 *
 * Three certainties: nothing was sent (ERR_TEMP), the server refused (by its
 * error word), or a write was sent and its answer is missing (ERR_UNSURE).
 * Only what surely was not executed is sent again: after NOSCRIPT, and reads.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "redis_link_private.h"

/* Word at the beginning of an error reply. */
static const struct {
	const char *word;
	enum err_kind kind;
} refusals[] = {
	{ "LOADING", ERR_TEMP },
	{ "READONLY", ERR_TEMP },
	{ "MASTERDOWN", ERR_TEMP },
	{ "CLUSTERDOWN", ERR_TEMP },
	{ "BUSY", ERR_TEMP },
	{ "TRYAGAIN", ERR_TEMP },
	{ "NOREPLICAS", ERR_TEMP },
	{ "MISCONF", ERR_TEMP },
	{ "NOSCRIPT", ERR_TEMP },
	{ "ERR max number of clients", ERR_TEMP },
	{ "OOM", ERR_FULL },
	{ "NOAUTH", ERR_PERM },
	{ "WRONGPASS", ERR_PERM },
	{ "NOPERM", ERR_PERM },
	{ "MOVED", ERR_PERM },
	{ "ASK", ERR_PERM },
	{ "CROSSSLOT", ERR_PERM },
	{ "WRONGTYPE", ERR_PERM },
	{ "DENIED", ERR_PERM },
	{ "ERR This instance has cluster support disabled", ERR_PERM },
	{ "ERR DB index", ERR_PERM },
	{ "ERR invalid DB", ERR_PERM },
	{ "ERR SELECT is not allowed", ERR_PERM },
};

/* Before version 7 a script's refusal was wrapped: "ERR Error running script (…): … -OOM …". */
static const char *unwrapped(const char *text)
{
	const char *inner = strncmp(text, "ERR Error running", 17) == 0 ? strstr(text, " -") : NULL;

	return inner ? inner + 2 : text;
}

int redis_error_set(struct err *err, const redisReply *reply)
{
	const char *text = unwrapped(reply->str);
	enum err_kind kind = ERR_BUG;
	/* The server may quote arguments, and those are contacts. */
	const char *end = strstr(text, ", with args");
	int shown = end ? (int)(end - text) : (int)strcspn(text, "\r\n");

	for (size_t i = 0; i < sizeof refusals / sizeof *refusals && kind == ERR_BUG; i++)
		if (strncmp(text, refusals[i].word, strlen(refusals[i].word)) == 0)
			kind = refusals[i].kind;
	if (strncmp(text, "MOVED", 5) == 0 || strncmp(text, "ASK", 3) == 0)
		return err_set(err, kind,
			       "this Redis is a node of a Cluster: say so in REDIS_URL, "
			       "redis+cluster://host:port");
	return err_set(err, kind, "Redis refused: %.*s", shown > 120 ? 120 : shown, text);
}

/* The same command with the script itself instead of its digest. */
static void spell_out(const struct redis_servers *servers, struct redis_command *c)
{
	for (size_t i = 0; i < REDIS_SCRIPTS; i++) {
		if (c->argc < 2 || c->argv[1] != redis_servers_sha(servers, (enum redis_script)i))
			continue;
		c->argv[0] = "EVAL";
		c->argvlen[0] = 4;
		c->argv[1] = redis_script_texts[i];
		c->argvlen[1] = strlen(redis_script_texts[i]);
	}
}

/* What NOSCRIPT says was not executed goes out again; it leaves the script loaded. */
static enum redis_fate run_unknown_scripts(struct redis_servers *servers,
					   const struct redis_batch *batch, redisReply **replies,
					   int64_t deadline, struct err *err)
{
	size_t *which = NULL, count = 0;
	enum redis_fate fate = REDIS_ANSWERED;

	for (size_t i = 0; i < batch->count; i++) {
		if (!redis_reply_refuses(replies[i], "NOSCRIPT"))
			continue;
		if (!which)
			which = mem_array(batch->count, sizeof *which);
		spell_out(servers, &batch->commands[i]);
		which[count++] = i;
	}
	if (count > 0)
		fate = redis_servers_run(servers, batch, which, count, replies, deadline, err);
	free(which);
	/* The others have been executed. */
	return fate == REDIS_NOT_SENT && count < batch->count ? REDIS_LOST : fate;
}

static enum redis_fate attempt(struct redis_servers *servers, const struct redis_batch *batch,
			       redisReply **replies, int64_t deadline, struct err *err)
{
	enum redis_fate fate =
		redis_servers_run(servers, batch, NULL, batch->count, replies, deadline, err);

	if (fate == REDIS_ANSWERED)
		fate = run_unknown_scripts(servers, batch, replies, deadline, err);
	return fate;
}

int redis_exchange(struct redis_servers *servers, struct redis_batch *batch,
		   redisReply ***replies_out, struct err *err)
{
	int64_t deadline = batch->deadline ? batch->deadline : redis_servers_deadline(servers);
	redisReply **replies = mem_array(batch->count, sizeof *replies);
	struct err why = { 0 };
	enum redis_fate fate = attempt(servers, batch, replies, deadline, &why);

	/* A read may find a server that has just been restarted. */
	if (fate == REDIS_LOST && batch->kind == REDIS_READ && clock_mono_ms() < deadline)
		fate = attempt(servers, batch, replies, deadline, &why);
	if (fate == REDIS_LOST && batch->kind == REDIS_WRITE)
		why.kind = ERR_UNSURE;
	for (size_t i = 0; fate == REDIS_ANSWERED && i < batch->count; i++) {
		if (replies[i]->type != REDIS_REPLY_ERROR)
			continue;
		redis_error_set(&why, replies[i]);
		fate = REDIS_NOT_SENT;
	}
	if (fate == REDIS_ANSWERED) {
		*replies_out = replies;
		return 0;
	}
	redis_replies_free(replies, batch->count);
	*replies_out = NULL;
	if (err)
		*err = why;
	return -1;
}

int redis_exchange_one(struct redis_servers *servers, struct redis_batch *batch,
		       redisReply **reply_out, struct err *err)
{
	redisReply **replies;

	*reply_out = NULL;
	if (redis_exchange(servers, batch, &replies, err) < 0)
		return -1;
	*reply_out = replies[0];
	free(replies);
	return 0;
}

int redis_exchange_yes(struct redis_servers *servers, struct redis_batch *batch, struct err *err)
{
	redisReply *reply;
	int yes;

	if (redis_exchange_one(servers, batch, &reply, err) < 0)
		return -1;
	yes = redis_reply_int(reply) != 0;
	freeReplyObject(reply);
	return yes;
}
