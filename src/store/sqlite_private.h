/*
 * sqlite_private.h - inside of the SQLite driver.
 *
 * sqlite_file.c opens folder, lock and connections; sqlite_text.c and sqlite_sql.c keep
 * prepared statements; sqlite_writer.c is the one thread that writes, in groups;
 * sqlite_checkpoint.c moves the log into the database beside it; sqlite_steps.c counts
 * sessions; sqlite_row.c keeps outbox rows with all that follows from them; sqlite_turn.c,
 * _contact.c, _claim.c, _queue.c, _broadcast.c, _audience.c, _record.c, _house.c and _sweep.c say
 * what is read and written; sqlite.c ties them together and lends out the readers.
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
	SQL_STORED,
	SQL_SESSION_ADD,
	SQL_SESSION_SET,
	SQL_CONTACT_SET,
	SQL_CONTACT_FACTS,
	SQL_CONTACT_ADD,
	SQL_CONTACT_CONSENT,
	SQL_CONTACT_OUT,
	SQL_CONTACT_TROUBLE,
	SQL_CONTACT_PARKED,
	SQL_CONTACT_MEET,
	SQL_CONSENT_ADD,
	SQL_CONSENT_LIST,
	SQL_RECORD_SET,
	SQL_RECORD_GET,
	SQL_RECORD_ALL,
	SQL_RECORD_IN_STATE,
	SQL_RECORD_OF,
	SQL_RECORD_MOVE,
	SQL_AUDIT_ADD,
	SQL_AUDIT_ALL,
	SQL_AUDIT_OF,
	SQL_CALLS_DUE,
	SQL_CALL_LEASE,
	SQL_CALL_RENEW,
	SQL_ALLOW_MEMBER,
	SQL_ALLOW_COUNT,
	SQL_ALLOW_SET,
	SQL_OUTBOX_ADD,
	SQL_OUTBOX_DUE,
	SQL_OUTBOX_QUEUE_DUE,
	SQL_OUTBOX_BY_SEQ,
	SQL_OUTBOX_BY_ID,
	SQL_OUTBOX_BY_EXTERNAL,
	SQL_OUTBOX_PAGE,
	SQL_OUTBOX_ASK,
	SQL_OUTBOX_PARKED,
	SQL_OUTBOX_PARKED_OLD,
	SQL_OUTBOX_SET,
	SQL_OUTBOX_TO_END,
	SQL_OUTBOX_DELETE,
	SQL_LINE_FIRST,
	SQL_LINE_SET,
	SQL_LINE_CLEAR,
	SQL_BROADCAST_ADD,
	SQL_BROADCAST_GET,
	SQL_BROADCAST_BY_KEY,
	SQL_BROADCAST_SET,
	SQL_BROADCAST_ALL,
	SQL_BROADCAST_OPEN,
	SQL_BROADCAST_OLD,
	SQL_BROADCAST_DELETE,
	SQL_COUNT_ADD,
	SQL_COUNT_MOVE,
	SQL_COUNT_LIST,
	SQL_COUNT_DELETE,
	SQL_AUDIENCE,
	SQL_STEP_MOVE,
	SQL_STATS_STEPS,
	SQL_STATS_OUTBOX,
	SQL_STATS_DEAD,
	SQL_STATS_CALLS,
	SQL_SWEEP_SESSIONS,
	SQL_SWEEP_TURNS,
	SQL_SWEEP_OUTBOX,
	SQL_SWEEP_ALLOW,
	SQL_SWEEP_AUDIT,
	SQL_SWEEP_AUDIT_MORE,
	SQL_COUNT,
};

struct sqlite_place {			 /* where a session stands */
	char step[SESSION_NAME_MAX + 1]; /* as people see it */
	bool completed;
};

/* Sessions more or less in a place, not written yet: sqlite_steps.c. */
struct sqlite_steps {
	struct sqlite_steps_line {
		struct sqlite_place at;
		int more;
	} lines[32];
	size_t n;
};

