/*
 * redis_rows.c - outbox rows and facts as they travel, and what becomes of rows.
 *
 * The fields' order is that of LUA_ROW and LUA_FACTS. A field that a row
 * does not have is 0 or "".
 */
#include <stdlib.h>
#include <string.h>

#include "redis_rows_private.h"
#include "rules_private.h"

static const char *const row_fields[REDIS_ROW_FIELDS] = {
	"id",	 "kind",   "channel", "contact", "created", "due", "attempts", "changed",
	"state", "reason", "ext",     "status",	 "error",   "bc",  "box"
};

static const char *const facts_fields[REDIS_FACTS_FIELDS] = { "met",	 "consent", "since", "out",
							      "trouble", "heard",   "parked" };

static void command_hash(struct redis_batch *b, const char *key, const char *const *fields,
			 size_t count)
{
	struct redis_command *c = redis_command(b, "HMGET");

	redis_arg_text(c, key);
	for (size_t i = 0; i < count; i++)
		redis_arg_text(c, fields[i]);
}

void redis_command_row(struct redis_batch *b, unsigned shard, const char *id)
{
	command_hash(b, redis_key(b->arena, shard, "o", id, NULL), row_fields, REDIS_ROW_FIELDS);
}

void redis_command_facts(struct redis_batch *b, unsigned shard, const char *contact)
{
	command_hash(b, redis_key(b->arena, shard, "c", contact, NULL), facts_fields,
		     REDIS_FACTS_FIELDS);
}

bool redis_read_row(const redisReply *r, const char *id, struct arena *a,
		    struct driver_outbound *row)
{
	const redisReply *kind = redis_reply_at(r, 1);

	if (!redis_reply_has(redis_reply_at(r, 3)))
		return false;
	row->id = id ? arena_strdup(a, id) : redis_reply_text(redis_reply_at(r, 0), a);
	row->kind = redis_reply_has(kind) ? (enum outbound_kind)redis_reply_int(kind)
					  : OUTBOUND_BROADCAST;
	row->channel = redis_reply_text(redis_reply_at(r, 2), a);
	row->contact = redis_reply_text(redis_reply_at(r, 3), a);
	row->created_ms = redis_reply_int(redis_reply_at(r, 4));
	row->due_ms = redis_reply_int(redis_reply_at(r, 5));
	row->attempts = (unsigned)redis_reply_int(redis_reply_at(r, 6));
	row->changed_ms = redis_reply_int(redis_reply_at(r, 7));
	if (row->changed_ms == 0)
		row->changed_ms = row->created_ms;
	row->state = (enum outbound_state)redis_reply_int(redis_reply_at(r, 8));
	row->reason = (enum outbound_reason)redis_reply_int(redis_reply_at(r, 9));
	row->external_id = redis_reply_text(redis_reply_at(r, 10), a);
	row->status = (enum status)redis_reply_int(redis_reply_at(r, 11));
	row->error_code = (int)redis_reply_int(redis_reply_at(r, 12));
	row->broadcast = redis_reply_text(redis_reply_at(r, 13), a);
	row->box = redis_reply_box(redis_reply_at(r, 14), a);
	return true;
}

void redis_read_facts(const redisReply *r, struct contact_facts *f)
{
	*f = (struct contact_facts){ 0 };
	redis_unpack_met(redis_reply_at(r, 0), f);
	f->consent = (enum consent)redis_reply_int(redis_reply_at(r, 1));
	f->consent_ms = redis_reply_int(redis_reply_at(r, 2));
	f->last_out_ms = redis_reply_int(redis_reply_at(r, 3));
	f->trouble_code = (int)redis_reply_int(redis_reply_at(r, 4));
	f->trouble_ms = redis_reply_int(redis_reply_at(r, 5));
	f->parked = (unsigned)redis_reply_int(redis_reply_at(r, 6));
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
	redis_arg_int(c, row->reason);
	redis_arg_text(c, row->external_id);
	redis_arg_int(c, row->status);
	redis_arg_int(c, row->error_code);
	redis_arg_text(c, row->broadcast);
	redis_arg(c, row->box);
}

void redis_group(const struct driver_outbound *rows, size_t count, struct arena *a,
		 struct redis_groups *g)
{
	unsigned *shards = arena_array(a, count, sizeof *shards);
	size_t next[REDIS_SHARDS];

