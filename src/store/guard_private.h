/*
 * guard_private.h - what the guard's own files share: one measured call, argument
 * checks, and sealing between store.h's structs and the driver's.
 */
#ifndef SAMVAD_STORE_GUARD_PRIVATE_H
#define SAMVAD_STORE_GUARD_PRIVATE_H

#include "base/metric.h"
#include "driver_private.h"

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
	OP_RECORD_GET,
	OP_STATS,
	OP_LEGACY_LOAD,
	OP_SWEEP,
	OP_COUNT,
};

struct store {
	const struct store_driver *driver;
	void *self; /* the driver's, owned */
	const struct seal_ring *ring;
	struct metric *seconds[OP_COUNT];
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

/* ---- checks: 0 or -1 ERR_INPUT naming the argument, never showing it ---- */
int check_contact(const char *contact, struct err *err);
int check_external_id(const char *id, struct err *err);
/* At most max bytes without control characters; "" only if empty_ok. */
int check_name(const char *what, const char *name, size_t max, bool empty_ok, struct err *err);
int guard_check_texts(const struct str *texts, size_t count, struct err *err);
int check_turn(const struct turn *t, struct err *err);
/* New rows of this contact. */
int check_rows(const struct outbound *rows, size_t count, const char *contact, struct err *err);

/* ---- sealing: boxes live in `a` until sealer_end ---- */
struct sealer {
	const struct seal_ring *ring;
	struct str context;
	struct arena a;
	struct buf plain;
	struct buf box;
};
void sealer_begin(struct sealer *s, const struct store *store, const char *contact);
void sealer_end(struct sealer *s);
int sealer_reply(struct sealer *s, const struct reply *reply, struct str *box_out, struct err *err);
/* The parts of a row that stay readable; no box. Borrows its texts. */
struct driver_outbound sealer_plain_row(const struct outbound *row);
int sealer_rows(struct sealer *s, const struct outbound *rows, size_t count,
		const struct driver_outbound **rows_out, struct err *err);
int sealer_turn(struct sealer *s, const struct turn *t, struct driver_turn *turn_out,
		struct err *err);

/* ---- opening, into the caller's arena; -1 ERR_PERM: unknown key or damaged ---- */
int open_reply(const struct store *store, const char *contact, enum reply_state state,
	       struct str box, struct arena *a, struct reply *reply_out, struct err *err);
int open_session(const struct store *store, const char *contact, const struct driver_session *d,
		 struct arena *a, struct session **session_out, struct err *err);
int open_outbound(const struct store *store, const struct driver_outbound *d, struct arena *a,
		  struct outbound *row_out, struct err *err);
int open_record(const struct store *store, const struct driver_record *d, struct arena *a,
		struct record *record_out, struct err *err);

/* Reads the former bot's JSON. 1, or 0 when it is of another shape. */
int legacy_parse(struct str json, struct arena *a, struct legacy_session *legacy_out);

#endif
