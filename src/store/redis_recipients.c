/*
 * redis_recipients.c - the rows of a broadcast: adding many, paging, counting.
 *
 * They lie in the shards of their contacts, each with the index and the counts
 * of its shard. Rows are sent shard by shard, all shards in one exchange.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "redis_rows_private.h"

/* ---- adding ---- */

static void arg_recipient(struct redis_command *c, const struct driver_outbound *row)
{
	redis_arg_text(c, row->id);
	redis_arg_text(c, row->contact);
	redis_arg_text(c, row->channel);
	redis_arg_int(c, row->created_ms);
	redis_arg_int(c, row->due_ms);
	redis_arg_int(c, row->state);
	redis_arg_int(c, row->reason);
	redis_arg_int(c, row->error_code);
	redis_arg(c, row->box);
}

/* Those of `rows` that `order` names, of one shard, as many as one script takes. */
static void add_recipients(struct redis_store *st, struct redis_batch *b, unsigned shard,
			   const struct driver_outbound *rows, const size_t *order, size_t count)
{
	struct redis_command *c = redis_script(b, st->servers, REDIS_SCRIPT_RECIPIENTS_ADD, 1);

	redis_arg_text(c, redis_key(b->arena, shard, "br", rows[0].broadcast, NULL));
	redis_arg_text(c, rows[0].broadcast);
	for (size_t i = 0; i < count && i < REDIS_STRETCH; i++)
		arg_recipient(c, &rows[order[i]]);
}

int redis_recipients_add(void *self, const struct driver_outbound *rows, size_t count,
			 struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_groups g;
	struct redis_batch b;
	redisReply **replies = NULL;
	int ret = 0;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	redis_group(rows, count, &tmp, &g);
	for (unsigned s = 0; s < REDIS_SHARDS; s++)
		for (size_t i = g.first[s]; i < g.first[s + 1]; i += REDIS_STRETCH)
			add_recipients(st, &b, s, rows, g.order + i, g.first[s + 1] - i);
	if (b.count > 0)
		ret = redis_exchange(st->servers, &b, &replies, err);
	redis_replies_free(replies, b.count);
	arena_free(&tmp);
	return ret;
}

/* ---- paging ---- */

unsigned redis_cursor_read(const char *cursor, const char **rest_out)
{
	char *end;
	unsigned long shard = strtoul(cursor, &end, 10);

	*rest_out = "";
	if (!*cursor)
		return 0;
	if (end == cursor || *end != ':' || shard >= REDIS_SHARDS)
		return REDIS_SHARDS;
	*rest_out = end + 1;
	return (unsigned)shard;
}

struct page {
	const char *broadcast;
	unsigned shard; /* where it begins, */
	int64_t from;	/* behind so many rows of that shard */
	unsigned max;
	int64_t deadline;
};

/* How many rows each shard has. */
static int count_ids(struct redis_store *st, const struct page *p, int64_t counts[REDIS_SHARDS],
		     struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_READ);
	b.deadline = p->deadline;
	for (unsigned s = p->shard; s < REDIS_SHARDS; s++)
		redis_arg_text(redis_command(&b, "LLEN"),
			       redis_key(&tmp, s, "br", p->broadcast, NULL));
	ret = redis_exchange(st->servers, &b, &replies, err);
	for (unsigned s = p->shard; ret == 0 && s < REDIS_SHARDS; s++)
		counts[s] = redis_reply_int(replies[s - p->shard]);
	redis_replies_free(replies, b.count);
	arena_free(&tmp);
	return ret;
}

struct page_id {
	unsigned shard;
	const char *id;
};

/* The ids of the page; *next_out is where the next one begins, "" nowhere. */
static int list_ids(struct redis_store *st, const struct page *p, struct arena *a,
		    struct page_id *ids, size_t *count_out, const char **next_out, struct err *err)
{
	int64_t counts[REDIS_SHARDS], left = p->max;
	unsigned shards[REDIS_SHARDS];
	struct redis_batch b;
	redisReply **replies = NULL;
	size_t n = 0;

	if (count_ids(st, p, counts, err) < 0)
		return -1;
	redis_batch_init(&b, a, REDIS_READ);
	b.deadline = p->deadline;
	for (unsigned s = p->shard; s < REDIS_SHARDS && left > 0; s++) {
		int64_t from = s == p->shard ? p->from : 0, there = counts[s] - from;
		int64_t take = there < left ? there : left;
		struct redis_command *c;

		if (take <= 0)
			continue;
		shards[b.count] = s;
		c = redis_command(&b, "LRANGE");
		redis_arg_text(c, redis_key(a, s, "br", p->broadcast, NULL));
		redis_arg_int(c, from);
		redis_arg_int(c, from + take - 1);
		left -= take;
		if (left == 0)
			*next_out = arena_printf(a, "%u:%" PRId64, s, from + take);
	}
	if (b.count > 0 && redis_exchange(st->servers, &b, &replies, err) < 0)
		return -1;
	for (size_t i = 0; i < b.count; i++)
		for (size_t j = 0; n < p->max && redis_reply_at(replies[i], j); j++)
			ids[n++] = (struct page_id){
				shards[i], redis_reply_text(redis_reply_at(replies[i], j), a)
			};
	redis_replies_free(replies, b.count);
	*count_out = n;
	return 0;
}

