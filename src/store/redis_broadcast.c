/*
 * redis_broadcast.c - what is known of broadcasts themselves.
 *
 * They are few and belong to no contact: all lie in one shard, redis_home(),
 * so that a list, a request key and an audit entry are one step with them. The
 * fields' order is that of LUA_BROADCAST.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "redis_rows_private.h"

/* broadcasts whose time has passed, and rows of a shard, that one step of a sweep clears */
enum { SWEEP_BROADCASTS = 4, SWEEP_ROWS = 32 };

static const char *const fields[] = { "id",	 "state",    "why",  "code",  "step",	"key",
				      "digest",	 "created",  "send", "round", "cursor", "planned",
				      "planner", "finished", "rev",  "box" };

enum { FIELDS = sizeof fields / sizeof *fields };

unsigned redis_home(void)
{
	return redis_shard("broadcast");
}

static const char *home_key(struct arena *a, const char *kind, const char *owner)
{
	return redis_key(a, redis_home(), kind, owner, NULL);
}

/* Request keys are what somebody typed: the name of a Redis key is not made of them. */
static const char *request_key(struct arena *a, const char *key)
{
	uint8_t digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	sha256(str_of(key), digest);
	hex_encode(digest, sizeof digest, hex);
	return home_key(a, "key", hex);
}

static void arg_broadcast(struct redis_command *c, const struct driver_broadcast *b)
{
	const struct broadcast *p = &b->plain;

	redis_arg_text(c, p->id);
	redis_arg_int(c, p->state);
	redis_arg_text(c, p->why);
	redis_arg_int(c, p->why_code);
	redis_arg_text(c, p->target_step);
	redis_arg_text(c, p->request_key);
	redis_arg_text(c, p->request_digest);
	redis_arg_int(c, p->created_ms);
	redis_arg_int(c, p->send_at_ms);
	redis_arg_int(c, p->round);
	redis_arg_text(c, p->cursor);
	redis_arg_int(c, p->planned_ms);
	redis_arg_int(c, p->planner_ms);
	redis_arg_int(c, p->finished_ms);
	redis_arg_u64(c, p->revision + 1);
	redis_arg(c, b->box);
}

static bool read_broadcast(const redisReply *r, struct arena *a, struct driver_broadcast *b)
{
	const redisReply *id = redis_reply_at(r, 0);
	struct broadcast *p = &b->plain;

	*b = (struct driver_broadcast){ .box = { "", 0 } };
	if (!redis_reply_has(id) || id->len >= sizeof p->id)
		return false;
	memcpy(p->id, id->str, id->len + 1);
	p->state = (enum broadcast_state)redis_reply_int(redis_reply_at(r, 1));
	p->why = redis_reply_text(redis_reply_at(r, 2), a);
	p->why_code = (int)redis_reply_int(redis_reply_at(r, 3));
	p->target_step = redis_reply_text(redis_reply_at(r, 4), a);
	p->request_key = redis_reply_text(redis_reply_at(r, 5), a);
	p->request_digest = redis_reply_text(redis_reply_at(r, 6), a);
	p->created_ms = redis_reply_int(redis_reply_at(r, 7));
	p->send_at_ms = redis_reply_int(redis_reply_at(r, 8));
	p->round = (unsigned)redis_reply_int(redis_reply_at(r, 9));
	p->cursor = redis_reply_text(redis_reply_at(r, 10), a);
	p->planned_ms = redis_reply_int(redis_reply_at(r, 11));
	p->planner_ms = redis_reply_int(redis_reply_at(r, 12));
	p->finished_ms = redis_reply_int(redis_reply_at(r, 13));
	p->revision = redis_reply_u64(redis_reply_at(r, 14));
	b->box = redis_reply_box(redis_reply_at(r, 15), a);
	return true;
}

int redis_broadcast_create(void *self, const struct driver_broadcast *b,
			   const struct audit_entry *audit, struct arena *a,
			   struct driver_broadcast *existing_out, struct err *err)
{
	struct redis_store *st = self;
	const char *key = b->plain.request_key ? b->plain.request_key : "";
	struct arena tmp = { 0 };
	struct redis_batch batch;
	struct redis_command *c;
	redisReply *reply;
	int ret;

