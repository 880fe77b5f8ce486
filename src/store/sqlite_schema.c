/*
 * sqlite_schema.c - the tables, as a list of migrations.
 *
 * PRAGMA user_version counts the migrations a file has seen. A migration, once
 * released, is never changed: a new one follows it. Each runs in one
 * transaction together with its count.
 *
 * Rows with boxes are rowid tables (large rows make a poor index); the others
 * are WITHOUT ROWID. `line` holds the head of each contact's outbox line, so
 * that a claim need not look at rows that wait behind others. Rows of a broadcast
 * (kind 1) stand in outbox_queue instead, and broadcast_count counts them, so that
 * the indexes for lines and statistics do not grow with an audience.
 */
#include "sqlite_private.h"

#include <stdio.h>

static const char *const migrations[] = {
	"CREATE TABLE contact("
	" contact TEXT PRIMARY KEY NOT NULL, language TEXT NOT NULL,"
	" first_in_ms INTEGER NOT NULL, last_in_ms INTEGER NOT NULL,"
	" consent INTEGER NOT NULL, unfinished INTEGER NOT NULL) WITHOUT ROWID;"

	"CREATE TABLE session("
	" seq INTEGER PRIMARY KEY, contact TEXT NOT NULL UNIQUE,"
	" flow TEXT NOT NULL, flow_version INTEGER NOT NULL, step TEXT NOT NULL,"
	" shown_step TEXT NOT NULL, language TEXT NOT NULL, completed INTEGER NOT NULL,"
	" created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,"
	" revision INTEGER NOT NULL, call_id TEXT NOT NULL, call_due_ms INTEGER NOT NULL,"
	" box BLOB NOT NULL);"
	"CREATE INDEX session_expiry ON session(expires_ms);"
	"CREATE INDEX session_call ON session(call_due_ms) WHERE call_due_ms > 0;"

	"CREATE TABLE step_count("
	" step TEXT NOT NULL, completed INTEGER NOT NULL, sessions INTEGER NOT NULL,"
	" PRIMARY KEY(step, completed)) WITHOUT ROWID;"
	"CREATE TRIGGER session_added AFTER INSERT ON session BEGIN"
	" INSERT INTO step_count VALUES(new.shown_step, new.completed, 1)"
	"  ON CONFLICT(step, completed) DO UPDATE SET sessions = sessions + 1;"
	"END;"
	"CREATE TRIGGER session_moved AFTER UPDATE OF shown_step, completed ON session"
	" WHEN old.shown_step <> new.shown_step OR old.completed <> new.completed BEGIN"
	" UPDATE step_count SET sessions = sessions - 1"
	"  WHERE step = old.shown_step AND completed = old.completed;"
	" INSERT INTO step_count VALUES(new.shown_step, new.completed, 1)"
	"  ON CONFLICT(step, completed) DO UPDATE SET sessions = sessions + 1;"
	"END;"
	"CREATE TRIGGER session_gone AFTER DELETE ON session BEGIN"
	" UPDATE step_count SET sessions = sessions - 1"
	"  WHERE step = old.shown_step AND completed = old.completed;"
	"END;"

	"CREATE TABLE turn("
	" seq INTEGER PRIMARY KEY, contact TEXT NOT NULL, external_id TEXT NOT NULL,"
	" at_ms INTEGER NOT NULL, inbound BLOB NOT NULL, reply_state INTEGER NOT NULL,"
	" reply BLOB NOT NULL, UNIQUE(contact, external_id));"
	"CREATE INDEX turn_age ON turn(at_ms);"

	"CREATE TABLE outbox("
	" seq INTEGER PRIMARY KEY, id TEXT NOT NULL, kind INTEGER NOT NULL,"
	" channel TEXT NOT NULL, contact TEXT NOT NULL, created_ms INTEGER NOT NULL,"
	" due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, state INTEGER NOT NULL,"
	" external_id TEXT NOT NULL, status INTEGER NOT NULL, error_code INTEGER NOT NULL,"
	" changed_ms INTEGER NOT NULL, box BLOB NOT NULL, UNIQUE(contact, id));"
	"CREATE INDEX outbox_line ON outbox(contact, seq) WHERE state < 3;"
	"CREATE INDEX outbox_external ON outbox(contact, external_id) WHERE external_id <> '';"
	"CREATE INDEX outbox_state ON outbox(state) WHERE state <> 3;"
	"CREATE INDEX outbox_done ON outbox(changed_ms) WHERE state >= 3;"
	"CREATE TABLE line("
	" contact TEXT PRIMARY KEY NOT NULL, seq INTEGER NOT NULL, due_ms INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE INDEX line_due ON line(due_ms);"

	"CREATE TABLE record("
	" type TEXT NOT NULL, id TEXT NOT NULL, contact TEXT NOT NULL, state TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, fields BLOB NOT NULL,"
	" PRIMARY KEY(type, id));"
	"CREATE INDEX record_contact ON record(contact);"

	"CREATE TABLE consent("
	" seq INTEGER PRIMARY KEY, contact TEXT NOT NULL, at_ms INTEGER NOT NULL,"
	" consent INTEGER NOT NULL, external_id TEXT NOT NULL, words BLOB NOT NULL);"
	"CREATE INDEX consent_contact ON consent(contact, at_ms);"

	"CREATE TABLE allow("
	" key TEXT NOT NULL, member TEXT NOT NULL, at_ms INTEGER NOT NULL,"
	" until_ms INTEGER NOT NULL, PRIMARY KEY(key, member)) WITHOUT ROWID;"
	"CREATE INDEX allow_until ON allow(until_ms);",

	/* 2: broadcasts, consent outside of turns, audit */
	"ALTER TABLE outbox ADD COLUMN broadcast TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE outbox ADD COLUMN reason INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE outbox ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE outbox ADD COLUMN ask_ms INTEGER NOT NULL DEFAULT 0;"
	"DROP INDEX outbox_line;"
	"DROP INDEX outbox_state;"
	"DROP INDEX outbox_done;"
	"CREATE INDEX outbox_line ON outbox(contact, seq) WHERE state < 3 AND kind = 0;"
	"CREATE INDEX outbox_queue ON outbox(broadcast, due_ms) WHERE state < 3 AND kind = 1;"
	"CREATE INDEX outbox_broadcast ON outbox(broadcast) WHERE broadcast <> '';"
	"CREATE INDEX outbox_state ON outbox(state) WHERE state <> 3 AND broadcast = '';"
	"CREATE INDEX outbox_done ON outbox(changed_ms)"
	" WHERE state >= 3 AND state < 5 AND broadcast = '';"
	"CREATE INDEX outbox_ask ON outbox(ask_ms) WHERE ask_ms > 0;"
	"CREATE INDEX outbox_parked ON outbox(contact) WHERE state = 5;"
	"CREATE INDEX outbox_parked_age ON outbox(changed_ms) WHERE state = 5;"

	"ALTER TABLE contact ADD COLUMN consent_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE contact ADD COLUMN last_out_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE contact ADD COLUMN trouble_code INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE contact ADD COLUMN trouble_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE contact ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;"
	"UPDATE contact SET consent_ms = coalesce((SELECT max(at_ms) FROM consent"
	" WHERE consent.contact = contact.contact), 0);"

	"CREATE TABLE broadcast("
	" seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state INTEGER NOT NULL,"
	" why TEXT NOT NULL, why_code INTEGER NOT NULL, target_step TEXT NOT NULL,"
	" request_key TEXT NOT NULL, request_digest TEXT NOT NULL, created_ms INTEGER NOT NULL,"
	" send_at_ms INTEGER NOT NULL, round INTEGER NOT NULL, cursor TEXT NOT NULL,"
	" planned_ms INTEGER NOT NULL, planner_ms INTEGER NOT NULL, finished_ms INTEGER NOT NULL,"
	" revision INTEGER NOT NULL, box BLOB NOT NULL);"
	"CREATE UNIQUE INDEX broadcast_key ON broadcast(request_key) WHERE request_key <> '';"
	"CREATE INDEX broadcast_made ON broadcast(created_ms);"
	"CREATE INDEX broadcast_open ON broadcast(created_ms) WHERE state < 2;"
	"CREATE TABLE broadcast_count("
	" broadcast TEXT NOT NULL, state INTEGER NOT NULL, reason INTEGER NOT NULL,"
	" status INTEGER NOT NULL, error_code INTEGER NOT NULL,"
	" rows INTEGER NOT NULL CHECK(rows >= 0),"
	" PRIMARY KEY(broadcast, state, reason, status, error_code)) WITHOUT ROWID;"
	"CREATE INDEX broadcast_count_state ON broadcast_count(state, rows);"

	"CREATE TABLE audit("
	" seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, action TEXT NOT NULL,"
	" object TEXT NOT NULL, detail TEXT NOT NULL, request_id TEXT NOT NULL);"
	"CREATE INDEX audit_object ON audit(object);"
	"CREATE INDEX audit_age ON audit(at_ms);"

	"DROP INDEX record_contact;"
	"CREATE INDEX record_made ON record(type, created_ms, id);"
	"CREATE INDEX record_state ON record(type, state, created_ms, id);"
	"CREATE INDEX record_contact ON record(contact, type, created_ms, id);",

	/* 3: pages of broadcasts end between two of one millisecond as well */
	"DROP INDEX broadcast_made;"
	"DROP INDEX broadcast_open;"
	"CREATE INDEX broadcast_made ON broadcast(created_ms, id);"
	"CREATE INDEX broadcast_open ON broadcast(created_ms, id) WHERE state < 2;",

	/* 4: the writer counts sessions that move */
	"DROP TRIGGER session_moved;",
};

