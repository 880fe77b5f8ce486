/*
 * redis_greet.c - the start of a connection: who we are, which database, our scripts.
 */
#include <string.h>

#include "redis_link_private.h"

static bool is_master(const redisReply *reply)
{
	const redisReply *role = redis_reply_at(reply, 0);

	return role && role->type == REDIS_REPLY_STRING && strcmp(role->str, "master") == 0;
}

/* Reads one reply that must not be an error. */
static int expect(struct redis_stream *stream, redisReader *reader, int64_t deadline,
		  const char *what, struct err *err)
{
	redisReply *reply;
	int ret = 0;

	if (redis_stream_receive(stream, reader, deadline, &reply, err) < 0)
		return -1;
	if (reply->type == REDIS_REPLY_ERROR) {
		ret = redis_error_set(err, reply);
		if (strcmp(what, "AUTH") == 0 && err->kind == ERR_BUG)
			err_set(err, ERR_PERM, "Redis refused the user name or password");
		err_prefix(err, "%s", what);
	} else if (strcmp(what, "ROLE") == 0 && !is_master(reply)) {
		ret = err_set(err, ERR_TEMP, "Redis: the server that Sentinel names is no master");
	}
	freeReplyObject(reply);
	return ret;
}

void redis_add_auth(struct redis_batch *b, const struct redis_address *address)
{
	struct redis_command *c;

	if (!address->password)
		return;
	c = redis_command(b, "AUTH");
	if (address->user)
		redis_arg_text(c, address->user);
	redis_arg_text(c, address->password);
}

static void add_scripts(struct redis_batch *b)
{
	for (size_t i = 0; i < REDIS_SCRIPTS; i++) {
		struct redis_command *c = redis_command(b, "SCRIPT");

		redis_arg_text(c, "LOAD");
		redis_arg_text(c, redis_script_texts[i]);
	}
}

int redis_batch_send(struct redis_stream *stream, const struct redis_batch *b, int64_t deadline,
		     struct err *err)
{
	struct redis_call *call = redis_call_new(b, NULL, b->count, err);
	int ret;

	if (!call)
		return -1;
	ret = redis_stream_send(stream, call->bytes, deadline, err);
	/* It may hold the password. */
	explicit_bzero((char *)call->bytes.p, call->bytes.n);
	redis_call_free(call);
	return ret;
}

int redis_greet(struct redis_stream *stream, redisReader *reader,
		const struct redis_address *address, int64_t deadline, struct err *err)
{
	struct arena a = { 0 };
	struct redis_batch b;
	int ret;

	redis_batch_init(&b, &a, REDIS_READ);
	redis_add_auth(&b, address);
	if (address->db != 0)
		redis_arg_int(redis_command(&b, "SELECT"), address->db);
	(void)redis_command(&b, "PING");
	if (address->form == REDIS_SENTINEL)
		(void)redis_command(&b, "ROLE");
	add_scripts(&b);
	ret = redis_batch_send(stream, &b, deadline, err);
	for (size_t i = 0; ret == 0 && i < b.count; i++)
		ret = expect(stream, reader, deadline, b.commands[i].argv[0], err);
	arena_free(&a);
	return ret;
}
