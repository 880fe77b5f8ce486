/*
 * redis_queue.c - what waits for its time: business calls and the outbox.
 *
 * A claim looks at all shards in one write (ZCOUNT, cheap when nothing is
 * due), fetches the due members of as many shards as it needs, and runs its
 * script on those. Between the steps others may be faster: the script looks
 * again and leaves alone what is not due any more. A broadcast's queue is asked
 * in two steps: its script finds what is due itself.
 */
#include <stdlib.h>

#include "redis_rows_private.h"

enum {
	CLAIM_MOST = 1000,
	LOOK_FURTHER = 32, /* rows of a queue that one claim may put off in a shard */
};

struct due_member {
	unsigned shard;
	const char *text;
};

/* How many members of each shard's ZSET are due, beginning at `first`. */
static int count_due(struct redis_store *st, const char *kind, const char *owner, int64_t now_ms,
		     int64_t deadline, unsigned first, int64_t counts[REDIS_SHARDS],
		     struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_READ);
	b.deadline = deadline;
	for (unsigned i = 0; i < REDIS_SHARDS; i++) {
		struct redis_command *c = redis_command(&b, "ZCOUNT");

		redis_arg_text(c, redis_key(&tmp, (first + i) % REDIS_SHARDS, kind, owner, NULL));
		redis_arg_text(c, "-inf");
		redis_arg_int(c, now_ms);
	}
	ret = redis_exchange(st->servers, &b, &replies, err);
	for (unsigned i = 0; ret == 0 && i < REDIS_SHARDS; i++)
		counts[i] = redis_reply_int(replies[i]);
	redis_replies_free(replies, b.count);
	arena_free(&tmp);
	return ret;
}

/* At most `max` due members into the arena, those of a shard together, earliest first. */
static int find_due(struct redis_store *st, const char *kind, int64_t now_ms, int64_t deadline,
		    unsigned max, struct arena *a, struct due_member **due_out, size_t *count_out,
		    struct err *err)
{
	unsigned first = st->first_shard++ % REDIS_SHARDS, left = max;
	int64_t counts[REDIS_SHARDS];
	unsigned shards[REDIS_SHARDS];
	struct due_member *due;
	struct redis_batch b;
	redisReply **replies;
	size_t n = 0;

	*count_out = 0;
	if (count_due(st, kind, NULL, now_ms, deadline, first, counts, err) < 0)
		return -1;
	redis_batch_init(&b, a, REDIS_READ);
	b.deadline = deadline;
	for (unsigned i = 0; i < REDIS_SHARDS && left > 0; i++) {
		unsigned take = counts[i] < left ? (unsigned)counts[i] : left;
		struct redis_command *c;

		if (take == 0)
			continue;
		shards[b.count] = (first + i) % REDIS_SHARDS;
		c = redis_command(&b, "ZRANGEBYSCORE");
		redis_arg_text(c, redis_key(a, (first + i) % REDIS_SHARDS, kind, NULL, NULL));
		redis_arg_text(c, "-inf");
		redis_arg_int(c, now_ms);
		redis_arg_text(c, "LIMIT");
		redis_arg_text(c, "0");
		redis_arg_int(c, take);
		left -= take;
	}
	if (b.count == 0)
		return 0;
	if (redis_exchange(st->servers, &b, &replies, err) < 0)
		return -1;
	due = arena_array(a, max, sizeof *due);
	for (size_t i = 0; i < b.count; i++)
		for (size_t j = 0; n < max && redis_reply_at(replies[i], j); j++)
			due[n++] = (struct due_member){
				shards[i], redis_reply_text(redis_reply_at(replies[i], j), a)
			};
	redis_replies_free(replies, b.count);
	*due_out = due;
	*count_out = n;
	return 0;
}

/* The end of the run of members that share due[from]'s shard. */
static size_t shard_end(const struct due_member *due, size_t from, size_t count)
{
	size_t to = from;

	while (to < count && due[to].shard == due[from].shard)
		to++;
	return to;
}

struct claim { /* what two kinds of things that fall due do not share */
	const char *kind;
	/* Adds the script for members of one shard. */
	void (*add)(struct redis_store *st, struct redis_batch *b, const struct due_member *due,
		    size_t n, int64_t now_ms, int64_t lease_ms);
	void (*take)(const redisReply *reply, struct arena *a, void *list, size_t i);
};