	redis_batch_init(&batch, &tmp, REDIS_WRITE);
	c = redis_script(&batch, st->servers, REDIS_SCRIPT_BROADCAST_CREATE, 6);
	redis_arg_text(c, home_key(&tmp, "b", b->plain.id));
	redis_arg_text(c, home_key(&tmp, "ball", NULL));
	redis_arg_text(c, home_key(&tmp, "bopen", NULL));
	redis_arg_text(c, request_key(&tmp, key));
	redis_arg_audit_keys(c, audit->object);
	redis_arg_int(c, DRIVER_BROADCAST_KEEP_MS);
	redis_arg_text(c, *key ? "1" : "0");
	redis_arg_text(c, home_key(&tmp, "b", ""));
	redis_arg_int(c, DRIVER_AUDIT_KEEP_MS);
	arg_broadcast(c, b);
	redis_arg_audit(c, audit);
	ret = redis_exchange_one(st->servers, &batch, &reply, err);
	if (ret == 0) {
		ret = read_broadcast(reply, a, existing_out) ? 0 : 1;
		freeReplyObject(reply);
	}
	arena_free(&tmp);
	return ret;
}

static void command_broadcast(struct redis_batch *batch, const char *id)
{
	struct redis_command *c = redis_command(batch, "HMGET");

	redis_arg_text(c, home_key(batch->arena, "b", id));
	for (size_t i = 0; i < FIELDS; i++)
		redis_arg_text(c, fields[i]);
}

static int get_broadcast(struct redis_store *st, const char *id, int64_t deadline, struct arena *a,
			 struct driver_broadcast *b_out, struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch batch;
	redisReply *reply;
	int ret;

	redis_batch_init(&batch, &tmp, REDIS_READ);
	batch.deadline = deadline;
	command_broadcast(&batch, id);
	ret = redis_exchange_one(st->servers, &batch, &reply, err);
	if (ret == 0) {
		ret = read_broadcast(reply, a, b_out);
		freeReplyObject(reply);
	}
	arena_free(&tmp);
	return ret;
}

int redis_broadcast_get(void *self, const char *id, struct arena *a, struct driver_broadcast *b_out,
			struct err *err)
{
	struct redis_store *st = self;

	return get_broadcast(st, id, redis_servers_deadline(st->servers), a, b_out, err);
}

int redis_broadcast_find(void *self, const char *request_key_text, struct arena *a,
			 struct driver_broadcast *b_out, struct err *err)
{
	struct redis_store *st = self;
	int64_t deadline = redis_servers_deadline(st->servers);
	struct arena tmp = { 0 };
	struct redis_batch batch;
	redisReply *reply;
	int ret;

	redis_batch_init(&batch, &tmp, REDIS_READ);
	batch.deadline = deadline;
	redis_arg_text(redis_command(&batch, "GET"), request_key(&tmp, request_key_text));
	ret = redis_exchange_one(st->servers, &batch, &reply, err);
	if (ret == 0) {
		ret = redis_reply_has(reply) ? get_broadcast(st, redis_reply_text(reply, &tmp),
							     deadline, a, b_out, err)
					     : 0;
		freeReplyObject(reply);
	}
	arena_free(&tmp);
	return ret;
}

