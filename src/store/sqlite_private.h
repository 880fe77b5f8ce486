/*
 * sqlite_private.h - inside of the SQLite driver.
 *
 * sqlite_file.c opens folder, lock and connections; sqlite_sql.c keeps prepared
 * statements; sqlite_writer.c is the one thread that writes, in groups;
 * sqlite_checkpoint.c moves the log into the database beside it; sqlite_turn.c,
 * sqlite_queue.c and sqlite_house.c say what is read and written; sqlite.c
 * ties them together and lends out the readers.
 *
 * Locks, in this order, never two at once: readers.lock, writer.lock, checkpoint.lock.
 */
#ifndef SAMVAD_STORE_SQLITE_PRIVATE_H
#define SAMVAD_STORE_SQLITE_PRIVATE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "driver_private.h"

/* ---- statements (sqlite_sql.c) ---- */

enum sqlite_sql {
	SQL_BEGIN_WRITE,
	SQL_BEGIN_READ,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_JOB_BEGIN,
	SQL_JOB_END,
	SQL_JOB_UNDO,
	SQL_PING,
	SQL_LOAD,
	SQL_REPLY,
	SQL_REPLY_SET,
	SQL_TURN_ADD,
	SQL_REVISION,
	SQL_SESSION_ADD,
	SQL_SESSION_SET,
	SQL_CONTACT_SET,
	SQL_CONSENT_ADD,
	SQL_RECORD_SET,
	SQL_RECORD_GET,
	SQL_CALLS_DUE,
	SQL_CALL_LEASE,
	SQL_CALL_RENEW,
	SQL_ALLOW_MEMBER,
	SQL_ALLOW_COUNT,
	SQL_ALLOW_SET,
	SQL_OUTBOX_ADD,
	SQL_OUTBOX_DUE,
	SQL_OUTBOX_BY_SEQ,
	SQL_OUTBOX_BY_ID,
	SQL_OUTBOX_BY_EXTERNAL,
	SQL_OUTBOX_SET,
	SQL_LINE_FIRST,
	SQL_LINE_SET,
	SQL_LINE_CLEAR,
	SQL_STATS_STEPS,
	SQL_STATS_OUTBOX,
	SQL_STATS_CALLS,
	SQL_SWEEP_SESSIONS,
	SQL_SWEEP_TURNS,
	SQL_SWEEP_OUTBOX,
	SQL_SWEEP_ALLOW,
	SQL_COUNT,
};

struct sqlite_conn {
	sqlite3 *db;
	sqlite3_stmt *kept[SQL_COUNT]; /* prepared at first use */
	struct sqlite_conn *next;      /* in the pool */
};

const char *sqlite_sql_text(enum sqlite_sql id);
/* The statement, reset and without bindings; NULL with err. */
sqlite3_stmt *sqlite_sql(struct sqlite_conn *c, enum sqlite_sql id, struct err *err);
void sqlite_sql_free(struct sqlite_conn *c);
/* What is bound must live until the statement is reset (sqlite_done). */
void sqlite_bind(sqlite3_stmt *q, int i, const char *text); /* NULL: NULL */
void sqlite_bind_int(sqlite3_stmt *q, int i, int64_t n);
void sqlite_bind_box(sqlite3_stmt *q, int i, struct str box);
const char *sqlite_text(sqlite3_stmt *q, int i, struct arena *a); /* NULL: "" */
struct str sqlite_box(sqlite3_stmt *q, int i, struct arena *a);
/* 1 a row, 0 no more, -1. */
int sqlite_step(struct sqlite_conn *c, sqlite3_stmt *q, struct err *err);
/* Resets; q may be NULL. Returns ret. */
int sqlite_done(sqlite3_stmt *q, int ret);
/* Steps to the end and resets. 0 or -1. */
int sqlite_run(struct sqlite_conn *c, sqlite3_stmt *q, struct err *err);
/* A statement without parameters. */
int sqlite_do(struct sqlite_conn *c, enum sqlite_sql id, struct err *err);
/* Says in err what the connection's last error means; returns -1. */
int sqlite_fail(sqlite3 *db, const char *what, struct err *err);

/* ---- folder, lock, connections (sqlite_file.c) ---- */

/* Makes the folder and the files with their modes and takes the lock. Returns
 * the lock's descriptor, or -1: ERR_PERM in use by another process or not writable. */
int sqlite_folder_open(const char *dir, struct err *err);
enum sqlite_role { ROLE_WRITER, ROLE_READER, ROLE_CHECKPOINTER };
int sqlite_conn_open(const char *dir, enum sqlite_role role, int timeout_ms,
		     struct sqlite_conn *c_out, struct err *err);
void sqlite_conn_close(struct sqlite_conn *c);
/* Brings the schema to this program's version. -1 ERR_PERM: it is newer. */
int sqlite_migrate(struct sqlite_conn *c, struct err *err);

/* ---- checkpoints (sqlite_checkpoint.c) ---- */