/* `list` has room for max. */
static int claim(struct redis_store *st, const struct claim *what, int64_t now_ms, int64_t lease_ms,
		 unsigned max, struct arena *a, void *list, size_t *count_out, struct err *err)
{
	int64_t deadline = redis_servers_deadline(st->servers);
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct due_member *due = NULL;
	redisReply **replies = NULL;
	size_t n, count = 0;
	int ret = -1;

	*count_out = 0;
	if (find_due(st, what->kind, now_ms, deadline, max, &tmp, &due, &n, err) < 0)
		goto out;
	redis_batch_init(&b, &tmp, REDIS_WRITE);
	b.deadline = deadline;
	for (size_t i = 0, end; i < n; i = end) {
		end = shard_end(due, i, n);
		what->add(st, &b, due + i, end - i, now_ms, lease_ms);
	}
	if (b.count > 0 && redis_exchange(st->servers, &b, &replies, err) < 0)
		goto out;
	for (size_t i = 0; i < b.count; i++)
		for (size_t j = 0; count < max && redis_reply_at(replies[i], j); j++)
			what->take(redis_reply_at(replies[i], j), a, list, count++);
	redis_replies_free(replies, b.count);
	*count_out = count;
	ret = 0;
out:
	arena_free(&tmp);
	return ret;
}

static void add_calls_claim(struct redis_store *st, struct redis_batch *b,
			    const struct due_member *due, size_t n, int64_t now_ms,
			    int64_t lease_ms)
{
	struct redis_command *c = redis_script(b, st->servers, REDIS_SCRIPT_CALLS_CLAIM, 1 + n);

	redis_arg_text(c, redis_key(b->arena, due->shard, "calls", NULL, NULL));
	for (size_t i = 0; i < n; i++)
		redis_arg_text(c, redis_key(b->arena, due->shard, "s", due[i].text, NULL));
	redis_arg_int(c, now_ms);
	redis_arg_int(c, lease_ms);
	for (size_t i = 0; i < n; i++)
		redis_arg_text(c, due[i].text);
}

static void take_call(const redisReply *reply, struct arena *a, void *list, size_t i)
{
	((struct call_due *)list)[i].contact = redis_reply_text(reply, a);
}

int redis_calls_claim(void *self, int64_t now_ms, int64_t lease_ms, unsigned max, struct arena *a,
		      struct call_due **due_out, size_t *count_out, struct err *err)
{
	static const struct claim calls = { "calls", add_calls_claim, take_call };

	max = max < CLAIM_MOST ? max : CLAIM_MOST;
	*due_out = arena_array(a, max, sizeof **due_out);
	return claim(self, &calls, now_ms, lease_ms, max, a, *due_out, count_out, err);
}

int redis_call_renew(void *self, const char *contact, const char *call_id, int64_t lease_ms,
		     struct err *err)
{
	struct redis_store *st = self;
	unsigned shard = redis_shard(contact);
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	c = redis_script(&b, st->servers, REDIS_SCRIPT_CALL_RENEW, 2);
	redis_arg_text(c, redis_key(&tmp, shard, "s", contact, NULL));
	redis_arg_text(c, redis_key(&tmp, shard, "calls", NULL, NULL));
	redis_arg_text(c, contact);
	redis_arg_text(c, call_id);
	redis_arg_int(c, lease_ms);
	ret = redis_exchange_yes(st->servers, &b, err);
	arena_free(&tmp);
	return ret;
}

/* The members travel as they stand in ob: the script takes them apart. */
static void add_outbox_claim(struct redis_store *st, struct redis_batch *b,
			     const struct due_member *due, size_t n, int64_t now_ms,
			     int64_t lease_ms)
{
	struct redis_command *c = redis_script(b, st->servers, REDIS_SCRIPT_OUTBOX_CLAIM, 1);

	redis_arg_text(c, redis_key(b->arena, due->shard, "ob", NULL, NULL));
	redis_arg_int(c, now_ms);
	redis_arg_int(c, lease_ms);
	for (size_t i = 0; i < n; i++)
		redis_arg_text(c, due[i].text);
}

static void take_claim(const redisReply *reply, struct arena *a, void *list, size_t i)
{
	struct driver_claim *claim = &((struct driver_claim *)list)[i];

	(void)redis_read_row(redis_reply_at(reply, 0), NULL, a,
			     &claim->row); /* it was read before */
	redis_read_facts(redis_reply_at(reply, 1), &claim->facts);
}

