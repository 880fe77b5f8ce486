/*
 * receive.c - a webhook's message, from arrival to answer.
 *
 * Whatever happens, the person gets one answer before the provider's deadline:
 * the reply, or the pack's "one moment" with the reply to follow, and the
 * message is committed or on disk before that answer leaves.
 */
#include "conversation_private.h"

#include "base/log.h"

enum { LOOK_FIRST_MS = 250, LOOK_MOST_MS = 1000 };

static void give(struct conversation_answer *out, const struct reply *reply, const char *how)
{
	out->count = 0;
	for (size_t i = 0; i < reply->count && i < REPLY_MAX_TEXTS; i++)
		out->texts[out->count++] = reply->texts[i];
	out->how = how;
}

/* ---- the store is away ---- */

/* Kept on disk, answered with the notice; a repeat of a message answered lately gets that answer.
 */
static int keep(struct conversation *c, struct bot *bot, const struct inbound *in, struct arena *a,
		struct conversation_answer *out, struct err *err)
{
	const struct flow *flow = bot_flow(bot, in->receiver);
	struct reply reply;

	if (recent_get(c->recent, in->contact, in->external_id, a, &reply)) {
		give(out, &reply, "duplicate");
		return 0;
	}
	if (spool_put(c->spool, in, err) < 0)
		return -1;
	turn_notice(c, flow, flow_guess_language(flow, str_of(in->text)), a, &reply);
	give(out, &reply, "spooled");
	return 0;
}

/* Turns a store's failure into the spool, where there is one. */
static int keep_or_fail(struct conversation *c, struct bot *bot, const struct inbound *in,
			struct arena *a, struct conversation_answer *out, struct err *err)
{
	if (!c->recent || err->kind == ERR_INPUT || err->kind == ERR_BUG)
		return -1;
	log_warn("store-away", LOG_S("kind", err_kind_name(err->kind)), LOG_S("error", err->text));
	return keep(c, bot, in, a, out, err);
}

/* ---- waiting for a call ---- */

/* The budget is over: what was decided by now, or the notice. */
static int decide(struct conversation *c, struct bot *bot, const struct inbound *in,
		  const char *language, struct arena *a, struct reply *reply, struct err *err)
{
	struct reply notice;

	turn_notice(c, bot_flow(bot, in->receiver), language, a, &notice);
	return store_reply_decide(c->set.store, in->contact, in->external_id, notice.texts,
				  notice.count, a, reply, err);
}

/* Waits until the reply of this message is decided, here or in another process. */
static int wait_for_reply(struct conversation *c, struct waiter *w, int64_t deadline_ms,
			  struct arena *a, struct reply *reply, struct err *err)
{
	int look = LOOK_FIRST_MS;

	for (;;) {
		int64_t hurry_ms = atomic_load(&c->hurry_ms);
		int64_t left = (deadline_ms < hurry_ms ? deadline_ms : hurry_ms) - clock_mono_ms();
		struct reply stored;

		if (calls_wait(c->calls, w, left < look ? (int)(left > 0 ? left : 0) : look, a,
			       reply))
			return 1;
		if (left <= 0 || conversation_is_stopping(c))
			return 0;
		if (store_reply_load(c->set.store, w->contact, w->external_id, a, &stored, err) < 0)
			return -1;
		if (stored.state != REPLY_OPEN) {
			*reply = stored;
			return 1;
		}
		look = look * 2 < LOOK_MOST_MS ? look * 2 : LOOK_MOST_MS;
	}
}

static int await(struct conversation *c, struct bot *bot, const struct inbound *in,
		 const struct turn_done *done, int64_t deadline_ms, struct arena *a,
		 struct conversation_answer *out, struct err *err)
{
	struct waiter w = { .contact = in->contact, .external_id = in->external_id };
	struct reply reply = { 0 };
	bool room = calls_wait_begin(c->calls, &w);
	int got = 0;

	if (done->how == TURN_WAITS)
		calls_start(c->calls, bot, in->contact, done->session->call.id, in->external_id);
	if (room) {
		got = wait_for_reply(c, &w, deadline_ms, a, &reply, err);
		calls_wait_end(c->calls, &w);
	}
	if (got == 0)
		got = decide(c, bot, in, done->language, a, &reply, err) < 0 ? -1 : 1;
	if (got < 0)
		return -1;
	give(out, &reply,
	     done->how == TURN_SEEN	 ? "duplicate"
	     : reply.state == REPLY_LATE ? "notice"
					 : "turn");
	return 0;
}

/* ---- the message ---- */

static int answer(struct conversation *c, struct bot *bot, const struct inbound *in,
		  int64_t deadline_ms, struct arena *a, struct conversation_answer *out,
		  struct err *err)
{
	struct turn_done done;

	if (turn_message(c, bot, in, TURN_INLINE, a, &done, err) < 0)
		return -1;
	if (done.how == TURN_WAITS || (done.how == TURN_SEEN && done.reply.state == REPLY_OPEN))
		return await(c, bot, in, &done, deadline_ms, a, out, err);
	give(out, &done.reply,
	     done.how == TURN_SEEN	? "duplicate"
	     : done.how == TURN_TROUBLE ? "trouble"
	     : done.paced		? "paced"
					: "turn");
	return 0;
}

int conversation_receive(struct conversation *c, const struct inbound *in, struct arena *a,
			 struct conversation_answer *answer_out, struct err *err)
{
	int64_t deadline = clock_mono_ms() + c->set.reply_budget_ms;
	struct bot *bot = conversation_bot(c);
	struct err here = { 0 };
	int ret;

	atomic_fetch_add(&c->received, 1);
	if (c->recent && spool_holds(c->spool, in->contact)) {
		ret = keep(c, bot, in, a, answer_out, &here);
	} else {
		ret = answer(c, bot, in, deadline, a, answer_out, &here);
		if (ret < 0)
			ret = keep_or_fail(c, bot, in, a, answer_out, &here);
		else if (c->recent)
			recent_put(c->recent, in->contact, in->external_id, answer_out->texts,
				   answer_out->count);
	}
	bot_release(&bot);
	if (ret < 0 && err)
		*err = here;
	return ret;
}
