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
#include "redis_private.h"

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
			       "this Redis is a node of a Cluster, which is not supported yet");
	return err_set(err, kind, "Redis refused: %.*s", shown > 120 ? 120 : shown, text);
}

/* Formats commands [from, to) one behind the other. */
static int format(const struct redis_batch *batch, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct redis_command *c = &batch->commands[i];
		char *bytes = NULL;
		int n = redisFormatCommandArgv(&bytes, c->argc, c->argv, c->argvlen);

		if (n < 0)
			return err_set(err, ERR_TEMP, "Redis: no memory for a command");
		(void)buf_add(out, bytes, (size_t)n);
		redisFreeCommand(bytes);
		if (out->full)
			return err_set(err, ERR_INPUT, "Redis: more than %d MiB in one step",
				       REDIS_MAX_REQUEST >> 20);
	}
	return 0;
}

enum fate { ANSWERED, NOT_SENT, LOST };

/* Sends the batch over this connection and fills replies. LOST: some of it may have been done. */
static enum fate run(struct redis_connection *c, const struct redis_batch *batch,
		     redisReply **replies, int64_t deadline, struct err *err)
{
	struct buf bytes;
	size_t sent = 0;
	enum fate fate = NOT_SENT;

	buf_init(&bytes, REDIS_MAX_REQUEST);
	if (format(batch, &bytes, err) < 0)
		goto out;
	if (redis_connection_send(c, (struct str){ bytes.data, bytes.len }, deadline, &sent, err) <
	    0) {
		/* Half a command is not executed, but earlier ones of the batch are. */
		fate = batch->count == 1 || sent == 0 ? NOT_SENT : LOST;
		goto out;
	}
	fate = LOST;
	for (size_t i = 0; i < batch->count; i++)
		if (redis_connection_receive(c, deadline, &replies[i], err) < 0)
			goto out;
	fate = ANSWERED;
out:
	buf_free(&bytes);
	return fate;
}

static bool is_error(const redisReply *r, const char *word)
{
	return r->type == REDIS_REPLY_ERROR && strncmp(r->str, word, strlen(word)) == 0;
}

/* Loads the scripts and sends again what NOSCRIPT says was not executed. */
static enum fate run_unknown_scripts(struct redis_connection *c, const struct redis_batch *batch,
				     redisReply **replies, int64_t deadline, struct err *err)
{
	struct redis_batch one = { .count = 1, .kind = batch->kind };
	bool loaded = false;

	for (size_t i = 0; i < batch->count; i++) {
		redisReply *again = NULL;
		enum fate fate;

		if (!is_error(replies[i], "NOSCRIPT"))
			continue;
		if (!loaded && redis_load_scripts(c, deadline, err) < 0)
			return batch->count == 1 ? NOT_SENT : LOST;
		loaded = true;
		one.commands = &batch->commands[i];
		fate = run(c, &one, &again, deadline, err);
		if (fate != ANSWERED)
			return batch->count == 1 ? fate : LOST;
		freeReplyObject(replies[i]);
		replies[i] = again;
	}
	return ANSWERED;
}

static enum fate attempt(struct redis_pool *pool, const struct redis_batch *batch,
			 redisReply **replies, int64_t deadline, struct err *err)
{
	struct redis_connection *c;
	enum fate fate;

	if (redis_pool_take(pool, deadline, &c, err) < 0)
		return NOT_SENT;
	fate = run(c, batch, replies, deadline, err);
	if (fate == ANSWERED)
		fate = run_unknown_scripts(c, batch, replies, deadline, err);
	redis_pool_give(pool, c, fate != ANSWERED);
	return fate;
}

static void clear(redisReply **replies, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (replies[i])
			freeReplyObject(replies[i]);
		replies[i] = NULL;
	}
}

int redis_exchange(struct redis_pool *pool, struct redis_batch *batch, redisReply ***replies_out,
		   struct err *err)
{
	int64_t deadline = batch->deadline ? batch->deadline : redis_pool_deadline(pool);
	redisReply **replies = mem_array(batch->count, sizeof *replies);
	struct err why = { 0 };
	enum fate fate = attempt(pool, batch, replies, deadline, &why);

	/* A read, or a write that never left, may find a server that has just been restarted. */
	if (fate == LOST && batch->kind == REDIS_READ && clock_mono_ms() < deadline) {
		clear(replies, batch->count);
		fate = attempt(pool, batch, replies, deadline, &why);
	}
	if (fate == LOST && batch->kind == REDIS_WRITE)
		why.kind = ERR_UNSURE;
	for (size_t i = 0; fate == ANSWERED && i < batch->count; i++) {
		if (replies[i]->type != REDIS_REPLY_ERROR)
			continue;
		redis_error_set(&why, replies[i]);
		fate = NOT_SENT;
	}
	if (fate == ANSWERED) {
		*replies_out = replies;
		return 0;
	}
	redis_replies_free(replies, batch->count);
	*replies_out = NULL;
	if (err)
		*err = why;
	return -1;
}

