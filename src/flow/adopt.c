/*
 * adopt.c - sessions that do not come from this version of this flow.
 *
 * Nothing foreign is trusted: a value must pass the rule that a typed answer
 * passes, and a step is kept only when all that it needs is there.
 */
#include <string.h>

#include "input_private.h"
#include "run_private.h"

struct session *flow_session_new(const struct flow *flow, const struct flow_env *env,
				 struct arena *a)
{
	struct session *s = arena_alloc(a, sizeof *s);
	const struct contact_facts *facts = env->facts;
	size_t language = facts ? flow_language_or_default(flow, facts->language) : 0;
	const char *code = flow->languages[language].code;

	s->flow = arena_strdup(a, flow->name);
	s->flow_version = flow->version;
	s->step = arena_strdup(a, flow->start->name);
	s->shown_step = flow->start->shown ? arena_strdup(a, flow->start->shown) : "";
	memcpy(s->language, code, strlen(code) + 1);
	s->created_ms = s->updated_ms = env->now_ms;
	s->expires_ms = env->now_ms + env->session_ttl_ms;
	s->call = (struct session_call){ .id = "", .name = "", .step = "", .external_id = "" };
	s->receiver = s->account = s->trail = "";
	return s;
}

void flow_session_clean(const struct flow *flow, struct session *s, struct arena *a)
{
	size_t i = 0;

	while (i < s->value_count) {
		const char *name = s->values[i].name;
		int v = flow_value_find(flow, name);

		if (strncmp(name, "record.", 7) == 0 ||
		    (v >= 0 && flow_rule_holds(&flow->values[v].rule, s->values[i].text, a)))
			i++;
		else
			session_unset(s, name);
	}
}

bool flow_session_fits(const struct flow *flow, const struct session *s,
		       const struct flow_step *step)
{
	if (!step->reachable)
		return false;
	for (size_t i = 0; i < flow->value_count; i++) {
		if ((step->surely >> i & 1) && !session_get(s, flow->values[i].name))
			return false;
	}
	return true;
}

/* Follows the flow from its start past all questions that are answered. Says and sets nothing. */
static const struct flow_step *first_open(const struct flow *flow, struct session *s)
{
	struct flow_run r = { .flow = flow, .session = s, .step = flow->start };
	const struct flow_step *asked = flow->start;

	for (unsigned i = 0; i < FLOW_STEP_CAP; i++) {
		const struct flow_exit *next = flow_exit_find(r.step, "next");
		const struct flow_action *act;

		if (r.step->rule)
			asked = r.step;
		if (r.step->rule &&
		    (r.step->save < 0 || !session_get(s, flow->values[r.step->save].name)))
			break;
		act = next ? flow_run_choose(&r, next->action) : NULL;
		if (!act || act->to != GOTO_STEP)
			break;
		r.step = act->target;
	}
	return asked;
}

static void take_values(const struct flow *flow, const struct session_value *values, size_t count,
			struct session *s, struct arena *a)
{
	for (size_t i = 0; i < count; i++) {
		int v = flow_value_find(flow, values[i].name);
		const char *stored;

		if (v < 0 || flow_command_of(flow, str_of(values[i].text), a))
			continue; /* the former bot took "help" for a name */
		stored = flow_rule_accept(&flow->values[v].rule, NULL, str_of(values[i].text), a);
		if (stored)
			(void)session_set(s, a, values[i].name, stored, NULL);
	}
}

struct session *flow_adopt(const struct flow *flow, const char *step,
			   const struct session_value *values, size_t count,
			   const struct flow_env *env, struct arena *a)
{
	struct session *s = flow_session_new(flow, env, a);
	const struct flow_step *at = flow_step_find(flow, step);

	take_values(flow, values, count, s, a);
	if (!at || !(at->rule || at->end || at == flow->start) || !flow_session_fits(flow, s, at))
		at = first_open(flow, s);
	s->step = arena_strdup(a, at->name);
	if (at->shown)
		s->shown_step = arena_strdup(a, at->shown);
	s->completed = at->end;
	return s;
}