	memset(g->first, 0, sizeof g->first);
	for (size_t i = 0; i < count; i++) {
		shards[i] = redis_shard(rows[i].contact);
		g->first[shards[i] + 1]++;
	}
	for (unsigned s = 0; s < REDIS_SHARDS; s++)
		g->first[s + 1] += g->first[s];
	memcpy(next, g->first, sizeof next);
	g->order = arena_array(a, count, sizeof *g->order);
	for (size_t i = 0; i < count; i++)
		g->order[next[shards[i]]++] = i;
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

/* rule_ask_after_ms() for each status and number of times asked, 9 digits each. */
void redis_ask_table(char table[REDIS_ASK_SIZE])
{
	char *at = table;

	for (int status = STATUS_NONE; status <= STATUS_CANCELED; status++) {
		for (unsigned asked = 0; asked <= STORE_MAX_ASKED; asked++, at += 9)
			snprintf(at, 10, "%09d",
				 (int)rule_ask_after_ms((enum status)status, asked));
	}
}

/* ---- outcomes ---- */

static void arg_outcome(struct redis_command *c, const struct driver_outbound *row)
{
	redis_arg_text(c, row->id);
	redis_arg_text(c, row->contact);
	redis_arg_int(c, row->attempts);
	redis_arg_int(c, row->state);
	redis_arg_int(c, row->reason);
	redis_arg_int(c, row->due_ms);
	redis_arg_text(c, row->external_id);
	redis_arg_int(c, row->status);
	redis_arg_int(c, row->error_code);
	arg_ladder(c, row->status);
}

/* Rows of the shard follow. */
static struct redis_command *command_settle(struct redis_store *st, struct redis_batch *b,
					    unsigned shard, int64_t now_ms)
{
	struct redis_command *c = redis_script(b, st->servers, REDIS_SCRIPT_SETTLE, 1);

	redis_arg_text(c, redis_key(b->arena, shard, "n", NULL, NULL));
	redis_arg_int(c, now_ms);
	redis_arg_int(c, DRIVER_DONE_KEEP_MS);
	redis_arg_text(c, st->ask);
	return c;
}

int redis_outbox_settle(void *self, const struct driver_outbound *rows, size_t count,
			int64_t now_ms, struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_groups g;
	struct redis_batch b;
	struct redis_command *c = NULL;
	redisReply **replies = NULL;
	int ret = 0;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	redis_group(rows, count, &tmp, &g);
	for (unsigned s = 0; s < REDIS_SHARDS; s++) {
		for (size_t i = g.first[s]; i < g.first[s + 1]; i++) {
			if ((i - g.first[s]) % REDIS_STRETCH == 0)
				c = command_settle(st, &b, s, now_ms);
			arg_outcome(c, &rows[g.order[i]]);
		}
	}
	if (b.count > 0)
		ret = redis_exchange(st->servers, &b, &replies, err);
	redis_replies_free(replies, b.count);
	arena_free(&tmp);
	return ret;
}

int redis_status_apply(void *self, const char *contact, const char *our_id, const char *external_id,
		       enum status status, int error_code, int64_t now_ms, struct err *err)
{
	struct redis_store *st = self;
	unsigned shard = redis_shard(contact);
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	c = redis_script(&b, st->servers, REDIS_SCRIPT_STATUS, 1);
	redis_arg_text(c, *our_id ? redis_key(&tmp, shard, "o", our_id, NULL)
				  : redis_key(&tmp, shard, "x", external_id, NULL));
	redis_arg_text(c, contact);
	redis_arg_text(c, our_id);
	redis_arg_text(c, external_id);
	redis_arg_int(c, error_code);
	redis_arg_int(c, now_ms);
	redis_arg_int(c, DRIVER_DONE_KEEP_MS);
	redis_arg_text(c, st->ask);
	arg_ladder(c, status);
	ret = redis_exchange_yes(st->servers, &b, err);
	arena_free(&tmp);
	return ret;
}

/* Our id of the provider's one; 1/0/-1. It never changes, so a step of its own is safe. */
static int find_by_external(struct redis_store *st, unsigned shard, const char *external_id,
			    int64_t deadline, struct arena *a, const char **id_out, struct err *err)
{
	struct redis_batch b;
	struct redis_command *c;
	redisReply *reply;
	int found;

	redis_batch_init(&b, a, REDIS_READ);
	b.deadline = deadline;
	c = redis_command(&b, "GET");
	redis_arg_text(c, redis_key(a, shard, "x", external_id, NULL));
	if (redis_exchange_one(st->servers, &b, &reply, err) < 0)
		return -1;
	found = redis_reply_has(reply);
	*id_out = redis_reply_text(reply, a);
	freeReplyObject(reply);
	return found;
}

int redis_outbox_get(void *self, const char *contact, const char *id, const char *external_id,
		     struct arena *a, struct driver_outbound *row_out, struct err *err)
{
	struct redis_store *st = self;
	int64_t deadline = redis_servers_deadline(st->servers);
	unsigned shard = redis_shard(contact);
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply *reply;
	int found = 1;

	if (!*id)
		found = find_by_external(st, shard, external_id, deadline, &tmp, &id, err);
	redis_batch_init(&b, &tmp, REDIS_READ);
	b.deadline = deadline;
	redis_command_row(&b, shard, id);
	if (found == 1 && redis_exchange_one(st->servers, &b, &reply, err) < 0)
		found = -1;
	if (found == 1) {
		/* Two contacts may share a shard, but not their rows. */
		found = redis_read_row(reply, id, a, row_out) &&
			strcmp(row_out->contact, contact) == 0;
		freeReplyObject(reply);
	}
	arena_free(&tmp);
	return found;
}

int redis_outbox_replace(void *self, const char *id, enum status status, int error_code,
			 const struct driver_outbound *successor, int64_t now_ms, struct err *err)
{
	struct redis_store *st = self;
	unsigned shard = redis_shard(successor->contact);
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	c = redis_script(&b, st->servers, REDIS_SCRIPT_REPLACE, 1);
	redis_arg_text(c, redis_key(&tmp, shard, "o", id, NULL));
	redis_arg_text(c, id);
	redis_arg_text(c, successor->contact);
	redis_arg_int(c, status);
	redis_arg_int(c, error_code);
	redis_arg_int(c, now_ms);
	redis_arg_int(c, DRIVER_DONE_KEEP_MS);
	arg_ladder(c, status);
	redis_arg_row(c, successor);
	ret = redis_exchange_yes(st->servers, &b, err);
	arena_free(&tmp);
	return ret;
}

int redis_outbox_unpark(void *self, const char *contact, int64_t now_ms, struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	redisReply *reply;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	c = redis_script(&b, st->servers, REDIS_SCRIPT_UNPARK, 1);
	redis_arg_text(c, redis_key(&tmp, redis_shard(contact), "p", contact, NULL));
	redis_arg_text(c, contact);
	redis_arg_int(c, now_ms);
	ret = redis_exchange_one(st->servers, &b, &reply, err);
	if (ret == 0) {
		ret = (int)redis_reply_int(reply);
		freeReplyObject(reply);
	}
	arena_free(&tmp);
	return ret;
}
