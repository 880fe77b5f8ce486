/*
 * driver_private.h - what a store driver provides.
 *
 * store.c is the only caller: it has checked every argument, sealed what is
 * private and measures around each call. To a driver, sealed parts are bytes.
 *
 * A driver
 *  1. MUST make every write one atomic step, durable when it returns 0
 *     (SQLite: fsynced; Redis: as durable as the server is set up).
 *  2. MUST return within the time limit of its settings, whatever happens; stats() over
 *     a network: each page within it, the whole within twenty.
 *  3. MUST tell apart ERR_TEMP (nothing was done), ERR_FULL (no space, nothing
 *     was done) and ERR_UNSURE (a write was sent and its answer lost). When in
 *     doubt it is UNSURE.
 *  4. MUST NOT repeat a write by itself unless it is certain that the first
 *     one was not executed.
 *  5. MUST treat a session whose expires_ms is at or before now_ms as absent.
 *  6. MUST keep a turn at least seen_keep_ms, and hand its reply out unchanged.
 *  7. MUST check in commit, inside the step: first the external id (SEEN),
 *     then the revision, and what was held (rule_held; both CONFLICT); either stores
 *     nothing. An absent or expired session has revision 0 and the stored one gets
 *     `revision` + 1.
 *  8. MUST hand out of one contact at most one outbox row at a time, oldest first.
 *  9. MUST be callable from any thread without outside locks.
 * 10. MUST put what it loads into the arena given; MAY NOT keep pointers into
 *     arguments after it returns.
 * 11. MAY delete what has passed its time at any moment, and does so at the
 *     latest in sweep().
 * 12. MUST keep a broadcast's counts in the same step as the rows they count: a count for each
 *     (state, reason, status, error code) that occurs, never negative.
 * 13. MUST leave consent and the facts below it alone in commit, unless the turn carries a
 *     consent event (then its ledger row is added, and consent and consent_ms are written if it
 *     is another consent than before).
 * 14. MAY NOT log, retry, seal, or read a clock for data (now_ms is given).
 */
#ifndef SAMVAD_STORE_DRIVER_PRIVATE_H
#define SAMVAD_STORE_DRIVER_PRIVATE_H

#include "store.h"
#include "store/broadcast.h"
#include "store/outbox.h"

/* When the settings say 0: 72 hours. Finished outbox rows: 30 days after their last change; a
 * broadcast, its rows and counts: 70 days after it was made (it may start 35 days late).
 * Audit entries: a year, at most 100,000. PARKED rows: 7 days, then DEAD for OUTSIDE_WINDOW. */
#define DRIVER_SEEN_KEEP_MS	 INT64_C(259200000)
#define DRIVER_DONE_KEEP_MS	 INT64_C(2592000000)
#define DRIVER_BROADCAST_KEEP_MS INT64_C(6048000000)
#define DRIVER_PARKED_KEEP_MS	 INT64_C(604800000)
#define DRIVER_AUDIT_KEEP_MS	 INT64_C(31536000000)
enum { DRIVER_AUDIT_MAX = 100000 };

struct driver_session { /* plain fields and the sealed rest */
	const char *flow;
	int64_t flow_version;
	const char *step;
	const char *shown_step;
	const char *language;
	bool completed;
	int64_t created_ms;
	int64_t updated_ms;
	int64_t expires_ms;
	uint64_t revision;
	const char *call_id; /* "" when it waits for none: plain, so that renew can check it */
	struct str box;
};

struct driver_view {
	enum reply_state reply_state;
	struct str reply_box;
	struct contact_facts facts;
	bool has_session;
	struct driver_session session;
};

struct driver_outbound { /* plain fields and the sealed rest (texts, sender, account) */
	const char *id;
	enum outbound_kind kind;
	const char *channel;
	const char *contact;
	int64_t created_ms;
	int64_t due_ms;
	unsigned attempts;
	int64_t changed_ms;
	enum outbound_state state;
	enum outbound_reason reason;
	const char *external_id;
	enum status status;
	int error_code;
	const char *broadcast; /* "": counted by none */
	struct str box;
};

struct driver_claim {
	struct driver_outbound row;
	struct contact_facts facts;
};

struct driver_member { /* of an audience */
	const char *contact;
	struct contact_facts facts;
	struct driver_session session; /* no box unless values were asked for */
};

