/*
 * redis_audience.c - paging through contacts with a session.
 *
 * A page is a bounded ZSCAN of some shards' indexes, then the session and the
 * facts of those they named, in one exchange each. ZSCAN names everybody who
 * stays in an index meanwhile, some of them twice, and may name more than it was
 * asked for: what is too much for a page is named again by the same scan, sorted, after
 * the last name of the page.
 *
 * A cursor is "<shard>:<cursor of ZSCAN>:<last name, or nothing>".
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "redis_rows_private.h"

enum {
	SHARDS_AT_ONCE = 32,
	ROUNDS = 16,	 /* of scans for one page */
	SCAN_PAGE = 120, /* members of one ZSCAN: what Redis does at a stretch */
};

struct place {
	unsigned shard;
	uint64_t scan;
	const char *after; /* names up to this one were on the page before; "": none */
};

struct names {
	const char **list;
	unsigned *shards;
	size_t count;
	size_t max;
};

static int place_read(const char *cursor, struct place *p, struct err *err)
{
	const char *rest;
	char *end;

	*p = (struct place){ .shard = redis_cursor_read(cursor, &rest), .after = "" };
	if (!*cursor)
		return 0;
	p->scan = strtoull(rest, &end, 10);
	if (p->shard == REDIS_SHARDS || end == rest || *end != ':')
		return err_set(err, ERR_INPUT, "Redis: this is not a cursor of an audience");
	p->after = end + 1;
	return 0;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The members of a ZSCAN reply ([cursor, [member, score, …]]), sorted, behind `after`. */
static const char **scan_names(const redisReply *scan, const char *after, struct arena *a,
			       size_t *count_out)
{
	const redisReply *members = redis_reply_at(scan, 1);
	size_t all = members && members->type == REDIS_REPLY_ARRAY ? members->elements / 2 : 0;
	const char **names = arena_array(a, all, sizeof *names);
	size_t n = 0;

	for (size_t i = 0; i < all; i++) {
		const char *name = redis_reply_text(redis_reply_at(members, 2 * i), a);

		if (strcmp(name, after) > 0)
			names[n++] = name;
	}
	qsort(names, n, sizeof *names, by_name);
	*count_out = n;
	return names;
}

/* Takes what fits; *next is where the page after this one begins. False when the page is full, or
 * this shard has more. */
static bool take_names(const redisReply *scan, struct place *next, struct names *page,
		       struct arena *a)
{
	uint64_t cursor = redis_reply_u64(redis_reply_at(scan, 0));
	size_t room = page->max - page->count, n;
	const char **names = scan_names(scan, next->after, a, &n);
	size_t take = n < room ? n : room;

	/* A shard that begins on this page is better read whole on the next one. */
	if (n > room && page->count > 0 && !*next->after && next->scan == 0)
		return false;
	for (size_t i = 0; i < take; i++) {
		page->list[page->count] = names[i];
		page->shards[page->count++] = next->shard;
	}
	if (take < n) {
		next->after = names[take - 1];
		return false;
	}
	*next = cursor ? (struct place){ next->shard, cursor, "" }
		       : (struct place){ next->shard + 1, 0, "" };
	return cursor == 0;
}

/* Scans `count` shards from `at` on. *each_out: how many names a shard has, about; that of a
 * crowded one counts as a scan's. */
static int scan_shards(struct redis_store *st, struct place *at, unsigned count, struct names *page,
		       int64_t deadline, struct arena *a, size_t *each_out, struct err *err)
{
	unsigned first = at->shard, s;
	bool whole = at->scan == 0 && !*at->after;
	size_t before = page->count;
	struct redis_batch b;
	redisReply **replies;

	redis_batch_init(&b, a, REDIS_READ);
	b.deadline = deadline;
	for (s = first; s < REDIS_SHARDS && s < first + count; s++) {
		struct redis_command *c = redis_command(&b, "ZSCAN");

		redis_arg_text(c, redis_key(a, s, "ix", NULL, NULL));
		redis_arg_u64(c, s == first ? at->scan : 0);
		redis_arg_text(c, "COUNT");
		redis_arg_int(c, SCAN_PAGE); /* always: `after` means names of the same scan */
	}
	if (redis_exchange(st->servers, &b, &replies, err) < 0)
		return -1;
	for (size_t i = 0; i < b.count && take_names(replies[i], at, page, a); i++)
		;
	redis_replies_free(replies, b.count);
	if (at->shard != s)
		*each_out = SCAN_PAGE;
	else if (whole)
		*each_out = (page->count - before) / count;
	return 0;
}

/* One shard at first; then as many at once as have room, by what the last ones had. */
static int scan_page(struct redis_store *st, struct place *at, struct names *page, int64_t deadline,
		     struct arena *a, struct err *err)
{
	size_t each = SCAN_PAGE;

	for (int i = 0; i < ROUNDS && at->shard < REDIS_SHARDS; i++) {
		size_t room = page->max - page->count, count = room / (each + 1);

		if (page->count > 0 && (room < each || *at->after))
			break;
		if (each >= SCAN_PAGE || count == 0)
			count = 1;
		if (count > SHARDS_AT_ONCE)
			count = SHARDS_AT_ONCE;
		if (scan_shards(st, at, (unsigned)count, page, deadline, a, &each, err) < 0)
			return -1;
	}
	return 0;
}

struct filter {
	const char *step;
	bool with_boxes;
	int64_t now_ms;
	int64_t deadline;
};

/* Whether the session lives and is at that step. */
static bool belongs(const redisReply *reply, const struct filter *f, struct redis_session *s)
{
	return redis_unpack_session(reply, s) && s->expires_ms > f->now_ms &&
	       (!*f->step || str_is(s->shown, f->step));
}

static int read_members(struct redis_store *st, const struct names *page, const struct filter *f,
			struct arena *a, struct driver_member *list, size_t *count_out,
			struct err *err)
{
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies;
	size_t n = 0;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_READ);
	b.deadline = f->deadline;
	for (size_t i = 0; i < page->count; i++) {
		redis_command_session(&b, page->shards[i], page->list[i], f->with_boxes);
		redis_command_facts(&b, page->shards[i], page->list[i]);
	}
	ret = redis_exchange(st->servers, &b, &replies, err);
	for (size_t i = 0; ret == 0 && i < page->count; i++) {
		struct redis_session s;

		if (!belongs(replies[2 * i], f, &s))
			continue;
		list[n].contact = arena_strdup(a, page->list[i]);
		list[n].session = redis_copy_session(&s, f->with_boxes, a);
		redis_read_facts(replies[2 * i + 1], &list[n++].facts);
	}
	redis_replies_free(replies, b.count);
	arena_free(&tmp);
	*count_out = n;
	return ret;
}

int redis_audience_page(void *self, const char *step, const char *cursor, unsigned max,
			bool with_boxes, int64_t now_ms, struct arena *a,
			struct driver_member **list_out, size_t *count_out, const char **next_out,
			struct err *err)
{
	struct redis_store *st = self;
	const struct filter f = { step, with_boxes, now_ms, redis_servers_deadline(st->servers) };
	struct arena tmp = { 0 };
	struct names page = { .list = arena_array(&tmp, max, sizeof *page.list),
			      .shards = arena_array(&tmp, max, sizeof *page.shards),
			      .max = max };
	struct place at;
	int ret;

	*count_out = 0;
	*next_out = "";
	*list_out = arena_array(a, max, sizeof **list_out);
	ret = place_read(cursor, &at, err);
	if (ret == 0)
		ret = scan_page(st, &at, &page, f.deadline, &tmp, err);
	if (ret == 0 && page.count > 0)
		ret = read_members(st, &page, &f, a, *list_out, count_out, err);
	if (ret == 0 && at.shard < REDIS_SHARDS)
		*next_out = arena_printf(a, "%u:%" PRIu64 ":%s", at.shard, at.scan, at.after);
	arena_free(&tmp);
	return ret;
}
