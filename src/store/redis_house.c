/*
 * redis_house.c - limits, records, the old bot's sessions, and sweeping.
 *
 * Sessions and turns end by their keys' time to live; what sweep clears are
 * their traces in the indexes, sessions that ended by a shifted clock only,
 * and outbox rows that were finished long ago.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "redis_private.h"

enum { SWEEP_PAGE = 32, SWEEP_ROUNDS = 32 };

int redis_allow(void *self, const char *key, const char *member, unsigned limit, int64_t window_ms,
		int64_t now_ms, struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	c = redis_script(&b, st->pool, REDIS_SCRIPT_ALLOW, 1);
	redis_arg_text(c, redis_key(&tmp, redis_shard(key), "a", key, NULL));
	redis_arg_text(c, member);
	redis_arg_int(c, limit);
	redis_arg_int(c, window_ms);
	redis_arg_int(c, now_ms);
	ret = redis_exchange_yes(st->pool, &b, err);
	arena_free(&tmp);
	return ret;
}

static void read_record(const redisReply *r, struct arena *a, struct driver_record *record)
{
	record->type = redis_reply_text(redis_reply_at(r, 0), a);
	record->id = redis_reply_text(redis_reply_at(r, 1), a);
	record->contact = redis_reply_text(redis_reply_at(r, 2), a);
	record->state = redis_reply_text(redis_reply_at(r, 3), a);
	record->created_ms = redis_reply_int(redis_reply_at(r, 4));
	record->updated_ms = redis_reply_int(redis_reply_at(r, 5));
	record->box = redis_reply_box(redis_reply_at(r, 6), a);
}

/* A record lies in the shard of its contact, who is not known here: all shards are asked in
 * one write. Nothing on the road of a message does this. */
int redis_record_get(void *self, const char *type, const char *id, struct arena *a,
		     struct driver_record *record_out, struct err *err)
{
	static const char *const fields[] = { "type",	 "id",	    "contact", "state",
					      "created", "updated", "box" };
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies;
	int ret = -1;

	redis_batch_init(&b, &tmp, REDIS_READ);
	for (unsigned i = 0; i < REDIS_SHARDS; i++) {
		struct redis_command *c = redis_command(&b, "HMGET");

		redis_arg_text(c, redis_key(&tmp, i, "r", type, id));
		for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
			redis_arg_text(c, fields[f]);
	}
	if (redis_exchange(st->pool, &b, &replies, err) == 0) {
		ret = 0;
		for (size_t i = 0; i < b.count && ret == 0; i++) {
			if (!redis_reply_has(redis_reply_at(replies[i], 0)))
				continue;
			read_record(replies[i], a, record_out);
			ret = 1;
		}
		redis_replies_free(replies, b.count);
	}
	arena_free(&tmp);
	return ret;
}

int redis_legacy_load(void *self, const char *contact, struct arena *a, struct str *json_out,
		      struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	redisReply *reply;
	int ret = -1;

	redis_batch_init(&b, &tmp, REDIS_READ);
	c = redis_command(&b, "GET");
	redis_arg_text(c, arena_printf(&tmp, "whatsapp_session:%s", contact));
	if (redis_exchange_one(st->pool, &b, &reply, err) == 0) {
		ret = redis_reply_has(reply);
		if (ret == 1)
			*json_out = redis_reply_box(reply, a);
		freeReplyObject(reply);
	}
	arena_free(&tmp);
	return ret;
}

/* Two passes alike: list a page of candidates in every shard, let a script drop those that have
 * really passed their time. Sessions all live equally long, so the oldest end first; one that
 * ends sooner keeps its place in the index until then, and counts nowhere. */
struct sweep {
	const char *index;     /* ZSET of candidates */
	const char *companion; /* the script's second key */
	const char *owner;     /* kind of key that a candidate names */
	enum redis_script script;
	bool by_score; /* only members below `before`; otherwise the oldest */
	int64_t before;
};

