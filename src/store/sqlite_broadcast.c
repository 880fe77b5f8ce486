/*
 * sqlite_broadcast.c - broadcasts in SQLite, their counts and their recipients' rows.
 */
#include "sqlite_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- reading ---- */

static void read_broadcast(sqlite3_stmt *q, struct arena *a, struct driver_broadcast *d)
{
	struct broadcast *b = &d->plain;

	*d = (struct driver_broadcast){
		.plain = { .state = (enum broadcast_state)sqlite3_column_int(q, 1),
			   .why = sqlite_text(q, 2, a),
			   .why_code = sqlite3_column_int(q, 3),
			   .target_step = sqlite_text(q, 4, a),
			   .request_key = sqlite_text(q, 5, a),
			   .request_digest = sqlite_text(q, 6, a),
			   .created_ms = sqlite3_column_int64(q, 7),
			   .send_at_ms = sqlite3_column_int64(q, 8),
			   .round = (unsigned)sqlite3_column_int64(q, 9),
			   .cursor = sqlite_text(q, 10, a),
			   .planned_ms = sqlite3_column_int64(q, 11),
			   .planner_ms = sqlite3_column_int64(q, 12),
			   .finished_ms = sqlite3_column_int64(q, 13),
			   .revision = (uint64_t)sqlite3_column_int64(q, 14) },
		.box = sqlite_box(q, 15, a),
	};
	(void)snprintf(b->id, sizeof b->id, "%s", (const char *)sqlite3_column_text(q, 0));
}

/* By id or by request key. 1/0/-1. */
static int find_broadcast(struct sqlite_conn *c, enum sqlite_sql id, const char *key,
			  struct arena *a, struct driver_broadcast *b_out, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, id, err);
	int ret;

	if (!q)
		return -1;
	sqlite_bind(q, 1, key);
	ret = sqlite_step(c, q, err);
	if (ret == 1)
		read_broadcast(q, a, b_out);
	return sqlite_done(q, ret);
}

static int read_one(struct sqlite_store *s, enum sqlite_sql id, const char *key, struct arena *a,
		    struct driver_broadcast *b_out, struct err *err)
{
	struct sqlite_conn *c = sqlite_reader(s, err);
	int ret;

	if (!c)
		return -1;
	ret = find_broadcast(c, id, key, a, b_out, err);
	sqlite_reader_return(s, c);
	return ret;
}

int sqlite_broadcast_get(void *self, const char *id, struct arena *a,
			 struct driver_broadcast *b_out, struct err *err)
{
	return read_one(self, SQL_BROADCAST_GET, id, a, b_out, err);
}

int sqlite_broadcast_find(void *self, const char *request_key, struct arena *a,
			  struct driver_broadcast *b_out, struct err *err)
{
	return read_one(self, SQL_BROADCAST_BY_KEY, request_key, a, b_out, err);
}

static int read_list(struct sqlite_conn *c, bool open_only, int64_t before_ms,
		     const char *before_id, unsigned max, struct arena *a,
		     struct driver_broadcast *list, size_t *count_out, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, open_only ? SQL_BROADCAST_OPEN : SQL_BROADCAST_ALL, err);
	size_t n = 0;
	int ret;

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, before_ms > 0 ? before_ms : INT64_MAX);
	sqlite_bind_int(q, 2, max);
	sqlite_bind(q, 3, before_id);
	while ((ret = sqlite_step(c, q, err)) == 1)
		read_broadcast(q, a, &list[n++]);
	*count_out = n;
	return sqlite_done(q, ret);
}

int sqlite_broadcast_list(void *self, bool open_only, int64_t before_ms, const char *before_id,
			  unsigned max, struct arena *a, struct driver_broadcast **list_out,
			  size_t *count_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct sqlite_conn *c = sqlite_reader(s, err);
	int ret;

	if (!c)
		return -1;
	*list_out = arena_array(a, max, sizeof **list_out);
	ret = read_list(c, open_only, before_ms, before_id, max, a, *list_out, count_out, err);
	sqlite_reader_return(s, c);
	return ret;
}

static void add_count(sqlite3_stmt *q, struct arena *a, struct broadcast_count **list, size_t *n,
		      size_t *room)
{
	if (*n == *room) {
		struct broadcast_count *grown = arena_array(a, *room * 2 + 8, sizeof *grown);

		for (size_t i = 0; i < *n; i++)
			grown[i] = (*list)[i];
		*list = grown;
		*room = *room * 2 + 8;
	}
	(*list)[(*n)++] = (struct broadcast_count){
		.state = (enum outbound_state)sqlite3_column_int(q, 0),
		.reason = (enum outbound_reason)sqlite3_column_int(q, 1),
		.status = (enum status)sqlite3_column_int(q, 2),
		.error_code = sqlite3_column_int(q, 3),
		.rows = sqlite3_column_int64(q, 4),
	};
}

int sqlite_broadcast_counts(void *self, const char *id, struct arena *a,
			    struct broadcast_count **list_out, size_t *count_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct sqlite_conn *c = sqlite_reader(s, err);
	struct broadcast_count *list = NULL;
	size_t n = 0, room = 0;
	sqlite3_stmt *q;
	int ret = -1;

	if (!c)
		return -1;
	q = sqlite_sql(c, SQL_COUNT_LIST, err);
	if (q) {
		sqlite_bind(q, 1, id);
		while ((ret = sqlite_step(c, q, err)) == 1)
			add_count(q, a, &list, &n, &room);
		(void)sqlite_done(q, ret);
	}
	sqlite_reader_return(s, c);
	*list_out = list;
	*count_out = n;
	return ret;
}

