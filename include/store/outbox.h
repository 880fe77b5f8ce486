/*
 * store/outbox.h - messages that wait to leave, what became of them, and who may be written to.
 *
 * Part of the store: its rules of threads, errors and ownership (store.h) hold here too.
 */
#ifndef SAMVAD_STORE_OUTBOX_H
#define SAMVAD_STORE_OUTBOX_H

#include "store.h"

struct outbox_claim {
	struct outbound row;
	struct contact_facts facts; /* of its contact, as they are now */
};

/* Leases due rows to the caller until lease_ms. broadcast NULL: of each contact's line only
 * the first unfinished row, so that order is kept. Else the id of a broadcast: rows of its
 * queue; a WAITING one whose contact was written to less than pace_ms ago is put off by the
 * rest of that time instead. Rows come back as CLAIMED (send it), or UNSURE when an attempt
 * may have been made before: a lease lapsed, or it was settled as UNSURE (look it up). Each
 * claim counts `attempts` up by one, and that number is the claim's token. A claimed WAITING row
 * moves the contact's last_out_ms. */
int store_outbox_claim(struct store *store, const char *broadcast, int64_t pace_ms, int64_t now_ms,
		       int64_t lease_ms, unsigned max, struct arena *a,
		       struct outbox_claim **claims_out, size_t *count_out, struct err *err);
/* Writes what came of each: state (WAITING, UNSURE, ACCEPTED or DEAD), reason (DEAD; none
 * given is FAILED), due_ms (WAITING, UNSURE), external_id, status, error_code. ACCEPTED and DEAD
 * let a line's next row go. Status never steps back; a row that is ACCEPTED stays so; settled as
 * UNSURE after its status was heard it becomes ACCEPTED. A row whose attempts are others by now is
 * somebody else's: only that it is ACCEPTED is still taken from us. A row that is not there any
 * more: nothing. Rows are written one by one, all of them or -1: then some may be, and settling all
 * of them again does no harm. Rows may be of many contacts; at most STORE_MAX_ROWS. */
enum { STORE_MAX_ROWS = 1000 };
int store_outbox_settle(struct store *store, const struct outbound *rows, size_t count,
			int64_t now_ms, struct err *err);
/* A status callback, by our id if it is known, else by the provider's. An UNSURE row that is heard
 * of becomes ACCEPTED, an UNTOLD one too. News that names another external id than the row has is
 * of an earlier message and changes nothing. 1 known, 0 unknown. */
int store_status_apply(struct store *store, const char *contact, const char *our_id,
		       const char *external_id, enum status status, int error_code, int64_t now_ms,
		       struct err *err);
/* One row by its id, or, with id NULL, by the provider's; 1/0/-1. */
int store_outbox_get(struct store *store, const char *contact, const char *id,
		     const char *external_id, struct arena *a, struct outbound *row_out,
		     struct err *err);
/* Ends the row `id` of the contact as DEAD and REPLACED, with this status and code, and adds its
 * successor (any kind; PARKED or WAITING), in one step. 1, or 0 when it was replaced before
 * or is not there: nothing was done. */
int store_outbox_replace(struct store *store, const char *id, enum status status, int error_code,
			 const struct outbound *successor, int64_t now_ms, struct err *err);
/* The contact has written: their PARKED rows become WAITING at the end of their line or queue,
 * oldest first. Returns how many, or -1. */
int store_outbox_unpark(struct store *store, const char *contact, int64_t now_ms, struct err *err);
/* ACCEPTED rows whose status is not final and not delivered, and of which nothing was heard
 * for as long as their turn says (first 60 s after they were accepted): ask the provider. Each is
 * put off (5 and 30 min, 3, 12 and 24 h), so that the next claim does not name it; its
 * `attempts` says how often it was asked for before, and after STORE_MAX_ASKED times it is left
 * alone. News of it, also by store_status_apply, puts it off anew or ends it. */
enum { STORE_MAX_ASKED = 6 };
int store_status_claim(struct store *store, int64_t now_ms, unsigned max, struct arena *a,
		       struct outbound **rows_out, size_t *count_out, struct err *err);

/* ---- the rate of a sender: GCRA, shared by all processes of a remote store ---- */

/* Grants up to `want` sends now, so that no second holds more than `rate`. A broadcast's
 * (spare) leaves a fifth of the rate to others. *granted_out may be 0; then *wait_ms_out says when
 * it is worth asking again. */
int store_rate_take(struct store *store, const char *sender, unsigned rate, bool spare,
		    unsigned want, unsigned *granted_out, int64_t *wait_ms_out, struct err *err);
/* The provider complains: for so long the rate is divided by `divisor` (2 to 64). */
int store_rate_slow(struct store *store, const char *sender, unsigned divisor, int64_t duration_ms,
		    struct err *err);

/* ---- consent and reach ---- */

/* A row of the ledger and the contact's consent, in one step, outside of a turn. 1, or 0 when the
 * consent is like that already: nothing was written. */
int store_consent_add(struct store *store, const char *contact, const struct consent_event *e,
		      int64_t now_ms, struct err *err);
struct consent_entry {
	struct consent_event event;
	int64_t at_ms;
};
/* The ledger of a contact, newest first, at most max. */
int store_consent_list(struct store *store, const char *contact, unsigned max, struct arena *a,
		       struct consent_entry **list_out, size_t *count_out, struct err *err);
/* What the provider says of reaching the contact, for facts.trouble_code; 0 ends it. */
int store_trouble_set(struct store *store, const char *contact, int code, int64_t now_ms,
		      struct err *err);

#endif
