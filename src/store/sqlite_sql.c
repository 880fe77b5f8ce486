/*
 * sqlite_sql.c - statements, prepared once per connection, and the few words to
 * bind, step and read. Their texts are in sqlite_text.c.
 */
#include "sqlite_private.h"

#include <errno.h>
#include <string.h>

sqlite3_stmt *sqlite_sql(struct sqlite_conn *c, enum sqlite_sql id, struct err *err)
{
	sqlite3_stmt **q = &c->kept[id];

	if (!*q && sqlite3_prepare_v3(c->db, sqlite_sql_text(id), -1, SQLITE_PREPARE_PERSISTENT, q,
				      NULL) != SQLITE_OK) {
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