/* ---- writing ---- */

struct broadcast_job {
	const struct driver_broadcast *b;
	const struct audit_entry *audit;
	struct arena *a;
	struct driver_broadcast existing;
};

static int insert_broadcast(struct sqlite_conn *c, const struct driver_broadcast *d,
			    struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_BROADCAST_ADD, err);
	const struct broadcast *b = &d->plain;

	if (!q)
		return -1;
	sqlite_bind(q, 1, b->id);
	sqlite_bind_int(q, 2, b->state);
	sqlite_bind(q, 3, b->why);
	sqlite_bind_int(q, 4, b->why_code);
	sqlite_bind(q, 5, b->target_step);
	sqlite_bind(q, 6, b->request_key);
	sqlite_bind(q, 7, b->request_digest);
	sqlite_bind_int(q, 8, b->created_ms);
	sqlite_bind_int(q, 9, b->send_at_ms);
	sqlite_bind_int(q, 10, b->round);
	sqlite_bind(q, 11, b->cursor);
	sqlite_bind_int(q, 12, b->planned_ms);
	sqlite_bind_int(q, 13, b->planner_ms);
	sqlite_bind_int(q, 14, b->finished_ms);
	sqlite_bind_box(q, 15, d->box);
	return sqlite_run(c, q, err);
}

static int create_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct broadcast_job *job = arg;
	const struct broadcast *b = &job->b->plain;
	int found = 0;

	if (*b->request_key)
		found = find_broadcast(c, SQL_BROADCAST_BY_KEY, b->request_key, job->a,
				       &job->existing, err);
	if (found == 0) /* a repeat after an unsure answer */
		found = find_broadcast(c, SQL_BROADCAST_GET, b->id, job->a, &job->existing, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	if (insert_broadcast(c, job->b, err) < 0 || sqlite_audit_write(c, job->audit, err) < 0)
		return -1;
	return 1;
}

int sqlite_broadcast_create(void *self, const struct driver_broadcast *b,
			    const struct audit_entry *audit, struct arena *a,
			    struct driver_broadcast *existing_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct broadcast_job job = { .b = b, .audit = audit, .a = a };
	int ret = sqlite_write(&s->writer, create_work, &job, err);

	if (ret == 0)
		*existing_out = job.existing;
	return ret;
}

static int change_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	const struct broadcast_job *job = arg;
	const struct broadcast *b = &job->b->plain;
	sqlite3_stmt *q = sqlite_sql(c, SQL_BROADCAST_SET, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, b->id);
	sqlite_bind_int(q, 2, (int64_t)b->revision);
	sqlite_bind_int(q, 3, b->state);
	sqlite_bind(q, 4, b->why);
	sqlite_bind_int(q, 5, b->why_code);
	sqlite_bind_int(q, 6, b->round);
	sqlite_bind(q, 7, b->cursor);
	sqlite_bind_int(q, 8, b->send_at_ms);
	sqlite_bind_int(q, 9, b->planned_ms);
	sqlite_bind_int(q, 10, b->planner_ms);
	sqlite_bind_int(q, 11, b->finished_ms);
	if (sqlite_run(c, q, err) < 0)
		return -1;
	if (sqlite3_changes(c->db) == 0)
		return 0;
	return sqlite_audit_write(c, job->audit, err) < 0 ? -1 : 1;
}

int sqlite_broadcast_change(void *self, const struct driver_broadcast *b,
			    const struct audit_entry *audit, struct err *err)
{
	struct sqlite_store *s = self;
	struct broadcast_job job = { .b = b, .audit = audit };

	return sqlite_write(&s->writer, change_work, &job, err);
}

/* ---- recipients ---- */

struct recipients_job {
	const struct driver_outbound *rows;
	size_t count;
};

static int recipients_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	const struct recipients_job *job = arg;

	return sqlite_outbox_add(c, job->rows, job->count, err);
}

int sqlite_recipients_add(void *self, const struct driver_outbound *rows, size_t count,
			  struct err *err)
{
	struct sqlite_store *s = self;
	struct recipients_job job = { rows, count };

	return sqlite_write(&s->writer, recipients_work, &job, err);
}

static int read_page(struct sqlite_conn *c, const char *broadcast, int64_t after, unsigned max,
		     struct arena *a, struct sqlite_row **rows_out, size_t *count_out,
		     struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_OUTBOX_PAGE, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, broadcast);
	sqlite_bind_int(q, 2, after);
	sqlite_bind_int(q, 3, max);
	return sqlite_rows_read(c, q, max, a, rows_out, count_out, err);
}

int sqlite_recipients_page(void *self, const char *broadcast, const char *cursor, unsigned max,
			   struct arena *a, struct driver_outbound **rows_out, size_t *count_out,
			   const char **next_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct sqlite_conn *c;
	struct sqlite_row *rows;
	char *end = NULL;
	int64_t after = *cursor ? strtoll(cursor, &end, 10) : 0;
	int ret;

	if (after < 0 || (end && (end == cursor || *end)))
		return err_set(err, ERR_INPUT, "store: the cursor is none of this store");
	c = sqlite_reader(s, err);
	if (!c)
		return -1;
	ret = read_page(c, broadcast, after, max, a, &rows, count_out, err);
	sqlite_reader_return(s, c);
	if (ret < 0)
		return -1;
	*rows_out = arena_array(a, *count_out, sizeof **rows_out);
	for (size_t i = 0; i < *count_out; i++)
		(*rows_out)[i] = rows[i].o;
	*next_out = *count_out < max ? "" : arena_printf(a, "%" PRId64, rows[max - 1].seq);
	return 0;
}
