/*
 * outbox_private.h - the parts of the outbox and how they hang together.
 *
 * outbox.c    the door: open, stop, close, wake, look
 * worker.c    the thread: one round after the other, and when the next
 * claim.c     takes due rows from the store into the lanes
 * lanes.c     starts rows of the lanes as the rate allows
 * pace.c      the rate of a sender, and slowing down when the provider complains
 * flight.c    one attempt or look-up, from start to its answer
 * settle.c    what came of it, into the store, many at once
 * hear.c      status news, and what a code asks for beyond its message
 * asker.c     a thread of its own: asks for statuses that did not come
 * policy.c    pure: see outbox.h
 *
 * A row that was claimed is a flight until it is settled. The worker's thread owns every
 * flight but those in the air, which belong to net, and those in `ended`, under the lock.
 */
#ifndef SAMVAD_OUTBOX_PRIVATE_H
#define SAMVAD_OUTBOX_PRIVATE_H

#include <pthread.h>

#include "outbox.h"

enum {
	OUTBOX_LEASE_MS = 25000, /* an attempt, its settling and some waiting for the rate */
	OUTBOX_SEND_TIMEOUT_MS = 10000,
	OUTBOX_ASK_TIMEOUT_MS = 5000,
	OUTBOX_LOOK_MS = 3000,
	OUTBOX_MARGIN_MS = 5000,       /* to settle before the lease ends */
	OUTBOX_STORE_PAUSE_MS = 500,   /* after the store refused */
	OUTBOX_BEAT_MS = 20,	       /* between two settlings, so that each holds many rows */
	OUTBOX_LOOKUPS_IN_FLIGHT = 32, /* they need no rate, but a bound */
	OUTBOX_MAX_UNSURE = 512,       /* rows to be looked up that are held here */
	OUTBOX_BATCH = 256,	       /* rows settled in one call */
	OUTBOX_SENDERS = 16,
	OUTBOX_LOOKED = 4096,
	OUTBOX_CODE_UNNAMED = 20003, /* refused like wrong credentials, without a code */
};

enum outbox_lane { LANE_REPLY, LANE_BROADCAST, LANE_COUNT };

struct flight { /* a claimed row */
	struct outbox *box;
	struct arena arena; /* owns the row */
	struct outbound row;
	enum outbox_lane lane;
	int64_t lease_ms; /* monotonic: nobody else claims it before */
	bool lookup;
	bool whole; /* of a look-up: all candidates are there */
	struct send_result result;
	struct send_result *candidates; /* of a look-up */
	size_t candidate_count;
	struct flight *next;
};

struct flights { /* first in, first out */
	struct flight *first;
	struct flight *last;
	size_t count;
};

struct ask { /* for a status that did not come */
	struct outbox *box;
	struct arena arena;
	struct outbound row;
	struct status_news news;
	bool told;
	struct ask *next;
};

struct outbox_slow { /* how hard the provider complains */
	unsigned divisor;
	int64_t since_ms; /* monotonic, of the last step */
	unsigned outcomes;
	unsigned complaints;
};

struct outbox_sender { /* the worker's own */
	char address[CONTACT_MAX + 1];
	unsigned tokens; /* granted and not used: good for this pass only */
	int64_t wait_ms; /* monotonic: not worth asking before */
	int64_t used_ms;
};

struct outbox_looked { /* an unsure message that was not there */
	char id[ID_HEX_SIZE];
	unsigned char looks; /* so many times */
};

struct outbox_turn { /* a broadcast that is being sent */
	char id[ID_HEX_SIZE];
	int64_t next_ms; /* monotonic: the next claim */
};

struct outbox {
	struct outbox_settings set;
	pthread_t worker;
	pthread_t asker;
	bool worker_runs, asker_runs;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	bool stopping;
	bool woken;
	unsigned attempts_in_flight; /* submitted, no answer yet */
	unsigned lookups_in_flight;
	unsigned asks_in_flight;
	struct flights ended; /* answered */
	struct ask *asked;    /* answered */
	pthread_cond_t asker_changed;
	bool broadcasts_new;
	char broadcasts[OUTBOX_MAX_BROADCASTS][ID_HEX_SIZE];
	size_t broadcast_count;
	int config_code;
	int64_t config_ms;
	int config_said; /* the code that was logged last */
	struct outbox_slow slow;

