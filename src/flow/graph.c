/*
 * graph.c - what is sure at each step, by going over all edges until nothing changes.
 *
 * A value is surely set at a step when it is set on every way there: the
 * intersection over all edges, commands included, because they can be given
 * at every step where a session waits. Starts with "everything" and only
 * takes away, so it ends.
 */
#include "graph_private.h"

#include <string.h>

static uint64_t sure_if(const struct flow_condition *c, bool holds);

/* -1: no value */
static uint64_t value_bit(int value)
{
	return value >= 0 ? UINT64_C(1) << value : 0;
}

static uint64_t sure_of_list(const struct flow_condition *list, bool holds, bool all_hold)
{
	uint64_t sum = 0, common = UINT64_MAX;

	if (!list)
		return 0;
	for (; list; list = list->sibling) {
		uint64_t s = sure_if(list, holds);

		sum |= s;
		common &= s;
	}
	return all_hold ? sum : common;
}

/* Values that are set for sure when the condition holds, or when it does not. */
static uint64_t sure_if(const struct flow_condition *c, bool holds)
{
	switch (c->kind) {
	case CONDITION_SET:
		return holds ? c->values : 0;
	case CONDITION_IS:
		return holds ? UINT64_C(1) << c->value : 0;
	case CONDITION_NOT:
		return sure_if(c->inner, !holds);
	case CONDITION_ALL:
		return sure_of_list(c->inner, holds, holds);
	case CONDITION_ANY:
		return sure_of_list(c->inner, holds, !holds);
	case CONDITION_AT:
		return holds ? c->step->surely : 0;
	case CONDITION_COMPARE:
		return holds ? value_bit(c->left) | value_bit(c->right) : 0;
	case CONDITION_CONSENT:
	case CONDITION_LANGUAGE:
		break;
	}
	return 0;
}

/* What a source gives is sure when what it comes from is. */
static uint64_t after_assign(const struct flow_assign *as, uint64_t sure)
{
	uint64_t own = UINT64_C(1) << as->value;
	bool given = false;

	switch (as->source) {
	case SOURCE_TEXT:
	case SOURCE_ADD:
	case SOURCE_DATE:
		given = true;
		break;
	case SOURCE_OPTION: /* the loader has looked at every option; an item may lack a field */
		given = as->sure && (sure & value_bit(as->other));
		break;
	case SOURCE_COPY:
	case SOURCE_ANSWER:
		break;
	}
	return given ? sure | own : sure & ~own;
}

void flow_action_walk(const struct flow_action *act, uint64_t in,
		      void (*see)(void *arg, const struct flow_action *act, uint64_t surely),
		      void *arg)
{
	for (; act; act = act->otherwise) {
		uint64_t at = act->condition ? in | sure_if(act->condition, true) : in;

		if (act->clear)
			at = 0;
		at &= ~act->unset;
		for (size_t i = 0; i < act->set_count; i++)
			at = after_assign(&act->sets[i], at);
		see(arg, act, at);
		if (act->condition)
			in |= sure_if(act->condition, false);
	}
}

uint64_t flow_step_leaves_with(const struct flow_step *s, const char *exit)
{
	if (s->save < 0 || strcmp(exit, FLOW_EXIT_STUCK) == 0 ||
	    (s->also && flow_option_find(s->also, exit)))
		return s->surely;
	return s->surely | UINT64_C(1) << s->save;
}

bool flow_step_rests(const struct flow *flow, const struct flow_step *s)
{
	return !flow_step_passes(s) || s == flow->start;
}

struct study {
	struct flow *flow;
	const struct flow_step *from;
	const struct flow_step *stay; /* where an action that leads nowhere leaves the session */
	bool changed;
};

static void edge(void *arg, const struct flow_action *act, uint64_t surely)
{
	struct study *st = arg;
	const struct flow_step *to = act->to == GOTO_STEP ? act->target : st->stay;
	struct flow_step *s = &st->flow->steps[to - st->flow->steps];

	if (act->to == GOTO_BACK) /* only to where it was, and only when that step still fits */
		return;
	if (s->reachable && (s->surely & ~surely) == 0)
		return;
	s->reachable = true;
	s->surely &= surely;
	st->changed = true;
}

void flow_graph_study(struct flow *flow)
{
	struct study st = { .flow = flow, .changed = true };

	for (size_t i = 0; i < flow->step_count; i++)
		flow->steps[i].surely = UINT64_MAX;
	flow->steps[flow->start - flow->steps].reachable = true;
	flow->steps[flow->start - flow->steps].surely = 0;
	while (st.changed) {
		st.changed = false;
		for (size_t i = 0; i < flow->step_count; i++) {
			st.from = &flow->steps[i];
			if (!st.from->reachable)
				continue;
			st.stay = st.from;
			for (size_t k = 0; k < st.from->exit_count; k++)
				flow_action_walk(
					st.from->exits[k].action,
					flow_step_leaves_with(st.from, st.from->exits[k].name),
					edge, &st);
			for (size_t k = 0;
			     flow_step_rests(flow, st.from) && k < flow->command_count; k++)
				flow_action_walk(flow->commands[k].action, st.from->surely, edge,
						 &st);
			st.stay = flow->start;
			if (st.from->rule && flow->expiry)
				flow_action_walk(flow->expiry, st.from->surely, edge, &st);
		}
	}
}
