/*
 * sqlite_house.c - waiting calls, counting windows and statistics in SQLite.
 */
#include "sqlite_private.h"

#include <string.h>

/* ---- business calls ---- */

struct calls_job {
	int64_t now_ms;
	int64_t lease_ms;
	unsigned max;
	struct arena *a;
	struct call_due *due;
	size_t count;
};

static int read_due(struct sqlite_conn *c, struct calls_job *job, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_CALLS_DUE, err);
	int ret;

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, job->now_ms);
	sqlite_bind_int(q, 2, job->max);
	job->due = arena_array(job->a, job->max, sizeof *job->due);
	job->count = 0;
	while ((ret = sqlite_step(c, q, err)) == 1)
		job->due[job->count++].contact = sqlite_text(q, 0, job->a);
	return sqlite_done(q, ret);
}

static int calls_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct calls_job *job = arg;

	if (read_due(c, job, err) < 0)
		return -1;
	for (size_t i = 0; i < job->count; i++) {
		sqlite3_stmt *q = sqlite_sql(c, SQL_CALL_LEASE, err);

		if (!q)
			return -1;
		sqlite_bind(q, 1, job->due[i].contact);
		sqlite_bind_int(q, 2, job->lease_ms);
		if (sqlite_run(c, q, err) < 0)
			return -1;
	}
	return 0;
}

int sqlite_calls_claim(void *self, int64_t now_ms, int64_t lease_ms, unsigned max, struct arena *a,
		       struct call_due **due_out, size_t *count_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct calls_job job = { .now_ms = now_ms, .lease_ms = lease_ms, .max = max, .a = a };
	struct sqlite_conn *c = sqlite_reader(s, err);
	int ret;

	if (!c)
		return -1;
	ret = read_due(c, &job, err); /* mostly nothing: then the writer sleeps on */
	sqlite_reader_return(s, c);
	if (ret == 0 && job.count > 0)
		ret = sqlite_write(&s->writer, calls_work, &job, err);
	*due_out = job.due;
	*count_out = ret < 0 ? 0 : job.count;
	return ret;
}

struct renew_job {
	const char *contact;
	const char *call_id;
	int64_t lease_ms;
};

static int renew_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	const struct renew_job *job = arg;
	sqlite3_stmt *q = sqlite_sql(c, SQL_CALL_RENEW, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, job->contact);
	sqlite_bind(q, 2, job->call_id);
	sqlite_bind_int(q, 3, job->lease_ms);
	if (sqlite_run(c, q, err) < 0)
		return -1;
	return sqlite3_changes(c->db) > 0;
}

int sqlite_call_renew(void *self, const char *contact, const char *call_id, int64_t lease_ms,
		      struct err *err)
{
	struct sqlite_store *s = self;
	struct renew_job job = { contact, call_id, lease_ms };

	return sqlite_write(&s->writer, renew_work, &job, err);
}

/* ---- counting windows ---- */

struct allow_job {
	const char *key;
	const char *member;
	unsigned limit;
	int64_t window_ms;
	int64_t now_ms;
};

static int is_counted(struct sqlite_conn *c, const struct allow_job *job, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_ALLOW_MEMBER, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, job->key);
	sqlite_bind(q, 2, job->member);
	sqlite_bind_int(q, 3, job->now_ms - job->window_ms);
	return sqlite_done(q, sqlite_step(c, q, err));
}

static int has_room(struct sqlite_conn *c, const struct allow_job *job, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_ALLOW_COUNT, err);
	int ret;

	if (!q)
		return -1;
	sqlite_bind(q, 1, job->key);
	sqlite_bind_int(q, 2, job->now_ms - job->window_ms);
	ret = sqlite_step(c, q, err);
	if (ret == 1)
		ret = sqlite3_column_int64(q, 0) < job->limit;
	return sqlite_done(q, ret);
}

