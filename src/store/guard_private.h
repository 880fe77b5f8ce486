/*
 * guard_private.h - what the guard's own files share: one measured call, argument
 * checks, and sealing between store.h's structs and the driver's.
 */
#ifndef SAMVAD_STORE_GUARD_PRIVATE_H
#define SAMVAD_STORE_GUARD_PRIVATE_H

#include <pthread.h>

#include "base/metric.h"
#include "driver_private.h"
#include "rules_private.h"

enum store_op {
	OP_PING,
	OP_LOAD,
	OP_COMMIT,
	OP_REPLY_LOAD,
	OP_REPLY_DECIDE,
	OP_REPLY_DIVERT,
	OP_CALLS_CLAIM,
	OP_CALL_RENEW,
	OP_ALLOW,
	OP_OUTBOX_CLAIM,
	OP_OUTBOX_SETTLE,
	OP_STATUS_APPLY,
	OP_OUTBOX_GET,
	OP_OUTBOX_REPLACE,
	OP_OUTBOX_UNPARK,
	OP_STATUS_CLAIM,
	OP_RATE_TAKE,
	OP_RATE_SLOW,
	OP_CONSENT_ADD,
	OP_CONSENT_LIST,
	OP_TROUBLE_SET,
	OP_AUDIT_ADD,
	OP_AUDIT_LIST,
	OP_BROADCAST_CREATE,
	OP_BROADCAST_GET,
	OP_BROADCAST_FIND,
	OP_BROADCAST_CHANGE,
	OP_BROADCAST_LIST,
	OP_BROADCAST_COUNTS,
	OP_AUDIENCE_PAGE,
	OP_RECIPIENTS_ADD,
	OP_RECIPIENTS_PAGE,
	OP_RECORD_GET,
	OP_RECORD_LIST,
	OP_RECORD_CHANGE,
	OP_STATS,
	OP_LEGACY_LOAD,
	OP_SWEEP,
	OP_COUNT,
};

/* The rates of senders, where the driver leaves them to the guard: one process. */
enum { GUARD_SENDERS = 64 };
struct guard_rate {
	char sender[CONTACT_MAX + 1];
	struct rule_rate rate;
	int64_t used_us; /* the longest unused one makes room */
};

struct store {
	const struct store_driver *driver;
	void *self; /* the driver's, owned */
	const struct seal_ring *ring;
	struct metric *seconds[OP_COUNT];
	struct metric *unopened;
	pthread_mutex_t rate_lock; /* guards rates */
	struct guard_rate rates[GUARD_SENDERS];
	_Atomic int64_t
		no_room_ms; /* when the last turn was refused for want of room; 0: it was not */
};

/* One call through the guard: err is never NULL in between, so that its kind can be counted. */
struct guard_call {
	struct store *store;
	enum store_op op;
	int64_t start_us;
	struct err *err;
	struct err own;
};
/* g must stay where it is until guard_end. */
void guard_begin(struct guard_call *g, struct store *store, enum store_op op, struct err *err);
/* Measures, counts and logs; returns ret. */
int guard_end(struct guard_call *g, int ret);

/* A text that callers may leave away: NULL becomes "". */
const char *guard_text(const char *text);

/* ---- checks: 0 or -1 ERR_INPUT naming the argument, never showing it ---- */
int check_contact(const char *contact, struct err *err);
int check_external_id(const char *id, struct err *err);
/* At most max bytes without control characters; "" only if empty_ok. */
int check_name(const char *what, const char *name, size_t max, bool empty_ok, struct err *err);
/* May hold anything, also nothing. */
int check_text(const char *what, const char *text, size_t max, struct err *err);
int guard_check_texts(const struct str *texts, size_t count, struct err *err);
int check_turn(const struct turn *t, struct err *err);
enum { RECORD_STATE_MAX = 63 };
int check_record_type(const char *type, struct err *err);
int check_record_key(const char *type, const char *id, struct err *err);
int check_consent(const struct consent_event *e, struct err *err);
/* New rows of this contact, for its line. */
int check_rows(const struct outbound *rows, size_t count, const char *contact, struct err *err);
/* New rows of one broadcast, of many contacts. */
int check_recipients(const struct outbound *rows, size_t count, struct err *err);
int check_successor(const struct outbound *row, struct err *err);
int check_settled(const struct outbound *rows, size_t count, struct err *err);
int check_broadcast(const struct broadcast *b, struct err *err);
int check_broadcast_id(const char *id, struct err *err);
int check_request_key(const char *key, struct err *err);
int check_audit(const struct audit_entry *e, struct err *err);
/* A page: its cursor, and 1 to STORE_MAX_ROWS at most. */
int check_page(const char *cursor, unsigned max, struct err *err);

/* ---- sealing: boxes live in `a` until sealer_end ---- */
struct sealer {
	const struct seal_ring *ring;
	struct str context;
	struct arena a;
	struct buf plain;
	struct buf box;
};
/* The context is a contact; of rows of many contacts, and of broadcasts, their own. */
void sealer_begin(struct sealer *s, const struct store *store, const char *contact);
void sealer_end(struct sealer *s);
int sealer_reply(struct sealer *s, const struct reply *reply, struct str *box_out, struct err *err);
/* The parts of a row that stay readable; no box. Borrows its texts. */
struct driver_outbound sealer_plain_row(const struct outbound *row);
int sealer_rows(struct sealer *s, const struct outbound *rows, size_t count,
		const struct driver_outbound **rows_out, struct err *err);
int sealer_consent(struct sealer *s, const struct consent_event *e, struct str *box_out,
		   struct err *err);
/* What stays readable, without any NULL. Borrows the texts. */
struct broadcast sealer_plain_broadcast(const struct broadcast *b);
struct audit_entry sealer_plain_audit(const struct audit_entry *e);
int sealer_broadcast(struct sealer *s, const struct broadcast *b,
		     struct driver_broadcast *broadcast_out, struct err *err);
int sealer_turn(struct sealer *s, const struct turn *t, struct driver_turn *turn_out,
		struct err *err);

/* ---- opening, into the caller's arena; -1 ERR_PERM: unknown key or damaged ---- */
int open_reply(const struct store *store, const char *contact, enum reply_state state,
	       struct str box, struct arena *a, struct reply *reply_out, struct err *err);
int open_session(const struct store *store, const char *contact, const struct driver_session *d,
		 struct arena *a, struct session **session_out, struct err *err);
int open_outbound(const struct store *store, const struct driver_outbound *d, struct arena *a,
		  struct outbound *row_out, struct err *err);
/* Of many: a part that does not open is left out, counted and logged. */
void open_failed(const struct store *store, const char *what, const char *id,
		 const struct err *err);
void open_rows(const struct store *store, const struct driver_outbound *d, size_t n,
	       struct arena *a, struct outbound **rows_out, size_t *count_out, struct err *err);
int open_words(const struct store *store, const char *contact, struct str box, struct arena *a,
	       const char **words_out, struct err *err);
int open_broadcast(const struct store *store, const struct driver_broadcast *d, struct arena *a,
		   struct broadcast *broadcast_out, struct err *err);
/* The readable fields only. */
struct session open_session_plain(const struct driver_session *d);
int open_record(const struct store *store, const struct driver_record *d, struct arena *a,
		struct record *record_out, struct err *err);

/* Reads the former bot's JSON. 1, or 0 when it is of another shape. */
int legacy_parse(struct str json, struct arena *a, struct legacy_session *legacy_out);

#endif
