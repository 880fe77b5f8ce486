/*
 * outbox.h - the durable list of messages waiting to leave.
 *
 * Every message that is not an HTTP answer passes here: late results first,
 * broadcasts after. Knows when to send; channel.h knows how. Decides no text.
 * Rows are put into the store by whoever made them; this room claims, sends and settles
 * them, and hears what became of them. One thread per process, many sends in flight.
 */
#ifndef SAMVAD_OUTBOX_H
#define SAMVAD_OUTBOX_H

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "channel.h"
#include "model/outbound.h"
#include "net.h"
#include "store/outbox.h"
#include "base/id.h"

struct outbox; /* opaque: see src/outbox/ */

struct outbox_settings {
	struct store *store; /* borrowed, as all of these: must outlive it */
	struct channel *channel;
	struct net *net;
	const struct clock *clock;
	const char *sender;	/* whose rate it is: the configured sender's address */
	unsigned max_attempts;	/* after these: DEAD; 30 by default */
	unsigned send_rate;	/* messages per second of the sender, over all processes; 80 */
	unsigned max_in_flight; /* attempts and look-ups under way; 200 by default */
	int poll_ms;	/* how often due rows are looked for without a wake; 500 by default */
	int attempt_ms; /* time-out of one attempt; 10000 by default and at most */
	int look_ms;	/* between two looks for one unsure message; 3000 by default */
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

/* The broadcasts to be sent from now on (at most OUTBOX_MAX_BROADCASTS, fairly by turns, after
 * the lines). Any thread; replaces the list before. What is under way ends. */
enum { OUTBOX_MAX_BROADCASTS = 16 };
void outbox_use_broadcasts(struct outbox *box, const char (*ids)[ID_HEX_SIZE], size_t count);

/* News of a message: moves its row up the ladder and does what its code asks for (the same as
 * when a send is refused with it): 21610 marks the opt-out, 63016 goes again as a template or
 * waits for the contact, 63018 slows the sender, 63015 and blocks are remembered of the contact. 1
 * known, 0 unknown message, -1 the store: answer 503. Any thread. */
int outbox_hear(struct outbox *box, const struct status_news *news, struct err *err);

struct outbox_state {	   /* for whoever pauses a broadcast */
	int config_code;   /* the provider refuses everything until an operator acts; 0: it does not
			    */
	int64_t config_ms; /* when that was last heard */
};
void outbox_look(struct outbox *box, struct outbox_state *state_out);

/* ---- policy.c: what next, and when. Pure. ---- */

enum outbox_next {
	NEXT_DONE,	  /* accepted */
	NEXT_RETRY,	  /* again after delay_ms */
	NEXT_LOOK_UP,	  /* may have been accepted: ask the provider after delay_ms */
	NEXT_WAIT_STATUS, /* asking did not help: only a status callback can tell; look again late
			   */
	NEXT_DEAD,	  /* failed for good */
};

/* Whether a claimed row may go out, seen from its contact: OUTBOUND_NO_REASON, or why not.
 * *as_template_out: it goes as its template (the window is closed and it has one). A reply is
 * held back only by an opt-out that is newer than itself. */
enum outbound_reason outbox_admit(const struct outbound *row, const struct contact_facts *facts,
				  int64_t now_ms, bool *as_template_out);

/* What a provider's code asks for beyond this message, in a refusal or in a callback. */
enum outbox_consequence {
	OUTBOX_NOTHING,
	OUTBOX_OPT_OUT,	      /* into the ledger, with the code as its words */
	OUTBOX_CLOSED_WINDOW, /* again as the template, else parked */
	OUTBOX_SLOW_DOWN,     /* the sender's rate */
	OUTBOX_UNREACHABLE,   /* remembered of the contact until they write */
	OUTBOX_CONFIGURATION, /* nothing will go until an operator acts */
};
enum outbox_consequence outbox_consequence(int error_code);
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