struct sqlite_checkpoint {
	struct sqlite_conn conn;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* guards wanted, stop */
	pthread_cond_t wake;
	bool wanted;
	bool stop;
	atomic_bool
		finish; /* most is copied: the writer copies the rest, then the log starts anew */
};

int sqlite_checkpoint_open(struct sqlite_checkpoint *k, const char *dir, int timeout_ms,
			   struct err *err);
void sqlite_checkpoint_close(struct sqlite_checkpoint *k);
/* The writer calls this between groups, with the length of the log in pages. */
void sqlite_checkpoint_consider(struct sqlite_checkpoint *k, struct sqlite_conn *writer,
				int log_pages);

/* ---- the writer (sqlite_writer.c) ---- */

struct sqlite_job;

struct sqlite_writer {
	struct sqlite_conn conn;
	struct sqlite_checkpoint *checkpoint;
	int timeout_ms;
	int log_pages; /* of the write-ahead log, after the last commit; the thread's */
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* guards the queue, stop, and each job's state */
	pthread_cond_t wake;
	struct sqlite_job *first;
	struct sqlite_job **end;
	bool stop;
};

/* Runs inside the writer's transaction, in a savepoint of its own: -1 undoes
 * it. Everything arg points to is free again when sqlite_write returns. */
typedef int (*sqlite_work)(struct sqlite_conn *c, void *arg, struct err *err);

int sqlite_writer_start(struct sqlite_writer *w, struct sqlite_checkpoint *checkpoint,
			int timeout_ms, struct err *err); /* conn is open */
void sqlite_writer_stop(struct sqlite_writer *w);
/* Returns what work returned once it is on disk, or -1: ERR_TEMP and ERR_FULL
 * nothing was done, ERR_UNSURE the disk has not answered in time. */
int sqlite_write(struct sqlite_writer *w, sqlite_work work, void *arg, struct err *err);

/* ---- the driver ---- */

enum { POOL_READERS = 4 };

struct sqlite_store {
	int lock_fd;
	int timeout_ms;
	int64_t seen_keep_ms;
	struct sqlite_writer writer;
	struct sqlite_checkpoint checkpoint;
	struct sqlite_conn readers[POOL_READERS];
	pthread_mutex_t readers_lock; /* guards idle */
	pthread_cond_t readers_wake;
	struct sqlite_conn *idle;
};

/* Waits at most the time limit for an idle reader. NULL with ERR_TEMP. */
struct sqlite_conn *sqlite_reader(struct sqlite_store *s, struct err *err);
void sqlite_reader_return(struct sqlite_store *s, struct sqlite_conn *c);

/* Inside a job: appends rows to their contact's line. */
int sqlite_outbox_add(struct sqlite_conn *c, const char *contact,
		      const struct driver_outbound *rows, size_t count, struct err *err);

/* Driver functions: see driver_private.h. */
int sqlite_load(void *self, const char *contact, const char *external_id, int64_t now_ms,
		struct arena *a, struct driver_view *view_out, struct err *err);
int sqlite_commit(void *self, const struct driver_turn *t, enum commit_result *result_out,
		  bool *inline_out, struct err *err);
int sqlite_reply_load(void *self, const char *contact, const char *external_id, struct arena *a,
		      enum reply_state *state_out, struct str *box_out, struct err *err);
int sqlite_reply_decide(void *self, const char *contact, const char *external_id, struct str box,
			struct arena *a, enum reply_state *state_out, struct str *box_out,
			struct err *err);
int sqlite_reply_divert(void *self, const char *contact, const char *external_id,
			struct str notice_box, const struct driver_outbound *rows, size_t row_count,
			bool *done_out, struct err *err);
int sqlite_calls_claim(void *self, int64_t now_ms, int64_t lease_ms, unsigned max, struct arena *a,
		       struct call_due **due_out, size_t *count_out, struct err *err);
int sqlite_call_renew(void *self, const char *contact, const char *call_id, int64_t lease_ms,
		      struct err *err);
int sqlite_allow(void *self, const char *key, const char *member, unsigned limit, int64_t window_ms,
		 int64_t now_ms, struct err *err);
int sqlite_outbox_claim(void *self, const char *broadcast, int64_t pace_ms, int64_t now_ms,
			int64_t lease_ms, unsigned max, struct arena *a,
			struct driver_claim **claims_out, size_t *count_out, struct err *err);
int sqlite_outbox_settle(void *self, const struct driver_outbound *rows, size_t count,
			 int64_t now_ms, struct err *err);
int sqlite_status_apply(void *self, const char *contact, const char *our_id,
			const char *external_id, enum status status, int error_code, int64_t now_ms,
			struct err *err);
int sqlite_outbox_get(void *self, const char *contact, const char *id, const char *external_id,
		      struct arena *a, struct driver_outbound *row_out, struct err *err);
int sqlite_record_get(void *self, const char *type, const char *id, struct arena *a,
		      struct driver_record *record_out, struct err *err);
int sqlite_stats(void *self, int64_t now_ms, struct arena *a, struct store_stats *stats_out,
		 struct err *err);
int sqlite_sweep(void *self, int64_t now_ms, struct err *err);

#endif
