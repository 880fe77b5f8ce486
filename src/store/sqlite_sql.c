/*
 * sqlite_sql.c - every statement of the driver, prepared once per connection,
 * and the few words to bind, step and read.
 *
 * Each statement finds its rows by an index; a test asks SQLite for the plans.
 */
#include "sqlite_private.h"

#include <errno.h>
#include <string.h>

#define OUTBOX_COLUMNS                                                                             \
	"seq, id, kind, channel, contact, created_ms, due_ms, attempts, state, external_id, "      \
	"status, error_code, box"

static const char *const texts[SQL_COUNT] = {
	[SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[SQL_BEGIN_READ] = "BEGIN",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_JOB_BEGIN] = "SAVEPOINT job",
	[SQL_JOB_END] = "RELEASE job",
	[SQL_JOB_UNDO] = "ROLLBACK TO job",
	[SQL_PING] = "SELECT count(*) FROM sqlite_schema",
	/* One statement is one snapshot: no BEGIN needed. */
	[SQL_LOAD] = "SELECT t.reply_state, t.reply, c.language, c.first_in_ms, c.last_in_ms, "
		     "c.consent, c.unfinished, s.flow, s.flow_version, s.step, s.shown_step, "
		     "s.language, s.completed, s.created_ms, s.updated_ms, s.expires_ms, "
		     "s.revision, s.call_id, s.box "
		     "FROM (SELECT 1) "
		     "LEFT JOIN turn t ON t.contact = ?1 AND t.external_id = ?2 "
		     "LEFT JOIN contact c ON c.contact = ?1 "
		     "LEFT JOIN session s ON s.contact = ?1 AND s.expires_ms > ?3",
	[SQL_REPLY] = "SELECT reply_state, reply FROM turn WHERE contact = ?1 AND external_id = ?2",
	[SQL_REPLY_SET] = "UPDATE turn SET reply_state = ?3, reply = ?4 "
			  "WHERE contact = ?1 AND external_id = ?2",
	[SQL_TURN_ADD] = "INSERT INTO turn(contact, external_id, at_ms, inbound, reply_state, "
			 "reply) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_REVISION] = "SELECT revision, expires_ms FROM session WHERE contact = ?1",
	[SQL_SESSION_ADD] = "INSERT INTO session(contact, flow, flow_version, step, shown_step, "
			    "language, completed, created_ms, updated_ms, expires_ms, revision, "
			    "call_id, call_due_ms, box) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
			    "?9, ?10, ?11, ?12, ?13, ?14)",
	[SQL_SESSION_SET] = "UPDATE session SET flow = ?2, flow_version = ?3, step = ?4, "
			    "shown_step = ?5, language = ?6, completed = ?7, created_ms = ?8, "
			    "updated_ms = ?9, expires_ms = ?10, revision = ?11, call_id = ?12, "
			    "call_due_ms = ?13, box = ?14 WHERE contact = ?1",
	[SQL_CONTACT_SET] = "INSERT INTO contact(contact, language, first_in_ms, last_in_ms, "
			    "consent, unfinished) VALUES(?1, ?2, ?3, ?4, ?5, ?6) "
			    "ON CONFLICT(contact) DO UPDATE SET language = ?2, first_in_ms = ?3, "
			    "last_in_ms = ?4, consent = ?5, unfinished = ?6",
	[SQL_CONSENT_ADD] = "INSERT INTO consent(contact, at_ms, consent, external_id, words) "
			    "VALUES(?1, ?2, ?3, ?4, ?5)",
	[SQL_RECORD_SET] = "INSERT INTO record(type, id, contact, state, created_ms, updated_ms, "
			   "fields) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) "
			   "ON CONFLICT(type, id) DO UPDATE SET contact = ?3, state = ?4, "
			   "updated_ms = ?6, fields = ?7",
	[SQL_RECORD_GET] = "SELECT type, id, contact, state, created_ms, updated_ms, fields "
			   "FROM record WHERE type = ?1 AND id = ?2",
	[SQL_CALLS_DUE] = "SELECT contact FROM session WHERE call_due_ms > 0 AND "
			  "call_due_ms <= ?1 AND expires_ms > ?1 ORDER BY call_due_ms LIMIT ?2",
	[SQL_CALL_LEASE] = "UPDATE session SET call_due_ms = ?2 WHERE contact = ?1",
	[SQL_CALL_RENEW] = "UPDATE session SET call_due_ms = ?3 WHERE contact = ?1 AND "
			   "call_id = ?2 AND call_due_ms > 0",
	[SQL_ALLOW_MEMBER] = "SELECT 1 FROM allow WHERE key = ?1 AND member = ?2 AND at_ms > ?3",
	[SQL_ALLOW_COUNT] = "SELECT count(*) FROM allow WHERE key = ?1 AND at_ms > ?2",
	[SQL_ALLOW_SET] = "INSERT INTO allow(key, member, at_ms, until_ms) VALUES(?1, ?2, ?3, ?4) "
			  "ON CONFLICT(key, member) DO UPDATE SET at_ms = ?3, until_ms = ?4",
	[SQL_OUTBOX_ADD] = "INSERT INTO outbox(id, kind, channel, contact, created_ms, due_ms, "
			   "attempts, state, external_id, status, error_code, box, changed_ms) "
			   "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?5) "
			   "ON CONFLICT(contact, id) DO NOTHING",
	[SQL_OUTBOX_DUE] = "SELECT contact, seq FROM line WHERE due_ms <= ?1 ORDER BY due_ms "
			   "LIMIT ?2",
	[SQL_OUTBOX_BY_SEQ] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE seq = ?1",
	[SQL_OUTBOX_BY_ID] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE contact = ?1 AND id = ?2",
	[SQL_OUTBOX_BY_EXTERNAL] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE contact = ?1 AND "
				   "external_id = ?2 AND external_id <> ''",
	[SQL_OUTBOX_SET] = "UPDATE outbox SET due_ms = ?2, attempts = ?3, state = ?4, "
			   "external_id = ?5, status = ?6, error_code = ?7, changed_ms = ?8 "
			   "WHERE seq = ?1",
	[SQL_LINE_FIRST] = "SELECT seq, due_ms FROM outbox WHERE contact = ?1 AND state < 3 "
			   "ORDER BY seq LIMIT 1",
	[SQL_LINE_SET] = "INSERT INTO line(contact, seq, due_ms) VALUES(?1, ?2, ?3) "
			 "ON CONFLICT(contact) DO UPDATE SET seq = ?2, due_ms = ?3",
	[SQL_LINE_CLEAR] = "DELETE FROM line WHERE contact = ?1",
	/* Counted by triggers, less what has expired and is not swept yet. */
	[SQL_STATS_STEPS] = "SELECT step, completed, sum(n) FROM ("
			    "SELECT step, completed, sessions AS n FROM step_count UNION ALL "
			    "SELECT shown_step, completed, -count(*) FROM session "
			    "WHERE expires_ms <= ?1 GROUP BY shown_step, completed) "
			    "GROUP BY step, completed HAVING sum(n) > 0 ORDER BY step",
	[SQL_STATS_OUTBOX] = "SELECT count(*) FROM outbox WHERE state = ?1 AND state <> 3",
	[SQL_STATS_CALLS] = "SELECT count(*) FROM session WHERE call_due_ms > 0 AND "
			    "expires_ms > ?1",
	[SQL_SWEEP_SESSIONS] = "DELETE FROM session WHERE seq IN (SELECT seq FROM session "
			       "WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT ?2)",
	[SQL_SWEEP_TURNS] = "DELETE FROM turn WHERE seq IN (SELECT seq FROM turn "
			    "WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2)",
	[SQL_SWEEP_OUTBOX] = "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox "
			     "WHERE state >= 3 AND changed_ms < ?1 ORDER BY changed_ms LIMIT ?2)",
	[SQL_SWEEP_ALLOW] = "DELETE FROM allow WHERE (key, member) IN (SELECT key, member "
			    "FROM allow WHERE until_ms <= ?1 ORDER BY until_ms LIMIT ?2)",
};

