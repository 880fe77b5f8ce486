/*
 * redis_queue.c - what waits for its time: business calls and the outbox.
 *
 * A claim looks at all shards in one write (ZCOUNT, cheap when nothing is
 * due), fetches the due members of as many shards as it needs, and runs its
 * script on those. Between the steps others may be faster: the script looks
 * again and leaves alone what is not due any more.
 */
#include <stdlib.h>
#include <string.h>

#include "redis_private.h"

enum { CLAIM_MOST = 1000 };

struct due_member {
	unsigned shard;
	const char *text;
};

/* A ZSET member "<id> <contact>" taken apart; id "" when it is none. */
static void split_member(struct arena *a, const char *member, const char **id_out,
			 const char **contact_out)
{
	const char *blank = strrchr(member, ' ');

	*id_out = blank ? arena_strndup(a, member, (size_t)(blank - member)) : "";
	*contact_out = blank ? blank + 1 : member;
}

/* How many are due in each shard, beginning at `first`. */
static int count_due(struct redis_store *st, const char *kind, int64_t now_ms, int64_t deadline,
		     unsigned first, int64_t counts[REDIS_SHARDS], struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_READ);
	b.deadline = deadline;
	for (unsigned i = 0; i < REDIS_SHARDS; i++) {
		struct redis_command *c = redis_command(&b, "ZCOUNT");

		redis_arg_text(c, redis_key(&tmp, (first + i) % REDIS_SHARDS, kind, NULL, NULL));
		redis_arg_text(c, "-inf");
		redis_arg_int(c, now_ms);
	}
	ret = redis_exchange(st->pool, &b, &replies, err);
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
	if (count_due(st, kind, now_ms, deadline, first, counts, err) < 0)
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
	if (redis_exchange(st->pool, &b, &replies, err) < 0)
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
	int64_t deadline = redis_pool_deadline(st->pool);
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
	if (b.count > 0 && redis_exchange(st->pool, &b, &replies, err) < 0)
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
	struct redis_command *c = redis_script(b, st->pool, REDIS_SCRIPT_CALLS_CLAIM, 1 + n);

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
	c = redis_script(&b, st->pool, REDIS_SCRIPT_CALL_RENEW, 2);
	redis_arg_text(c, redis_key(&tmp, shard, "s", contact, NULL));
	redis_arg_text(c, redis_key(&tmp, shard, "calls", NULL, NULL));
	redis_arg_text(c, contact);
	redis_arg_text(c, call_id);
	redis_arg_int(c, lease_ms);
	ret = redis_exchange_yes(st->pool, &b, err);
	arena_free(&tmp);
	return ret;
}

void redis_arg_row(struct redis_command *c, const struct driver_outbound *row)
{
	redis_arg_text(c, row->id);
	redis_arg_int(c, row->kind);
	redis_arg_text(c, row->channel);
	redis_arg_int(c, row->created_ms);
	redis_arg_int(c, row->due_ms);
	redis_arg_int(c, row->attempts);
	redis_arg_int(c, row->state);
	redis_arg_text(c, row->external_id);
	redis_arg_int(c, row->status);
	redis_arg_int(c, row->error_code);
	redis_arg(c, row->box);
}

static const char *const row_fields[] = { "id",	     "kind",   "channel",  "contact",
					  "created", "due",    "attempts", "state",
					  "ext",     "status", "error",	   "box" };

/* In the order of row_fields, which is that of the claim script. */
static void read_row(const redisReply *r, struct arena *a, struct driver_outbound *row)
{
	row->id = redis_reply_text(redis_reply_at(r, 0), a);
	row->kind = (enum outbound_kind)redis_reply_int(redis_reply_at(r, 1));
	row->channel = redis_reply_text(redis_reply_at(r, 2), a);
	row->contact = redis_reply_text(redis_reply_at(r, 3), a);
	row->created_ms = redis_reply_int(redis_reply_at(r, 4));
	row->due_ms = redis_reply_int(redis_reply_at(r, 5));
	row->attempts = (unsigned)redis_reply_int(redis_reply_at(r, 6));
	row->state = (enum outbound_state)redis_reply_int(redis_reply_at(r, 7));
	row->external_id = redis_reply_text(redis_reply_at(r, 8), a);
	row->status = (enum status)redis_reply_int(redis_reply_at(r, 9));
	row->error_code = (int)redis_reply_int(redis_reply_at(r, 10));
	row->box = redis_reply_box(redis_reply_at(r, 11), a);
}

