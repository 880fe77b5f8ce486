/*
 * sqlite_text.c - the text of every statement of the driver.
 *
 * Each finds its rows by an index; a test asks SQLite for the plans. Partial
 * indexes are found only where their own words are repeated.
 */
#include "sqlite_private.h"

#define OUTBOX_COLUMNS                                                                             \
	"seq, id, kind, channel, contact, created_ms, due_ms, attempts, state, external_id, "      \
	"status, error_code, changed_ms, broadcast, reason, asked, ask_ms, box"
#define FACT_COLUMNS                                                                               \
	"c.language, c.first_in_ms, c.last_in_ms, c.consent, c.unfinished, c.consent_ms, "         \
	"c.last_out_ms, c.trouble_code, c.trouble_ms, c.parked"
#define SESSION_PLAIN                                                                              \
	"s.flow, s.flow_version, s.step, s.shown_step, s.language, s.completed, s.created_ms, "    \
	"s.updated_ms, s.expires_ms, s.revision, s.call_id"
#define BROADCAST_COLUMNS                                                                          \
	"id, state, why, why_code, target_step, request_key, request_digest, created_ms, "         \
	"send_at_ms, round, cursor, planned_ms, planner_ms, finished_ms, revision, box"
#define RECORD_COLUMNS "type, id, contact, state, created_ms, updated_ms, fields"
#define AUDIT_COLUMNS  "at_ms, action, object, detail, request_id"

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
	[SQL_LOAD] = "SELECT t.reply_state, t.reply, " FACT_COLUMNS ", " SESSION_PLAIN ", s.box "
		     "FROM (SELECT 1) "
		     "LEFT JOIN turn t ON t.contact = ?1 AND t.external_id = ?2 "
		     "LEFT JOIN contact c ON c.contact = ?1 "
		     "LEFT JOIN session s ON s.contact = ?1 AND s.expires_ms > ?3",
	[SQL_REPLY] = "SELECT reply_state, reply FROM turn WHERE contact = ?1 AND external_id = ?2",
	[SQL_REPLY_SET] = "UPDATE turn SET reply_state = ?3, reply = ?4 "
			  "WHERE contact = ?1 AND external_id = ?2",
	[SQL_TURN_ADD] = "INSERT INTO turn(contact, external_id, at_ms, inbound, reply_state, "
			 "reply) VALUES(?1, ?2, ?3, ?4, ?5, ?6) "
			 "ON CONFLICT(contact, external_id) DO NOTHING",
	[SQL_STORED] = "SELECT s.revision, s.expires_ms, s.updated_ms, s.shown_step, s.completed, "
		       "c.consent, c.parked "
		       "FROM (SELECT 1) LEFT JOIN session s ON s.contact = ?1 "
		       "LEFT JOIN contact c ON c.contact = ?1",
	[SQL_SESSION_ADD] = "INSERT INTO session(contact, flow, flow_version, step, shown_step, "
			    "language, completed, created_ms, updated_ms, expires_ms, revision, "
			    "call_id, call_due_ms, box) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
			    "?9, ?10, ?11, ?12, ?13, ?14)",
	[SQL_SESSION_SET] = "UPDATE session SET flow = ?2, flow_version = ?3, step = ?4, "
			    "shown_step = ?5, language = ?6, completed = ?7, created_ms = ?8, "
			    "updated_ms = ?9, expires_ms = ?10, revision = ?11, call_id = ?12, "
			    "call_due_ms = ?13, box = ?14 WHERE contact = ?1",
	/* Consent and what follows it are not a turn's. */
	[SQL_CONTACT_SET] = "UPDATE contact SET language = ?2, first_in_ms = ?3, last_in_ms = ?4, "
			    "unfinished = ?5 WHERE contact = ?1",
	[SQL_CONTACT_ADD] = "INSERT INTO contact(contact, language, first_in_ms, last_in_ms, "
			    "consent, unfinished) VALUES(?1, ?2, ?3, ?4, 0, ?5)",
	[SQL_CONTACT_FACTS] = "SELECT " FACT_COLUMNS " FROM contact c WHERE contact = ?1",
	[SQL_CONTACT_CONSENT] = "UPDATE contact SET consent = ?2, "
				"consent_ms = iif(consent = ?2, consent_ms, ?3) WHERE contact = ?1",
	[SQL_CONTACT_OUT] = "UPDATE contact SET last_out_ms = max(last_out_ms, ?2) "
			    "WHERE contact = ?1",
	[SQL_CONTACT_TROUBLE] = "UPDATE contact SET trouble_code = ?2, trouble_ms = ?3 "
				"WHERE contact = ?1",
	[SQL_CONTACT_PARKED] = "UPDATE contact SET parked = max(parked + ?2, 0) WHERE contact = ?1",
	[SQL_CONTACT_MEET] = "INSERT INTO contact(contact, language, first_in_ms, last_in_ms, "
			     "consent, unfinished) VALUES(?1, '', 0, 0, 0, 0) "
			     "ON CONFLICT(contact) DO NOTHING",
	[SQL_CONSENT_ADD] = "INSERT INTO consent(contact, at_ms, consent, external_id, words) "
			    "VALUES(?1, ?2, ?3, ?4, ?5)",
	[SQL_CONSENT_LIST] = "SELECT consent, external_id, at_ms, words FROM consent "
			     "WHERE contact = ?1 ORDER BY at_ms DESC, seq DESC LIMIT ?2",
	[SQL_RECORD_SET] = "INSERT INTO record(type, id, contact, state, created_ms, updated_ms, "
			   "fields) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) "
			   "ON CONFLICT(type, id) DO UPDATE SET contact = ?3, state = ?4, "
			   "updated_ms = ?6, fields = ?7",
	[SQL_RECORD_GET] = "SELECT " RECORD_COLUMNS " FROM record WHERE type = ?1 AND id = ?2",
	[SQL_RECORD_ALL] = "SELECT " RECORD_COLUMNS " FROM record WHERE type = ?1 AND "
			   "(created_ms, id) < (?2, ?3) "
			   "ORDER BY created_ms DESC, id DESC LIMIT ?4",
	[SQL_RECORD_IN_STATE] = "SELECT " RECORD_COLUMNS " FROM record WHERE type = ?1 AND "
				"state = ?5 AND (created_ms, id) < (?2, ?3) "
				"ORDER BY created_ms DESC, id DESC LIMIT ?4",
	[SQL_RECORD_OF] = "SELECT " RECORD_COLUMNS " FROM record WHERE contact = ?6 AND type = ?1 "
			  "AND (created_ms, id) < (?2, ?3) AND (?5 = '' OR +state = ?5) "
			  "ORDER BY created_ms DESC, id DESC LIMIT ?4",
	[SQL_RECORD_MOVE] = "UPDATE record SET state = ?4, updated_ms = ?5 "
			    "WHERE type = ?1 AND id = ?2 AND (?3 = '' OR +state = ?3)",
	[SQL_AUDIT_ADD] = "INSERT INTO audit(" AUDIT_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5)",
	[SQL_AUDIT_ALL] = "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq > 0 "
			  "ORDER BY seq DESC LIMIT ?1",
	[SQL_AUDIT_OF] = "SELECT " AUDIT_COLUMNS " FROM audit WHERE object = ?2 "
			 "ORDER BY seq DESC LIMIT ?1",
	[SQL_CALLS_DUE] = "SELECT contact FROM session WHERE call_due_ms > 0 AND "
			  "call_due_ms <= ?1 AND expires_ms > ?1 ORDER BY call_due_ms LIMIT ?2",
	[SQL_CALL_LEASE] = "UPDATE session SET call_due_ms = ?2 WHERE contact = ?1",
	[SQL_CALL_RENEW] = "UPDATE session SET call_due_ms = ?3 WHERE contact = ?1 AND "
			   "call_id = ?2 AND call_due_ms > 0",
	[SQL_ALLOW_MEMBER] = "SELECT 1 FROM allow WHERE key = ?1 AND member = ?2 AND at_ms > ?3",
	[SQL_ALLOW_COUNT] = "SELECT count(*) FROM allow WHERE key = ?1 AND at_ms > ?2",
	[SQL_ALLOW_SET] = "INSERT INTO allow(key, member, at_ms, until_ms) VALUES(?1, ?2, ?3, ?4) "
			  "ON CONFLICT(key, member) DO UPDATE SET at_ms = ?3, until_ms = ?4",
	[SQL_OUTBOX_ADD] =
		"INSERT INTO outbox(id, kind, channel, contact, created_ms, due_ms, "
		"attempts, state, external_id, status, error_code, changed_ms, "
		"broadcast, reason, box) "
		"VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?15, ?12, ?13, ?14) "
		"ON CONFLICT(contact, id) DO NOTHING",
	[SQL_OUTBOX_DUE] = "SELECT seq FROM line WHERE due_ms <= ?1 ORDER BY due_ms LIMIT ?2",
	[SQL_OUTBOX_QUEUE_DUE] = "SELECT seq FROM outbox WHERE broadcast = ?3 AND due_ms <= ?1 "
				 "AND state < 3 AND kind = 1 ORDER BY due_ms, seq LIMIT ?2",
	[SQL_OUTBOX_BY_SEQ] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE seq = ?1",
	[SQL_OUTBOX_BY_ID] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE contact = ?1 AND id = ?2",
	[SQL_OUTBOX_BY_EXTERNAL] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE contact = ?1 AND "
				   "external_id = ?2 AND external_id <> ''",
	[SQL_OUTBOX_PAGE] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE broadcast = ?1 AND "
			    "broadcast <> '' AND seq > ?2 ORDER BY seq LIMIT ?3",
	[SQL_OUTBOX_ASK] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE ask_ms > 0 AND "
			   "ask_ms <= ?1 ORDER BY ask_ms LIMIT ?2",
	[SQL_OUTBOX_PARKED] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE contact = ?1 AND "
			      "state = 5 ORDER BY seq LIMIT ?2",
	[SQL_OUTBOX_PARKED_OLD] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE changed_ms < ?1 AND "
				  "state = 5 ORDER BY changed_ms LIMIT ?2",
	[SQL_OUTBOX_SET] = "UPDATE outbox SET due_ms = ?2, attempts = ?3, state = ?4, "
			   "external_id = ?5, status = ?6, error_code = ?7, changed_ms = ?8, "
			   "reason = ?9, asked = ?10, ask_ms = ?11 WHERE seq = ?1",
	[SQL_OUTBOX_TO_END] = "UPDATE outbox SET seq = (SELECT max(seq) FROM outbox) + 1 "
			      "WHERE seq = ?1 RETURNING seq",
	[SQL_OUTBOX_DELETE] = "DELETE FROM outbox WHERE seq = ?1",
	[SQL_LINE_FIRST] = "SELECT seq, due_ms FROM outbox WHERE contact = ?1 AND state < 3 AND "
			   "kind = 0 ORDER BY seq LIMIT 1",
	[SQL_LINE_SET] = "INSERT INTO line(contact, seq, due_ms) VALUES(?1, ?2, ?3) "
			 "ON CONFLICT(contact) DO UPDATE SET seq = ?2, due_ms = ?3",
	[SQL_LINE_CLEAR] = "DELETE FROM line WHERE contact = ?1",
	[SQL_BROADCAST_ADD] = "INSERT INTO broadcast(" BROADCAST_COLUMNS ") VALUES(?1, ?2, ?3, ?4, "
			      "?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 1, ?15)",
	[SQL_BROADCAST_GET] = "SELECT " BROADCAST_COLUMNS " FROM broadcast WHERE id = ?1",
	[SQL_BROADCAST_BY_KEY] = "SELECT " BROADCAST_COLUMNS " FROM broadcast "
				 "WHERE request_key = ?1 AND request_key <> ''",
	[SQL_BROADCAST_SET] = "UPDATE broadcast SET state = ?3, why = ?4, why_code = ?5, "
			      "round = ?6, cursor = ?7, send_at_ms = ?8, planned_ms = ?9, "
			      "planner_ms = ?10, finished_ms = ?11, revision = revision + 1 "
			      "WHERE id = ?1 AND revision = ?2",
	[SQL_BROADCAST_ALL] = "SELECT " BROADCAST_COLUMNS " FROM broadcast "
			      "WHERE (created_ms, id) < (?1, ?3) "
			      "ORDER BY created_ms DESC, id DESC LIMIT ?2",
	[SQL_BROADCAST_OPEN] = "SELECT " BROADCAST_COLUMNS " FROM broadcast "
			       "WHERE (created_ms, id) < (?1, ?3) AND state < 2 "
			       "ORDER BY created_ms DESC, id DESC LIMIT ?2",
	[SQL_BROADCAST_OLD] = "SELECT id FROM broadcast WHERE created_ms < ?1 "
			      "ORDER BY created_ms LIMIT 1",
	[SQL_BROADCAST_DELETE] = "DELETE FROM broadcast WHERE id = ?1",
	[SQL_COUNT_ADD] = "INSERT INTO broadcast_count(broadcast, state, reason, status, "
			  "error_code, rows) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_COUNT_MOVE] = "UPDATE broadcast_count SET rows = rows + ?6 WHERE broadcast = ?1 AND "
			   "state = ?2 AND reason = ?3 AND status = ?4 AND error_code = ?5",
	[SQL_COUNT_LIST] = "SELECT state, reason, status, error_code, rows FROM broadcast_count "
			   "WHERE broadcast = ?1 AND rows > 0",
	[SQL_COUNT_DELETE] = "DELETE FROM broadcast_count WHERE broadcast = ?1",
	/* By contact, so that the rows that are made of a page lie side by side in every index. */
	[SQL_AUDIENCE] = "SELECT s.contact, " SESSION_PLAIN ", iif(?3, s.box, x'') "
			 "FROM session s WHERE s.contact > ?1 ORDER BY s.contact LIMIT ?2",
	[SQL_STEP_MOVE] = "INSERT INTO step_count(step, completed, sessions) VALUES(?1, ?2, ?3) "
			  "ON CONFLICT(step, completed) DO UPDATE SET sessions = sessions + ?3",
	/* Counted as they change, less what has expired and is not swept yet. */
	[SQL_STATS_STEPS] = "SELECT step, completed, sum(n) FROM ("
			    "SELECT step, completed, sessions AS n FROM step_count UNION ALL "
			    "SELECT shown_step, completed, -count(*) FROM session "
			    "WHERE expires_ms <= ?1 GROUP BY shown_step, completed) "
			    "GROUP BY step, completed HAVING sum(n) > 0 ORDER BY step",
	[SQL_STATS_OUTBOX] = "SELECT (SELECT count(*) FROM outbox WHERE state = ?1 AND state <> 3 "
			     "AND broadcast = '') + (SELECT coalesce(sum(rows), 0) "
			     "FROM broadcast_count WHERE state = ?1)",
	/* Neither skips nor what another row carries on for. */
	[SQL_STATS_DEAD] = "SELECT (SELECT count(*) FROM outbox WHERE state = 4 AND state <> 3 "
			   "AND broadcast = '' AND reason IN (1, 2)) + "
			   "(SELECT coalesce(sum(rows), 0) FROM broadcast_count "
			   "WHERE state = 4 AND reason IN (1, 2))",
	[SQL_STATS_CALLS] =
		"SELECT count(*) FROM session WHERE call_due_ms > 0 AND call_id <> '' AND "
		"expires_ms > ?1",
	[SQL_SWEEP_SESSIONS] = "DELETE FROM session WHERE seq IN (SELECT seq FROM session "
			       "WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT ?2)",
	[SQL_SWEEP_TURNS] = "DELETE FROM turn WHERE seq IN (SELECT seq FROM turn "
			    "WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2)",
	[SQL_SWEEP_OUTBOX] = "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox "
			     "WHERE state >= 3 AND state < 5 AND broadcast = '' AND "
			     "changed_ms < ?1 ORDER BY changed_ms LIMIT ?2)",
	[SQL_SWEEP_ALLOW] = "DELETE FROM allow WHERE (key, member) IN (SELECT key, member "
			    "FROM allow WHERE until_ms <= ?1 ORDER BY until_ms LIMIT ?2)",
	[SQL_SWEEP_AUDIT] = "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit "
			    "WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2)",
	[SQL_SWEEP_AUDIT_MORE] = "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit "
				 "WHERE seq <= (SELECT max(seq) FROM audit) - ?1 "
				 "ORDER BY seq LIMIT ?2)",
};