_Static_assert(OUTBOUND_WAITING == 0 && OUTBOUND_CLAIMED == 1 && OUTBOUND_UNSURE == 2 &&
		       OUTBOUND_ACCEPTED == 3 && OUTBOUND_DEAD == 4,
	       "outbound states are stored, and statements compare them");
_Static_assert(REPLY_OPEN == 1 && REPLY_INLINE == 2 && REPLY_LATE == 3, "reply states are stored");
_Static_assert(CONSENT_NONE == 0 && CONSENT_IN == 1 && CONSENT_OUT == 2, "consents are stored");

const char *sqlite_sql_text(enum sqlite_sql id)
{
	return texts[id];
}

sqlite3_stmt *sqlite_sql(struct sqlite_conn *c, enum sqlite_sql id, struct err *err)
{
	sqlite3_stmt **q = &c->kept[id];

	if (!*q && sqlite3_prepare_v3(c->db, texts[id], -1, SQLITE_PREPARE_PERSISTENT, q, NULL) !=
			   SQLITE_OK) {
		(void)sqlite_fail(c->db, "prepare", err);
		return NULL;
	}
	return *q;
}

void sqlite_sql_free(struct sqlite_conn *c)
{
	for (int i = 0; i < SQL_COUNT; i++) {
		sqlite3_finalize(c->kept[i]);
		c->kept[i] = NULL;
	}
}

