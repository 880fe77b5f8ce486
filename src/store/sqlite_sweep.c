/*
 * sqlite_sweep.c - deleting what has passed its time, in slices of one job each: turns
 * must not wait long behind one.
 */
#include "sqlite_private.h"

#include "base/clock.h"

enum { SLICE = 200 };

struct sweep_job {
	sqlite_work work;
	enum sqlite_sql id; /* of sweep_table */
	int64_t before;	    /* a time, or a number of rows to keep */
	int64_t now_ms;
};

/* What one statement can do. Each work returns how many rows it ended. */
static int sweep_table(struct sqlite_conn *c, void *arg, struct err *err)
{
	const struct sweep_job *job = arg;
	sqlite3_stmt *q = sqlite_sql(c, job->id, err);

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, job->before);
	sqlite_bind_int(q, 2, SLICE);
	if (sqlite_run(c, q, err) < 0)
		return -1;
	return sqlite3_changes(c->db);
}

/* Whom nobody heard of for long is outside the window. */
static int end_parked(struct sqlite_conn *c, const struct sweep_job *job, struct arena *a,
		      struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_OUTBOX_PARKED_OLD, err);
	struct sqlite_tally t = { .n = 0 };
	struct sqlite_row *rows;
	size_t n;

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, job->before);
	sqlite_bind_int(q, 2, SLICE);
	if (sqlite_rows_read(c, q, SLICE, a, &rows, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct sqlite_row after = rows[i];

		after.o.state = OUTBOUND_DEAD;
		after.o.reason = OUTBOUND_OUTSIDE_WINDOW;
		if (sqlite_row_change(c, &t, &rows[i], &after, job->now_ms, err) < 0)
			return -1;
	}
	return sqlite_tally_write(c, &t, err) < 0 ? -1 : (int)n;
}

static int sweep_parked(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct arena a = { 0 };
	int ret = end_parked(c, arg, &a, err);

	arena_free(&a);
	return ret;
}

static int run_with(struct sqlite_conn *c, enum sqlite_sql id, const char *key, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, id, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, key);
	return sqlite_run(c, q, err);
}

/* The oldest broadcast's rows, however they stand; when none is left, it goes itself. */
static int delete_rows(struct sqlite_conn *c, const char *broadcast, struct arena *a,
		       struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_OUTBOX_PAGE, err);
	struct sqlite_tally t = { .n = 0 };
	struct sqlite_row *rows;
	size_t n;

	if (!q)
		return -1;
	sqlite_bind(q, 1, broadcast);
	sqlite_bind_int(q, 2, 0);
	sqlite_bind_int(q, 3, SLICE);
	if (sqlite_rows_read(c, q, SLICE, a, &rows, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (sqlite_row_delete(c, &t, &rows[i], err) < 0)
			return -1;
	if (sqlite_tally_write(c, &t, err) < 0)
		return -1;
	if (n > 0)
		return (int)n;
	if (run_with(c, SQL_COUNT_DELETE, broadcast, err) < 0 ||
	    run_with(c, SQL_BROADCAST_DELETE, broadcast, err) < 0)
		return -1;
	return 1;
}

static int sweep_broadcast(struct sqlite_conn *c, void *arg, struct err *err)
{
	const struct sweep_job *job = arg;
	sqlite3_stmt *q = sqlite_sql(c, SQL_BROADCAST_OLD, err);
	const char *broadcast = "";
	struct arena a = { 0 };
	int ret;

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, job->before);
	ret = sqlite_step(c, q, err);
	if (ret == 1)
		broadcast = sqlite_text(q, 0, &a);
	(void)sqlite_done(q, ret);
	if (ret == 1)
		ret = delete_rows(c, broadcast, &a, err);
	arena_free(&a);
	return ret;
}

int sqlite_sweep(void *self, int64_t now_ms, struct err *err)
{
	struct sqlite_store *s = self;
	const int64_t until = clock_mono_ms() + s->timeout_ms / 2;
	struct sweep_job jobs[] = {
		{ sweep_table, SQL_SWEEP_SESSIONS, now_ms, now_ms },
		{ sweep_table, SQL_SWEEP_TURNS, now_ms - s->seen_keep_ms, now_ms },
		{ sweep_table, SQL_SWEEP_OUTBOX, now_ms - DRIVER_DONE_KEEP_MS, now_ms },
		{ sweep_table, SQL_SWEEP_ALLOW, now_ms, now_ms },
		{ sweep_table, SQL_SWEEP_AUDIT, now_ms - DRIVER_AUDIT_KEEP_MS, now_ms },
		{ sweep_table, SQL_SWEEP_AUDIT_MORE, DRIVER_AUDIT_MAX, now_ms },
		{ sweep_parked, SQL_COUNT, now_ms - DRIVER_PARKED_KEEP_MS, now_ms },
		{ sweep_broadcast, SQL_COUNT, now_ms - DRIVER_BROADCAST_KEEP_MS, now_ms },
	};
	int all = 0;

	for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
		int n = 1;

		while (n > 0 && clock_mono_ms() < until) {
			n = sqlite_write(&s->writer, jobs[i].work, &jobs[i], err);
			if (n < 0)
				return -1;
			all += n;
		}
	}
	return all;
}