	/* the worker's own: */
	struct flights lanes[LANE_COUNT]; /* wait for the rate */
	struct flights unsure;		  /* wait to be looked up */
	struct outbox_looked looked[OUTBOX_LOOKED];
	size_t looked_next;  /* the oldest makes room */
	struct flights done; /* to be settled */
	struct outbox_sender senders[OUTBOX_SENDERS];
	struct outbox_turn turns[OUTBOX_MAX_BROADCASTS];
	size_t turn_count;
	size_t turn_next;   /* who claims first */
	int64_t lines_ms;   /* monotonic: the next claim of the lines */
	int64_t claimed_ms; /* the last one */
	int64_t settle_ms;
	int64_t store_ms;			 /* not before, after it refused */
	unsigned started_lately, started_before; /* in this second, in the last one */
	int64_t second_ms;
};

/* ---- outbox.c ---- */

bool outbox_is_stopping(struct outbox *box);
void outbox_count(const char *name, const char *labels, const char *help);

/* ---- worker.c ---- */

void *outbox_work(void *box);

/* ---- flight.c ---- */

void outbox_push(struct flights *to, struct flight *f);
struct flight *outbox_pop(struct flights *from);
/* The row is copied. */
struct flight *outbox_flight_new(struct outbox *box, const struct outbound *row,
				 enum outbox_lane lane, int64_t lease_ms);
void outbox_flight_free(struct flight *f);
void outbox_flights_free(struct flights *list);
/* Describes and submits it; it lands in `ended`. Look-up or attempt, as it says. */
void outbox_fly(struct flight *f);
/* How many are in the air. */
unsigned outbox_flying(struct outbox *box, bool lookups);
/* Not tried after all: back into its queue. Goes to `done`. */
void outbox_give_back(struct flight *f, int64_t delay_ms);

/* ---- claim.c ---- */

/* Takes what is due and there is room for. False: the store does not answer. */
bool outbox_claim(struct outbox *box, int64_t mono_ms);
/* When it is worth claiming again, monotonic. */
int64_t outbox_claim_next(const struct outbox *box);

/* ---- lanes.c ---- */

/* Starts what may go. Returns when it is worth trying again, monotonic. */
int64_t outbox_start(struct outbox *box, int64_t mono_ms);
/* Rows of a lane that are held at most, so that a crash leaves few to be looked up. */
unsigned outbox_ahead(const struct outbox *box);

/* ---- pace.c ---- */

void outbox_pace_begin(struct outbox *box);
/* Whether one may go now from this sender; `waiting` rows would like to. Else *next_ms_out is
 * lowered to when it is worth asking again. */
bool outbox_pace_take(struct outbox *box, const char *sender, bool spare, unsigned waiting,
		      int64_t mono_ms, int64_t *next_ms_out);
/* The provider took one, or complained. Any thread. */
void outbox_pace_ok(struct outbox *box);
void outbox_pace_complain(struct outbox *box, const char *sender, int64_t retry_after_ms);

/* ---- settle.c ---- */

/* Judges what has landed and settles what is done, if it is time. False: the store does not
 * answer; all is kept. */
bool outbox_settle(struct outbox *box, int64_t mono_ms);

/* ---- hear.c ---- */

enum outbox_acted {
	ACTED_NOT,	/* the store did not take it: again later */
	ACTED,		/* the row itself is still to be settled */
	ACTED_REPLACED, /* another row carries on; this one is settled */
};
/* What the code asks for beyond the row that failed with it. */
enum outbox_acted outbox_act(struct outbox *box, const struct outbound *row, int error_code,
			     const char *external_id, struct err *err);
/* The row waits until its contact writes. False: the store did not take it. */
bool outbox_park(struct outbox *box, const struct outbound *row);
/* The provider refuses everything, or not any more (code 0). */
void outbox_remember_config(struct outbox *box, int error_code);

/* ---- asker.c ---- */

void *outbox_ask_all(void *box);
void outbox_asks_free(struct outbox *box);

#endif