int redis_broadcast_change(void *self, const struct driver_broadcast *b,
			   const struct audit_entry *audit, struct err *err)
{
	static const struct audit_entry none = { .at_ms = 0 };
	struct redis_store *st = self;
	const struct broadcast *p = &b->plain;
	struct arena tmp = { 0 };
	struct redis_batch batch;
	struct redis_command *c;
	int ret;

	redis_batch_init(&batch, &tmp, REDIS_WRITE);
	c = redis_script(&batch, st->servers, REDIS_SCRIPT_BROADCAST_CHANGE, 4);
	redis_arg_text(c, home_key(&tmp, "b", p->id));
	redis_arg_text(c, home_key(&tmp, "bopen", NULL));
	redis_arg_audit_keys(c, audit ? audit->object : "");
	redis_arg_text(c, p->id);
	redis_arg_u64(c, p->revision);
	redis_arg_u64(c, p->revision + 1);
	redis_arg_int(c, p->state);
	redis_arg_text(c, p->why);
	redis_arg_int(c, p->why_code);
	redis_arg_int(c, p->send_at_ms);
	redis_arg_int(c, p->round);
	redis_arg_text(c, p->cursor);
	redis_arg_int(c, p->planned_ms);
	redis_arg_int(c, p->planner_ms);
	redis_arg_int(c, p->finished_ms);
	redis_arg_text(c, audit ? "1" : "0");
	redis_arg_int(c, DRIVER_AUDIT_KEEP_MS);
	redis_arg_audit(c, audit ? audit : &none);
	ret = redis_exchange_yes(st->servers, &batch, err);
	arena_free(&tmp);
	return ret;
}

/* How many of `list` were made in that millisecond and are not before that id: those of one score
 * are ordered by name. */
static int count_behind(struct redis_store *st, const char *list, int64_t ms, const char *id,
			int64_t deadline, struct arena *a, int64_t *count_out, struct err *err)
{
	struct redis_batch batch;
	struct redis_command *c;
	redisReply *reply;

	redis_batch_init(&batch, a, REDIS_READ);
	batch.deadline = deadline;
	c = redis_command(&batch, "ZRANGEBYSCORE");
	redis_arg_text(c, list);
	redis_arg_int(c, ms);
	redis_arg_int(c, ms);
	if (redis_exchange_one(st->servers, &batch, &reply, err) < 0)
		return -1;
	for (size_t i = 0; redis_reply_at(reply, i); i++)
		*count_out += strcmp(redis_reply_text(redis_reply_at(reply, i), a), id) >= 0;
	freeReplyObject(reply);
	return 0;
}

/* Their ids by the time they were made; freed with freeReplyObject. */
static int list_ids(struct redis_store *st, bool open_only, int64_t before_ms,
		    const char *before_id, unsigned max, int64_t deadline, struct arena *a,
		    redisReply **reply_out, struct err *err)
{
	const char *list = home_key(a, open_only ? "bopen" : "ball", NULL);
	int64_t behind = 0;
	struct redis_batch batch;
	struct redis_command *c;

	if (before_ms > 0 && *before_id &&
	    count_behind(st, list, before_ms, before_id, deadline, a, &behind, err) < 0)
		return -1;
	redis_batch_init(&batch, a, REDIS_READ);
	batch.deadline = deadline;
	c = redis_command(&batch, "ZREVRANGEBYSCORE");
	redis_arg_text(c, list);
	if (before_ms > 0)
		redis_arg_int(c, *before_id ? before_ms : before_ms - 1);
	else
		redis_arg_text(c, "+inf");
	redis_arg_text(c, "-inf");
	redis_arg_text(c, "LIMIT");
	redis_arg_int(c, behind);
	redis_arg_int(c, max);
	return redis_exchange_one(st->servers, &batch, reply_out, err);
}

int redis_broadcast_list(void *self, bool open_only, int64_t before_ms, const char *before_id,
			 unsigned max, struct arena *a, struct driver_broadcast **list_out,
			 size_t *count_out, struct err *err)
{
	struct redis_store *st = self;
	int64_t deadline = redis_servers_deadline(st->servers);
	struct arena tmp = { 0 };
	struct redis_batch batch;
	redisReply *ids = NULL, **replies = NULL;
	size_t n = 0;
	int ret;

	*count_out = 0;
	*list_out = arena_array(a, max, sizeof **list_out);
	redis_batch_init(&batch, &tmp, REDIS_READ);
	batch.deadline = deadline;
	ret = list_ids(st, open_only, before_ms, before_id, max, deadline, &tmp, &ids, err);
	for (size_t i = 0; ret == 0 && i < max && redis_reply_at(ids, i); i++)
		command_broadcast(&batch, redis_reply_text(redis_reply_at(ids, i), &tmp));
	if (ret == 0 && batch.count > 0)
		ret = redis_exchange(st->servers, &batch, &replies, err);
	for (size_t i = 0; replies && i < batch.count; i++)
		n += read_broadcast(replies[i], a, &(*list_out)[n]);
	*count_out = n;
	redis_replies_free(replies, batch.count);
	if (ids)
		freeReplyObject(ids);
	arena_free(&tmp);
	return ret;
}

