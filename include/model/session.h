/*
 * model/session.h - one contact's run through a flow.
 *
 * Plain data. What is here survives a restart; what is not, does not. Step,
 * flow, language and times stay readable in the stores (operators and
 * broadcasts need them); answers travel as one encoded blob that the store
 * seals.
 */
#ifndef SAMVAD_MODEL_SESSION_H
#define SAMVAD_MODEL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/contact.h"

enum {
	SESSION_NAME_MAX = 63, /* flow, step, value and call names, bytes */
	SESSION_MAX_VALUES = 64,
	SESSION_MAX_VALUE = 4096,    /* bytes of one value */
	SESSION_MAX_TRAIL = 1024,    /* bytes */
	SESSION_MAX_ENCODED = 32768, /* bytes of the blob: larger sessions are refused */
};

struct session_value {
	const char *name;
	const char *text;
};

/* The business call the session waits for; id "" means none. */
struct session_call {
	const char *id;		 /* also the idempotency key */
	const char *name;	 /* in the flow's "calls" */
	const char *step;	 /* the step whose exits its outcome takes */
	const char *external_id; /* the message whose turn started it, or "" */
	int64_t started_ms;
};

struct session {
	/* plain fields */
	const char *flow;
	int64_t flow_version;
	const char *step;	/* where it is */
	const char *shown_step; /* the step's public name, for /stats and broadcasts */
	char language[LANGUAGE_MAX + 1];
	bool completed;
	int64_t created_ms;
	int64_t updated_ms;
	int64_t expires_ms;
	uint64_t revision; /* 0: not stored yet; each commit adds 1 */

	/* the encoded part */
	struct session_value *values;
	size_t value_count;
	unsigned wrong_answers; /* in a row at this step */
	struct session_call call;
	/* pace and loops: a token bucket and the same-reply run, see conversation/pace.c */
	int64_t pace_tokens_milli;
	int64_t pace_at_ms;
	uint64_t repeat_hash;
	unsigned repeat_count;
	int64_t repeat_since_ms;
	const char *receiver; /* our address they wrote to last: late results leave from it */
	const char *account;
	/* version 2 of the encoded part */
	const char *trail; /* asking steps on the way here, the last is the present one: "a/b/c" */
	bool fresh;	   /* it begins at its step with the next message */
	int64_t heard_ms;  /* when the contact wrote last; 0: before this was kept */
	int64_t wake_ms;   /* when the flow wants to be run without a message; 0: never */
	unsigned reminded; /* reminders since then */
};

const char *session_get(const struct session *s, const char *name); /* NULL when not set */
/* Sets or replaces; copies into the arena. -1 ERR_INPUT when a limit above would be passed. */
int session_set(struct session *s, struct arena *a, const char *name, const char *text,
		struct err *err);
void session_unset(struct session *s, const char *name);
void session_clear_values(struct session *s);
/* Deep copy into the arena. */
struct session *session_copy(const struct session *s, struct arena *a);

/* The encoded part, version byte first. -1 ERR_FULL over SESSION_MAX_ENCODED. */
int session_encode(const struct session *s, struct buf *out, struct err *err);
/* Fills the encoded part of s. Every length is checked. -1 ERR_INPUT. */
int session_decode(struct str bytes, struct arena *a, struct session *s, struct err *err);

#endif
