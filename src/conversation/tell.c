/*
 * tell.c - says something that nobody asked for: news of a record, say.
 *
 * Through the outbox, committed like a turn that changes nothing else, so that
 * its place in the contact's line is certain. Only to who may be written to
 * now: WhatsApp takes a free text for 24 hours, and STOP means stop.
 */
#include "turn_private.h"

enum { WINDOW_MS = 86400000, WINDOW_MARGIN_MS = 300000 };

/* NULL: they may be written to. */
static const char *why_not(const struct turn_view *view, int64_t now_ms)
{
	if (!view->facts.known)
		return "unknown";
	if (view->facts.consent == CONSENT_OUT)
		return "opted_out";
	if (now_ms - view->facts.last_in_ms > WINDOW_MS - WINDOW_MARGIN_MS)
		return "outside_window";
	return view->session ? NULL : "no_session";
}

/* 1 queued, 0 it may not be, -1 the store, 2: a conflict, again. */
static int try_tell(struct conversation *c, const char *contact, const char *text, struct arena *a,
		    const char **why_out, struct err *err)
{
	const int64_t now = clock_now_ms(c->set.clock);
	struct turn_draft *d = arena_alloc(a, sizeof *d);
	const struct str said = str_of(text);
	struct turn_view view = { 0 };
	struct turn t = { 0 };
	struct session *s;
	struct outbound *rows;
	enum commit_result result;

	if (store_load(c->set.store, contact, NULL, now, a, &view, err) < 0)
		return -1;
	*why_out = why_not(&view, now);
	if (*why_out)
		return 0;
	s = session_copy(view.session, a);
	turn_fill(&t, contact, s, d, now);
	t.facts = view.facts;
	turn_rows(c, &said, 1, contact, s->receiver, s->account, a, &rows, &t.outbox_count);
	t.outbox = rows;
	if (store_commit(c->set.store, &t, &result, NULL, err) < 0)
		return -1;
	if (result != COMMIT_DONE)
		return 2;
	held_put(c->held, contact, &t.facts, s);
	return 1;
}

int conversation_tell(struct conversation *c, const char *contact, const char *text,
		      const char **why_out, struct err *err)
{
	for (unsigned i = 0; i < TURN_MAX_CONFLICTS; i++) {
		struct arena a = { 0 };
		int got = try_tell(c, contact, text, &a, why_out, err);

		arena_free(&a);
		if (got == 1)
			outbox_wake(c->set.outbox);
		if (got != 2)
			return got;
		turn_yield(i);
	}
	return err_set(err, ERR_TEMP, "the contact's session changed %d times meanwhile",
		       TURN_MAX_CONFLICTS);
}
