/*
 * sqlite_contact.c - what is known of a contact in SQLite: facts, the ledger of consents,
 * reach.
 *
 * A contact may be written to, or opt out, before a turn of theirs is stored: such a
 * row has no first message, and loads as not known.
 */
#include "sqlite_private.h"

#include <string.h>

void sqlite_read_facts(sqlite3_stmt *q, int first, struct contact_facts *f)
{
	const char *language = (const char *)sqlite3_column_text(q, first);

	*f = (struct contact_facts){ .known = false };
	if (!language)
		return;
	memcpy(f->language, language, strnlen(language, LANGUAGE_MAX));
	f->first_in_ms = sqlite3_column_int64(q, first + 1);
	f->known = f->first_in_ms > 0;
	f->last_in_ms = sqlite3_column_int64(q, first + 2);
	f->consent = (enum consent)sqlite3_column_int(q, first + 3);
	f->unfinished = sqlite3_column_int(q, first + 4) != 0;
	f->consent_ms = sqlite3_column_int64(q, first + 5);
	f->last_out_ms = sqlite3_column_int64(q, first + 6);
	f->trouble_code = sqlite3_column_int(q, first + 7);
	f->trouble_ms = sqlite3_column_int64(q, first + 8);
	f->parked = (unsigned)sqlite3_column_int64(q, first + 9);
}

int sqlite_facts(struct sqlite_conn *c, const char *contact, struct contact_facts *facts_out,
		 struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_CONTACT_FACTS, err);
	int ret;

	*facts_out = (struct contact_facts){ .known = false };
	if (!q)
		return -1;
	sqlite_bind(q, 1, contact);
	ret = sqlite_step(c, q, err);
	if (ret == 1)
		sqlite_read_facts(q, 0, facts_out);
	return sqlite_done(q, ret < 0 ? -1 : 0);
}

/* ---- writing ---- */

static int run_update(struct sqlite_conn *c, enum sqlite_sql id, const char *contact,
		      int64_t second, int64_t third, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, id, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, contact);
	if (sqlite3_bind_parameter_count(q) > 1)
		sqlite_bind_int(q, 2, second);
	if (sqlite3_bind_parameter_count(q) > 2)
		sqlite_bind_int(q, 3, third);
	return sqlite_run(c, q, err);
}

/* Of a contact whose row may be missing. */
static int update(struct sqlite_conn *c, enum sqlite_sql id, const char *contact, int64_t second,
		  int64_t third, struct err *err)
{
	if (run_update(c, id, contact, second, third, err) < 0)
		return -1;
	if (sqlite3_changes(c->db) > 0)
		return 0;
	if (run_update(c, SQL_CONTACT_MEET, contact, 0, 0, err) < 0)
		return -1;
	return run_update(c, id, contact, second, third, err);
}

int sqlite_contact_out(struct sqlite_conn *c, const char *contact, int64_t now_ms, struct err *err)
{
	return update(c, SQL_CONTACT_OUT, contact, now_ms, 0, err);
}

int sqlite_contact_park(struct sqlite_conn *c, const char *contact, int more, struct err *err)
{
	return update(c, SQL_CONTACT_PARKED, contact, more, 0, err);
}

int sqlite_consent_write(struct sqlite_conn *c, const char *contact,
			 const struct driver_consent *consent, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_CONSENT_ADD, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, contact);
	sqlite_bind_int(q, 2, consent->at_ms);
	sqlite_bind_int(q, 3, consent->consent);
	sqlite_bind(q, 4, consent->external_id);
	sqlite_bind_box(q, 5, consent->box);
	if (sqlite_run(c, q, err) < 0)
		return -1;
	return update(c, SQL_CONTACT_CONSENT, contact, consent->consent, consent->at_ms, err);
}

struct consent_job {
	const char *contact;
	const struct driver_consent *consent;
};

static int consent_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	const struct consent_job *job = arg;
	struct contact_facts f;

	if (sqlite_facts(c, job->contact, &f, err) < 0)
		return -1;
	if (f.consent == job->consent->consent)
		return 0;
	return sqlite_consent_write(c, job->contact, job->consent, err) < 0 ? -1 : 1;
}

int sqlite_consent_add(void *self, const char *contact, const struct driver_consent *consent,
		       struct err *err)
{
	struct sqlite_store *s = self;
	struct consent_job job = { contact, consent };

	return sqlite_write(&s->writer, consent_work, &job, err);
}

static int read_consents(struct sqlite_conn *c, const char *contact, unsigned max, struct arena *a,
			 struct driver_consent *list, size_t *count_out, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_CONSENT_LIST, err);
	size_t n = 0;
	int ret;

	if (!q)
		return -1;
	sqlite_bind(q, 1, contact);
	sqlite_bind_int(q, 2, max);
	while ((ret = sqlite_step(c, q, err)) == 1)
		list[n++] = (struct driver_consent){
			.consent = (enum consent)sqlite3_column_int(q, 0),
			.external_id = sqlite_text(q, 1, a),
			.at_ms = sqlite3_column_int64(q, 2),
			.box = sqlite_box(q, 3, a),
		};
	*count_out = n;
	return sqlite_done(q, ret);
}

int sqlite_consent_list(void *self, const char *contact, unsigned max, struct arena *a,
			struct driver_consent **list_out, size_t *count_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct sqlite_conn *c = sqlite_reader(s, err);
	int ret;

	if (!c)
		return -1;
	*list_out = arena_array(a, max, sizeof **list_out);
	ret = read_consents(c, contact, max, a, *list_out, count_out, err);
	sqlite_reader_return(s, c);
	return ret;
}

struct trouble_job {
	const char *contact;
	int code;
	int64_t now_ms;
};

static int trouble_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	const struct trouble_job *job = arg;

	return update(c, SQL_CONTACT_TROUBLE, job->contact, job->code, job->now_ms, err);
}

int sqlite_trouble_set(void *self, const char *contact, int code, int64_t now_ms, struct err *err)
{
	struct sqlite_store *s = self;
	struct trouble_job job = { contact, code, code ? now_ms : 0 };

	return sqlite_write(&s->writer, trouble_work, &job, err);
}