static void add_status_claim(struct redis_store *st, struct redis_batch *b,
			     const struct due_member *due, size_t n, int64_t now_ms,
			     int64_t lease_ms)
{
	struct redis_command *c = redis_script(b, st->servers, REDIS_SCRIPT_STATUS_CLAIM, 1);

	(void)lease_ms; /* a question is put off by the table instead */
	redis_arg_text(c, redis_key(b->arena, due->shard, "sl", NULL, NULL));
	redis_arg_int(c, now_ms);
	redis_arg_text(c, st->ask);
	for (size_t i = 0; i < n; i++)
		redis_arg_text(c, due[i].text);
}

static void take_row(const redisReply *reply, struct arena *a, void *list, size_t i)
{
	(void)redis_read_row(reply, NULL, a, &((struct driver_outbound *)list)[i]); /* as above */
}

int redis_status_claim(void *self, int64_t now_ms, unsigned max, struct arena *a,
		       struct driver_outbound **rows_out, size_t *count_out, struct err *err)
{
	static const struct claim rows = { "sl", add_status_claim, take_row };

	max = max < CLAIM_MOST ? max : CLAIM_MOST;
	*rows_out = arena_array(a, max, sizeof **rows_out);
	return claim(self, &rows, now_ms, 0, max, a, *rows_out, count_out, err);
}

struct queue {
	const char *broadcast;
	int64_t pace_ms;
	int64_t now_ms;
	int64_t lease_ms;
	unsigned max;
};

static void add_queue_claim(struct redis_store *st, struct redis_batch *b, const struct queue *q,
			    unsigned shard, unsigned take)
{
	struct redis_command *c = redis_script(b, st->servers, REDIS_SCRIPT_BROADCAST_CLAIM, 1);

	redis_arg_text(c, redis_key(b->arena, shard, "bq", q->broadcast, NULL));
	redis_arg_int(c, q->now_ms);
	redis_arg_int(c, q->lease_ms);
	redis_arg_int(c, q->pace_ms);
	redis_arg_int(c, take);
	redis_arg_int(c, take + LOOK_FURTHER);
}

/* The scripts of shards that have something due, until `max` may be reached. A shard gives as
 * many as are due in it, so that none is claimed beyond `max`. */
static void add_queue_claims(struct redis_store *st, struct redis_batch *b, const struct queue *q,
			     unsigned first, const int64_t counts[REDIS_SHARDS])
{
	unsigned left = q->max;

	for (unsigned i = 0; i < REDIS_SHARDS && left > 0; i++) {
		unsigned due = counts[i] < left ? (unsigned)counts[i] : left;

		left -= due;
		for (unsigned take; due > 0; due -= take) {
			take = due < REDIS_STRETCH ? due : REDIS_STRETCH;
			add_queue_claim(st, b, q, (first + i) % REDIS_SHARDS, take);
		}
	}
}

static int claim_queue(struct redis_store *st, const struct queue *q, struct arena *a,
		       struct driver_claim *claims, size_t *count_out, struct err *err)
{
	int64_t deadline = redis_servers_deadline(st->servers), counts[REDIS_SHARDS];
	unsigned first = st->first_shard++ % REDIS_SHARDS;
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies = NULL;
	size_t n = 0;
	int ret = -1;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	b.deadline = deadline;
	if (count_due(st, "bq", q->broadcast, q->now_ms, deadline, first, counts, err) < 0)
		goto out;
	add_queue_claims(st, &b, q, first, counts);
	if (b.count > 0 && redis_exchange(st->servers, &b, &replies, err) < 0)
		goto out;
	for (size_t i = 0; i < b.count; i++)
		for (size_t j = 0; n < q->max && redis_reply_at(replies[i], j); j++)
			take_claim(redis_reply_at(replies[i], j), a, claims, n++);
	redis_replies_free(replies, b.count);
	*count_out = n;
	ret = 0;
out:
	arena_free(&tmp);
	return ret;
}

int redis_outbox_claim(void *self, const char *broadcast, int64_t pace_ms, int64_t now_ms,
		       int64_t lease_ms, unsigned max, struct arena *a,
		       struct driver_claim **claims_out, size_t *count_out, struct err *err)
{
	static const struct claim rows = { "ob", add_outbox_claim, take_claim };

	max = max < CLAIM_MOST ? max : CLAIM_MOST;
	*claims_out = arena_array(a, max, sizeof **claims_out);
	*count_out = 0;
	if (broadcast) {
		const struct queue q = { broadcast, pace_ms, now_ms, lease_ms, max };

		return claim_queue(self, &q, a, *claims_out, count_out, err);
	}
	return claim(self, &rows, now_ms, lease_ms, max, a, *claims_out, count_out, err);
}
