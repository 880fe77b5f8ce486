/*
 * housekeeper.c - what must happen without a message: leases, calls that dead
 * processes left behind, and sweeping.
 */
#include "conversation_private.h"

#include "base/log.h"

enum {
	TICK_MS = 500,
	CLAIM_MOST = 16,
	SWEEP_MS = 60 * 1000,
};

/* A call whose owner is gone: its session says which. Nobody of that process waits for it. */
static void take_up(struct conversation *c, const char *contact)
{
	struct arena a = { 0 };
	struct turn_view view = { 0 };
	struct err err = { 0 };
	struct bot *bot;

	if (store_load(c->set.store, contact, NULL, clock_now_ms(c->set.clock), &a, &view, &err) <
	    0)
		log_warn("call-not-taken-up", LOG_S("error", err.text));
	else if (view.session && view.session->call.id[0]) {
		log_info("call-taken-up", LOG_S("call", view.session->call.name));
		bot = conversation_bot(c);
		calls_start(c->calls, bot, contact, view.session->call.id,
			    view.session->call.external_id);
		bot_release(&bot);
	}
	arena_free(&a);
}

static void take_up_calls(struct conversation *c)
{
	int64_t now = clock_now_ms(c->set.clock);
	struct call_due *due = NULL;
	struct arena a = { 0 };
	struct err err = { 0 };
	size_t count = 0;

	if (store_calls_claim(c->set.store, now, now + CALL_LEASE_MS, CLAIM_MOST, &a, &due, &count,
			      &err) < 0)
		log_debug("calls-claim", LOG_S("error", err.text));
	else
		for (size_t i = 0; i < count; i++)
			take_up(c, due[i].contact);
	arena_free(&a);
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
		take_up_calls(c);
		if (clock_mono_ms() - swept >= SWEEP_MS) {
			sweep(c);
			swept = clock_mono_ms();
		}
	}
	return NULL;
}
