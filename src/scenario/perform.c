/*
 * perform.c - the same acts in another world, compared in the same way.
 *
 * There the reply to a message and the result of the call that it begins come
 * as one: they are compared together, at the call's end.
 */
#include "scenario_private.h"

#include <string.h>

struct performance {
	const struct scenario *scenario;
	const struct scenario_world *w;
	void *world;
	struct plan plan;
	struct witness witness;
	struct arena *a;
	size_t *unseen;
};

#define FAIL(p, at, ...)                                                                           \
	scenario_fail((p)->witness.fault, (p)->a, (p)->scenario->file, at, __VA_ARGS__)

static int prepare(struct performance *p, const struct scenario *s, const struct flow *flow,
		   const struct scenario_world *w, void *world, struct arena *a,
		   struct scenario_fault *fault)
{
	*p = (struct performance){
		.scenario = s, .w = w, .world = world, .witness = { s->file, a, fault }, .a = a
	};
	return scenario_plan(s, flow, a, &p->plan, fault);
}

/* ---- may it be played there ---- */

/* Says why not; 0. */
#define CANNOT(p, at, ...) (FAIL(p, at, __VA_ARGS__) + 1)

static int survey_call(struct performance *p, size_t i)
{
	const struct plan_call *c = &p->plan.calls[i];
	unsigned line = c->end ? c->end->line : c->begin->line;
	const char *why;

	if (c->begin->kind == ACT_CALL)
		return CANNOT(p, line, "this call begins when another one ends");
	for (size_t k = 0; k < i; k++) {
		if (!p->plan.calls[k].end || p->plan.calls[k].end > c->begin)
			return CANNOT(p, line, "this call begins while another one is under way");
	}
	why = p->w->cannot_call(p->world, &c->call, p->a);
	return why ? CANNOT(p, line, "%s", why) : 1;
}

int scenario_survey(const struct scenario *s, const struct flow *flow,
		    const struct scenario_world *w, void *world, struct arena *a,
		    struct scenario_fault *fault)
{
	struct performance p;
	int can = 1;

	if (prepare(&p, s, flow, w, world, a, fault) < 0)
		return -1;
	if (s->setting_line)
		return CANNOT(&p, s->setting_line, "settings are those of the program");
	if (s->language_line)
		return CANNOT(&p, s->language_line,
			      "what is remembered of the contact cannot be set");
	for (size_t i = 0; i < s->act_count; i++) {
		if (s->acts[i].kind == ACT_RECORD)
			return CANNOT(&p, s->acts[i].line, "records cannot be changed there");
	}
	for (size_t i = 0; i < p.plan.count && can > 0; i++)
		can = survey_call(&p, i);
	return can;
}

/* ---- what comes ---- */

/* Of a call: the lines behind the message that began it, then those behind its end. */
static struct expectation expected_of(struct performance *p, const struct act *act,
				      const struct plan_call *c)
{
	size_t before = c ? c->begin->reply_count : 0;
	struct expected *list = arena_array(p->a, before + act->reply_count, sizeof *list);

	if (before)
		memcpy(list, c->begin->replies, before * sizeof *list);
	if (act->reply_count)
		memcpy(list + before, act->replies, act->reply_count * sizeof *list);
	return (struct expectation){ act->line, list, before + act->reply_count };
}

static int hear(struct performance *p, const struct act *act, const struct plan_call *c)
{
	const struct expectation e = expected_of(p, act, c);
	const struct scenario_call *call = c ? &c->call : NULL;
	struct scenario_heard heard = { .more = true };
	struct err err = { 0 };
	int compared = -1;

	/* "< ..." fits what has not come yet as well: nothing is no answer while more may come */
	while (heard.more && (compared < 0 || (heard.count == 0 && e.count > 0))) {
		if (p->w->hear(p->world, call, p->a, &heard, &err) < 0)
			return FAIL(p, act->line, "%s", err.text);
		compared = scenario_compare_reply(&p->witness, &e, heard.texts, heard.count);
	}
	return compared;
}

static int compare_fact(struct performance *p, const struct act *act)
{
	const char *got = NULL;
	struct err err = { 0 };

	if (act->fact != FACT_STEP && act->fact != FACT_LANGUAGE) {
		++*p->unseen;
		return 0;
	}
	if (p->w->fact(p->world, scenario_fact_names[act->fact], p->a, &got, &err) < 0)
		return FAIL(p, act->line, "%s", err.text);
	return scenario_compare_fact(&p->witness, act, got, NULL);
}

/* ---- what happens ---- */

static const struct plan_call *begun_by(const struct performance *p, const struct act *act)
{
	for (size_t i = 0; i < p->plan.count; i++) {
		if (p->plan.calls[i].begin == act)
			return &p->plan.calls[i];
	}
	return NULL;
}

static const struct plan_call *ended_by(const struct performance *p, const struct act *act)
{
	for (size_t i = 0; i < p->plan.count; i++) {
		if (p->plan.calls[i].end == act)
			return &p->plan.calls[i];
	}
	return NULL;
}

static int say(struct performance *p, const struct act *act)
{
	const struct plan_call *c = begun_by(p, act);
	struct err err = { 0 };

	if (p->w->say(p->world, &act->message, c ? &c->call : NULL, &err) < 0)
		return FAIL(p, act->line, "%s", err.text);
	return c ? 0 : hear(p, act, NULL);
}

static int end_call(struct performance *p, const struct act *act)
{
	const struct plan_call *c = ended_by(p, act);
	struct err err = { 0 };

	if (c->call.held && p->w->end_call(p->world, &c->call, &err) < 0)
		return FAIL(p, act->line, "%s", err.text);
	return hear(p, act, c);
}

static int perform_act(struct performance *p, const struct act *act)
{
	struct err err = { 0 };

	switch (act->kind) {
	case ACT_SAY:
		return say(p, act);
	case ACT_CALL:
		return end_call(p, act);
	case ACT_PASS:
		if (p->w->pass(p->world, act->ms, &err) < 0)
			return FAIL(p, act->line, "%s", err.text);
		return act->reply_count ? hear(p, act, NULL) : 0;
	case ACT_RECORD: /* surveyed: does not happen */
		return FAIL(p, act->line, "records cannot be changed there");
	case ACT_EXPECT:
		return compare_fact(p, act);
	}
	return 0;
}

static int perform(struct performance *p)
{
	const struct scenario *s = p->scenario;
	struct err err = { 0 };

	if (p->w->begin(p->world, s->contact, s->profile_name, &err) < 0)
		return FAIL(p, 1, "%s", err.text);
	for (size_t i = 0; i < s->act_count; i++) {
		if (perform_act(p, &s->acts[i]) < 0)
			return -1;
	}
	return 0;
}

/* What came and was not heard is one text too many. */
static int finish(struct performance *p, int performed)
{
	const struct act nothing = { .line = p->scenario->acts[p->scenario->act_count - 1].line };
	struct err err = { 0 };
	int finished = p->w->finish(p->world, &err);

	if (performed < 0)
		return -1;
	return finished < 0 ? FAIL(p, nothing.line, "%s", err.text) : hear(p, &nothing, NULL);
}

int scenario_play(const struct scenario *s, const struct flow *flow, const struct scenario_world *w,
		  void *world, struct arena *a, size_t *unseen_out, struct scenario_fault *fault)
{
	struct performance p;

	if (prepare(&p, s, flow, w, world, a, fault) < 0)
		return -1;
	p.unseen = unseen_out;
	return finish(&p, perform(&p));
}
