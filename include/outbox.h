/*
 * outbox.h - the durable list of messages waiting to leave.
 *
 * Every message that is not an HTTP answer passes here: late results first,
 * broadcasts after. Knows when to send; channel.h knows how. Decides no text.
 * Rows are put into the store by the turn that made them; this room claims,
 * sends and settles them. One thread per process, many sends in flight.
 */
#ifndef SAMVAD_OUTBOX_H
#define SAMVAD_OUTBOX_H

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "channel.h"
#include "model/outbound.h"
#include "net.h"
#include "store.h"

struct outbox; /* opaque: see src/outbox/ */

struct outbox_settings {
	struct store *store; /* borrowed, as all of these: must outlive it */
	struct channel *channel;
	struct net *net;
	const struct clock *clock;
	unsigned max_attempts; /* after these: DEAD; 20 by default */
	unsigned send_rate;    /* messages per second; 80 by default */
	int poll_ms; /* how often due rows are looked for without a wake; 500 by default */
};

/* Starts the thread. Returns 0 and an outbox the caller owns in *box_out, or -1. */
int outbox_open(const struct outbox_settings *set, struct outbox **box_out, struct err *err);
/* Claims no more, joins the thread and lets sends in flight finish for at most
 * grace_ms. Then stop net (it ends what is left), then close the outbox. */
void outbox_stop(struct outbox *box, int grace_ms);
/* After outbox_stop and net_stop: frees *box and clears it. NULL is fine. */
void outbox_close(struct outbox **box);
/* Rows may be due now. Cheap; any thread. */
void outbox_wake(struct outbox *box);

/* ---- policy.c: what next, and when. Pure. ---- */

enum outbox_next {
	NEXT_DONE,	  /* accepted */
	NEXT_RETRY,	  /* again after delay_ms */
	NEXT_LOOK_UP,	  /* may have been accepted: ask the provider after delay_ms */
	NEXT_WAIT_STATUS, /* asking did not help: only a status callback can tell; look again late
			   */
	NEXT_DEAD,	  /* failed for good */
};
struct outbox_plan {
	enum outbox_next next;
	int64_t delay_ms;
};
/* attempt counts from 1; random is any number, for jitter. */
struct outbox_plan outbox_plan(const struct send_result *got, unsigned attempt,
			       unsigned max_attempts, uint64_t random);
/* After a look-up: found 1, certainly not there 0, cannot tell -1. */
struct outbox_plan outbox_plan_lookup(int found, unsigned attempt, unsigned max_attempts,
				      uint64_t random);

#endif
