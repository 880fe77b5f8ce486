/*
 * redis_reach.c - whom we may write to, and how fast: consent and its ledger, trouble with
 * reaching somebody, the rate of a sender.
 */
#include <stdlib.h>

#include "redis_rows_private.h"

enum { US_PER_MS = 1000 };

int redis_consent_add(void *self, const char *contact, const struct driver_consent *consent,
		      struct err *err)
{
	struct redis_store *st = self;
	unsigned shard = redis_shard(contact);
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	c = redis_script(&b, st->servers, REDIS_SCRIPT_CONSENT_ADD, 2);
	redis_arg_text(c, redis_key(&tmp, shard, "c", contact, NULL));
	redis_arg_text(c, redis_key(&tmp, shard, "l", contact, NULL));
	redis_arg_int(c, consent->consent);
	redis_arg_int(c, consent->at_ms);
	redis_arg_text(c, consent->external_id);
	redis_arg(c, consent->box);
	ret = redis_exchange_yes(st->servers, &b, err);
	arena_free(&tmp);
	return ret;
}

/* The fields of a stream's entry, [id, [at, …, consent, …, ext, …, box, …]], in the order in
 * which the scripts write them. */
static void read_consent(const redisReply *r, struct arena *a, struct driver_consent *consent)
{
	const redisReply *f = redis_reply_at(r, 1);

	consent->at_ms = redis_reply_int(redis_reply_at(f, 1));
	consent->consent = (enum consent)redis_reply_int(redis_reply_at(f, 3));
	consent->external_id = redis_reply_text(redis_reply_at(f, 5), a);
	consent->box = redis_reply_box(redis_reply_at(f, 7), a);
}

int redis_consent_list(void *self, const char *contact, unsigned max, struct arena *a,
		       struct driver_consent **list_out, size_t *count_out, struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	redisReply *reply;
	size_t n = 0;
	int ret;

	*count_out = 0;
	*list_out = arena_array(a, max, sizeof **list_out);
	redis_batch_init(&b, &tmp, REDIS_READ);
	c = redis_command(&b, "XREVRANGE");
	redis_arg_text(c, redis_key(&tmp, redis_shard(contact), "l", contact, NULL));
	redis_arg_text(c, "+");
	redis_arg_text(c, "-");
	redis_arg_text(c, "COUNT");
	redis_arg_int(c, max);
	ret = redis_exchange_one(st->servers, &b, &reply, err);
	if (ret == 0) {
		for (; n < max && redis_reply_at(reply, n); n++)
			read_consent(redis_reply_at(reply, n), a, &(*list_out)[n]);
		freeReplyObject(reply);
	}
	*count_out = n;
	arena_free(&tmp);
	return ret;
}

int redis_trouble_set(void *self, const char *contact, int code, int64_t now_ms, struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	c = redis_command(&b, "HSET");
	redis_arg_text(c, redis_key(&tmp, redis_shard(contact), "c", contact, NULL));
	redis_arg_text(c, "trouble");
	redis_arg_int(c, code);
	redis_arg_text(c, "heard");
	redis_arg_int(c, now_ms);
	ret = redis_exchange_yes(st->servers, &b, err) < 0 ? -1 : 0;
	arena_free(&tmp);
	return ret;
}

static const char *rate_key(struct arena *a, const char *sender)
{
	return redis_key(a, redis_shard(sender), "rt", sender, NULL);
}

int redis_rate_take(void *self, const char *sender, unsigned rate, bool spare, unsigned want,
		    unsigned *granted_out, int64_t *wait_ms_out, struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	redisReply *reply;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	c = redis_script(&b, st->servers, REDIS_SCRIPT_RATE_TAKE, 1);
	redis_arg_text(c, rate_key(&tmp, sender));
	redis_arg_int(c, rate);
	redis_arg_text(c, spare ? "1" : "0");
	redis_arg_int(c, want);
	ret = redis_exchange_one(st->servers, &b, &reply, err);
	if (ret == 0) {
		int64_t wait_us = redis_reply_int(redis_reply_at(reply, 1));

		*granted_out = (unsigned)redis_reply_int(redis_reply_at(reply, 0));
		*wait_ms_out = (wait_us + US_PER_MS - 1) / US_PER_MS;
		freeReplyObject(reply);
	}
	arena_free(&tmp);
	return ret;
}

int redis_rate_slow(void *self, const char *sender, unsigned divisor, int64_t duration_ms,
		    struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	c = redis_script(&b, st->servers, REDIS_SCRIPT_RATE_SLOW, 1);
	redis_arg_text(c, rate_key(&tmp, sender));
	redis_arg_int(c, divisor);
	redis_arg_int(c, duration_ms * US_PER_MS);
	ret = redis_exchange_yes(st->servers, &b, err) < 0 ? -1 : 0;
	arena_free(&tmp);
	return ret;
}