struct driver_broadcast { /* as struct broadcast, its sealed part in the box */
	struct broadcast plain;
	struct str box;
};

struct driver_consent { /* a row of the ledger */
	enum consent consent;
	const char *external_id;
	int64_t at_ms;
	struct str box;
};

struct driver_record {
	const char *type;
	const char *id;
	const char *contact;
	const char *state;
	int64_t created_ms;
	int64_t updated_ms;
	struct str box;
};

struct driver_turn {
	const char *contact;
	int64_t now_ms;
	const char *external_id; /* NULL: no message */
	struct str inbound_box;
	enum reply_state reply_state;
	struct str reply_box;
	const char *answers; /* NULL: decides no earlier reply */
	enum reply_state answer_state;
	struct str answer_box;
	struct driver_session session; /* revision: the one that was loaded */
	const struct turn_held *held;  /* NULL: loaded for this turn */
	struct contact_facts facts;
	bool has_consent;
	enum consent consent;
	const char *consent_external_id;
	struct str consent_box;
	const struct driver_record *records;
	size_t record_count;
	const struct driver_outbound *outbox;
	size_t outbox_count;
	int64_t call_due_ms;
};

/* Each function: as its namesake in store.h, with boxes instead of texts. Only
 * legacy_load may be NULL. allow() gets a digest as its key.
 * Redis: whatever a contact has lives in the shard of the contact. */