static int allow_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	const struct allow_job *job = arg;
	sqlite3_stmt *q;
	int ret = is_counted(c, job, err);

	if (ret != 0)
		return ret;
	ret = has_room(c, job, err);
	if (ret <= 0)
		return ret;
	q = sqlite_sql(c, SQL_ALLOW_SET, err);
	if (!q)
		return -1;
	sqlite_bind(q, 1, job->key);
	sqlite_bind(q, 2, job->member);
	sqlite_bind_int(q, 3, job->now_ms);
	sqlite_bind_int(q, 4, job->now_ms + job->window_ms);
	return sqlite_run(c, q, err) < 0 ? -1 : 1;
}

int sqlite_allow(void *self, const char *key, const char *member, unsigned limit, int64_t window_ms,
		 int64_t now_ms, struct err *err)
{
	struct sqlite_store *s = self;
	struct allow_job job = { key, member, limit, window_ms, now_ms };

	return sqlite_write(&s->writer, allow_work, &job, err);
}

/* ---- statistics ---- */

static void add_step(struct store_stats *st, const char *step, int64_t n, struct arena *a)
{
	struct store_step_count *grown;

	if (st->step_count == 0 || strcmp(st->steps[st->step_count - 1].step, step) != 0) {
		grown = arena_array(a, st->step_count + 1, sizeof *grown);
		for (size_t i = 0; i < st->step_count; i++)
			grown[i] = st->steps[i];
		grown[st->step_count++].step = arena_strdup(a, step);
		st->steps = grown;
	}
	st->steps[st->step_count - 1].sessions += n;
}

static int count_steps(struct sqlite_conn *c, int64_t now_ms, struct arena *a,
		       struct store_stats *st, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_STATS_STEPS, err);
	int ret;

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, now_ms);
	while ((ret = sqlite_step(c, q, err)) == 1) { /* ordered by step */
		int64_t n = sqlite3_column_int64(q, 2);

		st->sessions += n;
		if (sqlite3_column_int(q, 1))
			st->completed += n;
		add_step(st, (const char *)sqlite3_column_text(q, 0), n, a);
	}
	return sqlite_done(q, ret);
}

static int count_one(struct sqlite_conn *c, enum sqlite_sql id, int64_t arg, int64_t *sum,
		     struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, id, err);
	int ret;

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, arg);
	ret = sqlite_step(c, q, err);
	if (ret == 1)
		*sum += sqlite3_column_int64(q, 0);
	return sqlite_done(q, ret < 0 ? -1 : 0);
}

static int count_all(struct sqlite_conn *c, int64_t now_ms, struct arena *a, struct store_stats *st,
		     struct err *err)
{
	if (count_steps(c, now_ms, a, st, err) < 0 ||
	    count_one(c, SQL_STATS_CALLS, now_ms, &st->calls_waiting, err) < 0 ||
	    count_one(c, SQL_STATS_OUTBOX, OUTBOUND_WAITING, &st->outbox_waiting, err) < 0 ||
	    count_one(c, SQL_STATS_OUTBOX, OUTBOUND_CLAIMED, &st->outbox_waiting, err) < 0 ||
	    count_one(c, SQL_STATS_OUTBOX, OUTBOUND_UNSURE, &st->outbox_unsure, err) < 0 ||
	    count_one(c, SQL_STATS_DEAD, 0, &st->outbox_dead, err) < 0 ||
	    count_one(c, SQL_STATS_OUTBOX, OUTBOUND_PARKED, &st->outbox_parked, err) < 0)
		return -1;
	return 0;
}

int sqlite_stats(void *self, int64_t now_ms, struct arena *a, struct store_stats *stats_out,
		 struct err *err)
{
	struct sqlite_store *s = self;
	struct sqlite_conn *c = sqlite_reader(s, err);
	struct err ignored;
	int ret = -1;

	if (!c)
		return -1;
	if (sqlite_do(c, SQL_BEGIN_READ, err) == 0) { /* one snapshot for all counts */
		ret = count_all(c, now_ms, a, stats_out, err);
		(void)sqlite_do(c, SQL_COMMIT, &ignored); /* nothing was written */
	}
	sqlite_reader_return(s, c);
	return ret;
}
