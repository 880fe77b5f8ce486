/*
 * sqlite_row.c - outbox rows, and what follows from each change of one.
 *
 * A row's line, its broadcast's counts and its contact's number of parked rows are
 * brought up to date here and nowhere else, in the transaction of the row.
 * `line` names of each contact the first unfinished reply and when it is due.
 */
#include "sqlite_private.h"

#include <string.h>

#include "rules_private.h"

/* ---- counts ---- */

enum { LINES = sizeof((struct sqlite_tally *)NULL)->lines / sizeof(struct sqlite_tally_line) };

static int write_count(struct sqlite_conn *c, enum sqlite_sql id, const struct sqlite_tally_line *l,
		       struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, id, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, l->broadcast);
	sqlite_bind_int(q, 2, l->count.state);
	sqlite_bind_int(q, 3, l->count.reason);
	sqlite_bind_int(q, 4, l->count.status);
	sqlite_bind_int(q, 5, l->count.error_code);
	sqlite_bind_int(q, 6, l->count.rows);
	return sqlite_run(c, q, err);
}

int sqlite_tally_write(struct sqlite_conn *c, struct sqlite_tally *t, struct err *err)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct sqlite_tally_line *l = &t->lines[i];

		if (l->count.rows == 0)
			continue;
		if (write_count(c, SQL_COUNT_MOVE, l, err) < 0)
			return -1;
		if (sqlite3_changes(c->db) == 0 && write_count(c, SQL_COUNT_ADD, l, err) < 0)
			return -1;
	}
	t->n = 0;
	return 0;
}

static bool same_count(const struct sqlite_tally_line *l, const struct driver_outbound *o)
{
	return l->count.state == o->state && l->count.reason == o->reason &&
	       l->count.status == o->status && l->count.error_code == o->error_code &&
	       strcmp(l->broadcast, o->broadcast) == 0;
}

/* One row more (1) or less (-1) in this situation. */
static int count_row(struct sqlite_conn *c, struct sqlite_tally *t, const struct driver_outbound *o,
		     int more, struct err *err)
{
	struct sqlite_tally_line *l = t->lines;

	if (!*o->broadcast)
		return 0;
	while (l < t->lines + t->n && !same_count(l, o))
		l++;
	if (l == t->lines + LINES) {
		if (sqlite_tally_write(c, t, err) < 0)
			return -1;
		l = t->lines;
	}
	if (l == t->lines + t->n) {
		t->n++;
		*l = (struct sqlite_tally_line){ .count = { o->state, o->reason, o->status,
							    o->error_code, 0 } };
		memcpy(l->broadcast, o->broadcast, strnlen(o->broadcast, ID_HEX_SIZE - 1));
	}
	l->count.rows += more;
	return 0;
}

/* From one situation to another; before or after may be NULL: a row that comes or goes. */
static int follow(struct sqlite_conn *c, struct sqlite_tally *t,
		  const struct driver_outbound *before, const struct driver_outbound *after,
		  struct err *err)
{
	int parked = (after && after->state == OUTBOUND_PARKED) -
		     (before && before->state == OUTBOUND_PARKED);

	if (after && count_row(c, t, after, 1, err) < 0)
		return -1;
	if (before && count_row(c, t, before, -1, err) < 0)
		return -1;
	if (parked == 0)
		return 0;
	return sqlite_contact_park(c, after ? after->contact : before->contact, parked, err);
}

/* ---- lines ---- */

static int set_line(struct sqlite_conn *c, const char *contact, int64_t seq, int64_t due_ms,
		    struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_LINE_SET, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, contact);
	sqlite_bind_int(q, 2, seq);
	sqlite_bind_int(q, 3, due_ms);
	return sqlite_run(c, q, err);
}

/* Looks up the contact's first unfinished reply again. */
static int refresh_line(struct sqlite_conn *c, const char *contact, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_LINE_FIRST, err);
	int64_t seq = 0, due_ms = 0;
	int ret;

	if (!q)
		return -1;
	sqlite_bind(q, 1, contact);
	ret = sqlite_step(c, q, err);
	if (ret == 1) {
		seq = sqlite3_column_int64(q, 0);
		due_ms = sqlite3_column_int64(q, 1);
	}
	(void)sqlite_done(q, ret);
	if (ret < 0)
		return -1;
	if (ret == 1)
		return set_line(c, contact, seq, due_ms, err);
	q = sqlite_sql(c, SQL_LINE_CLEAR, err);
	if (!q)
		return -1;
	sqlite_bind(q, 1, contact);
	return sqlite_run(c, q, err);
}

static int refresh_line_of(struct sqlite_conn *c, const struct driver_outbound *o, struct err *err)
{
	return o->kind == OUTBOUND_REPLY ? refresh_line(c, o->contact, err) : 0;
}

/* ---- reading ---- */

void sqlite_row_read(sqlite3_stmt *q, struct arena *a, struct sqlite_row *r)
{
	struct driver_outbound *o = &r->o;

	r->seq = sqlite3_column_int64(q, 0);
	o->id = sqlite_text(q, 1, a);
	o->kind = (enum outbound_kind)sqlite3_column_int(q, 2);
	o->channel = sqlite_text(q, 3, a);
	o->contact = sqlite_text(q, 4, a);
	o->created_ms = sqlite3_column_int64(q, 5);
	o->due_ms = sqlite3_column_int64(q, 6);
	o->attempts = (unsigned)sqlite3_column_int64(q, 7);
	o->state = (enum outbound_state)sqlite3_column_int(q, 8);
	o->external_id = sqlite_text(q, 9, a);
	o->status = (enum status)sqlite3_column_int(q, 10);
	o->error_code = sqlite3_column_int(q, 11);
	o->changed_ms = sqlite3_column_int64(q, 12);
	o->broadcast = sqlite_text(q, 13, a);
	o->reason = (enum outbound_reason)sqlite3_column_int(q, 14);
	r->asked = (unsigned)sqlite3_column_int64(q, 15);
	r->ask_ms = sqlite3_column_int64(q, 16);
	o->box = sqlite_box(q, 17, a);
}