struct store_driver {
	const char *name;
	bool remote;
	void (*close)(void *self);
	int (*ping)(void *self, struct err *err);
	int (*load)(void *self, const char *contact, const char *external_id, int64_t now_ms,
		    struct arena *a, struct driver_view *view_out, struct err *err);
	int (*commit)(void *self, const struct driver_turn *t, enum commit_result *result_out,
		      bool *inline_out, struct err *err);
	int (*reply_load)(void *self, const char *contact, const char *external_id, struct arena *a,
			  enum reply_state *state_out, struct str *box_out, struct err *err);
	int (*reply_decide)(void *self, const char *contact, const char *external_id,
			    struct str box, struct arena *a, enum reply_state *state_out,
			    struct str *box_out, struct err *err);
	int (*reply_divert)(void *self, const char *contact, const char *external_id,
			    struct str notice_box, const struct driver_outbound *rows,
			    size_t row_count, bool *done_out, struct err *err);
	int (*calls_claim)(void *self, int64_t now_ms, int64_t lease_ms, unsigned max,
			   struct arena *a, struct call_due **due_out, size_t *count_out,
			   struct err *err);
	int (*call_renew)(void *self, const char *contact, const char *call_id, int64_t lease_ms,
			  struct err *err);
	int (*allow)(void *self, const char *key, const char *member, unsigned limit,
		     int64_t window_ms, int64_t now_ms, struct err *err);
	/* broadcast NULL: the lines. */
	int (*outbox_claim)(void *self, const char *broadcast, int64_t pace_ms, int64_t now_ms,
			    int64_t lease_ms, unsigned max, struct arena *a,
			    struct driver_claim **claims_out, size_t *count_out, struct err *err);
	int (*outbox_settle)(void *self, const struct driver_outbound *rows, size_t count,
			     int64_t now_ms, struct err *err);
	/* our_id, external_id: "" when not given. */
	int (*status_apply)(void *self, const char *contact, const char *our_id,
			    const char *external_id, enum status status, int error_code,
			    int64_t now_ms, struct err *err);
	/* id or external_id is "". */
	int (*outbox_get)(void *self, const char *contact, const char *id, const char *external_id,
			  struct arena *a, struct driver_outbound *row_out, struct err *err);
	int (*outbox_replace)(void *self, const char *id, enum status status, int error_code,
			      const struct driver_outbound *successor, int64_t now_ms,
			      struct err *err);
	int (*outbox_unpark)(void *self, const char *contact, int64_t now_ms, struct err *err);
	int (*status_claim)(void *self, int64_t now_ms, unsigned max, struct arena *a,
			    struct driver_outbound **rows_out, size_t *count_out, struct err *err);
	/* Both NULL where there is one process: the guard keeps the rate in memory. */
	int (*rate_take)(void *self, const char *sender, unsigned rate, bool spare, unsigned want,
			 unsigned *granted_out, int64_t *wait_ms_out, struct err *err);
	int (*rate_slow)(void *self, const char *sender, unsigned divisor, int64_t duration_ms,
			 struct err *err);
	int (*consent_add)(void *self, const char *contact, const struct driver_consent *c,
			   struct err *err);
	int (*consent_list)(void *self, const char *contact, unsigned max, struct arena *a,
			    struct driver_consent **list_out, size_t *count_out, struct err *err);
	int (*trouble_set)(void *self, const char *contact, int code, int64_t now_ms,
			   struct err *err);
	int (*audit_add)(void *self, const struct audit_entry *e, struct err *err);
	int (*audit_list)(void *self, const char *object, unsigned max, struct arena *a,
			  struct audit_entry **list_out, size_t *count_out, struct err *err);
	int (*broadcast_create)(void *self, const struct driver_broadcast *b,
				const struct audit_entry *audit, struct arena *a,
				struct driver_broadcast *existing_out, struct err *err);
	int (*broadcast_get)(void *self, const char *id, struct arena *a,
			     struct driver_broadcast *b_out, struct err *err);
	int (*broadcast_find)(void *self, const char *request_key, struct arena *a,
			      struct driver_broadcast *b_out, struct err *err);
	int (*broadcast_change)(void *self, const struct driver_broadcast *b,
				const struct audit_entry *audit, struct err *err);
	int (*broadcast_list)(void *self, bool open_only, int64_t before_ms, const char *before_id,
			      unsigned max, struct arena *a, struct driver_broadcast **list_out,
			      size_t *count_out, struct err *err);
	int (*broadcast_counts)(void *self, const char *id, struct arena *a,
				struct broadcast_count **list_out, size_t *count_out,
				struct err *err);
	int (*audience_page)(void *self, const char *step, const char *cursor, unsigned max,
			     bool with_boxes, int64_t now_ms, struct arena *a,
			     struct driver_member **list_out, size_t *count_out,
			     const char **next_out, struct err *err);
	int (*recipients_add)(void *self, const struct driver_outbound *rows, size_t count,
			      struct err *err);
	int (*recipients_page)(void *self, const char *broadcast, const char *cursor, unsigned max,
			       struct arena *a, struct driver_outbound **rows_out,
			       size_t *count_out, const char **next_out, struct err *err);
	int (*record_get)(void *self, const char *type, const char *id, struct arena *a,
			  struct driver_record *record_out, struct err *err);
	int (*record_list)(void *self, const char *type, const char *contact, const char *state,
			   const char *cursor, unsigned max, struct arena *a,
			   struct driver_record **list_out, size_t *count_out,
			   const char **next_out, struct err *err);
	int (*record_change)(void *self, const char *type, const char *id, const char *from,
			     const char *to, int64_t now_ms, const struct audit_entry *audit,
			     struct err *err);
	int (*stats)(void *self, int64_t now_ms, struct arena *a, struct store_stats *stats_out,
		     struct err *err);
	/* The old bot's JSON text, as it stands. 1/0/-1; NULL: the driver has none. */
	int (*legacy_load)(void *self, const char *contact, struct arena *a, struct str *json_out,
			   struct err *err);
	int (*sweep)(void *self, int64_t now_ms, struct err *err);
};

/* Constructors: *self_out is the driver's state, freed by close(). */
int driver_sqlite_open(const struct store_settings *set, const struct store_driver **driver_out,
		       void **self_out, struct err *err);
int driver_redis_open(const struct store_settings *set, const struct store_driver **driver_out,
		      void **self_out, struct err *err);
int driver_memory_open(const struct store_settings *set, const struct store_driver **driver_out,
		       void **self_out, struct err *err);

/* Wraps a driver and fails on cue: tests make failure as easy as success. */
struct faulty_plan {
	enum { FAULT_NONE, FAULT_BEFORE, FAULT_AFTER } when; /* AFTER: done, but says UNSURE */
	enum err_kind kind;				     /* with FAULT_BEFORE */
	unsigned skip;					     /* this many writes pass first */
	unsigned fail; /* then this many fail; then all pass */
};
int driver_faulty_wrap(const struct store_driver *inner, void *inner_self,
		       const struct store_driver **driver_out, void **self_out, struct err *err);
void driver_faulty_plan(void *self, const struct faulty_plan *plan);

/* A guard around a driver that a test has opened itself. Takes the driver. */
int store_open_driver(const struct store_settings *set, const struct store_driver *driver,
		      void *self, struct store **store_out, struct err *err);

#endif
