/*
 * plan.c - which calls begin and end where: what a player elsewhere must know beforehand.
 *
 * The file says when a call ends, not which message began it. The engine
 * knows; it runs here, and what it says is not compared.
 */
#include "scenario_private.h"

/* Whether anything happens behind its beginning and before its end that a player can see. */
static bool is_held(const struct scenario *s, const struct plan_call *c)
{
	for (const struct act *act = c->begin + 1; act != c->end; act++) {
		if (act == s->acts + s->act_count || act->kind != ACT_EXPECT ||
		    act->fact == FACT_STEP || act->fact == FACT_LANGUAGE)
			return true;
	}
	return false;
}

static void fill(const struct stage *st, struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct stage_call *from = &st->calls[i];
		struct plan_call *c = &plan->calls[i];

		c->end = from->end;
		c->call = (struct scenario_call){ .name = from->name,
						  .url = from->url,
						  .step = from->step,
						  .attempts = from->attempts,
						  .outcome = from->outcome,
						  .status = from->end ? from->end->status : 0,
						  .json = from->end ? from->end->json : "",
						  .held = is_held(st->scenario, c) };
	}
}

int scenario_plan(const struct scenario *s, const struct flow *flow, struct arena *a,
		  struct plan *plan_out, struct scenario_fault *fault)
{
	struct stage *st = arena_alloc(a, sizeof *st);
	struct err err = { 0 };

	*plan_out =
		(struct plan){ .calls = arena_array(a, STAGE_MAX_CALLS, sizeof *plan_out->calls) };
	if (stage_open(st, s, flow, NULL, a, fault) < 0)
		return -1;
	for (size_t i = 0; i < s->act_count; i++) {
		st->next = i + 1 < s->act_count ? &s->acts[i + 1] : NULL;
		if (stage_reload(st, &err) < 0 || stage_act(st, &s->acts[i], &err) < 0)
			return scenario_fail(fault, a, s->file, s->acts[i].line, "%s", err.text);
		while (plan_out->count < st->call_count)
			plan_out->calls[plan_out->count++].begin = &s->acts[i];
	}
	fill(st, plan_out);
	return stage_check_end(st, s->acts[s->act_count - 1].line, fault);
}
