/*
 * timer.c - a turn that nobody's message begins: the session's wake_ms has come.
 *
 * What the flow says leaves through the outbox, committed together with the
 * session: whoever crashes in between has said nothing yet, and the lease of
 * the claim lets another process do it.
 */
#include "turn_private.h"

#include <string.h>

/* 1 done, or nothing to do; 0 conflict: again; -1 the store. */
static int try_timer(struct conversation *c, struct bot *bot, const char *contact, struct arena *a,
		     struct err *err)
{
	const struct flow_input input = { .kind = FLOW_INPUT_TIMER };
	struct flow_env env = turn_env(c, contact, NULL, a);
	struct turn_draft *d = arena_alloc(a, sizeof *d);
	struct turn_view view = { 0 };
	struct flow_result r = { 0 };
	struct turn t = { 0 };
	struct outbound *rows;
	enum commit_result result;

	if (store_load(c->set.store, contact, NULL, env.now_ms, a, &view, err) < 0)
		return -1;
	if (!view.session || view.session->call.id[0] || !view.session->wake_ms ||
	    view.session->wake_ms > env.now_ms)
		return 1;
	env.facts = &view.facts;
	if (flow_run(bot_flow_of(bot, view.session), view.session, &input, &env, a, &r, err) < 0) {
		turn_trouble(err);
		r = (struct flow_result){ .session = session_copy(view.session, a) };
		r.session->wake_ms = 0; /* what fails once fails each time */
	}
	turn_draft_effects(&r, &env, NULL, a, d);
	r.session->revision = view.session->revision;
	turn_fill(&t, contact, r.session, d, env.now_ms);
	t.facts = turn_facts_after(&view.facts, r.session, d, env.now_ms, false);
	turn_rows(c, d->texts, d->text_count, contact, r.session->receiver, r.session->account, a,
		  &rows, &t.outbox_count);
	t.outbox = rows;
	if (store_commit(c->set.store, &t, &result, NULL, err) < 0)
		return -1;
	if (result == COMMIT_DONE)
		held_put(c->held, contact, &t.facts, r.session);
	return result == COMMIT_DONE;
}

int turn_timer(struct conversation *c, struct bot *bot, const char *contact, struct arena *a,
	       struct err *err)
{
	for (unsigned i = 0; i < TURN_MAX_CONFLICTS; i++) {
		int got = try_timer(c, bot, contact, a, err);

		if (got != 0)
			return got < 0 ? -1 : 0;
		turn_yield(i);
	}
	return err_set(err, ERR_TEMP, "the contact's session changed %d times under this timer",
		       TURN_MAX_CONFLICTS);
}
