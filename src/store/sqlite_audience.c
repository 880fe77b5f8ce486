/*
 * sqlite_audience.c - who has a session, page by page, in SQLite.
 *
 * A page looks at no more than SCAN_MAX sessions, whether they are at the step or not, so
 * that a reader is not away for long. It is read in the order of contacts: those
 * do not move, and the rows that are made of a page lie side by side in every index.
 */
#include "sqlite_private.h"

#include <string.h>

enum { SCAN_MAX = 4000 };

/* Columns of the statement. */
enum {
	AT_CONTACT,
	AT_SESSION,
	AT_SHOWN_STEP = AT_SESSION + 3,
	AT_EXPIRES = AT_SESSION + 8,
};

struct page {
	const char *step;
	unsigned max;
	int64_t now_ms;
	struct arena *a;
	struct driver_member *list;
	size_t count;
	const char *last; /* the contact looked at last, NULL: none */
};

void sqlite_read_session(sqlite3_stmt *q, int first, struct arena *a, struct driver_session *s)
{
	s->flow = sqlite_text(q, first, a);
	s->flow_version = sqlite3_column_int64(q, first + 1);
	s->step = sqlite_text(q, first + 2, a);
	s->shown_step = sqlite_text(q, first + 3, a);
	s->language = sqlite_text(q, first + 4, a);
	s->completed = sqlite3_column_int(q, first + 5) != 0;
	s->created_ms = sqlite3_column_int64(q, first + 6);
	s->updated_ms = sqlite3_column_int64(q, first + 7);
	s->expires_ms = sqlite3_column_int64(q, first + 8);
	s->revision = (uint64_t)sqlite3_column_int64(q, first + 9);
	s->call_id = sqlite_text(q, first + 10, a);
	s->box = sqlite_box(q, first + 11, a);
}

static bool is_asked_for(sqlite3_stmt *q, const struct page *p)
{
	if (sqlite3_column_int64(q, AT_EXPIRES) <= p->now_ms)
		return false;
	return !*p->step ||
	       strcmp((const char *)sqlite3_column_text(q, AT_SHOWN_STEP), p->step) == 0;
}

/* 1 there is more, 0 that was the last session, -1. */
static int read_members(struct sqlite_conn *c, sqlite3_stmt *q, struct page *p, struct err *err)
{
	unsigned looked = 0;
	int ret;

	while ((ret = sqlite_step(c, q, err)) == 1) {
		struct driver_member *m = &p->list[p->count];

		looked++;
		if (is_asked_for(q, p)) {
			m->contact = sqlite_text(q, AT_CONTACT, p->a);
			sqlite_read_session(q, AT_SESSION, p->a, &m->session);
			if (sqlite_facts(c, m->contact, &m->facts, err) < 0)
				return -1;
			p->count++;
		}
		if (p->count == p->max || looked == SCAN_MAX) {
			p->last = sqlite_text(q, AT_CONTACT, p->a);
			return 1;
		}
	}
	return ret;
}

int sqlite_audience_page(void *self, const char *step, const char *cursor, unsigned max,
			 bool with_boxes, int64_t now_ms, struct arena *a,
			 struct driver_member **list_out, size_t *count_out, const char **next_out,
			 struct err *err)
{
	struct sqlite_store *s = self;
	struct sqlite_conn *c = sqlite_reader(s, err);
	struct page p = { .step = step, .max = max, .now_ms = now_ms, .a = a };
	sqlite3_stmt *q;
	int ret = -1;

	if (!c)
		return -1;
	p.list = arena_array(a, max, sizeof *p.list);
	q = sqlite_sql(c, SQL_AUDIENCE, err);
	if (q) {
		sqlite_bind(q, 1, cursor);
		sqlite_bind_int(q, 2, SCAN_MAX);
		sqlite_bind_int(q, 3, with_boxes);
		ret = sqlite_done(q, read_members(c, q, &p, err));
	}
	sqlite_reader_return(s, c);
	*list_out = p.list;
	*count_out = p.count;
	*next_out = ret == 1 ? p.last : "";
	return ret < 0 ? -1 : 0;
}
