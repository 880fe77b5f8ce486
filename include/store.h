/*
 * store.h - what Samvad remembers.
 *
 * Sessions, turns, calls, records; store/outbox.h: messages that wait; store/broadcast.h:
 * audiences. One interface over SQLite (embedded), Redis and memory (tests). The guard
 * (src/store/guard_private.h) checks arguments, seals and opens private parts,
 * measures and logs around the drivers; callers never reach a driver.
 * Private parts (texts, answers, records' fields) are sealed with the contact
 * as context; step, flow, language and times stay plain.
 *
 * Threads: every function may be called from any thread. Each ends within the
 * store's time limit. Errors: ERR_TEMP nothing was done, try later · ERR_FULL
 * no space, nothing was done · ERR_UNSURE a write whose answer was lost: it is
 * done or not, load to see · ERR_PERM an unknown sealing key · ERR_INPUT a
 * limit was passed. A write is all or nothing and durable when it returns 0.
 * What is loaded lives in the caller's arena.
 */
#ifndef SAMVAD_STORE_H
#define SAMVAD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/seal.h"
#include "model/contact.h"
#include "model/inbound.h"
#include "model/outbound.h"
#include "model/session.h"

struct store; /* opaque: see src/store/ */

struct store_settings {	       /* borrowed during open; ring until close */
	const char *redis_url; /* "": embedded SQLite */
	const char *data_dir;  /* samvad.db lives here, mode 0600 */
	const struct seal_ring *ring;
	int timeout_ms;	      /* of one operation; 3000 by default */
	int64_t seen_keep_ms; /* turns are remembered this long, at least 48 h; 0: 72 h */
};

/* Opens what the settings ask for. Redis need not be reachable (then every
 * call is ERR_TEMP until it is); a database that cannot be written is -1. */
int store_open(const struct store_settings *set, struct store **store_out, struct err *err);
/* For tests: everything in memory, gone at close. */
int store_open_memory(const struct store_settings *set, struct store **store_out, struct err *err);
void store_close(struct store **store);
/* "sqlite", "redis" or "memory". */
const char *store_kind(const struct store *store);
/* True when others may write to the same store and it may be away (Redis). */
bool store_is_remote(const struct store *store);
/* 0 when it answers now. -1 ERR_FULL also for some seconds after a turn found no room. */
int store_ping(struct store *store, struct err *err);

/* ---- a turn ---- */

/*
 * The reply of a turn, decided once:
 *   NONE    no turn with this id
 *   OPEN    the turn is stored, its reply depends on a business call
 *   INLINE  texts went (or go) into the HTTP answer
 *   LATE    texts (a short notice, or nothing) went into the HTTP answer, the
 *           result goes through the outbox
 */
enum reply_state { REPLY_NONE, REPLY_OPEN, REPLY_INLINE, REPLY_LATE };

enum { REPLY_MAX_TEXTS = 16, REPLY_MAX_BYTES = 65536 };

struct reply {
	enum reply_state state;
	const struct str *texts;
	size_t count;
};

struct turn_view {
	struct reply reply;	    /* of external_id, NONE when it is new */
	struct contact_facts facts; /* known == false: never met */
	struct session *session;    /* NULL: none, or expired */
};

/* Everything one message needs, in one round trip. external_id may be NULL. */
int store_load(struct store *store, const char *contact, const char *external_id, int64_t now_ms,
	       struct arena *a, struct turn_view *view_out, struct err *err);

struct record {		  /* what stays beyond the session, e.g. a registration */
	const char *type; /* [a-z0-9_], at most 63 */
	const char *id;	  /* unique within the type */
	const char *contact;
	const char *state; /* "new" … */
	int64_t created_ms;
	int64_t updated_ms;
	const struct session_value *fields; /* sealed together */
	size_t field_count;
};

struct consent_event { /* a row of the opt-in ledger */
	enum consent consent;
	const char *words; /* what was said (sealed), or the provider's code */
	const char *external_id;
};

/* What a turn was decided on when that was not loaded just now, but kept from an earlier turn. */
struct turn_held {
	int64_t updated_ms; /* of the session: one that was deleted and made anew has another */
	enum consent consent;
	/* As that commit left them: a store may be quicker when they are right, no more. */
	int64_t expires_ms;
	bool waits; /* the session, for a call or a timer */
};

struct turn {
	const char *contact;
	int64_t now_ms;

	/* A message: stored with its reply under its external id. NULL: a call's result or a timer.
	 */
	const struct inbound *inbound;
	struct reply reply; /* OPEN, INLINE or LATE; only with inbound */

	/* A result: the turn whose OPEN reply it decides, or NULL. With answer INLINE the
	 * outbox rows are stored only if that reply was decided before; with answer LATE always.
	 * answer OPEN (a call follows a call): as INLINE, but the reply stays open with these
	 * texts. */
	const char *answers;
	struct reply answer;

	const struct session *session; /* the new one; its revision is the one that was loaded */
	const struct turn_held *held;  /* or NULL: session and facts were loaded for this turn */
	struct contact_facts facts;    /* its consent counts only together with `consent` */
	const struct consent_event *consent; /* or NULL */
	const struct record *records;
	size_t record_count;
	const struct outbound *outbox; /* appended to the contact's line in this order */
	size_t outbox_count;
	int64_t call_due_ms; /* any process may take the session up after this: its call is pending,
				or its wake_ms has come; 0: none */
};

