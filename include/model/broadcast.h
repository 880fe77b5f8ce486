/*
 * model/broadcast.h - one text to many, as it is stored.
 *
 * What is to be said is frozen when it is accepted; each recipient's own row is
 * an outbound with this broadcast's id. The row here says what an admin wants
 * (run, pause, cancel) and how far planning is; where the messages are is
 * counted by the store from the recipients' rows.
 */
#ifndef SAMVAD_MODEL_BROADCAST_H
#define SAMVAD_MODEL_BROADCAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "model/outbound.h"

enum broadcast_state {
	BROADCAST_RUNNING, /* as soon as it is planned and its time has come */
	BROADCAST_PAUSED,
	BROADCAST_CANCELLED, /* for good; what was not sent stays unsent */
	BROADCAST_DONE,	     /* nothing waits any more */
};

struct broadcast {
	char id[ID_HEX_SIZE];
	enum broadcast_state state;
	const char *why;	 /* of a pause: "admin", "failures", "configuration"; else "" */
	int why_code;		 /* the provider's code behind it, or 0 */
	const char *target_step; /* public name, "" for everyone with a session */
	/* sealed in every store: */
	const char *message; /* Mustache, or "" */
	const char *content_sid;
	const char *content_variables; /* a JSON object whose texts are Mustache, or "" */

	const char *request_key;    /* the Idempotency-Key, or "" */
	const char *request_digest; /* hex: tells a repeat from another request with that key */
	int64_t created_ms;
	int64_t send_at_ms; /* not before; 0: at once */
	/* planning: */
	unsigned round;	     /* 0: reads the audience; n: n-th time that failed ones go again */
	const char *cursor;  /* where planning stands, "" at the beginning */
	int64_t planned_ms;  /* 0: not through yet */
	int64_t planner_ms;  /* a planner holds it until then */
	int64_t finished_ms; /* 0: not DONE or CANCELLED */
	uint64_t revision;   /* 0: not stored yet; each change adds 1 */
};

const char *broadcast_state_name(enum broadcast_state s);

/* Versioned bytes of the sealed part, and back. */
int broadcast_encode(const struct broadcast *b, struct buf *out);
int broadcast_decode(struct str bytes, struct arena *a, struct broadcast *b, struct err *err);

/* How many rows of a broadcast are in one situation. REPLACED ones are among them. */
struct broadcast_count {
	enum outbound_state state;
	enum outbound_reason reason;
	enum status status;
	int error_code;
	int64_t rows;
};

#endif
