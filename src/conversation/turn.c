/*
 * turn.c - one turn: load, run the pure engine, commit all at once.
 *
 * Of who wrote lately what the last commit left is held (held.c) and need not be loaded.
 * No lock is held: the commit carries the revision that was loaded, and a
 * conflict runs the engine again on what is there by now. Somebody made
 * progress whenever there is a conflict, so the loop ends.
 */
#include "turn_private.h"

#include <string.h>
#include <time.h>

#include "base/id.h"
#include "base/log.h"
#include "base/metric.h"

struct flow_env turn_env(struct conversation *c, const char *contact,
			 const struct contact_facts *facts, struct arena *a)
{
	char id[ID_HEX_SIZE];

	id_random(id);
	return (struct flow_env){ .now_ms = clock_now_ms(c->set.clock),
				  .turn_id = arena_strdup(a, id),
				  .contact = contact,
				  .facts = facts,
				  .settings = c->set.settings,
				  .session_ttl_ms = c->set.session_ttl_ms };
}

/* ---- one message ---- */

/* The former bot's session into *session_out, or NULL. Asked for only when we have never met.
 * -1: the store does not answer now, and greeting the person anew would throw the session away. */
static int adopt_legacy(struct conversation *c, const struct flow *flow, const struct flow_env *env,
			struct arena *a, const struct session **session_out, struct err *err)
{
	struct legacy_session old;
	int got = store_legacy_load(c->set.store, env->contact, a, &old, err);

	*session_out = NULL;
	if (got < 0 && (err->kind == ERR_TEMP || err->kind == ERR_UNSURE))
		return -1;
	if (got < 0)
		log_warn("legacy-session", LOG_S("error", err->text));
	if (got != 1)
		return 0;
	log_info("legacy-session", LOG_S("step", old.step));
	*session_out = flow_adopt(flow, old.step, old.values, old.value_count, env, a);
	return 0;
}

/* Pace and loops. May replace what the engine decided; an opt-out always passes. */
static void keep_pace(struct conversation *c, const struct flow *flow, const struct session *before,
		      struct flow_result *r, int64_t now_ms, struct arena *a, struct turn_draft *d,
		      struct turn_done *done)
{
	enum pace_verdict pace = pace_take(r->session, now_ms);
	enum pace_verdict loop = pace_loop(r->session, d->texts, d->text_count, now_ms);

	if (d->has_consent || (pace == PACE_GO && loop == PACE_GO))
		return;
	done->paced = true;
	if (pace != PACE_GO && before) { /* as if it had not been said; only the bucket moves */
		struct session *s = session_copy(before, a);

		s->pace_tokens_milli = r->session->pace_tokens_milli;
		s->pace_at_ms = r->session->pace_at_ms;
		r->session = s;
		*d = (struct turn_draft){ 0 };
	}
	d->text_count = 0;
	if (pace == PACE_SAY_SLOW || (pace == PACE_GO && loop == PACE_SAY_SLOW))
		turn_say_system(c, flow, "too_fast", r->session->language, a, d);
}

static void date_session(struct session *s, const struct turn_view *view, const struct inbound *in,
			 const struct flow_env *env, bool calls, struct arena *a)
{
	s->revision = view->session ? view->session->revision : 0;
	s->updated_ms = env->now_ms;
	s->expires_ms = env->now_ms + env->session_ttl_ms;
	s->receiver = arena_strdup(a, in->receiver);
	s->account = arena_strdup(a, in->account);
	if (calls)
		s->call.external_id = arena_strdup(a, in->external_id);
}

void turn_trouble(const struct err *cause)
{
	log_error("flow-trouble", LOG_S("error", cause->text));
	metric_add(metric_counter("samvad_flow_trouble_total", NULL, "Turns the flow failed on"),
		   1);
}

static int trouble(struct conversation *c, const struct flow *flow, const char *language,
		   struct arena *a, const struct err *cause, struct turn_done *done)
{
	struct turn_draft *d = arena_alloc(a, sizeof *d);

	turn_trouble(cause);
	turn_say_system(c, flow, "trouble", language, a, d);
	done->how = TURN_TROUBLE;
	done->reply = (struct reply){ REPLY_INLINE, d->texts, d->text_count };
	return 1;
}

/* What the turn is decided on: held, unless it was tried with that before, or loaded. */
static int look(struct conversation *c, const struct inbound *in, int64_t now_ms, struct arena *a,
		bool *held, struct turn_view *view, struct err *err)
{
	*held = *held && held_take(c->held, in->contact, now_ms, a, view);
	return *held ? 0
		     : store_load(c->set.store, in->contact, in->external_id, now_ms, a, view, err);
}

