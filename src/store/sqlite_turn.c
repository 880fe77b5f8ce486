/*
 * sqlite_turn.c - turns and replies in SQLite.
 */
#include "sqlite_private.h"

#include <string.h>

#include "rules_private.h"

/* ---- reading ---- */

static void read_view(sqlite3_stmt *q, struct arena *a, struct driver_view *v)
{
	enum { AT_FACTS = 2, AT_SESSION = AT_FACTS + FACT_COUNT };

	v->reply_state = (enum reply_state)sqlite3_column_int(q, 0); /* NULL is 0: none */
	if (v->reply_state != REPLY_NONE)
		v->reply_box = sqlite_box(q, 1, a);
	sqlite_read_facts(q, AT_FACTS, &v->facts);
	v->has_session = sqlite3_column_type(q, AT_SESSION) != SQLITE_NULL;
	if (v->has_session)
		sqlite_read_session(q, AT_SESSION, a, &v->session);
}

int sqlite_load(void *self, const char *contact, const char *external_id, int64_t now_ms,
		struct arena *a, struct driver_view *view_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct sqlite_conn *c = sqlite_reader(s, err);
	sqlite3_stmt *q;
	int ret = -1;

	if (!c)
		return -1;
	q = sqlite_sql(c, SQL_LOAD, err);
	if (q) {
		sqlite_bind(q, 1, contact);
		sqlite_bind(q, 2, external_id);
		sqlite_bind_int(q, 3, now_ms);
		ret = sqlite_step(c, q, err);
		if (ret == 1)
			read_view(q, a, view_out);
	}
	ret = sqlite_done(q, ret < 0 ? -1 : 0);
	sqlite_reader_return(s, c);
	return ret;
}

/* The reply of a turn on any connection; NONE when there is no turn. box_out may be NULL. */
static int read_reply(struct sqlite_conn *c, const char *contact, const char *external_id,
		      struct arena *a, enum reply_state *state_out, struct str *box_out,
		      struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_REPLY, err);
	int ret;

	*state_out = REPLY_NONE;
	if (!q)
		return -1;
	sqlite_bind(q, 1, contact);
	sqlite_bind(q, 2, external_id);
	ret = sqlite_step(c, q, err);
	if (ret == 1) {
		*state_out = (enum reply_state)sqlite3_column_int(q, 0);
		if (box_out)
			*box_out = sqlite_box(q, 1, a);
	}
	return sqlite_done(q, ret < 0 ? -1 : 0);
}

int sqlite_reply_load(void *self, const char *contact, const char *external_id, struct arena *a,
		      enum reply_state *state_out, struct str *box_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct sqlite_conn *c = sqlite_reader(s, err);
	int ret;

	if (!c)
		return -1;
	ret = read_reply(c, contact, external_id, a, state_out, box_out, err);
	sqlite_reader_return(s, c);
	return ret;
}

/* ---- writing: everything below runs in the writer ---- */

struct stored {			   /* what there is now */
	bool session;		   /* there is a row, expired or not */
	struct sqlite_place place; /* its */
	uint64_t revision;	   /* 0: none, or expired */
	int64_t updated_ms;
	bool contact;
	enum consent consent;
	unsigned parked;
};

static int set_reply(struct sqlite_conn *c, const char *contact, const char *external_id,
		     enum reply_state state, struct str box, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_REPLY_SET, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, contact);
	sqlite_bind(q, 2, external_id);
	sqlite_bind_int(q, 3, state);
	sqlite_bind_box(q, 4, box);
	return sqlite_run(c, q, err);
}

/* 1, or 0 when there is a turn of this id already. */
static int add_turn(struct sqlite_conn *c, const struct driver_turn *t, struct err *err)
{
	sqlite3_stmt *q;

	if (!t->external_id)
		return 1;
	q = sqlite_sql(c, SQL_TURN_ADD, err);
	if (!q)
		return -1;
	sqlite_bind(q, 1, t->contact);
	sqlite_bind(q, 2, t->external_id);
	sqlite_bind_int(q, 3, t->now_ms);
	sqlite_bind_box(q, 4, t->inbound_box);
	sqlite_bind_int(q, 5, t->reply_state);
	sqlite_bind_box(q, 6, t->reply_box);
	if (sqlite_run(c, q, err) < 0)
		return -1;
	return sqlite3_changes(c->db) > 0;
}

