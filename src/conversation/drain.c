/*
 * drain.c - works the spool off when the store is back.
 *
 * Oldest first, one after the other, so a contact's order is kept. Each message
 * was answered with the notice already: its reply goes through the outbox.
 * A message whose commit had been unsure is found as seen; then only its reply
 * is turned over to the outbox. Doing an entry twice changes nothing, so a
 * crash in the middle needs no book of its own.
 */
#include "conversation_private.h"

#include <string.h>

#include "base/id.h"
#include "base/log.h"

enum { IDLE_MS = 250, STORE_PAUSE_MS = 500 };

/* The turn exists: what its HTTP answer should have carried goes to the outbox, once. */
static int divert(struct conversation *c, struct bot *bot, const struct inbound *in,
		  const struct turn_done *seen, struct arena *a, struct err *err)
{
	struct reply notice, after;
	struct outbound *rows;
	size_t row_count;
	bool done = false;

	turn_notice(c, bot_flow(bot, in->receiver), seen->language, a, &notice);
	if (seen->reply.state == REPLY_LATE)
		return 0;
	if (seen->reply.state == REPLY_OPEN)
		return store_reply_decide(c->set.store, in->contact, in->external_id, notice.texts,
					  notice.count, a, &after, err);
	turn_rows(c, seen->reply.texts, seen->reply.count, in->contact, in->receiver, in->account,
		  a, &rows, &row_count);
	return store_reply_divert(c->set.store, in->contact, in->external_id, notice.texts,
				  notice.count, rows, row_count, &done, err);
}

static int work_off(struct conversation *c, const struct inbound *in, struct arena *a,
		    struct err *err)
{
	struct bot *bot = conversation_bot(c);
	struct turn_done done = { 0 };
	int ret = turn_message(c, bot, in, TURN_LATE, a, &done, err);

	if (ret == 0 && done.how == TURN_SEEN)
		ret = divert(c, bot, in, &done, a, err);
	if (ret == 0 && done.how == TURN_WAITS)
		calls_start(c->calls, bot, in->contact, done.session->call.id, in->external_id);
	if (ret == 0)
		outbox_wake(c->set.outbox);
	bot_release(&bot);
	return ret;
}

/* 1: one message worked off, 0: none there, -1: the store is still away. */
static int drain_one(struct conversation *c)
{
	struct arena a = { 0 };
	struct inbound in = { 0 };
	struct err err = { 0 };
	int got = spool_peek(c->spool, &a, &in, &err);

	if (got < 0) {
		log_error("spool-read", LOG_S("error", err.text));
		goto out;
	}
	if (got == 0)
		goto out;
	log_context_trace(in.external_id);
	log_context_contact(in.contact);
	if (work_off(c, &in, &a, &err) < 0) {
		log_debug("spool-waits", LOG_S("error", err.text));
		got = -1;
	} else {
		spool_done(c->spool);
		log_info("spool-worked-off",
			 LOG_I("waited_ms", clock_now_ms(c->set.clock) - in.received_ms));
	}
	log_context_clear();
out:
	arena_free(&a);
	return got;
}

void *drain_run(void *conversation)
{
	struct conversation *c = conversation;
	int pause = 0;

	while (!conversation_pause(c, pause)) {
		int got = drain_one(c);

		pause = got == 1 ? 0 : got == 0 ? IDLE_MS : STORE_PAUSE_MS;
	}
	return NULL;
}