_Static_assert(SCHEMA_VERSION == sizeof migrations / sizeof *migrations, "one each");

static int execute(sqlite3 *db, const char *sql, const char *what, struct err *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(db, what, err);
	return 0;
}

static int read_version(sqlite3 *db, int *version_out, struct err *err)
{
	sqlite3_stmt *q = NULL;
	int ret = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW) {
		*version_out = sqlite3_column_int(q, 0);
		ret = 0;
	} else {
		(void)sqlite_fail(db, "version", err);
	}
	sqlite3_finalize(q);
	return ret;
}

static int migrate_one(sqlite3 *db, int from, struct err *err)
{
	char count[48];

	(void)snprintf(count, sizeof count, "PRAGMA user_version = %d", from + 1);
	if (execute(db, "BEGIN IMMEDIATE", "migrate", err) < 0)
		return -1;
	if (execute(db, migrations[from], "migrate", err) == 0 &&
	    execute(db, count, "migrate", err) == 0 && execute(db, "COMMIT", "migrate", err) == 0)
		return 0;
	(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* nothing to undo is fine too */
	return -1;
}

int sqlite_migrate(struct sqlite_conn *c, int version, struct err *err)
{
	int now;

	if (read_version(c->db, &now, err) < 0)
		return -1;
	if (now < 0 || now > version)
		return err_set(err, ERR_PERM,
			       "the database has schema %d, this program knows up to %d: it was "
			       "written by a newer samvad; run that one, or restore a backup",
			       now, version);
	for (; now < version; now++)
		if (migrate_one(c->db, now, err) < 0)
			return -1;
	return 0;
}