int sqlite_row_find(struct sqlite_conn *c, enum sqlite_sql id, const char *contact, const char *key,
		    struct arena *a, struct sqlite_row *r, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, id, err);
	int ret;

	if (!q)
		return -1;
	sqlite_bind(q, 1, contact);
	sqlite_bind(q, 2, key);
	ret = sqlite_step(c, q, err);
	if (ret == 1)
		sqlite_row_read(q, a, r);
	return sqlite_done(q, ret);
}

int sqlite_rows_read(struct sqlite_conn *c, sqlite3_stmt *q, size_t max, struct arena *a,
		     struct sqlite_row **rows_out, size_t *count_out, struct err *err)
{
	struct sqlite_row *rows = arena_array(a, max, sizeof *rows);
	size_t n = 0;
	int ret = 0;

	while (n < max && (ret = sqlite_step(c, q, err)) == 1)
		sqlite_row_read(q, a, &rows[n++]);
	*rows_out = rows;
	*count_out = n;
	return sqlite_done(q, ret < 0 ? -1 : 0);
}

/* ---- writing ---- */

static int insert_row(struct sqlite_conn *c, const struct driver_outbound *o, int64_t now_ms,
		      struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_OUTBOX_ADD, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, o->id);
	sqlite_bind_int(q, 2, o->kind);
	sqlite_bind(q, 3, o->channel);
	sqlite_bind(q, 4, o->contact);
	sqlite_bind_int(q, 5, o->created_ms);
	sqlite_bind_int(q, 6, o->due_ms);
	sqlite_bind_int(q, 7, o->attempts);
	sqlite_bind_int(q, 8, o->state);
	sqlite_bind(q, 9, o->external_id);
	sqlite_bind_int(q, 10, o->status);
	sqlite_bind_int(q, 11, o->error_code);
	sqlite_bind(q, 12, o->broadcast);
	sqlite_bind_int(q, 13, o->reason);
	sqlite_bind_box(q, 14, o->box);
	sqlite_bind_int(q, 15, now_ms);
	return sqlite_run(c, q, err);
}

int sqlite_row_add(struct sqlite_conn *c, struct sqlite_tally *t, const struct driver_outbound *o,
		   int64_t now_ms, struct err *err)
{
	if (insert_row(c, o, now_ms, err) < 0)
		return -1;
	if (sqlite3_changes(c->db) == 0)
		return 0;
	if (follow(c, t, NULL, o, err) < 0 || refresh_line_of(c, o, err) < 0)
		return -1;
	return 1;
}

static int set_row(struct sqlite_conn *c, const struct sqlite_row *r, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_OUTBOX_SET, err);

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, r->seq);
	sqlite_bind_int(q, 2, r->o.due_ms);
	sqlite_bind_int(q, 3, r->o.attempts);
	sqlite_bind_int(q, 4, r->o.state);
	sqlite_bind(q, 5, r->o.external_id);
	sqlite_bind_int(q, 6, r->o.status);
	sqlite_bind_int(q, 7, r->o.error_code);
	sqlite_bind_int(q, 8, r->o.changed_ms);
	sqlite_bind_int(q, 9, r->o.reason);
	sqlite_bind_int(q, 10, r->asked);
	sqlite_bind_int(q, 11, r->ask_ms);
	return sqlite_run(c, q, err);
}

int sqlite_row_change(struct sqlite_conn *c, struct sqlite_tally *t,
		      const struct sqlite_row *before, struct sqlite_row *after, int64_t now_ms,
		      struct err *err)
{
	after->o.changed_ms = now_ms;
	if (after->o.state != OUTBOUND_ACCEPTED)
		after->ask_ms = 0;
	if (set_row(c, after, err) < 0 || follow(c, t, &before->o, &after->o, err) < 0)
		return -1;
	return refresh_line_of(c, &after->o, err);
}

int sqlite_row_delete(struct sqlite_conn *c, struct sqlite_tally *t, const struct sqlite_row *r,
		      struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_OUTBOX_DELETE, err);

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, r->seq);
	if (sqlite_run(c, q, err) < 0 || follow(c, t, &r->o, NULL, err) < 0)
		return -1;
	return refresh_line_of(c, &r->o, err);
}

int sqlite_row_to_end(struct sqlite_conn *c, struct sqlite_row *r, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_OUTBOX_TO_END, err);
	int ret;

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, r->seq);
	ret = sqlite_step(c, q, err);
	if (ret == 1)
		r->seq = sqlite3_column_int64(q, 0);
	return ret < 0 ? sqlite_done(q, -1) : sqlite_run(c, q, err);
}

void sqlite_row_heard(struct sqlite_row *r, int64_t now_ms)
{
	int64_t after_ms = rule_ask_after_ms(r->o.status, r->asked);

	r->ask_ms = after_ms > 0 ? now_ms + after_ms : 0;
}

int sqlite_outbox_add(struct sqlite_conn *c, const struct driver_outbound *rows, size_t count,
		      struct err *err)
{
	struct sqlite_tally t = { .n = 0 };

	for (size_t i = 0; i < count; i++)
		if (sqlite_row_add(c, &t, &rows[i], rows[i].created_ms, err) < 0)
			return -1;
	return sqlite_tally_write(c, &t, err);
}
