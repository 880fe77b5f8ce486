/*
 * timer.c - reminders after silence, and the end of waiting.
 *
 * Only while a question is open, never outside the 24 hours after the contact's
 * last message, and not to who said STOP. After a pause of the program one
 * reminder is said, not all that were missed.
 */
#include "timer_private.h"

#include <string.h>

#include "cover_private.h"

enum { WINDOW_MS = 86400000, WINDOW_MARGIN_MS = 300000 };

static const struct flow_reminders *reminders_of(const struct flow_run *r)
{
	return r->step->reminders ? r->step->reminders : &r->flow->reminders;
}

static bool may_speak(const struct flow_run *r)
{
	int64_t silent = r->env->now_ms - r->session->heard_ms;

	return r->consent != CONSENT_OUT && silent < WINDOW_MS - WINDOW_MARGIN_MS;
}

static bool is_asking(const struct flow_run *r)
{
	return r->step && r->step->rule && !r->unstarted && !*r->session->call.id &&
	       r->session->heard_ms > 0;
}

void flow_timer_set(struct flow_run *r)
{
	const struct flow_reminders *all;
	struct session *s = r->session;
	int64_t wake = 0;

	s->wake_ms = 0;
	if (!is_asking(r))
		return;
	all = reminders_of(r);
	if (r->flow->expiry_ms)
		wake = s->heard_ms + r->flow->expiry_ms;
	if (s->reminded < all->count && r->consent != CONSENT_OUT) {
		int64_t at = s->heard_ms + all->list[s->reminded].after_ms;

		if (!wake || at < wake)
			wake = at;
	}
	if (wake < s->expires_ms) /* after that there is no session to wake */
		s->wake_ms = wake;
}

/* The session goes back to a beginning, which its next message enters. The way it came stays, so
 * that "@back" can lead to where it was. */
static int expire(struct flow_run *r)
{
	const struct flow_action *act = flow_run_choose(r, r->flow->expiry);
	const struct flow_step *to = r->flow->start;

	if (!act) /* no condition holds: nothing is to happen */
		return 0;
	if (flow_run_leave(r, act, may_speak(r)) < 0)
		return -1;
	if (act->to == GOTO_STEP)
		to = act->target;
	r->exit = "expiry";
	r->step = to;
	r->unstarted = true;
	r->session->completed = false;
	r->session->wrong_answers = 0;
	r->session->step = arena_strdup(r->a, to->name);
	if (to->shown)
		r->session->shown_step = arena_strdup(r->a, to->shown);
	return 0;
}

static int remind(struct flow_run *r)
{
	const struct flow_reminders *all = reminders_of(r);
	int64_t silent = r->env->now_ms - r->session->heard_ms;
	const struct flow_reminder *due = NULL;

	while (r->session->reminded < all->count &&
	       silent >= all->list[r->session->reminded].after_ms)
		due = &all->list[r->session->reminded++];
	if (!due || !may_speak(r))
		return 0;
	flow_cover_pass(r->env->cover, due);
	if (flow_run_say(r, due->say) < 0)
		return -1;
	return due->ask ? flow_run_say(r, r->step->ask) : 0;
}

static bool is_expired(const struct flow_run *r)
{
	return r->flow->expiry_ms && r->env->now_ms >= r->session->heard_ms + r->flow->expiry_ms;
}

int flow_timer_run(struct flow_run *r)
{
	const struct session *s = r->session;

	if (!is_asking(r) || !s->wake_ms || r->env->now_ms < s->wake_ms)
		return 0;
	return is_expired(r) ? expire(r) : remind(r);
}

int flow_timer_overtaken(struct flow_run *r)
{
	return is_asking(r) && is_expired(r) ? expire(r) : 0;
}