/* Binding fails only for a wrong index or a value over 1 GB: both are bugs,
 * and the statement then stores NULL, which every column refuses. */
void sqlite_bind(sqlite3_stmt *q, int i, const char *text)
{
	(void)sqlite3_bind_text(q, i, text, -1, SQLITE_STATIC);
}

void sqlite_bind_int(sqlite3_stmt *q, int i, int64_t n)
{
	(void)sqlite3_bind_int64(q, i, n);
}

void sqlite_bind_box(sqlite3_stmt *q, int i, struct str box)
{
	(void)sqlite3_bind_blob64(q, i, box.n ? box.p : "", box.n, SQLITE_STATIC);
}

const char *sqlite_text(sqlite3_stmt *q, int i, struct arena *a)
{
	const char *text = (const char *)sqlite3_column_text(q, i);

	return text && *text ? arena_strdup(a, text) : "";
}

struct str sqlite_box(sqlite3_stmt *q, int i, struct arena *a)
{
	const char *p = sqlite3_column_blob(q, i);
	size_t n = (size_t)sqlite3_column_bytes(q, i);

	return (struct str){ arena_strndup(a, p, n), n };
}

int sqlite_step(struct sqlite_conn *c, sqlite3_stmt *q, struct err *err)
{
	switch (sqlite3_step(q)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return sqlite_fail(c->db, "statement", err);
	}
}

int sqlite_done(sqlite3_stmt *q, int ret)
{
	if (q) {
		(void)sqlite3_reset(q); /* repeats the error of the step, which is known */
		(void)sqlite3_clear_bindings(q);
	}
	return ret;
}

int sqlite_run(struct sqlite_conn *c, sqlite3_stmt *q, struct err *err)
{
	int ret;

	do
		ret = sqlite_step(c, q, err);
	while (ret > 0);
	return sqlite_done(q, ret);
}

int sqlite_do(struct sqlite_conn *c, enum sqlite_sql id, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, id, err);

	return q ? sqlite_run(c, q, err) : -1;
}

/* What the system said to the last failed call on the log, 0 when nothing. */
static int log_errno(sqlite3 *db)
{
	sqlite3_file *file = NULL;
	int os = 0;

	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK ||
	    !file || !file->pMethods ||
	    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &os) != SQLITE_OK)
		return 0;
	return os;
}

/* SQLite says FULL for ENOSPC only; quotas and size limits are the same to us. */
static bool is_full(sqlite3 *db)
{
	int os = log_errno(db);

	return sqlite3_extended_errcode(db) == SQLITE_IOERR_WRITE &&
	       (os == ENOSPC || os == EFBIG || os == EDQUOT);
}

static enum err_kind kind_of(sqlite3 *db)
{
	switch (sqlite3_errcode(db) & 0xff) {
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_IOERR:
		if (is_full(db))
			return ERR_FULL;
		/* After a failed fsync nobody knows what the disk has. */
		return sqlite3_extended_errcode(db) == SQLITE_IOERR_FSYNC ? ERR_UNSURE : ERR_TEMP;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return ERR_PERM;
	case SQLITE_ERROR:
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
		return ERR_BUG;
	default:
		return ERR_TEMP;
	}
}

int sqlite_fail(sqlite3 *db, const char *what, struct err *err)
{
	return err_set(err, kind_of(db), "sqlite: %s: %s (%d)", what, sqlite3_errmsg(db),
		       sqlite3_extended_errcode(db));
}