struct sqlite_conn {
	sqlite3 *db;
	struct sqlite_steps steps;     /* the writer's, of its open savepoint */
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
enum { SCHEMA_VERSION = 4 }; /* this program's */
/* Brings the schema to this version (an older one: for tests). -1 ERR_PERM: it is newer. */
int sqlite_migrate(struct sqlite_conn *c, int version, struct err *err);

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

enum group_state { GROUP_QUEUED, GROUP_RUNNING, GROUP_COMMITTING };

/* Jobs of one transaction. Held by the writer and by each waiter; the last one frees it. */
struct sqlite_group {
	struct sqlite_group *next;
	enum group_state state;	  /* guarded by the writer's lock */
	struct sqlite_job *first; /* as are these three while QUEUED; then they are the writer's */
	struct sqlite_job **end;
	int count;
	atomic_int told; /* 0, or 1: the results are the waiters' from here on */
	atomic_int held;
};

struct sqlite_writer {
	struct sqlite_conn conn;
	struct sqlite_checkpoint *checkpoint;
	int timeout_ms;
	int log_pages; /* of the write-ahead log, after the last commit; the thread's */
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* guards the queue, stop, and how far each group is */
	pthread_cond_t wake;
	struct sqlite_group *first; /* the queue: groups that were not begun */
	struct sqlite_group *last;  /* means something only while there is a first */
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
/* The same, cheaper, for work that may be undone and run a second time: it
 * overwrites what it put into arg, and adds to no list. */
int sqlite_write_twice(struct sqlite_writer *w, sqlite_work work, void *arg, struct err *err);

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

/* ---- steps (sqlite_steps.c): inside a job ---- */

void sqlite_place_set(struct sqlite_place *p, const char *step, bool completed);
int sqlite_steps_move(struct sqlite_conn *c, const struct sqlite_place *from,
		      const struct sqlite_place *to, struct err *err);
/* The writer calls this before it ends a savepoint. */
int sqlite_steps_write(struct sqlite_conn *c, struct err *err);

/* ---- outbox rows (sqlite_row.c): all but reading is inside a job ---- */

struct sqlite_row {
	int64_t seq; /* its place in its line, and among the rows of its broadcast */
	struct driver_outbound o;
	unsigned asked; /* how often the provider was asked about it */
	int64_t ask_ms; /* when it is to be asked next; 0: not at all */
};

/* What a job changes in the counts of broadcasts: collected, then written at once. */
struct sqlite_tally {
	struct sqlite_tally_line {
		char broadcast[ID_HEX_SIZE];
		struct broadcast_count count;
	} lines[32];
	size_t n;
};
int sqlite_tally_write(struct sqlite_conn *c, struct sqlite_tally *t, struct err *err);

void sqlite_row_read(sqlite3_stmt *q, struct arena *a, struct sqlite_row *r);
/* One row by two keys (contact and id or external id). 1/0/-1. */
int sqlite_row_find(struct sqlite_conn *c, enum sqlite_sql id, const char *contact, const char *key,
		    struct arena *a, struct sqlite_row *r, struct err *err);
/* All that the bound statement finds, at most max; resets it. */
int sqlite_rows_read(struct sqlite_conn *c, sqlite3_stmt *q, size_t max, struct arena *a,
		     struct sqlite_row **rows_out, size_t *count_out, struct err *err);
/* At the end of its line, or into its broadcast's queue. 1, or 0 when it is there already. */
int sqlite_row_add(struct sqlite_conn *c, struct sqlite_tally *t, const struct driver_outbound *o,
		   int64_t now_ms, struct err *err);
/* Writes the row, and its line, counts and contact as they follow from it. */
int sqlite_row_change(struct sqlite_conn *c, struct sqlite_tally *t,
		      const struct sqlite_row *before, struct sqlite_row *after, int64_t now_ms,
		      struct err *err);
int sqlite_row_delete(struct sqlite_conn *c, struct sqlite_tally *t, const struct sqlite_row *r,
		      struct err *err);
/* The row behind all others of its line. */
int sqlite_row_to_end(struct sqlite_conn *c, struct sqlite_row *r, struct err *err);
/* Something was heard of it: when to ask the provider, if ever. */
void sqlite_row_heard(struct sqlite_row *r, int64_t now_ms);
/* Rows of a turn. */
int sqlite_outbox_add(struct sqlite_conn *c, const struct driver_outbound *rows, size_t count,
		      struct err *err);

/* ---- what is read in several places ---- */

enum { FACT_COUNT = 10 }; /* columns */
/* From column `first` on. */
void sqlite_read_facts(sqlite3_stmt *q, int first, struct contact_facts *f);
void sqlite_read_session(sqlite3_stmt *q, int first, struct arena *a, struct driver_session *s);
/* *facts_out is zeroed when the contact is unknown. */
int sqlite_facts(struct sqlite_conn *c, const char *contact, struct contact_facts *facts_out,
		 struct err *err);

/* Inside a job; a contact that is not there is added. */
int sqlite_contact_out(struct sqlite_conn *c, const char *contact, int64_t now_ms, struct err *err);
int sqlite_contact_park(struct sqlite_conn *c, const char *contact, int more, struct err *err);
/* The ledger's row and the contact's consent. */
int sqlite_consent_write(struct sqlite_conn *c, const char *contact,
			 const struct driver_consent *consent, struct err *err);
/* e may be NULL: nothing. */
int sqlite_audit_write(struct sqlite_conn *c, const struct audit_entry *e, struct err *err);

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
int sqlite_outbox_replace(void *self, const char *id, enum status status, int error_code,
			  const struct driver_outbound *successor, int64_t now_ms, struct err *err);
int sqlite_outbox_unpark(void *self, const char *contact, int64_t now_ms, struct err *err);
int sqlite_status_claim(void *self, int64_t now_ms, unsigned max, struct arena *a,
			struct driver_outbound **rows_out, size_t *count_out, struct err *err);
int sqlite_consent_add(void *self, const char *contact, const struct driver_consent *consent,
		       struct err *err);
int sqlite_consent_list(void *self, const char *contact, unsigned max, struct arena *a,
			struct driver_consent **list_out, size_t *count_out, struct err *err);
int sqlite_trouble_set(void *self, const char *contact, int code, int64_t now_ms, struct err *err);
int sqlite_audit_add(void *self, const struct audit_entry *e, struct err *err);
int sqlite_audit_list(void *self, const char *object, unsigned max, struct arena *a,
		      struct audit_entry **list_out, size_t *count_out, struct err *err);
int sqlite_broadcast_create(void *self, const struct driver_broadcast *b,
			    const struct audit_entry *audit, struct arena *a,
			    struct driver_broadcast *existing_out, struct err *err);
int sqlite_broadcast_get(void *self, const char *id, struct arena *a,
			 struct driver_broadcast *b_out, struct err *err);
int sqlite_broadcast_find(void *self, const char *request_key, struct arena *a,
			  struct driver_broadcast *b_out, struct err *err);
int sqlite_broadcast_change(void *self, const struct driver_broadcast *b,
			    const struct audit_entry *audit, struct err *err);
int sqlite_broadcast_list(void *self, bool open_only, int64_t before_ms, const char *before_id,
			  unsigned max, struct arena *a, struct driver_broadcast **list_out,
			  size_t *count_out, struct err *err);
int sqlite_broadcast_counts(void *self, const char *id, struct arena *a,
			    struct broadcast_count **list_out, size_t *count_out, struct err *err);
int sqlite_audience_page(void *self, const char *step, const char *cursor, unsigned max,
			 bool with_boxes, int64_t now_ms, struct arena *a,
			 struct driver_member **list_out, size_t *count_out, const char **next_out,
			 struct err *err);
int sqlite_recipients_add(void *self, const struct driver_outbound *rows, size_t count,
			  struct err *err);
int sqlite_recipients_page(void *self, const char *broadcast, const char *cursor, unsigned max,
			   struct arena *a, struct driver_outbound **rows_out, size_t *count_out,
			   const char **next_out, struct err *err);
int sqlite_record_get(void *self, const char *type, const char *id, struct arena *a,
		      struct driver_record *record_out, struct err *err);
int sqlite_record_list(void *self, const char *type, const char *contact, const char *state,
		       const char *cursor, unsigned max, struct arena *a,
		       struct driver_record **list_out, size_t *count_out, const char **next_out,
		       struct err *err);
int sqlite_record_change(void *self, const char *type, const char *id, const char *from,
			 const char *to, int64_t now_ms, const struct audit_entry *audit,
			 struct err *err);
int sqlite_stats(void *self, int64_t now_ms, struct arena *a, struct store_stats *stats_out,
		 struct err *err);
int sqlite_sweep(void *self, int64_t now_ms, struct err *err);

#endif
