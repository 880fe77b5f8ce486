/*
 * sqlite_queue.c - what becomes of outbox rows in SQLite: outcomes, statuses, successors,
 * and rows that waited for the contact.
 */
#include "sqlite_private.h"

#include "rules_private.h"

enum { PARKED_SLICE = 100 };

/* ---- outcomes ---- */

struct settle_job {
	const struct driver_outbound *rows;
	size_t count;
	int64_t now_ms;
	struct sqlite_tally tally;
};

static int settle_row(struct sqlite_conn *c, struct settle_job *job,
		      const struct driver_outbound *news, struct arena *a, struct err *err)
{
	struct sqlite_row before, after;
	int found = sqlite_row_find(c, SQL_OUTBOX_BY_ID, news->contact, news->id, a, &before, err);

	if (found <= 0)
		return found;
	after = before;
	if (!rule_settle(&after.o, news))
		return 0;
	sqlite_row_heard(&after, job->now_ms);
	return sqlite_row_change(c, &job->tally, &before, &after, job->now_ms, err);
}

static int settle_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct settle_job *job = arg;
	struct arena a = { 0 };
	int ret = 0;

	for (size_t i = 0; i < job->count && ret == 0; i++)
		ret = settle_row(c, job, &job->rows[i], &a, err);
	if (ret == 0)
		ret = sqlite_tally_write(c, &job->tally, err);
	arena_free(&a);
	return ret;
}

int sqlite_outbox_settle(void *self, const struct driver_outbound *rows, size_t count,
			 int64_t now_ms, struct err *err)
{
	struct sqlite_store *s = self;
	struct settle_job job = { .rows = rows, .count = count, .now_ms = now_ms };

	return sqlite_write(&s->writer, settle_work, &job, err);
}

/* ---- statuses ---- */

struct news_job {
	const char *contact;
	const char *our_id;
	const char *external_id;
	enum status status;
	int error_code;
	int64_t now_ms;
};

static int tell_row(struct sqlite_conn *c, const struct news_job *job, struct arena *a,
		    struct err *err)
{
	struct sqlite_tally t = { .n = 0 };
	struct sqlite_row before, after;
	int found = 0;

	if (*job->our_id)
		found = sqlite_row_find(c, SQL_OUTBOX_BY_ID, job->contact, job->our_id, a, &before,
					err);
	if (found == 0 && *job->external_id)
		found = sqlite_row_find(c, SQL_OUTBOX_BY_EXTERNAL, job->contact, job->external_id,
					a, &before, err);
	if (found <= 0)
		return found;
	after = before;
	if (!rule_status(&after.o, job->external_id, job->status, job->error_code))
		return 1;
	sqlite_row_heard(&after, job->now_ms);
	if (sqlite_row_change(c, &t, &before, &after, job->now_ms, err) < 0 ||
	    sqlite_tally_write(c, &t, err) < 0)
		return -1;
	return 1;
}

static int news_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct arena a = { 0 };
	int ret = tell_row(c, arg, &a, err);

	arena_free(&a);
	return ret;
}

int sqlite_status_apply(void *self, const char *contact, const char *our_id,
			const char *external_id, enum status status, int error_code, int64_t now_ms,
			struct err *err)
{
	struct sqlite_store *s = self;
	struct news_job job = { .contact = contact,
				.our_id = our_id,
				.external_id = external_id,
				.status = status,
				.error_code = error_code,
				.now_ms = now_ms };

	return sqlite_write(&s->writer, news_work, &job, err);
}

int sqlite_outbox_get(void *self, const char *contact, const char *id, const char *external_id,
		      struct arena *a, struct driver_outbound *row_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct sqlite_conn *c = sqlite_reader(s, err);
	struct sqlite_row r = { 0 };
	int ret;

	if (!c)
		return -1;
	if (*id)
		ret = sqlite_row_find(c, SQL_OUTBOX_BY_ID, contact, id, a, &r, err);
	else
		ret = sqlite_row_find(c, SQL_OUTBOX_BY_EXTERNAL, contact, external_id, a, &r, err);
	*row_out = r.o;
	sqlite_reader_return(s, c);
	return ret;
}

/* ---- successors ---- */

struct replace_job {
	const char *id;
	enum status status;
	int error_code;
	const struct driver_outbound *successor;
	int64_t now_ms;
};

static int replace_row(struct sqlite_conn *c, const struct replace_job *job, struct arena *a,
		       struct err *err)
{
	struct sqlite_tally t = { .n = 0 };
	struct sqlite_row before, after;
	int found = sqlite_row_find(c, SQL_OUTBOX_BY_ID, job->successor->contact, job->id, a,
				    &before, err);

	if (found <= 0)
		return found;
	after = before;
	if (!rule_replace(&after.o, job->status, job->error_code))
		return 0;
	if (sqlite_row_change(c, &t, &before, &after, job->now_ms, err) < 0 ||
	    sqlite_row_add(c, &t, job->successor, job->now_ms, err) < 0 ||
	    sqlite_tally_write(c, &t, err) < 0)
		return -1;
	return 1;
}

static int replace_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct arena a = { 0 };
	int ret = replace_row(c, arg, &a, err);

	arena_free(&a);
	return ret;
}

int sqlite_outbox_replace(void *self, const char *id, enum status status, int error_code,
			  const struct driver_outbound *successor, int64_t now_ms, struct err *err)
{
	struct sqlite_store *s = self;
	struct replace_job job = { id, status, error_code, successor, now_ms };

	return sqlite_write(&s->writer, replace_work, &job, err);
}

/* ---- rows that waited for the contact ---- */

struct unpark_job {
	const char *contact;
	int64_t now_ms;
};

static int unpark_row(struct sqlite_conn *c, struct sqlite_tally *t, struct sqlite_row *before,
		      int64_t now_ms, struct err *err)
{
	struct sqlite_row after;

	if (before->o.kind == OUTBOUND_REPLY && sqlite_row_to_end(c, before, err) < 0)
		return -1;
	after = *before;
	after.o.state = OUTBOUND_WAITING;
	after.o.due_ms = now_ms;
	return sqlite_row_change(c, t, before, &after, now_ms, err);
}

static int unpark_rows(struct sqlite_conn *c, const struct unpark_job *job, struct arena *a,
		       struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_OUTBOX_PARKED, err);
	struct sqlite_tally t = { .n = 0 };
	struct sqlite_row *rows;
	size_t n;

	if (!q)
		return -1;
	sqlite_bind(q, 1, job->contact);
	sqlite_bind_int(q, 2, PARKED_SLICE);
	if (sqlite_rows_read(c, q, PARKED_SLICE, a, &rows, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (unpark_row(c, &t, &rows[i], job->now_ms, err) < 0)
			return -1;
	return sqlite_tally_write(c, &t, err) < 0 ? -1 : (int)n;
}

static int unpark_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	int n, all = 0;

	do {
		struct arena a = { 0 };

		n = unpark_rows(c, arg, &a, err);
		arena_free(&a);
		all += n;
	} while (n == PARKED_SLICE);
	return n < 0 ? -1 : all;
}

int sqlite_outbox_unpark(void *self, const char *contact, int64_t now_ms, struct err *err)
{
	struct sqlite_store *s = self;
	struct unpark_job job = { contact, now_ms };

	return sqlite_write(&s->writer, unpark_work, &job, err);
}