int redis_exchange_one(struct redis_pool *pool, struct redis_batch *batch, redisReply **reply_out,
		       struct err *err)
{
	redisReply **replies;

	*reply_out = NULL;
	if (redis_exchange(pool, batch, &replies, err) < 0)
		return -1;
	*reply_out = replies[0];
	free(replies);
	return 0;
}

int redis_exchange_yes(struct redis_pool *pool, struct redis_batch *batch, struct err *err)
{
	redisReply *reply;
	int yes;

	if (redis_exchange_one(pool, batch, &reply, err) < 0)
		return -1;
	yes = redis_reply_int(reply) != 0;
	freeReplyObject(reply);
	return yes;
}

/* Reads one reply that must not be an error. */
static int expect(struct redis_connection *c, int64_t deadline, const char *what, char *sha,
		  struct err *err)
{
	redisReply *reply;
	int ret = -1;

	if (redis_connection_receive(c, deadline, &reply, err) < 0)
		return -1;
	if (reply->type == REDIS_REPLY_ERROR) {
		redis_error_set(err, reply);
		if (strcmp(what, "AUTH") == 0 && (!err || err->kind == ERR_BUG))
			err_set(err, ERR_PERM, "Redis refused the user name or password");
		err_prefix(err, "%s", what);
	} else if (sha && reply->type == REDIS_REPLY_STRING && reply->len == 40) {
		memcpy(sha, reply->str, 41);
		ret = 0;
	} else if (sha) {
		err_set(err, ERR_BUG, "Redis answers SCRIPT LOAD in an unknown way");
	} else {
		ret = 0;
	}
	freeReplyObject(reply);
	return ret;
}

static void add_scripts(struct redis_batch *b)
{
	for (size_t i = 0; i < REDIS_SCRIPTS; i++) {
		struct redis_command *c = redis_command(b, "SCRIPT");

		redis_arg_text(c, "LOAD");
		redis_arg_text(c, redis_script_texts[i]);
	}
}

static int send_batch(struct redis_connection *c, const struct redis_batch *b, int64_t deadline,
		      struct err *err)
{
	struct buf bytes;
	size_t sent;
	int ret;

	buf_init(&bytes, REDIS_MAX_REQUEST);
	ret = format(b, &bytes, err);
	if (ret == 0)
		ret = redis_connection_send(c, (struct str){ bytes.data, bytes.len }, deadline,
					    &sent, err);
	/* It may have held the password. */
	explicit_bzero(bytes.data, bytes.len);
	buf_free(&bytes);
	return ret;
}

int redis_load_scripts(struct redis_connection *connection, int64_t deadline, struct err *err)
{
	struct arena a = { 0 };
	struct redis_batch b;
	char sha[41];
	int ret;

	redis_batch_init(&b, &a, REDIS_READ);
	add_scripts(&b);
	ret = send_batch(connection, &b, deadline, err);
	for (size_t i = 0; ret == 0 && i < REDIS_SCRIPTS; i++)
		ret = expect(connection, deadline, "SCRIPT LOAD", sha, err);
	arena_free(&a);
	return ret;
}

static void add_login(struct redis_batch *b, const struct redis_address *address)
{
	struct redis_command *c;

	if (address->password) {
		c = redis_command(b, "AUTH");
		if (address->user)
			redis_arg_text(c, address->user);
		redis_arg_text(c, address->password);
	}
	if (address->db != 0) {
		c = redis_command(b, "SELECT");
		redis_arg_int(c, address->db);
	}
}

int redis_greet(struct redis_connection *connection, const struct redis_address *address,
		char shas[REDIS_SCRIPTS][41], int64_t deadline, struct err *err)
{
	struct arena a = { 0 };
	struct redis_batch b;
	int ret;

	redis_batch_init(&b, &a, REDIS_READ);
	add_login(&b, address);
	(void)redis_command(&b, "PING");
	add_scripts(&b);
	ret = send_batch(connection, &b, deadline, err);
	if (ret == 0 && address->password)
		ret = expect(connection, deadline, "AUTH", NULL, err);
	if (ret == 0 && address->db != 0)
		ret = expect(connection, deadline, "SELECT", NULL, err);
	if (ret == 0)
		ret = expect(connection, deadline, "PING", NULL, err);
	for (size_t i = 0; ret == 0 && i < REDIS_SCRIPTS; i++)
		ret = expect(connection, deadline, "SCRIPT LOAD", shas[i], err);
	arena_free(&a);
	return ret;
}
