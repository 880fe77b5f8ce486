/*
 * redis_house.c - limits, the old bot's sessions, and sweeping.
 *
 * Sessions and turns end by their keys' time to live; what sweep clears are
 * their traces in the indexes, sessions that ended by a shifted clock only,
 * outbox rows that were finished or parked long ago, and old broadcasts.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "redis_rows_private.h"

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
	c = redis_script(&b, st->servers, REDIS_SCRIPT_ALLOW, 1);
	redis_arg_text(c, redis_key(&tmp, redis_shard(key), "a", key, NULL));
	redis_arg_text(c, member);
	redis_arg_int(c, limit);
	redis_arg_int(c, window_ms);
	redis_arg_int(c, now_ms);
	ret = redis_exchange_yes(st->servers, &b, err);
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
	if (redis_exchange_one(st->servers, &b, &reply, err) == 0) {
		ret = redis_reply_has(reply);
		if (ret == 1)
			*json_out = redis_reply_box(reply, a);
		freeReplyObject(reply);
	}
	arena_free(&tmp);
	return ret;
}

/* Three passes alike: list a page of candidates in every shard, let a script drop those that have
 * really passed their time. Sessions all live equally long, so the oldest end first; one that
 * ends sooner keeps its place in the index until then, and counts nowhere. */
struct sweep {
	const char *index;     /* ZSET of candidates */
	const char *companion; /* the script's second key; NULL: it has the index's only */
	const char *owner;     /* kind of key that a candidate names */
	enum redis_script script;
	bool by_score; /* only members below `before`; otherwise the oldest */
	int64_t before;
	int64_t now; /* the script's second argument; 0: it has none */
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
	return redis_exchange(st->servers, &b, replies_out, err);
}

static void add_drop(struct redis_store *st, const struct sweep *s, struct redis_batch *b,
		     unsigned shard, const redisReply *members)
{
	struct arena *a = b->arena;
	size_t keys = s->companion ? 2 + members->elements : 1;
	struct redis_command *c = redis_script(b, st->servers, s->script, keys);

	redis_arg_text(c, redis_key(a, shard, s->index, NULL, NULL));
	if (s->companion)
		redis_arg_text(c, redis_key(a, shard, s->companion, NULL, NULL));
	for (size_t j = 0; s->companion && j < members->elements; j++)
		redis_arg_text(c, redis_key(a, shard, s->owner,
					    redis_reply_text(members->element[j], a), NULL));
	redis_arg_int(c, s->before);
	if (s->now)
		redis_arg_int(c, s->now);
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
	if (b.count > 0 && redis_exchange(st->servers, &b, &dropped, err) < 0)
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
	ret = redis_exchange(st->servers, &b, &replies, err);
	redis_replies_free(replies, b.count);
	arena_free(&tmp);
	return ret;
}

/* Page after page until there is nothing more, or no time. */
static int sweep_pages(struct redis_store *st, const struct sweep *s, int64_t deadline,
		       struct err *err)
{
	bool more = true;
	int total = 0;

	/* The rest waits for the next minute: this one stays short. */
	for (int round = 0; more && round < SWEEP_ROUNDS; round++) {
		int n = sweep_page(st, s, deadline, &more, err);

		if (n < 0)
			return -1;
		total += n;
		more = more && clock_mono_ms() < deadline - 500;
	}
	return total;
}

int redis_sweep(void *self, int64_t now_ms, struct err *err)
{
	const struct sweep sweeps[] = {
		{ "ix", "calls", "s", REDIS_SCRIPT_DROP_SESSIONS, false, now_ms, 0 },
		{ "done", "n", "o", REDIS_SCRIPT_DROP_ROWS, true, now_ms - DRIVER_DONE_KEEP_MS, 0 },
		{ "pk", NULL, NULL, REDIS_SCRIPT_DROP_PARKED, true, now_ms - DRIVER_PARKED_KEEP_MS,
		  now_ms },
	};
	struct redis_store *st = self;
	int64_t deadline = redis_servers_deadline(st->servers);
	int total = 0, n;

	if (raise_floor(st, now_ms - st->seen_keep_ms, deadline, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof sweeps / sizeof *sweeps; i++) {
		n = sweep_pages(st, &sweeps[i], deadline, err);
		if (n < 0)
			return -1;
		total += n;
	}
	n = redis_broadcasts_sweep(st, now_ms - DRIVER_BROADCAST_KEEP_MS, deadline, err);
	if (n < 0)
		return -1;
	total += n;
	n = redis_audit_sweep(st, now_ms - DRIVER_AUDIT_KEEP_MS, deadline, err);
	return n < 0 ? -1 : total + n;
}