static int set_session(struct sqlite_conn *c, const struct driver_turn *t, bool exists,
		       struct err *err)
{
	const struct driver_session *s = &t->session;
	sqlite3_stmt *q = sqlite_sql(c, exists ? SQL_SESSION_SET : SQL_SESSION_ADD, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, t->contact);
	sqlite_bind(q, 2, s->flow);
	sqlite_bind_int(q, 3, s->flow_version);
	sqlite_bind(q, 4, s->step);
	sqlite_bind(q, 5, s->shown_step);
	sqlite_bind(q, 6, s->language);
	sqlite_bind_int(q, 7, s->completed);
	sqlite_bind_int(q, 8, s->created_ms);
	sqlite_bind_int(q, 9, s->updated_ms);
	sqlite_bind_int(q, 10, s->expires_ms);
	sqlite_bind_int(q, 11, (int64_t)(s->revision + 1));
	sqlite_bind(q, 12, s->call_id);
	sqlite_bind_int(q, 13, t->call_due_ms);
	sqlite_bind_box(q, 14, s->box);
	return sqlite_run(c, q, err);
}

/* A new session is counted by a trigger. */
static int count_move(struct sqlite_conn *c, const struct driver_turn *t, const struct stored *now,
		      struct err *err)
{
	struct sqlite_place to;

	if (!now->session)
		return 0;
	sqlite_place_set(&to, t->session.shown_step, t->session.completed);
	return sqlite_steps_move(c, &now->place, &to, err);
}

static int set_contact(struct sqlite_conn *c, const struct driver_turn *t, bool exists,
		       struct err *err)
{
	const struct contact_facts *f = &t->facts;
	sqlite3_stmt *q = sqlite_sql(c, exists ? SQL_CONTACT_SET : SQL_CONTACT_ADD, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, t->contact);
	sqlite_bind(q, 2, f->language);
	sqlite_bind_int(q, 3, f->first_in_ms);
	sqlite_bind_int(q, 4, f->last_in_ms);
	sqlite_bind_int(q, 5, f->unfinished);
	return sqlite_run(c, q, err);
}

static int add_consent(struct sqlite_conn *c, const struct driver_turn *t, struct err *err)
{
	const struct driver_consent consent = { .consent = t->consent,
						.external_id = t->consent_external_id,
						.at_ms = t->now_ms,
						.box = t->consent_box };

	return t->has_consent ? sqlite_consent_write(c, t->contact, &consent, err) : 0;
}

static int set_record(struct sqlite_conn *c, const struct driver_record *r, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_RECORD_SET, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, r->type);
	sqlite_bind(q, 2, r->id);
	sqlite_bind(q, 3, r->contact);
	sqlite_bind(q, 4, r->state);
	sqlite_bind_int(q, 5, r->created_ms);
	sqlite_bind_int(q, 6, r->updated_ms);
	sqlite_bind_box(q, 7, r->box);
	return sqlite_run(c, q, err);
}

/* Decides the reply that t answers, and whether its rows are stored. */
static int set_answer(struct sqlite_conn *c, const struct driver_turn *t,
		      struct rule_answer *rule_out, struct err *err)
{
	enum reply_state now;

	*rule_out = (struct rule_answer){ .store_rows = true };
	if (!t->answers)
		return 0;
	if (read_reply(c, t->contact, t->answers, NULL, &now, NULL, err) < 0)
		return -1;
	*rule_out = rule_answer(now, t->answer_state);
	if (!rule_out->decide)
		return 0;
	return set_reply(c, t->contact, t->answers, t->answer_state, t->answer_box, err);
}

static int read_stored(struct sqlite_conn *c, const struct driver_turn *t, struct stored *out,
		       struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_STORED, err);
	const char *step;
	int ret;

	*out = (struct stored){ 0 };
	if (!q)
		return -1;
	sqlite_bind(q, 1, t->contact);
	ret = sqlite_step(c, q, err);
	if (ret < 0)
		return sqlite_done(q, -1);
	out->session = sqlite3_column_type(q, 0) != SQLITE_NULL;
	step = (const char *)sqlite3_column_text(q, 3);
	if (out->session && !step)
		return sqlite_done(q, sqlite_fail(c->db, "step", err));
	if (out->session)
		sqlite_place_set(&out->place, step, sqlite3_column_int(q, 4));
	if (out->session && sqlite3_column_int64(q, 1) > t->now_ms) {
		out->revision = (uint64_t)sqlite3_column_int64(q, 0);
		out->updated_ms = sqlite3_column_int64(q, 2);
	}
	out->contact = sqlite3_column_type(q, 5) != SQLITE_NULL;
	out->consent = (enum consent)sqlite3_column_int(q, 5);
	out->parked = (unsigned)sqlite3_column_int(q, 6);
	return sqlite_done(q, 0);
}

