/*
 * sqlite_file.c - the data folder: modes, the lock that keeps a second process
 * out, and connections with their settings.
 *
 * SQLite gives the log and its index the mode of the database file, so that
 * one is made with 0600 before SQLite sees it.
 */
#include "sqlite_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

enum { PATH_SIZE = 4096, FILE_MODE = 0600 };

static int path_of(const char *dir, const char *name, char out[PATH_SIZE], struct err *err)
{
	int n = snprintf(out, PATH_SIZE, "%s/%s", dir, name);

	if (n < 0 || n >= PATH_SIZE)
		return err_set(err, ERR_INPUT, "the data folder's path is too long");
	return 0;
}

/* Opens or makes a file that only we may read; *new_out: it was not there. */
static int open_private(const char *path, bool *new_out, struct err *err)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(path, flags);

	*new_out = fd < 0 && errno == ENOENT;
	if (*new_out)
		fd = open(path, flags | O_CREAT, FILE_MODE);
	if (fd < 0)
		return err_set(err, errno == ENOSPC ? ERR_FULL : ERR_PERM, "'%s': %s", path,
			       strerror(errno));
	if (fchmod(fd, FILE_MODE) < 0) {
		(void)err_set(err, ERR_PERM, "'%s' belongs to somebody else: %s", path,
			      strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static int in_use(int fd, const char *dir, struct err *err)
{
	char pid[24] = "";
	ssize_t n = pread(fd, pid, sizeof pid - 1, 0);

	if (n < 0)
		n = 0;
	pid[n] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	return err_set(err, ERR_PERM,
		       "the data folder '%s' is in use by another samvad (process %s): stop that "
		       "one, give this one its own DATA_DIR, or share the work through REDIS_URL",
		       dir, *pid ? pid : "unknown");
}

static int take_lock(const char *dir, struct err *err)
{
	char path[PATH_SIZE], pid[24];
	bool is_new;
	int fd, n;

	if (path_of(dir, "samvad.lock", path, err) < 0)
		return -1;
	fd = open_private(path, &is_new, err);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			(void)in_use(fd, dir, err);
		else
			(void)err_set(err, ERR_PERM, "lock '%s': %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	/* For people only: the lock holds without it, also on a full disk. */
	n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, pid, (size_t)n, 0);
	return fd;
}

static int sync_folder(const char *dir, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = fd < 0 || fsync(fd) < 0 ? -1 : 0;

	if (ret < 0)
		(void)err_set(err, ERR_PERM, "data folder '%s': %s", dir, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret;
}

static int make_database(const char *dir, struct err *err)
{
	char path[PATH_SIZE];
	bool is_new;
	int fd;

	if (path_of(dir, "samvad.db", path, err) < 0)
		return -1;
	fd = open_private(path, &is_new, err);
	if (fd < 0)
		return -1;
	/* SQLite has no lock on it yet that closing could drop. */
	close(fd);
	return is_new ? sync_folder(dir, err) : 0;
}

int sqlite_folder_open(const char *dir, struct err *err)
{
	int lock_fd;

	if (!dir || !*dir)
		return err_set(err, ERR_INPUT, "no data folder is set");
	if (folder_make(dir, err) < 0)
		return -1;
	lock_fd = take_lock(dir, err);
	if (lock_fd < 0)
		return -1;
	if (make_database(dir, err) < 0) {
		close(lock_fd);
		return -1;
	}
	return lock_fd;
}

static const char *const settings[] = {
	[ROLE_WRITER] = "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
			"PRAGMA cache_size = -8000; PRAGMA journal_size_limit = 67108864;"
			"PRAGMA trusted_schema = OFF",
	[ROLE_READER] = "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;"
			"PRAGMA cache_size = -2000; PRAGMA trusted_schema = OFF",
	[ROLE_CHECKPOINTER] = "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
			      "PRAGMA cache_size = -100; PRAGMA trusted_schema = OFF",
};

static int use_log(sqlite3 *db, struct err *err)
{
	sqlite3_stmt *q = NULL;
	int ret = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &q, NULL) != SQLITE_OK ||
	    sqlite3_step(q) != SQLITE_ROW)
		(void)sqlite_fail(db, "open", err);
	else if (strcmp((const char *)sqlite3_column_text(q, 0), "wal") != 0)
		(void)err_set(err, ERR_PERM,
			      "the data folder's file system has no shared memory: SQLite cannot "
			      "keep a write-ahead log there");
	else
		ret = 0;
	sqlite3_finalize(q);
	return ret;
}

int sqlite_conn_open(const char *dir, enum sqlite_role role, int timeout_ms,
		     struct sqlite_conn *c_out, struct err *err)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	char path[PATH_SIZE];

	if (path_of(dir, "samvad.db", path, err) < 0)
		return -1;
	if (sqlite3_open_v2(path, &c_out->db, flags, NULL) != SQLITE_OK) {
		if (c_out->db)
			return sqlite_fail(c_out->db, "open", err);
		return err_set(err, ERR_TEMP, "sqlite: no memory");
	}
	(void)sqlite3_extended_result_codes(c_out->db, 1);
	(void)sqlite3_busy_timeout(c_out->db, timeout_ms);
	if (role == ROLE_WRITER && use_log(c_out->db, err) < 0)
		return -1;
	if (sqlite3_exec(c_out->db, settings[role], NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(c_out->db, "settings", err);
	return 0;
}

void sqlite_conn_close(struct sqlite_conn *c)
{
	sqlite_sql_free(c);
	(void)sqlite3_close(c->db); /* NULL is fine; every statement is finalised */
	c->db = NULL;
}
