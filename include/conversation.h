/*
 * conversation.h - the conductor: one message in, one commit, then the answer.
 *
 * Loads, replays duplicates, runs the pure engine, commits everything at
 * once, makes the business call that a session waits for, and answers within
 * the budget; what is later goes to the outbox. While the store is away,
 * messages go to the spool and are worked off in order when it is back.
 */
#ifndef SAMVAD_CONVERSATION_H
#define SAMVAD_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/seal.h"
#include "channel.h"
#include "flow.h"
#include "integration.h"
#include "model/inbound.h"
#include "outbox.h"
#include "store.h"
#include "template.h"

/* ---- the bots: what SIGHUP exchanges as one ---- */

struct bot {		     /* immutable, counted */
	struct flow *flow;   /* the default one: for numbers that nothing else is said of */
	struct flow **flows; /* all of them, the default one first */
	size_t flow_count;
	struct template_set *envelopes; /* "twiml/reply.xml" */
	const char *folder;		/* templates/msme: for messages to people */
};
enum { BOT_MAX_FLOWS = 50 };

/* Reads templates_dir/<flow>, templates_dir/twiml, and, if there is a templates_dir/senders.json,
 * the other packs that it names: {"whatsapp:+1...": "wafr", "default": "msme"}; its "default" takes
 * the place of `flow`. All or nothing. The caller owns one count. -1: the faults say why. */
int bot_load(const char *templates_dir, const char *flow, struct bot **bot_out,
	     struct flow_faults *faults, struct err *err);
/* The flow behind our address that was written to. Valid as long as the bot. */
const struct flow *bot_flow(const struct bot *bot, const char *receiver);
/* The flow that a session runs in; where its pack is gone, that of its address. */
const struct flow *bot_flow_of(const struct bot *bot, const struct session *session);
struct bot *bot_hold(struct bot *bot); /* one more count */
void bot_release(struct bot **bot);    /* the last one frees */

/* ---- the conductor ---- */

struct conversation; /* opaque: see src/conversation/ */

struct conversation_settings { /* pointers are borrowed and must outlive it */
	struct store *store;
	struct outbox *outbox;
	struct integration *integration;
	struct channel *channel; /* cuts late texts to the size of one message */
	const struct clock *clock;
	const struct seal_ring *ring; /* seals the spool */
	const char *spool_dir;
	const struct value *settings; /* "env" of templates and calls */
	int64_t session_ttl_ms;
	int reply_budget_ms;
	unsigned call_workers; /* threads for business calls; 32 by default */
	unsigned max_waiting;  /* webhooks that may wait for a call at once; more get the short
				  answer */
};

/* Takes one count of bot. Starts the call workers and the housekeeper, and works
 * off what an earlier process left in the spool. -1 when the spool cannot be written. */
int conversation_open(const struct conversation_settings *set, struct bot *bot,
		      struct conversation **conv_out, struct err *err);
/* The end is near: webhooks that wait for a call get the notice after at most ms. */
void conversation_hurry(struct conversation *conv, int ms);
/* Starts no more calls and waits at most grace_ms for those under way; what is
 * not finished is left to the next process. Then stop net (it ends calls that
 * still hang) and close. */
void conversation_stop(struct conversation *conv, int grace_ms);
/* After conversation_stop and net_stop: joins all threads, frees *conv and clears it. NULL is fine.
 */
void conversation_close(struct conversation **conv);

/* From now on new messages run on this bot; takes one count. */
void conversation_use_bot(struct conversation *conv, struct bot *bot);
/* The current bot, counted: release it. */
struct bot *conversation_bot(struct conversation *conv);
/* Says something to a contact that they did not ask for, through the outbox, if they may be written
 * to now. 1 queued; 0: *why_out is "unknown", "opted_out", "outside_window" or "no_session"; -1. */
int conversation_tell(struct conversation *c, const char *contact, const char *text,
		      const char **why_out, struct err *err);

struct conversation_answer {
	struct str texts[REPLY_MAX_TEXTS]; /* in the arena; none: an empty answer */
	size_t count;
	const char *how; /* for the metric: "turn", "duplicate", "notice", "spooled", "paced",
			    "trouble" */
};

/* One message, one turn. Blocks at most the reply budget and a store time limit.
 * -1 ERR_TEMP or ERR_FULL: nothing was kept, answer 503. Any thread. */
int conversation_receive(struct conversation *conv, const struct inbound *in, struct arena *a,
			 struct conversation_answer *answer_out, struct err *err);

struct conversation_state { /* for health and metrics */
	int64_t spooled;
	int64_t calls_in_flight;
};
void conversation_look(struct conversation *conv, struct conversation_state *state_out);
/* Messages since the start: who works in the background gives way while it grows. Any thread. */
uint64_t conversation_received(const struct conversation *conv);

#endif
