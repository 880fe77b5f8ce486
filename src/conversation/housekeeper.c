/*
 * housekeeper.c - what must happen without a message: leases, calls that dead
 * processes left behind, timers of sessions, and sweeping.
 */
#include "conversation_private.h"

#include "base/log.h"

enum {
	TICK_MS = 500,
	CLAIM_MOST = 16,
	CLAIM_ROUNDS = 50,
	SWEEP_MS = 60 * 1000,
};

/* A session whose time has come: its call's owner is gone (nobody of that process waits for it), or
 * it wants to say something by itself. */
static void take_up(struct conversation *c, const char *contact)
{
	struct arena a = { 0 };
	struct turn_view view = { 0 };
	struct err err = { 0 };
	struct bot *bot = conversation_bot(c);

	log_context_contact(contact);
	if (store_load(c->set.store, contact, NULL, clock_now_ms(c->set.clock), &a, &view, &err) <
	    0) {
		log_warn("session-not-taken-up", LOG_S("error", err.text));
	} else if (view.session && view.session->call.id[0]) {
		log_info("call-taken-up", LOG_S("call", view.session->call.name));
		calls_start(c->calls, bot, contact, view.session->call.id,
			    view.session->call.external_id);
	} else if (view.session && view.session->wake_ms) {
		if (turn_timer(c, bot, contact, &a, &err) < 0)
			log_warn("timer-not-stored", LOG_S("error", err.text));
		else
			outbox_wake(c->set.outbox);
	}
	log_context_clear();
	bot_release(&bot);
	arena_free(&a);
}

/* How many were claimed. */
static size_t claim_due(struct conversation *c)
{
	int64_t now = clock_now_ms(c->set.clock);
	struct call_due *due = NULL;
	struct arena a = { 0 };
	struct err err = { 0 };
	size_t count = 0;

	if (store_calls_claim(c->set.store, now, now + CALL_LEASE_MS, CLAIM_MOST, &a, &due, &count,
			      &err) < 0) {
		log_debug("calls-claim", LOG_S("error", err.text));
		count = 0;
	}
	for (size_t i = 0; i < count; i++)
		take_up(c, due[i].contact);
	arena_free(&a);
	return count;
}

/* Reminders come in crowds: after a broadcast everybody falls silent at the same time. */
static void take_up_due(struct conversation *c)
{
	for (int i = 0; i < CLAIM_ROUNDS && claim_due(c) == CLAIM_MOST; i++) {
		if (conversation_is_stopping(c))
			return;
		calls_renew(c->calls);
	}
}

static void sweep(struct conversation *c)
{
	struct err err = { 0 };
	int rows = store_sweep(c->set.store, clock_now_ms(c->set.clock), &err);

	if (rows < 0)
		log_warn("sweep", LOG_S("error", err.text));
	else if (rows > 0)
		log_info("sweep", LOG_I("rows", rows));
}

void *housekeeper_run(void *conversation)
{
	struct conversation *c = conversation;
	int64_t swept = clock_mono_ms();

	while (!conversation_pause(c, TICK_MS)) {
		calls_renew(c->calls);
		take_up_due(c);
		if (clock_mono_ms() - swept >= SWEEP_MS) {
			sweep(c);
			held_expire(c->held);
			swept = clock_mono_ms();
		}
	}
	return NULL;
}
