/*
 * sqlite_record.c - records and the audit in SQLite.
 */
#include "sqlite_private.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- records ---- */

static void read_record(sqlite3_stmt *q, struct arena *a, struct driver_record *r)
{
	*r = (struct driver_record){
		.type = sqlite_text(q, 0, a),
		.id = sqlite_text(q, 1, a),
		.contact = sqlite_text(q, 2, a),
		.state = sqlite_text(q, 3, a),
		.created_ms = sqlite3_column_int64(q, 4),
		.updated_ms = sqlite3_column_int64(q, 5),
		.box = sqlite_box(q, 6, a),
	};
}

int sqlite_record_get(void *self, const char *type, const char *id, struct arena *a,
		      struct driver_record *record_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct sqlite_conn *c = sqlite_reader(s, err);
	sqlite3_stmt *q;
	int ret = -1;

	if (!c)
		return -1;
	q = sqlite_sql(c, SQL_RECORD_GET, err);
	if (q) {
		sqlite_bind(q, 1, type);
		sqlite_bind(q, 2, id);
		ret = sqlite_step(c, q, err);
		if (ret == 1)
			read_record(q, a, record_out);
		ret = sqlite_done(q, ret);
	}
	sqlite_reader_return(s, c);
	return ret;
}

/* Where a page begins: "<created_ms>:<id>" of the last one shown, "" before the newest. */
struct place {
	int64_t created_ms;
	const char *id;
};

static int parse_place(const char *cursor, struct place *p, struct err *err)
{
	char *end;

	*p = (struct place){ INT64_MAX, "" };
	if (!*cursor)
		return 0;
	p->created_ms = strtoll(cursor, &end, 10);
	if (end == cursor || *end != ':')
		return err_set(err, ERR_INPUT, "store: the cursor is none of this store");
	p->id = end + 1;
	return 0;
}

struct record_query {
	const char *type;
	const char *contact; /* or NULL */
	const char *state;   /* or "" */
	struct place from;
	unsigned max;
};

static sqlite3_stmt *list_statement(struct sqlite_conn *c, const struct record_query *r,
				    struct err *err)
{
	enum sqlite_sql id = r->contact	 ? SQL_RECORD_OF
			     : *r->state ? SQL_RECORD_IN_STATE
					 : SQL_RECORD_ALL;
	sqlite3_stmt *q = sqlite_sql(c, id, err);

	if (!q)
		return NULL;
	sqlite_bind(q, 1, r->type);
	sqlite_bind_int(q, 2, r->from.created_ms);
	sqlite_bind(q, 3, r->from.id);
	sqlite_bind_int(q, 4, r->max);
	if (id != SQL_RECORD_ALL)
		sqlite_bind(q, 5, r->state);
	if (id == SQL_RECORD_OF)
		sqlite_bind(q, 6, r->contact);
	return q;
}

static int read_records(struct sqlite_conn *c, const struct record_query *r, struct arena *a,
			struct driver_record *list, size_t *count_out, struct err *err)
{
	sqlite3_stmt *q = list_statement(c, r, err);
	size_t n = 0;
	int ret;

	if (!q)
		return -1;
	while ((ret = sqlite_step(c, q, err)) == 1)
		read_record(q, a, &list[n++]);
	*count_out = n;
	return sqlite_done(q, ret);
}

int sqlite_record_list(void *self, const char *type, const char *contact, const char *state,
		       const char *cursor, unsigned max, struct arena *a,
		       struct driver_record **list_out, size_t *count_out, const char **next_out,
		       struct err *err)
{
	struct record_query r = { .type = type, .contact = contact, .state = state, .max = max };
	struct sqlite_store *s = self;
	struct driver_record *list, *last;
	struct sqlite_conn *c;
	int ret;

	if (parse_place(cursor, &r.from, err) < 0)
		return -1;
	c = sqlite_reader(s, err);
	if (!c)
		return -1;
	list = arena_array(a, max, sizeof *list);
	ret = read_records(c, &r, a, list, count_out, err);
	sqlite_reader_return(s, c);
	if (ret < 0)
		return -1;
	*list_out = list;
	*next_out = "";
	if (*count_out == max) {
		last = &list[max - 1];
		*next_out = arena_printf(a, "%" PRId64 ":%s", last->created_ms, last->id);
	}
	return 0;
}

struct record_job {
	const char *type;
	const char *id;
	const char *from;
	const char *to;
	int64_t now_ms;
	const struct audit_entry *audit;
};

static int record_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	const struct record_job *job = arg;
	sqlite3_stmt *q = sqlite_sql(c, SQL_RECORD_MOVE, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, job->type);
	sqlite_bind(q, 2, job->id);
	sqlite_bind(q, 3, job->from);
	sqlite_bind(q, 4, job->to);
	sqlite_bind_int(q, 5, job->now_ms);
	if (sqlite_run(c, q, err) < 0)
		return -1;
	if (sqlite3_changes(c->db) == 0)
		return 0;
	return sqlite_audit_write(c, job->audit, err) < 0 ? -1 : 1;
}

int sqlite_record_change(void *self, const char *type, const char *id, const char *from,
			 const char *to, int64_t now_ms, const struct audit_entry *audit,
			 struct err *err)
{
	struct sqlite_store *s = self;
	struct record_job job = { type, id, from, to, now_ms, audit };

	return sqlite_write(&s->writer, record_work, &job, err);
}

/* ---- audit ---- */

int sqlite_audit_write(struct sqlite_conn *c, const struct audit_entry *e, struct err *err)
{
	sqlite3_stmt *q;

	if (!e)
		return 0;
	q = sqlite_sql(c, SQL_AUDIT_ADD, err);
	if (!q)
		return -1;
	sqlite_bind_int(q, 1, e->at_ms);
	sqlite_bind(q, 2, e->action);
	sqlite_bind(q, 3, e->object);
	sqlite_bind(q, 4, e->detail);
	sqlite_bind(q, 5, e->request_id);
	return sqlite_run(c, q, err);
}

static int audit_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct audit_entry *const *e = arg;

	return sqlite_audit_write(c, *e, err);
}

int sqlite_audit_add(void *self, const struct audit_entry *e, struct err *err)
{
	struct sqlite_store *s = self;

	return sqlite_write(&s->writer, audit_work, &e, err);
}

static int read_audit(struct sqlite_conn *c, const char *object, unsigned max, struct arena *a,
		      struct audit_entry *list, size_t *count_out, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, object ? SQL_AUDIT_OF : SQL_AUDIT_ALL, err);
	size_t n = 0;
	int ret;

	if (!q)
		return -1;
	sqlite_bind_int(q, 1, max);
	if (object)
		sqlite_bind(q, 2, object);
	while ((ret = sqlite_step(c, q, err)) == 1)
		list[n++] = (struct audit_entry){
			.at_ms = sqlite3_column_int64(q, 0),
			.action = sqlite_text(q, 1, a),
			.object = sqlite_text(q, 2, a),
			.detail = sqlite_text(q, 3, a),
			.request_id = sqlite_text(q, 4, a),
		};
	*count_out = n;
	return sqlite_done(q, ret);
}

int sqlite_audit_list(void *self, const char *object, unsigned max, struct arena *a,
		      struct audit_entry **list_out, size_t *count_out, struct err *err)
{
	struct sqlite_store *s = self;
	struct sqlite_conn *c = sqlite_reader(s, err);
	int ret;

	if (!c)
		return -1;
	*list_out = arena_array(a, max, sizeof **list_out);
	ret = read_audit(c, object, max, a, *list_out, count_out, err);
	sqlite_reader_return(s, c);
	return ret;
}
