/*
 * sqlite_queue.c - the outbox in SQLite: rows, their lines, claims, statuses.
 *
 * `line` names of each contact the first unfinished row and when it is due; every
 * change of a row's state brings it up to date in the same transaction.
 */
#include "sqlite_private.h"

#include <string.h>

#include "rules_private.h"

struct row { /* an outbox row with its place */
	int64_t seq;
	struct driver_outbound o;
};

static void read_row(sqlite3_stmt *q, struct arena *a, struct row *r)
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
	o->box = sqlite_box(q, 12, a);
	o->broadcast = "";
}

/* One row by two keys (contact and id or external id). 1/0/-1. */
static int find_row(struct sqlite_conn *c, enum sqlite_sql id, const char *contact, const char *key,
		    struct arena *a, struct row *r, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, id, err);
	int ret;

	if (!q)
		return -1;
	sqlite_bind(q, 1, contact);
	sqlite_bind(q, 2, key);
	ret = sqlite_step(c, q, err);
	if (ret == 1)
		read_row(q, a, r);
	return sqlite_done(q, ret);
}

static int set_row(struct sqlite_conn *c, const struct row *r, int64_t now_ms, struct err *err)
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
	sqlite_bind_int(q, 8, now_ms);
	return sqlite_run(c, q, err);
}

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

/* Looks up the contact's first unfinished row again. */
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

static int add_row(struct sqlite_conn *c, const struct driver_outbound *o, struct err *err)
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
	sqlite_bind_box(q, 12, o->box);
	return sqlite_run(c, q, err);
}

int sqlite_outbox_add(struct sqlite_conn *c, const char *contact,
		      const struct driver_outbound *rows, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (add_row(c, &rows[i], err) < 0)
			return -1;
	return count > 0 ? refresh_line(c, contact, err) : 0;
}

/* ---- claims ---- */

struct claim_job {
	int64_t now_ms;
	int64_t lease_ms;
	unsigned max;
	struct arena *a;
	struct driver_claim *claims;
	size_t count;
};

/* The places of due rows: collected first, because claiming changes their index. */
static int due_places(struct sqlite_conn *c, const struct claim_job *job, int64_t *seqs,
		      size_t *count_out, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_OUTBOX_DUE, err);
	size_t n = 0;
	int ret;

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, job->now_ms);
	sqlite_bind_int(q, 2, job->max);
	while ((ret = sqlite_step(c, q, err)) == 1)
		seqs[n++] = sqlite3_column_int64(q, 1);
	*count_out = n;
	return sqlite_done(q, ret);
}

static int claim_row(struct sqlite_conn *c, const struct claim_job *job, int64_t seq,
		     struct driver_claim *claim_out, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_OUTBOX_BY_SEQ, err);
	struct row r;
	int ret;

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, seq);
	ret = sqlite_step(c, q, err);
	if (ret == 1)
		read_row(q, job->a, &r);
	(void)sqlite_done(q, ret);
	if (ret != 1)
		return ret < 0 ? -1 : err_set(err, ERR_BUG, "sqlite: a line without its row");
	rule_claim(&r.o, job->lease_ms);
	claim_out->row = r.o;
	if (set_row(c, &r, job->now_ms, err) < 0)
		return -1;
	return set_line(c, r.o.contact, seq, job->lease_ms, err);
}

static int claim_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct claim_job *job = arg;
	int64_t *seqs = arena_array(job->a, job->max, sizeof *seqs);
	size_t n = 0;

	if (due_places(c, job, seqs, &n, err) < 0)
		return -1;
	job->claims = arena_array(job->a, n, sizeof *job->claims);
	for (size_t i = 0; i < n; i++)
		if (claim_row(c, job, seqs[i], &job->claims[i], err) < 0)
			return -1;
	job->count = n;
	return 0;
}

/* Asking is cheap and frequent, so it does not wake the writer when nothing is due. */
static int anything_due(struct sqlite_store *s, int64_t now_ms, struct err *err)
{
	struct sqlite_conn *c = sqlite_reader(s, err);
	sqlite3_stmt *q;
	int ret = -1;

	if (!c)
		return -1;
	q = sqlite_sql(c, SQL_OUTBOX_DUE, err);
	if (q) {
		sqlite_bind_int(q, 1, now_ms);
		sqlite_bind_int(q, 2, 1);
		ret = sqlite_done(q, sqlite_step(c, q, err));
	}
	sqlite_reader_return(s, c);
	return ret;
}

int sqlite_outbox_claim(void *self, const char *broadcast, int64_t pace_ms, int64_t now_ms,
			int64_t lease_ms, unsigned max, struct arena *a,
			struct driver_claim **claims_out, size_t *count_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct claim_job job = { .now_ms = now_ms, .lease_ms = lease_ms, .max = max, .a = a };
	int due;

	(void)pace_ms;
	*count_out = 0;
	if (broadcast)
		return 0;
	due = anything_due(s, now_ms, err);
	if (due <= 0)
		return due;
	if (sqlite_write(&s->writer, claim_work, &job, err) < 0)
		return -1;
	*claims_out = job.claims;
	*count_out = job.count;
	return 0;
}

/* ---- outcomes ---- */

struct news_job {
	const char *contact;
	const char *our_id;
	const char *external_id;
	const struct driver_outbound *settled; /* or NULL: a status callback */
	enum status status;
	int error_code;
	int64_t now_ms;
};

static int tell_row(struct sqlite_conn *c, const struct news_job *job, struct arena *a,
		    struct err *err)
{
	struct row r;
	int found = 0;

	if (*job->our_id)
		found = find_row(c, SQL_OUTBOX_BY_ID, job->contact, job->our_id, a, &r, err);
	if (found == 0 && *job->external_id && !job->settled)
		found = find_row(c, SQL_OUTBOX_BY_EXTERNAL, job->contact, job->external_id, a, &r,
				 err);
	if (found <= 0)
		return found;
	if (job->settled)
		rule_settle(&r.o, job->settled);
	else
		rule_status(&r.o, job->external_id, job->status, job->error_code);
	if (set_row(c, &r, job->now_ms, err) < 0 || refresh_line(c, job->contact, err) < 0)
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

struct settle_job {
	const struct driver_outbound *rows;
	size_t count;
	int64_t now_ms;
};

static int settle_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	const struct settle_job *job = arg;
	int ret = 0;

	for (size_t i = 0; i < job->count && ret >= 0; i++) {
		struct news_job one = { .contact = job->rows[i].contact,
					.our_id = job->rows[i].id,
					.external_id = "",
					.settled = &job->rows[i],
					.now_ms = job->now_ms };

		ret = news_work(c, &one, err);
	}
	return ret < 0 ? -1 : 0;
}

int sqlite_outbox_settle(void *self, const struct driver_outbound *rows, size_t count,
			 int64_t now_ms, struct err *err)
{
	struct sqlite_store *s = self;
	struct settle_job job = { rows, count, now_ms };

	return sqlite_write(&s->writer, settle_work, &job, err);
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
	struct row r = { 0 };
	int ret;

	if (!c)
		return -1;
	if (*id)
		ret = find_row(c, SQL_OUTBOX_BY_ID, contact, id, a, &r, err);
	else
		ret = find_row(c, SQL_OUTBOX_BY_EXTERNAL, contact, external_id, a, &r, err);
	*row_out = r.o;
	sqlite_reader_return(s, c);
	return ret;
}