/* Whether what the turn was decided on is still true. */
static bool stands(const struct driver_turn *t, const struct stored *now)
{
	return now->revision == t->session.revision &&
	       (!t->held || rule_held(t->held, now->updated_ms, now->consent, now->parked));
}

struct commit_job {
	const struct driver_turn *turn;
	enum commit_result result;
	bool is_inline;
};

static int store_turn(struct sqlite_conn *c, struct commit_job *job, const struct stored *now,
		      struct err *err)
{
	const struct driver_turn *t = job->turn;
	struct rule_answer rule;

	if (set_answer(c, t, &rule, err) < 0 || set_session(c, t, now->session, err) < 0 ||
	    count_move(c, t, now, err) < 0 || set_contact(c, t, now->contact, err) < 0 ||
	    add_consent(c, t, err) < 0)
		return -1;
	for (size_t i = 0; i < t->record_count; i++)
		if (set_record(c, &t->records[i], err) < 0)
			return -1;
	job->result = COMMIT_DONE;
	job->is_inline = rule.is_inline;
	if (!rule.store_rows)
		return 0;
	return sqlite_outbox_add(c, t->outbox, t->outbox_count, err);
}

/* Not stored; which of the two it is. */
static int refuse(struct sqlite_conn *c, struct commit_job *job, struct err *err)
{
	const struct driver_turn *t = job->turn;
	enum reply_state seen = REPLY_NONE;

	if (t->external_id && read_reply(c, t->contact, t->external_id, NULL, &seen, NULL, err) < 0)
		return -1;
	job->result = seen != REPLY_NONE ? COMMIT_SEEN : COMMIT_CONFLICT;
	return 0;
}

/* The turn's own row comes first: that it cannot be added says that the id was seen. */
static int commit_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct commit_job *job = arg;
	const struct driver_turn *t = job->turn;
	struct stored now;
	int added;

	job->is_inline = false;
	if (read_stored(c, t, &now, err) < 0)
		return -1;
	if (!stands(t, &now))
		return refuse(c, job, err);
	added = add_turn(c, t, err);
	if (added < 0)
		return -1;
	if (added)
		return store_turn(c, job, &now, err);
	job->result = COMMIT_SEEN;
	return 0;
}

int sqlite_commit(void *self, const struct driver_turn *t, enum commit_result *result_out,
		  bool *inline_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct commit_job job = { .turn = t };

	if (sqlite_write_twice(&s->writer, commit_work, &job, err) < 0)
		return -1;
	*result_out = job.result;
	*inline_out = job.is_inline;
	return 0;
}

struct reply_job {
	const char *contact;
	const char *external_id;
	struct str box;
	const struct driver_outbound *rows;
	size_t row_count;
	struct arena *a;
	enum reply_state state;
	struct str after;
	bool done;
};

static int decide_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct reply_job *job = arg;

	if (read_reply(c, job->contact, job->external_id, job->a, &job->state, &job->after, err) <
	    0)
		return -1;
	if (job->state != REPLY_OPEN)
		return 0;
	job->state = REPLY_LATE;
	job->after = job->box;
	return set_reply(c, job->contact, job->external_id, REPLY_LATE, job->box, err);
}

int sqlite_reply_decide(void *self, const char *contact, const char *external_id, struct str box,
			struct arena *a, enum reply_state *state_out, struct str *box_out,
			struct err *err)
{
	struct sqlite_store *s = self;
	struct reply_job job = {
		.contact = contact, .external_id = external_id, .box = box, .a = a
	};

	if (sqlite_write(&s->writer, decide_work, &job, err) < 0)
		return -1;
	*state_out = job.state;
	*box_out = (struct str){ arena_strndup(a, job.after.p, job.after.n), job.after.n };
	return 0;
}

static int divert_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct reply_job *job = arg;

	if (read_reply(c, job->contact, job->external_id, NULL, &job->state, NULL, err) < 0)
		return -1;
	job->done = job->state == REPLY_OPEN || job->state == REPLY_INLINE;
	if (!job->done)
		return 0;
	if (set_reply(c, job->contact, job->external_id, REPLY_LATE, job->box, err) < 0)
		return -1;
	if (job->state != REPLY_INLINE)
		return 0;
	return sqlite_outbox_add(c, job->rows, job->row_count, err);
}

int sqlite_reply_divert(void *self, const char *contact, const char *external_id,
			struct str notice_box, const struct driver_outbound *rows, size_t row_count,
			bool *done_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct reply_job job = { .contact = contact,
				 .external_id = external_id,
				 .box = notice_box,
				 .rows = rows,
				 .row_count = row_count };

	if (sqlite_write(&s->writer, divert_work, &job, err) < 0)
		return -1;
	*done_out = job.done;
	return 0;
}
