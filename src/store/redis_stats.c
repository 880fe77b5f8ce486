/*
 * redis_stats.c - counting sessions without holding anybody up.
 *
 * Some shards at a time: a bounded ZSCAN of each index, then the plain
 * part of the sessions it named. ZSCAN names every contact that stays in the
 * index meanwhile; one that writes during the count may be seen in its old or
 * its new state. Rows are counted by the scripts as they change.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "redis_rows_private.h"

enum {
	SHARDS_AT_ONCE = 16,
	SCAN_PAGE = 100,   /* members of one ZSCAN: what Redis does at a stretch */
	COUNT_LIMITS = 20, /* the whole count may take this many time limits */
};

static void count_step(struct store_stats *s, struct str step, struct arena *a)
{
	struct store_step_count *grown;

	for (size_t i = 0; i < s->step_count; i++) {
		if (str_is(step, s->steps[i].step)) {
			s->steps[i].sessions++;
			return;
		}
	}
	/* As many as flows have steps: copying is rare. */
	grown = arena_array(a, s->step_count + 1, sizeof *grown);
	if (s->step_count)
		memcpy(grown, s->steps, s->step_count * sizeof *grown);
	grown[s->step_count++] = (struct store_step_count){ arena_strndup(a, step.p, step.n), 1 };
	s->steps = grown;
}

static void count_session(struct store_stats *s, const redisReply *r, int64_t now_ms,
			  struct arena *a)
{
	struct redis_session session;

	if (!redis_unpack_session(r, &session) || session.expires_ms <= now_ms)
		return;
	s->sessions++;
	s->completed += session.completed;
	s->calls_waiting += session.wait == 1;
	count_step(s, session.shown, a);
}

/* Asks for the sessions named by ZSCAN replies ([cursor, [member, score, …]]) and counts them. */
static int count_sessions(struct redis_store *st, redisReply **scans, const unsigned *shards,
			  size_t count, struct redis_batch *b, struct store_stats *s,
			  int64_t now_ms, struct arena *a, struct err *err)
{
	redisReply **replies;

	redis_batch_reset(b);
	for (size_t i = 0; i < count; i++) {
		const redisReply *members = redis_reply_at(scans[i], 1);

		for (size_t j = 0; redis_reply_at(members, j + 1); j += 2) {
			const char *contact = redis_reply_text(members->element[j], b->arena);

			redis_command_session(b, shards[i], contact, false);
		}
	}
	if (b->count == 0)
		return 0;
	if (redis_exchange(st->servers, b, &replies, err) < 0)
		return -1;
	for (size_t i = 0; i < b->count; i++)
		count_session(s, replies[i], now_ms, a);
	redis_replies_free(replies, b->count);
	return 0;
}

struct scan {
	unsigned shards[SHARDS_AT_ONCE];
	uint64_t cursors[SHARDS_AT_ONCE];
	size_t count; /* of shards that are not through yet */
};

/* One page of each shard of the scan; shards that are through leave it. */
static int scan_page(struct redis_store *st, struct scan *scan, struct store_stats *s,
		     int64_t now_ms, struct arena *a, struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies = NULL;
	size_t asked = scan->count, left = 0;
	int ret = -1;

	redis_batch_init(&b, &tmp, REDIS_READ);
	b.deadline = redis_servers_deadline(st->servers);
	for (size_t i = 0; i < scan->count; i++) {
		struct redis_command *c = redis_command(&b, "ZSCAN");

		redis_arg_text(c, redis_key(&tmp, scan->shards[i], "ix", NULL, NULL));
		redis_arg_u64(c, scan->cursors[i]);
		redis_arg_text(c, "COUNT");
		redis_arg_int(c, SCAN_PAGE);
	}
	if (redis_exchange(st->servers, &b, &replies, err) < 0)
		goto out;
	if (count_sessions(st, replies, scan->shards, asked, &b, s, now_ms, a, err) < 0)
		goto out;
	for (size_t i = 0; i < asked; i++) {
		uint64_t cursor = redis_reply_u64(redis_reply_at(replies[i], 0));

		if (cursor == 0)
			continue;
		scan->shards[left] = scan->shards[i];
		scan->cursors[left++] = cursor;
	}
	scan->count = left;
	ret = 0;
out:
	redis_replies_free(replies, asked);
	arena_free(&tmp);
	return ret;
}

static int count_rows(struct redis_store *st, struct store_stats *s, struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_READ);
	for (unsigned i = 0; i < REDIS_SHARDS; i++) {
		struct redis_command *c = redis_command(&b, "HMGET");

		redis_arg_text(c, redis_key(&tmp, i, "n", NULL, NULL));
		redis_arg_text(c, "w");
		redis_arg_text(c, "u");
		redis_arg_text(c, "d");
		redis_arg_text(c, "p");
	}
	ret = redis_exchange(st->servers, &b, &replies, err);
	for (unsigned i = 0; ret == 0 && i < REDIS_SHARDS; i++) {
		s->outbox_waiting += redis_reply_int(redis_reply_at(replies[i], 0));
		s->outbox_unsure += redis_reply_int(redis_reply_at(replies[i], 1));
		s->outbox_dead += redis_reply_int(redis_reply_at(replies[i], 2));
		s->outbox_parked += redis_reply_int(redis_reply_at(replies[i], 3));
	}
	redis_replies_free(replies, b.count);
	arena_free(&tmp);
	return ret;
}

int redis_stats(void *self, int64_t now_ms, struct arena *a, struct store_stats *stats_out,
		struct err *err)
{
	struct redis_store *st = self;
	int64_t start = clock_mono_ms();
	int64_t end = start + COUNT_LIMITS * (redis_servers_deadline(st->servers) - start);

	*stats_out = (struct store_stats){ .as_of_ms = now_ms };
	for (unsigned first = 0; first < REDIS_SHARDS; first += SHARDS_AT_ONCE) {
		struct scan scan = { .count = SHARDS_AT_ONCE };

		for (unsigned i = 0; i < SHARDS_AT_ONCE; i++)
			scan.shards[i] = first + i;
		while (scan.count > 0) {
			if (clock_mono_ms() >= end)
				return err_set(err, ERR_TEMP, "Redis: counting takes too long");
			if (scan_page(st, &scan, stats_out, now_ms, a, err) < 0)
				return -1;
		}
	}
	return count_rows(st, stats_out, err);
}
