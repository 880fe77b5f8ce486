/*
 * redis_records.c - records, and the audit log.
 *
 * A record lies in the shard of its contact. Each shard has an index of the
 * records of a type in the order in which they were made; a list over all
 * contacts merges what the shards say. The audit log is where broadcasts are.
 *
 * A cursor of records is the index's member "<created, 15 digits> <id>".
 */
#include <stdlib.h>
#include <string.h>

#include "redis_rows_private.h"

/* A page asks each shard for its share and some more, as shards are not equally full. */
enum { SHARE_MORE = 16, AUDIT_SLICE = 200 };

static const char *const record_fields[] = { "type",	"id",	   "contact", "state",
					     "created", "updated", "box" };

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

static void command_record(struct redis_batch *b, unsigned shard, const char *type, const char *id)
{
	struct redis_command *c = redis_command(b, "HMGET");

	redis_arg_text(c, redis_key(b->arena, shard, "r", type, id));
	for (size_t f = 0; f < sizeof record_fields / sizeof *record_fields; f++)
		redis_arg_text(c, record_fields[f]);
}

/* A record lies in the shard of its contact, who is not known here: all shards are asked in
 * one write. Nothing on the road of a message does this. */
static int find_record(struct redis_store *st, const char *type, const char *id, int64_t deadline,
		       struct arena *a, struct driver_record *record_out, struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies;
	int ret = -1;

	redis_batch_init(&b, &tmp, REDIS_READ);
	b.deadline = deadline;
	for (unsigned i = 0; i < REDIS_SHARDS; i++)
		command_record(&b, i, type, id);
	if (redis_exchange(st->servers, &b, &replies, err) == 0) {
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

int redis_record_get(void *self, const char *type, const char *id, struct arena *a,
		     struct driver_record *record_out, struct err *err)
{
	struct redis_store *st = self;

	return find_record(st, type, id, redis_servers_deadline(st->servers), a, record_out, err);
}

/* ---- lists ---- */

struct entry { /* of an index */
	unsigned shard;
	const char *member;
};

struct list {
	const char *type;
	const char *contact; /* NULL: all */
	const char *state;
	const char *cursor;
	unsigned max;
	int64_t deadline;
	struct entry *entries;
	size_t count;
	const char *end; /* entries before this one may be missing; "": none are */
};

static int newest_first(const void *x, const void *y)
{
	const struct entry *e = x, *f = y;

	return -strcmp(e->member, f->member);
}

/* Takes each shard's newest entries behind the cursor. A shard that gave all it was asked for
 * may have more: what the others have behind its last one waits for the next page. */
static int gather(struct redis_store *st, struct list *l, struct arena *a, struct err *err)
{
	unsigned first = l->contact ? redis_shard(l->contact) : 0;
	unsigned shards = l->contact ? 1 : REDIS_SHARDS;
	unsigned share = l->contact ? l->max : l->max * 4 / REDIS_SHARDS + SHARE_MORE;
	struct redis_batch b;
	redisReply **replies;

	redis_batch_init(&b, a, REDIS_READ);
	b.deadline = l->deadline;
	for (unsigned i = 0; i < shards; i++) {
		struct redis_command *c = redis_command(&b, "ZREVRANGEBYLEX");

		redis_arg_text(c, redis_key(a, first + i, "rl", l->type, NULL));
		redis_arg_text(c, *l->cursor ? arena_printf(a, "(%s", l->cursor) : "+");
		redis_arg_text(c, "-");
		redis_arg_text(c, "LIMIT");
		redis_arg_text(c, "0");
		redis_arg_int(c, share);
	}
	if (redis_exchange(st->servers, &b, &replies, err) < 0)
		return -1;
	l->entries = arena_array(a, (size_t)share * shards, sizeof *l->entries);
	for (unsigned i = 0; i < shards; i++) {
		const char *member = "";
		unsigned n = 0;

		for (; n < share && redis_reply_at(replies[i], n); n++) {
			member = redis_reply_text(redis_reply_at(replies[i], n), a);
			l->entries[l->count++] = (struct entry){ first + i, member };
		}
		if (n == share && strcmp(member, l->end) > 0)
			l->end = member;
	}
	redis_replies_free(replies, b.count);
	qsort(l->entries, l->count, sizeof *l->entries, newest_first);
	return 0;
}

/* Cuts the entries to a page. Returns whether there may be more behind it. */
static bool cut(struct list *l)
{
	bool more = *l->end != '\0';

	while (more && l->count > 0 && strcmp(l->entries[l->count - 1].member, l->end) < 0)
		l->count--;
	if (l->count > l->max) {
		l->count = l->max;
		more = true;
	}
	return more;
}

static bool is_wanted(const struct driver_record *r, const struct list *l)
{
	return (!l->contact || strcmp(r->contact, l->contact) == 0) &&
	       (!*l->state || strcmp(r->state, l->state) == 0);
}

static int read_entries(struct redis_store *st, const struct list *l, struct arena *a,
			struct driver_record *list, size_t *count_out, struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies;
	size_t n = 0;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_READ);
	b.deadline = l->deadline;
	for (size_t i = 0; i < l->count; i++) {
		const char *blank = strchr(l->entries[i].member, ' ');

		command_record(&b, l->entries[i].shard, l->type, blank ? blank + 1 : "");
	}
	ret = redis_exchange(st->servers, &b, &replies, err);
	for (size_t i = 0; ret == 0 && i < l->count; i++) {
		if (!redis_reply_has(redis_reply_at(replies[i], 0)))
			continue;
		read_record(replies[i], a, &list[n]);
		n += is_wanted(&list[n], l);
	}
	redis_replies_free(replies, b.count);
	arena_free(&tmp);
	*count_out = n;
	return ret;
}

int redis_record_list(void *self, const char *type, const char *contact, const char *state,
		      const char *cursor, unsigned max, struct arena *a,
		      struct driver_record **list_out, size_t *count_out, const char **next_out,
		      struct err *err)
{
	struct redis_store *st = self;
	struct list l = { .type = type,
			  .contact = contact,
			  .state = state,
			  .cursor = cursor,
			  .max = max,
			  .deadline = redis_servers_deadline(st->servers),
			  .end = "" };
	struct arena tmp = { 0 };
	bool more = false;
	int ret;

	*count_out = 0;
	*next_out = "";
	*list_out = arena_array(a, max, sizeof **list_out);
	ret = gather(st, &l, &tmp, err);
	if (ret == 0)
		more = cut(&l);
	if (ret == 0 && l.count > 0)
		ret = read_entries(st, &l, a, *list_out, count_out, err);
	if (ret == 0 && more && l.count > 0)
		*next_out = arena_strdup(a, l.entries[l.count - 1].member);
	arena_free(&tmp);
	return ret;
}

/* ---- audit ---- */

void redis_arg_audit_keys(struct redis_command *c, const char *object)
{
	redis_arg_text(c, redis_key(c->arena, redis_home(), "au", NULL, NULL));
	redis_arg_text(c, redis_key(c->arena, redis_home(), "au", object, NULL));
}

void redis_arg_audit(struct redis_command *c, const struct audit_entry *e)
{
	redis_arg_int(c, e->at_ms);
	redis_arg_text(c, e->action);
	redis_arg_text(c, e->object);
	redis_arg_text(c, e->detail);
	redis_arg_text(c, e->request_id);
}

static int add_audit(struct redis_store *st, const struct audit_entry *e, int64_t deadline,
		     struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	b.deadline = deadline;
	c = redis_script(&b, st->servers, REDIS_SCRIPT_AUDIT_ADD, 2);
	redis_arg_audit_keys(c, e->object);
	redis_arg_int(c, DRIVER_AUDIT_KEEP_MS);
	redis_arg_audit(c, e);
	ret = redis_exchange_yes(st->servers, &b, err) < 0 ? -1 : 0;
	arena_free(&tmp);
	return ret;
}

int redis_audit_add(void *self, const struct audit_entry *e, struct err *err)
{
	struct redis_store *st = self;

	return add_audit(st, e, redis_servers_deadline(st->servers), err);
}

/* The record first, then its entry: they lie in different slots. An entry that is not written is
 * told as unsure: the record has changed. */
int redis_record_change(void *self, const char *type, const char *id, const char *from,
			const char *to, int64_t now_ms, const struct audit_entry *audit,
			struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct driver_record record;
	struct redis_batch b;
	struct redis_command *c;
	int64_t deadline = redis_servers_deadline(st->servers);
	int ret = find_record(st, type, id, deadline, &tmp, &record, err);

	if (ret == 1) {
		redis_batch_init(&b, &tmp, REDIS_WRITE);
		b.deadline = deadline;
		c = redis_script(&b, st->servers, REDIS_SCRIPT_RECORD_CHANGE, 1);
		redis_arg_text(c, redis_key(&tmp, redis_shard(record.contact), "r", type, id));
		redis_arg_text(c, from);
		redis_arg_text(c, to);
		redis_arg_int(c, now_ms);
		ret = redis_exchange_yes(st->servers, &b, err);
	}
	if (ret == 1 && audit && add_audit(st, audit, deadline, err) < 0) {
		if (err)
			err->kind = ERR_UNSURE;
		ret = -1;
	}
	arena_free(&tmp);
	return ret;
}

/* An entry of the stream, in the order in which LUA_AUDIT writes its fields. */
static void read_audit(const redisReply *r, struct arena *a, struct audit_entry *e)
{
	const redisReply *f = redis_reply_at(r, 1);

	e->at_ms = redis_reply_int(redis_reply_at(f, 1));
	e->action = redis_reply_text(redis_reply_at(f, 3), a);
	e->object = redis_reply_text(redis_reply_at(f, 5), a);
	e->detail = redis_reply_text(redis_reply_at(f, 7), a);
	e->request_id = redis_reply_text(redis_reply_at(f, 9), a);
}

static void command_audit(struct redis_batch *b, const char *object, bool newest, unsigned count)
{
	struct redis_command *c = redis_command(b, newest ? "XREVRANGE" : "XRANGE");

	redis_arg_text(c, redis_key(b->arena, redis_home(), "au", object, NULL));
	redis_arg_text(c, newest ? "+" : "-");
	redis_arg_text(c, newest ? "-" : "+");
	redis_arg_text(c, "COUNT");
	redis_arg_int(c, count);
}

int redis_audit_list(void *self, const char *object, unsigned max, struct arena *a,
		     struct audit_entry **list_out, size_t *count_out, struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply *reply;
	size_t n = 0;
	int ret;

	*list_out = arena_array(a, max, sizeof **list_out);
	redis_batch_init(&b, &tmp, REDIS_READ);
	command_audit(&b, object, true, max);
	ret = redis_exchange_one(st->servers, &b, &reply, err);
	if (ret == 0) {
		for (; n < max && redis_reply_at(reply, n); n++)
			read_audit(redis_reply_at(reply, n), a, &(*list_out)[n]);
		freeReplyObject(reply);
	}
	*count_out = n;
	arena_free(&tmp);
	return ret;
}

/* The oldest entries that are too old leave the list of all; an object's own list ends by time. */
int redis_audit_sweep(struct redis_store *st, int64_t before_ms, int64_t deadline, struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	redisReply *old = NULL;
	int ret = -1;

	redis_batch_init(&b, &tmp, REDIS_READ);
	b.deadline = deadline;
	command_audit(&b, NULL, false, AUDIT_SLICE);
	if (redis_exchange_one(st->servers, &b, &old, err) < 0)
		goto out;
	redis_batch_init(&b, &tmp, REDIS_WRITE);
	b.deadline = deadline;
	c = redis_command(&b, "XDEL");
	redis_arg_text(c, redis_key(&tmp, redis_home(), "au", NULL, NULL));
	ret = 0;
	for (size_t i = 0; redis_reply_at(old, i); i++) {
		const redisReply *entry = redis_reply_at(old, i);

		if (redis_reply_int(redis_reply_at(redis_reply_at(entry, 1), 1)) >= before_ms)
			continue;
		redis_arg(c, redis_reply_box(redis_reply_at(entry, 0), &tmp));
		ret++;
	}
	if (ret > 0 && redis_exchange_yes(st->servers, &b, err) < 0)
		ret = -1;
out:
	if (old)
		freeReplyObject(old);
	arena_free(&tmp);
	return ret;
}
