/*
 * redis_sentinel.c - who is the master now, by the word of the sentinels.
 *
 * They are asked anew for each connection, one after the other until one
 * knows; whether the server it names really is the master, ROLE says at the
 * greeting. So a failover needs no subscription: the old master hangs up, is
 * silent or says READONLY, and each of these ends the connection.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "redis_link_private.h"

enum { ONE_SENTINEL_MS = 1000 };

struct dialogue {
	struct redis_stream *stream;
	redisReader *reader;
	int64_t deadline;
};

/* Says one command and hears its reply, which may be an error. */
static int ask(struct dialogue *d, const struct redis_batch *b, redisReply **reply_out,
	       struct err *err)
{
	*reply_out = NULL;
	if (redis_batch_send(d->stream, b, d->deadline, err) < 0)
		return -1;
	return redis_stream_receive(d->stream, d->reader, d->deadline, reply_out, err);
}

static int log_in(struct dialogue *d, const struct redis_address *address, struct err *err)
{
	struct arena a = { 0 };
	struct redis_batch b;
	redisReply *reply;
	int ret;

	redis_batch_init(&b, &a, REDIS_READ);
	redis_add_auth(&b, address);
	ret = ask(d, &b, &reply, err);
	if (ret == 0 && reply->type == REDIS_REPLY_ERROR)
		ret = err_set(err, ERR_PERM, "Sentinel refused the user name or password");
	if (reply)
		freeReplyObject(reply);
	arena_free(&a);
	return ret;
}

static int read_place(const redisReply *reply, const struct redis_address *address,
		      struct redis_place *place_out, struct err *err)
{
	const redisReply *host = redis_reply_at(reply, 0);
	int64_t port = redis_reply_int(redis_reply_at(reply, 1));

	if (redis_reply_refuses(reply, "ERR unknown command"))
		return err_set(err, ERR_PERM, "this is no sentinel, but a server");
	if (reply->type == REDIS_REPLY_ERROR)
		return redis_error_set(err, reply);
	if (reply->type == REDIS_REPLY_NIL)
		return err_set(err, ERR_TEMP, "Sentinel knows no master named %s", address->master);
	if (!host || host->type != REDIS_REPLY_STRING || port < 1 || port > 65535)
		return err_set(err, ERR_TEMP, "Sentinel answers in an unknown way");
	*place_out = (struct redis_place){ mem_strndup(host->str, host->len), (int)port };
	return 0;
}

static int ask_for_master(struct dialogue *d, const struct redis_address *address,
			  struct redis_place *place_out, struct err *err)
{
	struct arena a = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	redisReply *reply;
	int ret;

	redis_batch_init(&b, &a, REDIS_READ);
	c = redis_command(&b, "SENTINEL");
	redis_arg_text(c, "get-master-addr-by-name");
	redis_arg_text(c, address->master);
	ret = ask(d, &b, &reply, err);
	if (ret == 0 && address->password && redis_reply_refuses(reply, "NOAUTH")) {
		freeReplyObject(reply);
		reply = NULL;
		ret = log_in(d, address, err);
		if (ret == 0)
			ret = ask(d, &b, &reply, err);
	}
	if (ret == 0)
		ret = read_place(reply, address, place_out, err);
	if (reply)
		freeReplyObject(reply);
	arena_free(&a);
	return ret;
}

static int ask_one(const struct redis_place *sentinel, const struct redis_address *address,
		   struct redis_tls *tls, struct redis_waker *waker, int64_t deadline,
		   struct redis_place *place_out, struct err *err)
{
	struct dialogue d = { .deadline = deadline };
	int ret = redis_stream_open(sentinel, tls, waker, deadline, &d.stream, err);

	if (ret == 0) {
		d.reader = redisReaderCreate();
		if (d.reader)
			ret = ask_for_master(&d, address, place_out, err);
		else
			ret = err_set(err, ERR_TEMP, "Redis: no memory for a reader");
	}
	if (d.reader)
		redisReaderFree(d.reader);
	redis_stream_close(&d.stream);
	return ret < 0 ? err_prefix(err, "Sentinel at %s:%d", sentinel->host, sentinel->port) : 0;
}

int redis_sentinel_find(const struct redis_address *address, struct redis_tls *tls,
			struct redis_waker *waker, unsigned turn, int64_t deadline,
			struct redis_place *place_out, struct err *err)
{
	for (size_t i = 0; i < address->place_count; i++) {
		int64_t until = clock_mono_ms() + ONE_SENTINEL_MS;

		if (ask_one(&address->places[(turn + i) % address->place_count], address, tls,
			    waker, until < deadline ? until : deadline, place_out, err) == 0)
			return 0;
		if (atomic_load(&waker->stop) || clock_mono_ms() >= deadline)
			break;
	}
	return -1;
}