static int read_ids(struct redis_store *st, const struct page *p, const struct page_id *ids,
		    size_t n, struct arena *a, struct driver_outbound *rows, size_t *count_out,
		    struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies = NULL;
	size_t count = 0;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_READ);
	b.deadline = p->deadline;
	for (size_t i = 0; i < n; i++)
		redis_command_row(&b, ids[i].shard, ids[i].id);
	ret = redis_exchange(st->servers, &b, &replies, err);
	for (size_t i = 0; ret == 0 && i < n; i++)
		count += redis_read_row(replies[i], ids[i].id, a, &rows[count]);
	redis_replies_free(replies, b.count);
	arena_free(&tmp);
	*count_out = count;
	return ret;
}

int redis_recipients_page(void *self, const char *broadcast, const char *cursor, unsigned max,
			  struct arena *a, struct driver_outbound **rows_out, size_t *count_out,
			  const char **next_out, struct err *err)
{
	struct redis_store *st = self;
	struct page p = { .broadcast = broadcast,
			  .max = max,
			  .deadline = redis_servers_deadline(st->servers) };
	struct arena tmp = { 0 };
	struct page_id *ids = arena_array(&tmp, max, sizeof *ids);
	const char *rest, *next = "";
	size_t n = 0;
	int ret = 0;

	*count_out = 0;
	*rows_out = arena_array(a, max, sizeof **rows_out);
	p.shard = redis_cursor_read(cursor, &rest);
	p.from = strtoll(rest, NULL, 10);
	if (p.shard == REDIS_SHARDS || p.from < 0)
		ret = err_set(err, ERR_INPUT, "Redis: this is not a cursor of recipients");
	if (ret == 0)
		ret = list_ids(st, &p, &tmp, ids, &n, &next, err);
	if (ret == 0 && n > 0)
		ret = read_ids(st, &p, ids, n, a, *rows_out, count_out, err);
	*next_out = arena_strdup(a, next);
	arena_free(&tmp);
	return ret;
}

/* ---- counts ---- */

static bool same_tuple(const struct broadcast_count *x, const struct broadcast_count *y)
{
	return x->state == y->state && x->reason == y->reason && x->status == y->status &&
	       x->error_code == y->error_code;
}

struct counts {
	struct arena *a;
	struct broadcast_count *list;
	size_t count;
	size_t room;
};

/* There are a few dozen situations at most: a walk is short. */
static void count_add(struct counts *cs, const struct broadcast_count *one)
{
	for (size_t i = 0; i < cs->count; i++) {
		if (same_tuple(&cs->list[i], one)) {
			cs->list[i].rows += one->rows;
			return;
		}
	}
	if (cs->count == cs->room) {
		size_t room = cs->room ? cs->room * 2 : 16;
		struct broadcast_count *grown = arena_array(cs->a, room, sizeof *grown);

		if (cs->count)
			memcpy(grown, cs->list, cs->count * sizeof *grown);
		cs->list = grown;
		cs->room = room;
	}
	cs->list[cs->count++] = *one;
}

/* "<state> <reason> <status> <error>" */
static struct broadcast_count tuple_read(const redisReply *r)
{
	long part[4] = { 0 };
	char *at = r && r->str ? r->str : NULL;

	for (size_t i = 0; at && i < 4; i++)
		part[i] = strtol(at, &at, 10);
	return (struct broadcast_count){ .state = (enum outbound_state)part[0],
					 .reason = (enum outbound_reason)part[1],
					 .status = (enum status)part[2],
					 .error_code = (int)part[3] };
}

int redis_broadcast_counts(void *self, const char *id, struct arena *a,
			   struct broadcast_count **list_out, size_t *count_out, struct err *err)
{
	struct redis_store *st = self;
	struct counts cs = { .a = a };
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_READ);
	for (unsigned s = 0; s < REDIS_SHARDS; s++)
		redis_arg_text(redis_command(&b, "HGETALL"), redis_key(&tmp, s, "bn", id, NULL));
	ret = redis_exchange(st->servers, &b, &replies, err);
	for (size_t s = 0; ret == 0 && s < b.count; s++) {
		for (size_t i = 0; redis_reply_at(replies[s], i + 1); i += 2) {
			struct broadcast_count one = tuple_read(redis_reply_at(replies[s], i));

			one.rows = redis_reply_int(redis_reply_at(replies[s], i + 1));
			if (one.rows > 0)
				count_add(&cs, &one);
		}
	}
	redis_replies_free(replies, b.count);
	arena_free(&tmp);
	*list_out = cs.list;
	*count_out = cs.count;
	return ret;
}