/* 1 stored, 0 not: to be decided again on what is there by now, -1 the store. */
static int store_message(struct conversation *c, struct turn *t, const struct turn_view *view,
			 bool held, struct err *err)
{
	struct turn_held basis = { .consent = view->facts.consent };
	enum commit_result result;

	if (held) {
		basis.updated_ms = view->session->updated_ms;
		basis.expires_ms = view->session->expires_ms;
		basis.waits = view->session->wake_ms != 0;
		t->held = &basis;
	}
	if (store_commit(c->set.store, t, &result, NULL, err) < 0)
		return -1;
	if (result == COMMIT_DONE)
		held_put(c->held, t->contact, &t->facts, t->session);
	else if (held && result == COMMIT_CONFLICT)
		held_shun(c->held, t->contact);
	return result == COMMIT_DONE;
}

/* 1 done, 0 conflict: again, -1 the store. *held: whether what is held may be used, and was. */
static int try_message(struct conversation *c, struct bot *bot, const struct inbound *in,
		       enum turn_mode mode, bool *held, struct arena *a, struct turn_done *done,
		       struct err *err)
{
	const struct flow *flow = bot_flow(bot, in->receiver);
	struct turn_view view = { 0 };
	struct flow_input input = { .kind = FLOW_INPUT_MESSAGE, .message = in };
	struct flow_result r = { 0 };
	struct turn_draft *d = arena_alloc(a, sizeof *d);
	struct turn t = { .inbound = in };
	struct flow_env env = turn_env(c, in->contact, NULL, a);
	const struct session *before;
	struct outbound *rows;
	int got;

	if (look(c, in, env.now_ms, a, held, &view, err) < 0)
		return -1;
	done->parked = view.facts.parked > 0;
	if (view.reply.state != REPLY_NONE) {
		done->how = TURN_SEEN;
		done->reply = view.reply;
		done->language = view.session ? view.session->language
					      : arena_strdup(a, view.facts.language);
		return 1;
	}
	env.facts = &view.facts;
	before = view.session;
	if (!before && !view.facts.known && adopt_legacy(c, flow, &env, a, &before, err) < 0)
		return -1;
	if (flow_run(flow, before, &input, &env, a, &r, err) < 0)
		/* it may be a repeat: loading tells */
		return *held ? 0 : trouble(c, flow, before ? before->language : "", a, err, done);
	turn_draft_effects(&r, &env, in, a, d);
	keep_pace(c, flow, before, &r, env.now_ms, a, d, done);
	date_session(r.session, &view, in, &env, d->calls, a);

	turn_fill(&t, in->contact, r.session, d, env.now_ms);
	t.facts = turn_facts_after(&view.facts, r.session, d, env.now_ms, true);
	t.reply = (struct reply){ d->calls ? REPLY_OPEN : REPLY_INLINE, d->texts, d->text_count };
	if (mode == TURN_LATE) {
		turn_notice(c, flow, r.session->language, a, &t.reply);
		turn_rows(c, d->texts, d->text_count, in->contact, in->receiver, in->account, a,
			  &rows, &t.outbox_count);
		t.outbox = rows;
	}
	got = store_message(c, &t, &view, *held, err);
	if (got != 1)
		return got;
	done->how = d->calls ? TURN_WAITS : TURN_ANSWERED;
	done->reply = t.reply;
	done->session = r.session;
	done->language = r.session->language;
	return 1;
}

/* Lets whoever won finish; a spin over the network would only heat it. */
void turn_yield(unsigned conflicts)
{
	uint64_t us = id_random_u64() % (100u * (conflicts < 20 ? conflicts + 1 : 20));
	struct timespec ts = { 0, (long)us * 1000 };

	metric_add(
		metric_counter("samvad_turn_conflicts_total", NULL,
			       "Turns run again because another message of the contact came first"),
		1);
	nanosleep(&ts, NULL);
}

/* They have written: what waited for that may go. Not done: their next message does it. */
static void unpark(struct conversation *c, const char *contact)
{
	struct err err = { 0 };

	if (store_outbox_unpark(c->set.store, contact, clock_now_ms(c->set.clock), &err) < 0)
		log_warn("not-unparked", LOG_S("error", err.text));
	else
		outbox_wake(c->set.outbox);
}

int turn_message(struct conversation *c, struct bot *bot, const struct inbound *in,
		 enum turn_mode mode, struct arena *a, struct turn_done *done_out, struct err *err)
{
	bool held = true;

	for (unsigned i = 0; i < TURN_MAX_CONFLICTS; i++) {
		int got;

		*done_out = (struct turn_done){ 0 };
		got = try_message(c, bot, in, mode, &held, a, done_out, err);
		if (got > 0 && done_out->parked && done_out->how != TURN_TROUBLE)
			unpark(c, in->contact);
		if (got != 0)
			return got < 0 ? -1 : 0;
		if (!held)
			turn_yield(i);
		held = false;
	}
	return err_set(err, ERR_TEMP, "the contact's session changed %d times under this turn",
		       TURN_MAX_CONFLICTS);
}

/* ---- the result of a call ---- */