static void add_outbox_claim(struct redis_store *st, struct redis_batch *b,
			     const struct due_member *due, size_t n, int64_t now_ms,
			     int64_t lease_ms)
{
	struct redis_command *c = redis_script(b, st->pool, REDIS_SCRIPT_OUTBOX_CLAIM, 2 + 2 * n);
	const char *id, *contact;

	redis_arg_text(c, redis_key(b->arena, due->shard, "ob", NULL, NULL));
	redis_arg_text(c, redis_key(b->arena, due->shard, "n", NULL, NULL));
	for (size_t i = 0; i < n; i++) {
		split_member(b->arena, due[i].text, &id, &contact);
		redis_arg_text(c, redis_key(b->arena, due->shard, "o", id, NULL));
		redis_arg_text(c, redis_key(b->arena, due->shard, "oq", contact, NULL));
	}
	redis_arg_int(c, now_ms);
	redis_arg_int(c, lease_ms);
	for (size_t i = 0; i < n; i++) {
		split_member(b->arena, due[i].text, &id, &contact);
		redis_arg_text(c, due[i].text);
		redis_arg_text(c, contact);
		redis_arg_text(c, id);
	}
}

static void take_row(const redisReply *reply, struct arena *a, void *list, size_t i)
{
	struct driver_claim *claim = &((struct driver_claim *)list)[i];

	*claim = (struct driver_claim){ .facts.known = false };
	read_row(reply, a, &claim->row);
}

int redis_outbox_claim(void *self, const char *broadcast, int64_t pace_ms, int64_t now_ms,
		       int64_t lease_ms, unsigned max, struct arena *a,
		       struct driver_claim **claims_out, size_t *count_out, struct err *err)
{
	static const struct claim rows = { "ob", add_outbox_claim, take_row };

	if (broadcast)
		return err_set(err, ERR_TEMP, "Redis: no queue of broadcasts (pace %d ms)",
			       (int)pace_ms);
	max = max < CLAIM_MOST ? max : CLAIM_MOST;
	*claims_out = arena_array(a, max, sizeof **claims_out);
	return claim(self, &rows, now_ms, lease_ms, max, a, *claims_out, count_out, err);
}

/* The keys of settle and status: o ob oq n done x. */
static void row_keys(struct redis_command *c, const char *contact, const char *id,
		     const char *external_id)
{
	unsigned shard = redis_shard(contact);

	redis_arg_text(c, redis_key(c->arena, shard, "o", id, NULL));
	redis_arg_text(c, redis_key(c->arena, shard, "ob", NULL, NULL));
	redis_arg_text(c, redis_key(c->arena, shard, "oq", contact, NULL));
	redis_arg_text(c, redis_key(c->arena, shard, "n", NULL, NULL));
	redis_arg_text(c, redis_key(c->arena, shard, "done", NULL, NULL));
	redis_arg_text(c, redis_key(c->arena, shard, "x", external_id, NULL));
}

/* For each status a row may have, one digit: what it is after hearing `news`. So the
 * ladder stands in model/status.c alone. */
static void arg_ladder(struct redis_command *c, enum status news)
{
	char digits[STATUS_CANCELED + 2] = "";

	for (int now = STATUS_NONE; now <= STATUS_CANCELED; now++)
		digits[now] = (char)('0' + status_climb((enum status)now, news));
	redis_arg_text(c, arena_strdup(c->arena, digits));
}

static void add_settle(struct redis_store *st, struct redis_batch *b,
		       const struct driver_outbound *row, int64_t now_ms)
{
	struct redis_command *c = redis_script(b, st->pool, REDIS_SCRIPT_SETTLE, 6);

	row_keys(c, row->contact, row->id, row->external_id);
	redis_arg_text(c, row->contact);
	redis_arg_int(c, row->state);
	redis_arg_int(c, row->due_ms);
	redis_arg_text(c, row->external_id);
	redis_arg_int(c, row->status);
	redis_arg_int(c, row->error_code);
	redis_arg_int(c, row->attempts);
	redis_arg_int(c, now_ms);
	redis_arg_int(c, DRIVER_DONE_KEEP_MS);
	arg_ladder(c, row->status);
}

