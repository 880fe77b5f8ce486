/*
 * test_store_schema.c - the embedded store's tables: versions, plans by index, bounded
 * audit.
 */
#include "store_database.c"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "../../src/store/sqlite_private.h"

static void execute(struct fixture *f, const char *sql)
{
	sqlite3 *db = open_beside(f);

	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* ---- versions ---- */

static void a_newer_schema_is_refused(struct fixture *f)
{
	store_close(&f->store);
	execute(f, "PRAGMA user_version = 999");
	assert_int_equal(f->driver->open(f), -1);
	assert_int_equal(f->err.kind, ERR_PERM);
	assert_non_null(strstr(f->err.text, "newer"));
	assert_int_equal(ask(f, "SELECT count(*) FROM session"), 0); /* left as it was */
}

/* As the first version wrote it: a late reply under way, one behind it, one done; a consent. */
static const char old_rows[] =
	"INSERT INTO outbox VALUES"
	"(1, 'r1', 0, 'twilio', '" WHO "', 5, 5, 0, 0, '', 0, 0, 5, x'01'),"
	"(2, 'r2', 0, 'twilio', '" WHO "', 6, 6, 0, 0, '', 0, 0, 6, x'02'),"
	"(3, 'r3', 0, 'twilio', '" OTHER "', 7, 7, 1, 3, 'SM3', 3, 0, 8, x'03'),"
	"(4, 'r4', 0, 'twilio', '" OTHER "', 7, 7, 1, 4, '', 0, 63003, 8, x'04');"
	"INSERT INTO line VALUES('" WHO "', 1, 5);"
	"INSERT INTO contact VALUES('" WHO "', 'hi', 3, 4, 2, 1);"
	"INSERT INTO consent VALUES(1, '" WHO "', 11, 1, '', x''), (2, '" WHO "', 12, 2, '', x'');"
	"INSERT INTO record VALUES('registration', 'a', '" WHO "', 'new', 20, 20, x'05'),"
	"('registration', 'b', '" WHO "', 'done', 21, 21, x'06');";

static void write_first_version(struct fixture *f)
{
	struct sqlite_conn c = { 0 };

	store_close(&f->store);
	assert_int_equal(unlink(path_in(f, "samvad.db")), 0);
	close(open(path_in(f, "samvad.db"), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
	assert_int_equal(sqlite_conn_open(f->dir, ROLE_WRITER, 1000, &c, &f->err), 0);
	assert_int_equal(sqlite_migrate(&c, 1, &f->err), 0);
	assert_int_equal(sqlite3_exec(c.db, old_rows, NULL, NULL, NULL), SQLITE_OK);
	sqlite_conn_close(&c);
}

static void check_old_rows(struct fixture *f, const struct store_driver *d, void *self)
{
	struct driver_claim *claims;
	struct driver_outbound row;
	struct driver_record *records;
	struct driver_view v = { .has_session = false };
	const char *next;
	size_t n;

	assert_int_equal(
		d->outbox_claim(self, NULL, 0, NOW, NOW + 1, 9, &f->a, &claims, &n, &f->err), 0);
	assert_int_equal(n, 1); /* the first of the line */
	assert_string_equal(claims[0].row.id, "r1");
	assert_string_equal(claims[0].row.broadcast, "");
	assert_memory_equal(claims[0].row.box.p, "\x01", 1);
	assert_int_equal(claims[0].facts.consent, CONSENT_OUT);
	assert_int_equal(d->outbox_get(self, OTHER, "", "SM3", &f->a, &row, &f->err), 1);
	assert_int_equal(row.status, STATUS_SENT);
	assert_int_equal(d->load(self, WHO, NULL, NOW, &f->a, &v, &f->err), 0);
	assert_true(v.facts.known);
	assert_int_equal(v.facts.consent_ms, 12);
	assert_string_equal(v.facts.language, "hi");
	assert_int_equal(d->record_list(self, "registration", WHO, "", "", 9, &f->a, &records, &n,
					&next, &f->err),
			 0);
	assert_int_equal(n, 2);
	assert_string_equal(records[0].id, "b");
	assert_true(d->sweep(self, NOW, &f->err) > 0);
	assert_int_equal(d->outbox_get(self, OTHER, "r4", "", &f->a, &row, &f->err), 0);
}

static void the_first_schema_is_taken_over(struct fixture *f)
{
	const struct store_driver *driver;
	void *self;

	write_first_version(f);
	assert_int_equal(driver_sqlite_open(&f->set, &driver, &self, &f->err), 0);
	check_old_rows(f, driver, self);
	driver->close(self);
	assert_int_equal(ask(f, "PRAGMA user_version"), SCHEMA_VERSION);
	/* Nobody who moves is counted twice. */
	assert_int_equal(ask(f, "SELECT count(*) FROM sqlite_schema WHERE name = 'session_moved'"),
			 0);
	assert_int_equal(f->driver->open(f), 0);
}

/* ---- plans ---- */

/* Only the handful of rows of step_count, and SQLite's own schema, may be read through. */
static bool may_scan(const char *detail)
{
	static const char *const fine[] = { "SCAN CONSTANT ROW", "SCAN step_count", "SCAN 1 ",
					    "SCAN (subquery", "SCAN sqlite_master" };

	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
		if (strncmp(detail, fine[i], strlen(fine[i])) == 0)
			return true;
	return false;
}

static void every_statement_uses_an_index(struct fixture *f)
{
	sqlite3 *db = open_beside(f);
	int explained = 0;

	for (int id = 0; id < SQL_COUNT; id++) {
		const char *sql = sqlite_sql_text((enum sqlite_sql)id);
		sqlite3_stmt *q = NULL;

		if (sqlite3_prepare_v2(db, arena_printf(&f->a, "EXPLAIN QUERY PLAN %s", sql), -1,
				       &q, NULL) != SQLITE_OK)
			fail_msg("%s: %s", sql, sqlite3_errmsg(db));
		while (sqlite3_step(q) == SQLITE_ROW) {
			const char *detail = (const char *)sqlite3_column_text(q, 3);

			explained++;
			if (strstr(detail, "SCAN") && !may_scan(detail))
				fail_msg("%s: %s", sql, detail);
			if (strstr(detail, "TEMP B-TREE") && id != SQL_STATS_STEPS)
				fail_msg("%s: %s", sql, detail);
			if (strstr(detail, "AUTOMATIC"))
				fail_msg("%s: %s", sql, detail);
		}
		sqlite3_finalize(q);
	}
	sqlite3_close(db);
	assert_true(explained > 20);
}

/* ---- bounds ---- */

static void the_audit_has_a_limit(struct fixture *f)
{
	struct audit_entry *list;
	size_t n;

	execute(f,
		"WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 100300)"
		" INSERT INTO audit SELECT NULL, 1790000000000 + i, 'a', 'o', '', '' FROM r");
	assert_true(store_sweep(f->store, NOW, &f->err) > 0);
	assert_int_equal(ask(f, "SELECT count(*) FROM audit"), DRIVER_AUDIT_MAX);
	assert_int_equal(store_audit_list(f->store, "o", 1, &f->a, &list, &n, &f->err), 0);
	assert_int_equal(list[0].at_ms, NOW + 100300);
}

static const struct contract_case cases[] = {
	{ .name = "a newer schema is refused", .run = a_newer_schema_is_refused },
	{ .name = "the first schema is taken over", .run = the_first_schema_is_taken_over },
	{ .name = "every statement uses an index", .run = every_statement_uses_an_index },
	{ .name = "the audit has a limit", .run = the_audit_has_a_limit },
};

int main(void)
{
	return contract_run_on("sqlite", "store schema", cases, sizeof cases / sizeof *cases);
}
