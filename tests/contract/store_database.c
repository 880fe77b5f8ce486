/*
 * store_database.c - a look into the embedded store's file, beside the store that has it open.
 * Included by the test, as store_fixture.c is.
 */
#include <sqlite3.h>

#include "store_fixture.c"

static const char *path_in(struct fixture *f, const char *name)
{
	return arena_printf(&f->a, "%s/%s", f->dir, name);
}

static sqlite3 *open_beside(struct fixture *f)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path_in(f, "samvad.db"), &db), SQLITE_OK);
	return db;
}

static int64_t ask(struct fixture *f, const char *sql)
{
	sqlite3 *db = open_beside(f);
	sqlite3_stmt *q = NULL;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return n;
}
