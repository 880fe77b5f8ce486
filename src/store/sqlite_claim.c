/*
 * sqlite_claim.c - handing out outbox rows in SQLite: from the lines, from a broadcast's
 * queue, and those whose status is to be asked for.
 *
 * Asking is cheap and frequent, so each asks a reader first and does not wake the
 * writer when nothing is due.
 */
#include "sqlite_private.h"

#include "rules_private.h"

/* Rows of a queue that one claim may put off, besides those it takes. */
enum { LOOK_FURTHER = 256 };

struct claim_job {
	const char *broadcast; /* NULL: the lines */
	int64_t pace_ms;
	int64_t now_ms;
	int64_t lease_ms;
	unsigned max;
	struct arena *a;
	struct driver_claim *claims;
	size_t count;
	struct sqlite_tally tally;
};

static sqlite3_stmt *due_statement(struct sqlite_conn *c, const struct claim_job *job,
				   unsigned limit, struct err *err)
{
	sqlite3_stmt *q =
		sqlite_sql(c, job->broadcast ? SQL_OUTBOX_QUEUE_DUE : SQL_OUTBOX_DUE, err);

	if (!q)
		return NULL;
	sqlite_bind_int(q, 1, job->now_ms);
	sqlite_bind_int(q, 2, limit);
	if (job->broadcast)
		sqlite_bind(q, 3, job->broadcast);
	return q;
}

/* The places of due rows: collected first, because claiming changes their index. */
static int due_places(struct sqlite_conn *c, const struct claim_job *job, unsigned limit,
		      int64_t *seqs, size_t *count_out, struct err *err)
{
	sqlite3_stmt *q = due_statement(c, job, limit, err);
	size_t n = 0;
	int ret;

	if (!q)
		return -1;
	while ((ret = sqlite_step(c, q, err)) == 1)
		seqs[n++] = sqlite3_column_int64(q, 0);
	*count_out = n;
	return sqlite_done(q, ret);
}

static int row_at(struct sqlite_conn *c, int64_t seq, struct arena *a, struct sqlite_row *r,
		  struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_OUTBOX_BY_SEQ, err);
	int ret;

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, seq);
	ret = sqlite_step(c, q, err);
	if (ret == 1)
		sqlite_row_read(q, a, r);
	(void)sqlite_done(q, ret);
	if (ret == 0)
		return err_set(err, ERR_BUG, "sqlite: a line without its row");
	return ret < 0 ? -1 : 0;
}

/* 1 claimed, 0 put off. */
static int claim_row(struct sqlite_conn *c, struct claim_job *job, int64_t seq, struct err *err)
{
	struct driver_claim *claim = &job->claims[job->count];
	struct contact_facts *f = &claim->facts;
	struct sqlite_row before, after;
	bool first, wait;

	if (row_at(c, seq, job->a, &before, err) < 0 ||
	    sqlite_facts(c, before.o.contact, f, err) < 0)
		return -1;
	after = before;
	first = before.o.state == OUTBOUND_WAITING;
	wait = job->broadcast && first && f->last_out_ms > job->now_ms - job->pace_ms;
	if (wait)
		after.o.due_ms = f->last_out_ms + job->pace_ms;
	else
		rule_claim(&after.o, job->lease_ms);
	if (sqlite_row_change(c, &job->tally, &before, &after, job->now_ms, err) < 0)
		return -1;
	if (wait)
		return 0;
	if (first) {
		if (sqlite_contact_out(c, after.o.contact, job->now_ms, err) < 0)
			return -1;
		f->last_out_ms = job->now_ms;
	}
	claim->row = after.o;
	return 1;
}

static int claim_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct claim_job *job = arg;
	unsigned limit = job->max + (job->broadcast ? LOOK_FURTHER : 0);
	int64_t *seqs = arena_array(job->a, limit, sizeof *seqs);
	size_t n = 0;
	int ret;

	if (due_places(c, job, limit, seqs, &n, err) < 0)
		return -1;
	job->claims = arena_array(job->a, job->max, sizeof *job->claims);
	for (size_t i = 0; i < n && job->count < job->max; i++) {
		ret = claim_row(c, job, seqs[i], err);
		if (ret < 0)
			return -1;
		job->count += (size_t)ret;
	}
	return sqlite_tally_write(c, &job->tally, err);
}

static int anything_due(struct sqlite_store *s, const struct claim_job *job, struct err *err)
{
	struct sqlite_conn *c = sqlite_reader(s, err);
	sqlite3_stmt *q;
	int ret = -1;

	if (!c)
		return -1;
	q = due_statement(c, job, 1, err);
	if (q)
		ret = sqlite_done(q, sqlite_step(c, q, err));
	sqlite_reader_return(s, c);
	return ret;
}

int sqlite_outbox_claim(void *self, const char *broadcast, int64_t pace_ms, int64_t now_ms,
			int64_t lease_ms, unsigned max, struct arena *a,
			struct driver_claim **claims_out, size_t *count_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct claim_job job = { .broadcast = broadcast,
				 .pace_ms = pace_ms,
				 .now_ms = now_ms,
				 .lease_ms = lease_ms,
				 .max = max,
				 .a = a };
	int ret = anything_due(s, &job, err);

	if (ret > 0)
		ret = sqlite_write(&s->writer, claim_work, &job, err);
	*claims_out = job.claims;
	*count_out = ret < 0 ? 0 : job.count;
	return ret;
}

/* ---- statuses nobody told us ---- */

struct ask_job {
	int64_t now_ms;
	unsigned max;
	struct arena *a;
	struct sqlite_row *rows;
	size_t count;
};

static int read_unheard(struct sqlite_conn *c, struct ask_job *job, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_OUTBOX_ASK, err);

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, job->now_ms);
	sqlite_bind_int(q, 2, job->max);
	return sqlite_rows_read(c, q, job->max, job->a, &job->rows, &job->count, err);
}

static int ask_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct ask_job *job = arg;
	struct sqlite_tally t = { .n = 0 };

	if (read_unheard(c, job, err) < 0)
		return -1;
	for (size_t i = 0; i < job->count; i++) {
		const struct sqlite_row before = job->rows[i];
		struct sqlite_row *r = &job->rows[i];

		r->asked++;
		sqlite_row_heard(r, job->now_ms);
		if (sqlite_row_change(c, &t, &before, r, before.o.changed_ms, err) < 0)
			return -1;
		r->o.attempts = before.asked;
	}
	return sqlite_tally_write(c, &t, err);
}

int sqlite_status_claim(void *self, int64_t now_ms, unsigned max, struct arena *a,
			struct driver_outbound **rows_out, size_t *count_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct ask_job job = { .now_ms = now_ms, .max = max, .a = a };
	struct sqlite_conn *c = sqlite_reader(s, err);
	int ret;

	*count_out = 0;
	if (!c)
		return -1;
	ret = read_unheard(c, &job, err);
	sqlite_reader_return(s, c);
	if (ret < 0 || job.count == 0)
		return ret;
	if (sqlite_write(&s->writer, ask_work, &job, err) < 0)
		return -1;
	*rows_out = arena_array(a, job.count, sizeof **rows_out);
	for (size_t i = 0; i < job.count; i++)
		(*rows_out)[i] = job.rows[i].o;
	*count_out = job.count;
	return 0;
}