/* ---- sweeping ---- */

/* Drops up to SWEEP_ROWS rows of the broadcast in each shard; *left_out: there may be more. */
static int drop_rows(struct redis_store *st, const char *id, int64_t deadline, bool *left_out,
		     struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch batch;
	redisReply **replies;
	int ret, dropped = 0;

	*left_out = false;
	redis_batch_init(&batch, &tmp, REDIS_WRITE);
	batch.deadline = deadline;
	for (unsigned s = 0; s < REDIS_SHARDS; s++) {
		struct redis_command *c =
			redis_script(&batch, st->servers, REDIS_SCRIPT_DROP_RECIPIENTS, 1);

		redis_arg_text(c, redis_key(&tmp, s, "br", id, NULL));
		redis_arg_text(c, id);
		redis_arg_int(c, SWEEP_ROWS);
	}
	ret = redis_exchange(st->servers, &batch, &replies, err);
	for (size_t i = 0; ret == 0 && i < batch.count; i++) {
		dropped += (int)redis_reply_int(replies[i]);
		*left_out = *left_out || redis_reply_int(replies[i]) == SWEEP_ROWS;
	}
	redis_replies_free(replies, batch.count);
	arena_free(&tmp);
	return ret < 0 ? -1 : dropped;
}

static int drop_broadcast(struct redis_store *st, const char *id, int64_t deadline, struct err *err)
{
	static const char *const lists[] = { "ball", "bopen" };
	struct arena tmp = { 0 };
	struct redis_batch batch;
	redisReply **replies;
	int ret;

	redis_batch_init(&batch, &tmp, REDIS_WRITE);
	batch.deadline = deadline;
	redis_arg_text(redis_command(&batch, "DEL"), home_key(&tmp, "b", id));
	/* Last, so that a sweep that ends in between finds it again. */
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct redis_command *c = redis_command(&batch, "ZREM");

		redis_arg_text(c, home_key(&tmp, lists[i], NULL));
		redis_arg_text(c, id);
	}
	ret = redis_exchange(st->servers, &batch, &replies, err);
	redis_replies_free(replies, batch.count);
	arena_free(&tmp);
	return ret;
}

/* All that is left of one broadcast, as far as time allows. */
static int sweep_one(struct redis_store *st, const char *id, int64_t deadline, struct err *err)
{
	bool left = true;
	int total = 0;

	while (left) {
		int n = drop_rows(st, id, deadline, &left, err);

		if (n < 0)
			return -1;
		total += n;
		/* The rest waits for the next minute: this one stays short. */
		if (left && clock_mono_ms() >= deadline - 500)
			return total;
	}
	return drop_broadcast(st, id, deadline, err) < 0 ? -1 : total + 1;
}

int redis_broadcasts_sweep(struct redis_store *st, int64_t before_ms, int64_t deadline,
			   struct err *err)
{
	struct arena tmp = { 0 };
	redisReply *ids = NULL;
	int total = 0;

	if (list_ids(st, false, before_ms, "", SWEEP_BROADCASTS, deadline, &tmp, &ids, err) < 0)
		total = -1;
	for (size_t i = 0; total >= 0 && i < SWEEP_BROADCASTS && redis_reply_at(ids, i); i++) {
		int n = sweep_one(st, redis_reply_text(redis_reply_at(ids, i), &tmp), deadline,
				  err);

		total = n < 0 ? -1 : total + n;
	}
	if (ids)
		freeReplyObject(ids);
	arena_free(&tmp);
	return total;
}