_Static_assert(OUTBOUND_WAITING == 0 && OUTBOUND_CLAIMED == 1 && OUTBOUND_UNSURE == 2 &&
		       OUTBOUND_ACCEPTED == 3 && OUTBOUND_DEAD == 4 && OUTBOUND_PARKED == 5,
	       "outbound states are stored, and statements compare them");
_Static_assert(OUTBOUND_REPLY == 0 && OUTBOUND_BROADCAST == 1, "kinds are stored and compared");
_Static_assert(OUTBOUND_NO_REASON == 0 && OUTBOUND_FAILED == 1 && OUTBOUND_UNTOLD == 2 &&
		       OUTBOUND_REPLACED == 3 && OUTBOUND_OPTED_OUT == 4 &&
		       OUTBOUND_OUTSIDE_WINDOW == 5 && OUTBOUND_NOT_JOINED == 6 &&
		       OUTBOUND_BLOCKED == 7 && OUTBOUND_NO_VALUE == 8 && OUTBOUND_TOO_LONG == 9 &&
		       OUTBOUND_CANCELLED == 10,
	       "reasons are stored");
_Static_assert(BROADCAST_RUNNING == 0 && BROADCAST_PAUSED == 1 && BROADCAST_CANCELLED == 2 &&
		       BROADCAST_DONE == 3,
	       "broadcast states are stored, and statements compare them");
_Static_assert(REPLY_OPEN == 1 && REPLY_INLINE == 2 && REPLY_LATE == 3, "reply states are stored");
_Static_assert(CONSENT_NONE == 0 && CONSENT_IN == 1 && CONSENT_OUT == 2, "consents are stored");

const char *sqlite_sql_text(enum sqlite_sql id)
{
	return texts[id];
}