enum commit_result {
	COMMIT_DONE,
	COMMIT_CONFLICT, /* the session's revision is another by now: nothing was stored. With
			    `held` also: it or the consent is another, or messages are parked */
	COMMIT_SEEN,	 /* a turn of this external id exists already: nothing was stored */
};

/* One atomic step. *inline_out (may be NULL): with `answers`, whether that reply became INLINE by
 * this. */
int store_commit(struct store *store, const struct turn *t, enum commit_result *result_out,
		 bool *inline_out, struct err *err);

/* Reads a reply only; state NONE when the turn is not there. */
int store_reply_load(struct store *store, const char *contact, const char *external_id,
		     struct arena *a, struct reply *reply_out, struct err *err);
/* Decides an OPEN reply as LATE with these texts; *reply_out is what it is afterwards, whoever
 * decided. */
int store_reply_decide(struct store *store, const char *contact, const char *external_id,
		       const struct str *texts, size_t count, struct arena *a,
		       struct reply *reply_out, struct err *err);
/* For a turn whose commit was unsure while its webhook was answered with `notice`: turns an
 * INLINE reply into LATE with the notice and queues `rows` (carrying the reply's texts) in the
 * same step; an OPEN one becomes LATE (no rows). *done_out false: it was LATE already (nothing
 * done). */
int store_reply_divert(struct store *store, const char *contact, const char *external_id,
		       const struct str *notice, size_t count, const struct outbound *rows,
		       size_t row_count, bool *done_out, struct err *err);

/* ---- business calls that wait ---- */

struct call_due {
	const char *contact;
};
/* Sessions whose call_due_ms has come (a call, or a timer of the flow): each is leased to the
 * caller until lease_ms. */
int store_calls_claim(struct store *store, int64_t now_ms, int64_t lease_ms, unsigned max,
		      struct arena *a, struct call_due **due_out, size_t *count_out,
		      struct err *err);
/* Extends the lease while the call `call_id` is under way. 1, or 0: the session waits for it no
 * more. */
int store_call_renew(struct store *store, const char *contact, const char *call_id,
		     int64_t lease_ms, struct err *err);

/* At most `limit` different members per key within a sliding window; the same member counts once.
 * 1 allowed (and counted), 0 not. */
int store_allow(struct store *store, const char *key, const char *member, unsigned limit,
		int64_t window_ms, int64_t now_ms, struct err *err);

/* ---- records, looking, keeping house ---- */

/* Who did what, for admins; plain, without any private text. */
struct audit_entry {
	int64_t at_ms;
	const char *action;	/* "broadcast.create", "broadcast.pause", … */
	const char *object;	/* an id, or "" */
	const char *detail;	/* or "" */
	const char *request_id; /* or "" */
};
int store_audit_add(struct store *store, const struct audit_entry *e, struct err *err);
/* Newest first; of one object, or of all (NULL). At most max. */
int store_audit_list(struct store *store, const char *object, unsigned max, struct arena *a,
		     struct audit_entry **list_out, size_t *count_out, struct err *err);

/* 1/0/-1. */
int store_record_get(struct store *store, const char *type, const char *id, struct arena *a,
		     struct record *record_out, struct err *err);

/* Newest first, those of one millisecond by id backwards: of a type, of one contact or of all
 * (NULL), in one state or in any (""). Pages as store_audience_page. */
int store_record_list(struct store *store, const char *type, const char *contact, const char *state,
		      const char *cursor, unsigned max, struct arena *a, struct record **list_out,
		      size_t *count_out, const char **next_out, struct err *err);
/* Changes the state if it is still `from` ("": whatever it is), with the audit entry (or NULL) in
 * the same step where the store can. 1, or 0: not there, or in another state. */
int store_record_change(struct store *store, const char *type, const char *id, const char *from,
			const char *to, int64_t now_ms, const struct audit_entry *audit,
			struct err *err);

struct store_step_count {
	const char *step; /* public name */
	int64_t sessions;
};
struct store_stats {
	int64_t sessions; /* not expired */
	int64_t completed;
	struct store_step_count *steps;
	size_t step_count;
	int64_t outbox_waiting; /* waiting, claimed */
	int64_t outbox_unsure;
	int64_t outbox_dead; /* failed, or nobody can tell: neither skips nor REPLACED */
	int64_t outbox_parked;
	int64_t calls_waiting;
	int64_t as_of_ms;
};
/* Counts by paging through indexes; does not hold up turns. */
int store_stats(struct store *store, int64_t now_ms, struct arena *a, struct store_stats *stats_out,
		struct err *err);

/* A session of the former Python bot (JSON under whatsapp_session:<address>), or 0. */
struct legacy_session {
	const char *step;
	struct session_value *values;
	size_t value_count;
	int64_t created_ms;
};
int store_legacy_load(struct store *store, const char *contact, struct arena *a,
		      struct legacy_session *legacy_out, struct err *err);

/* Deletes some of what has passed its time; call every minute. Returns how many rows, or -1. */
int store_sweep(struct store *store, int64_t now_ms, struct err *err);

#endif