/* The texts that the turn said before its call come first. */
static void put_first(struct turn_draft *d, const struct reply *open, struct arena *a)
{
	struct turn_draft all = { 0 };

	if (open->state != REPLY_OPEN)
		return;
	for (size_t i = 0; i < open->count; i++)
		turn_draft_text(&all, open->texts[i], a);
	for (size_t i = 0; i < d->text_count; i++)
		turn_draft_text(&all, d->texts[i], a);
	memcpy(d->texts, all.texts, sizeof d->texts);
	d->text_count = all.text_count;
}

static int abandon(struct conversation *c, const char *contact, const char *external_id,
		   struct arena *a, struct turn_done *done, struct err *err)
{
	done->how = TURN_ABANDONED;
	if (!external_id[0])
		return 1;
	/* Whoever still waits for it gets an empty answer: a newer message has said what counts. */
	if (store_reply_decide(c->set.store, contact, external_id, NULL, 0, a, &done->reply, err) <
	    0)
		return -1;
	return 1;
}

/* What the reply of the message that began the call becomes. */
static void answer_with(struct conversation *c, const struct flow *flow, const struct turn_draft *d,
			const char *language, enum turn_mode mode, struct arena *a,
			struct reply *answer_out)
{
	if (mode == TURN_LATE && !d->calls)
		turn_notice(c, flow, language, a, answer_out);
	else
		*answer_out = (struct reply){ d->calls ? REPLY_OPEN : REPLY_INLINE, d->texts,
					      d->text_count };
}

/* They asked when the call began: a STOP since then keeps its result back. */
static void date_rows(struct outbound *rows, size_t count, const struct session_call *call)
{
	for (size_t i = 0; i < count && call->started_ms > 0; i++)
		rows[i].created_ms = call->started_ms;
}

static int try_result(struct conversation *c, struct bot *bot, const char *contact,
		      const char *call_id, const char *external_id,
		      const struct integration_result *result, enum turn_mode mode, struct arena *a,
		      struct turn_done *done, struct err *err)
{
	const struct flow *flow;
	struct turn_view view = { 0 };
	struct flow_input input = { .kind = FLOW_INPUT_OUTCOME,
				    .call_id = call_id,
				    .outcome = result->outcome,
				    .answer = result->answer };
	struct flow_result r = { 0 };
	struct turn_draft *d = arena_alloc(a, sizeof *d);
	struct turn t = { 0 };
	struct flow_env env = turn_env(c, contact, NULL, a);
	struct outbound *rows;
	enum commit_result commit;
	bool inline_done = false;

	if (store_load(c->set.store, contact, external_id[0] ? external_id : NULL, env.now_ms, a,
		       &view, err) < 0)
		return -1;
	if (!view.session || strcmp(view.session->call.id, call_id) != 0)
		return abandon(c, contact, external_id, a, done, err);
	env.facts = &view.facts;
	flow = bot_flow_of(bot, view.session);
	if (flow_run(flow, view.session, &input, &env, a, &r, err) < 0) {
		turn_trouble(err);
		r.session = session_copy(view.session, a); /* give up the wait, keep the rest */
		r.session->call = (struct session_call){ "", "", "", "", 0 };
		turn_say_system(c, flow, "trouble", r.session->language, a, d);
	}
	turn_draft_effects(&r, &env, NULL, a, d);
	put_first(d, &view.reply, a);
	r.session->revision = view.session->revision;
	r.session->updated_ms = env.now_ms;
	if (d->calls)
		r.session->call.external_id = arena_strdup(a, external_id);

	turn_fill(&t, contact, r.session, d, env.now_ms);
	t.facts = turn_facts_after(&view.facts, r.session, d, env.now_ms, false);
	turn_rows(c, d->texts, d->text_count, contact, r.session->receiver, r.session->account, a,
		  &rows, &t.outbox_count);
	date_rows(rows, t.outbox_count, &view.session->call);
	t.outbox = rows;
	if (external_id[0])
		answer_with(c, flow, d, r.session->language, mode, a, &t.answer);
	t.answers = external_id[0] ? external_id : NULL;
	if (store_commit(c->set.store, &t, &commit, &inline_done, err) < 0)
		return -1;
	if (commit != COMMIT_DONE)
		return 0;
	held_put(c->held, contact, &t.facts, r.session);
	done->how = d->calls ? TURN_WAITS : TURN_ANSWERED;
	done->reply = inline_done || d->calls ? t.answer : (struct reply){ 0 };
	done->session = r.session;
	done->language = r.session->language;
	return 1;
}

int turn_result(struct conversation *c, struct bot *bot, const char *contact, const char *call_id,
		const char *external_id, const struct integration_result *result,
		enum turn_mode mode, struct arena *a, struct turn_done *done_out, struct err *err)
{
	for (unsigned i = 0; i < TURN_MAX_CONFLICTS; i++) {
		int got;

		*done_out = (struct turn_done){ 0 };
		got = try_result(c, bot, contact, call_id, external_id, result, mode, a, done_out,
				 err);
		if (got != 0)
			return got < 0 ? -1 : 0;
		turn_yield(i);
	}
	return err_set(err, ERR_TEMP, "the contact's session changed %d times under this result",
		       TURN_MAX_CONFLICTS);
}