int redis_outbox_settle(void *self, const struct driver_outbound *rows, size_t count,
			int64_t now_ms, struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies;
	int ret;

	if (count == 0)
		return 0;
	redis_batch_init(&b, &tmp, REDIS_WRITE);
	for (size_t i = 0; i < count; i++)
		add_settle(st, &b, &rows[i], now_ms);
	ret = redis_exchange(st->pool, &b, &replies, err);
	redis_replies_free(replies, b.count);
	arena_free(&tmp);
	return ret;
}

struct news {
	const char *contact;
	const char *external_id;
	enum status status;
	int error_code;
	int64_t now_ms;
	int64_t deadline;
};

/* 1 when the row with this id is the contact's, 0 when there is none. */
static int apply_to(struct redis_store *st, const char *id, const struct news *news,
		    struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	b.deadline = news->deadline;
	c = redis_script(&b, st->pool, REDIS_SCRIPT_STATUS, 6);
	row_keys(c, news->contact, id, news->external_id);
	redis_arg_text(c, news->contact);
	redis_arg_text(c, news->external_id);
	redis_arg_int(c, news->error_code);
	redis_arg_int(c, news->now_ms);
	redis_arg_int(c, DRIVER_DONE_KEEP_MS);
	arg_ladder(c, news->status);
	ret = redis_exchange_yes(st->pool, &b, err);
	arena_free(&tmp);
	return ret;
}

/* Our id of the provider's one; 1/0/-1. It never changes, so a step of its own is safe. */
static int find_by_external(struct redis_store *st, const struct news *news, struct arena *a,
			    const char **id_out, struct err *err)
{
	struct redis_batch b;
	struct redis_command *c;
	redisReply *reply;
	int found;

	redis_batch_init(&b, a, REDIS_READ);
	b.deadline = news->deadline;
	c = redis_command(&b, "GET");
	redis_arg_text(c, redis_key(a, redis_shard(news->contact), "x", news->external_id, NULL));
	if (redis_exchange_one(st->pool, &b, &reply, err) < 0)
		return -1;
	found = redis_reply_has(reply);
	*id_out = redis_reply_text(reply, a);
	freeReplyObject(reply);
	return found;
}

int redis_status_apply(void *self, const char *contact, const char *our_id, const char *external_id,
		       enum status status, int error_code, int64_t now_ms, struct err *err)
{
	struct redis_store *st = self;
	const struct news news = { contact,    external_id, status,
				   error_code, now_ms,	    redis_pool_deadline(st->pool) };
	struct arena tmp = { 0 };
	const char *id;
	int ret = 0;

	if (*our_id)
		ret = apply_to(st, our_id, &news, err);
	if (ret == 0 && *external_id) {
		ret = find_by_external(st, &news, &tmp, &id, err);
		if (ret == 1)
			ret = apply_to(st, id, &news, err);
	}
	arena_free(&tmp);
	return ret;
}

static int get_row(struct redis_store *st, const char *contact, const char *id, int64_t deadline,
		   struct arena *a, struct driver_outbound *row_out, struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	redisReply *reply;
	int ret = -1;

	redis_batch_init(&b, &tmp, REDIS_READ);
	b.deadline = deadline;
	c = redis_command(&b, "HMGET");
	redis_arg_text(c, redis_key(&tmp, redis_shard(contact), "o", id, NULL));
	for (size_t i = 0; i < sizeof row_fields / sizeof *row_fields; i++)
		redis_arg_text(c, row_fields[i]);
	if (redis_exchange_one(st->pool, &b, &reply, err) == 0) {
		/* Two contacts may share a shard, but not their rows. */
		ret = strcmp(redis_reply_text(redis_reply_at(reply, 3), &tmp), contact) == 0;
		if (ret == 1)
			read_row(reply, a, row_out);
		freeReplyObject(reply);
	}
	arena_free(&tmp);
	return ret;
}

int redis_outbox_get(void *self, const char *contact, const char *id, const char *external_id,
		     struct arena *a, struct driver_outbound *row_out, struct err *err)
{
	struct redis_store *st = self;
	const struct news asked = { .contact = contact,
				    .external_id = external_id,
				    .deadline = redis_pool_deadline(st->pool) };
	int found = 1;

	if (!*id)
		found = find_by_external(st, &asked, a, &id, err);
	if (found == 1)
		found = get_row(st, contact, id, asked.deadline, a, row_out, err);
	return found;
}