static int list_candidates(struct redis_store *st, const struct sweep *s, struct arena *a,
			   int64_t deadline, redisReply ***replies_out, struct err *err)
{
	struct redis_batch b;

	redis_batch_init(&b, a, REDIS_READ);
	b.deadline = deadline;
	for (unsigned i = 0; i < REDIS_SHARDS; i++) {
		struct redis_command *c = redis_command(&b, "ZRANGEBYSCORE");

		redis_arg_text(c, redis_key(a, i, s->index, NULL, NULL));
		redis_arg_text(c, "-inf");
		if (s->by_score)
			redis_arg_int(c, s->before);
		else
			redis_arg_text(c, "+inf");
		redis_arg_text(c, "LIMIT");
		redis_arg_text(c, "0");
		redis_arg_int(c, SWEEP_PAGE);
	}
	return redis_exchange(st->pool, &b, replies_out, err);
}

static void add_drop(struct redis_store *st, const struct sweep *s, struct redis_batch *b,
		     unsigned shard, const redisReply *members)
{
	struct arena *a = b->arena;
	struct redis_command *c = redis_script(b, st->pool, s->script, 2 + members->elements);

	redis_arg_text(c, redis_key(a, shard, s->index, NULL, NULL));
	redis_arg_text(c, redis_key(a, shard, s->companion, NULL, NULL));
	for (size_t j = 0; j < members->elements; j++)
		redis_arg_text(c, redis_key(a, shard, s->owner,
					    redis_reply_text(members->element[j], a), NULL));
	redis_arg_int(c, s->before);
	for (size_t j = 0; j < members->elements; j++)
		redis_arg(c, redis_reply_box(members->element[j], a));
}

/* One page of every shard. *full_out: a shard gave up a whole page, so there may be more. */
static int sweep_page(struct redis_store *st, const struct sweep *s, int64_t deadline,
		      bool *full_out, struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **members = NULL, **dropped = NULL;
	int ret = -1;

	*full_out = false;
	redis_batch_init(&b, &tmp, REDIS_WRITE);
	b.deadline = deadline;
	if (list_candidates(st, s, &tmp, deadline, &members, err) < 0)
		goto out;
	for (unsigned i = 0; i < REDIS_SHARDS; i++)
		if (redis_reply_at(members[i], 0))
			add_drop(st, s, &b, i, members[i]);
	if (b.count > 0 && redis_exchange(st->pool, &b, &dropped, err) < 0)
		goto out;
	ret = 0;
	for (size_t i = 0; i < b.count; i++) {
		ret += (int)redis_reply_int(dropped[i]);
		*full_out = *full_out || redis_reply_int(dropped[i]) == SWEEP_PAGE;
	}
out:
	redis_replies_free(members, REDIS_SHARDS);
	redis_replies_free(dropped, b.count);
	arena_free(&tmp);
	return ret;
}

/* Turns whose keys live on by the server's clock are over by the caller's. */
static int raise_floor(struct redis_store *st, int64_t floor_ms, int64_t deadline, struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	b.deadline = deadline;
	for (unsigned i = 0; i < REDIS_SHARDS; i++) {
		struct redis_command *c = redis_command(&b, "SET");

		redis_arg_text(c, redis_key(&tmp, i, "floor", NULL, NULL));
		redis_arg_int(c, floor_ms);
	}
	ret = redis_exchange(st->pool, &b, &replies, err);
	redis_replies_free(replies, b.count);
	arena_free(&tmp);
	return ret;
}

int redis_sweep(void *self, int64_t now_ms, struct err *err)
{
	const struct sweep sweeps[] = {
		{ "ix", "calls", "s", REDIS_SCRIPT_DROP_SESSIONS, false, now_ms },
		{ "done", "n", "o", REDIS_SCRIPT_DROP_ROWS, true, now_ms - DRIVER_DONE_KEEP_MS },
	};
	struct redis_store *st = self;
	int64_t deadline = redis_pool_deadline(st->pool);
	int total = 0;

	if (raise_floor(st, now_ms - st->seen_keep_ms, deadline, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof sweeps / sizeof *sweeps; i++) {
		bool more = true;

		/* The rest waits for the next minute: this one stays short. */
		for (int round = 0; more && round < SWEEP_ROUNDS; round++) {
			int n = sweep_page(st, &sweeps[i], deadline, &more, err);

			if (n < 0)
				return -1;
			total += n;
			more = more && clock_mono_ms() < deadline - 500;
		}
	}
	return total;
}
