/*
 * check.c - faults that only show when a flow is looked at as a graph.
 */
#include "check_private.h"

#include <string.h>

#include "base/text.h"
#include "graph_private.h"

void flow_check_fault(struct flow_checker *ck, enum flow_severity severity, struct flow_spot place,
		      const char *what, const char *cure)
{
	for (size_t i = 0; i < ck->faults->count; i++) {
		const struct flow_fault *f = &ck->faults->list[i];

		if (f->line == place.line && strcmp(f->file, place.file) == 0 &&
		    strcmp(f->what, what) == 0)
			return;
	}
	flow_fault_add(ck->faults, severity, place, what, cure);
}

static struct flow_spot at_step(const struct flow_step *s, const char *field)
{
	return (struct flow_spot){ "flow.json", s->line, s->name, field };
}

static void check_reach(struct flow_checker *ck)
{
	for (size_t i = 0; i < ck->flow->step_count; i++) {
		const struct flow_step *s = &ck->flow->steps[i];

		if (!s->reachable)
			flow_check_fault(ck, FLOW_ERROR, at_step(s, NULL),
					 "no way leads to this step",
					 "lead an exit to it, or remove it");
	}
}

/* ---- loops without a wait ---- */

enum color { WHITE, GREY, BLACK };

/* Depth first over steps that do not wait; true when one leads back to itself. */
static bool goes_round(const struct flow *flow, const struct flow_step *s, enum color *colors)
{
	enum color *color = &colors[s - flow->steps];
	const struct flow_exit *next;
	bool round = *color == GREY;

	if (*color != WHITE || !flow_step_passes(s))
		return round;
	*color = GREY;
	next = flow_exit_find(s, "next");
	for (const struct flow_action *act = next->action; act && !round; act = act->otherwise)
		round = act->to == GOTO_SAME ||
			(act->to == GOTO_STEP && goes_round(flow, act->target, colors));
	*color = BLACK;
	return round;
}

static void check_loops(struct flow_checker *ck)
{
	const struct flow *flow = ck->flow;

	for (size_t i = 0; i < flow->step_count; i++) {
		enum color *colors = arena_array(&ck->a, flow->step_count, sizeof *colors);

		if (goes_round(flow, &flow->steps[i], colors))
			flow_check_fault(ck, FLOW_ERROR, at_step(&flow->steps[i], "next"),
					 "leads round in a loop that asks nothing",
					 "let a step on the way ask or end");
	}
}

/* ---- steps that only a command leaves ---- */

bool flow_check_leaves(const struct flow_step *s)
{
	for (size_t i = 0; i < s->exit_count; i++) {
		for (const struct flow_action *act = s->exits[i].action; act;
		     act = act->otherwise) {
			if ((act->to == GOTO_STEP && act->target != s) || act->to == GOTO_BACK)
				return true;
		}
	}
	return s->end;
}

static void check_dead_ends(struct flow_checker *ck)
{
	for (size_t i = 0; i < ck->flow->step_count; i++) {
		const struct flow_step *s = &ck->flow->steps[i];

		if (s->reachable && !flow_step_passes(s) && !flow_check_leaves(s))
			flow_check_fault(ck, FLOW_ERROR, at_step(s, "exits"),
					 "every exit leads back to this step: nobody gets on",
					 "lead one exit to another step");
	}
}

/* ---- what WhatsApp shows ---- */

static const struct {
	const char *holds;
	size_t options;
	size_t chars; /* of a label */
} shows[] = {
	[SHOW_AS_TEXT] = { "a text holds", FLOW_MAX_OPTIONS, SIZE_MAX },
	[SHOW_AS_BUTTONS] = { "buttons hold", 3, 20 },
	[SHOW_AS_LIST] = { "a list holds", 10, 24 },
};

static void check_labels(struct flow_checker *ck, const struct flow_step *s)
{
	const struct flow_list *list = s->rule->list;
	size_t most = shows[s->rule->as].chars;

	for (size_t i = 0; i < list->count; i++) {
		for (size_t l = 0; l < ck->flow->language_count; l++) {
			const char *label = list->options[i].label[l];

			if (text_chars(str_of(label)) <= most)
				continue;
			flow_check_fault(
				ck, FLOW_ERROR, at_step(s, s->save >= 0 ? "save" : "input"),
				arena_printf(
					&ck->a, "the label \"%s\" (%s) has %zu characters, %s %zu",
					label, ck->flow->languages[l].code,
					text_chars(str_of(label)), shows[s->rule->as].holds, most),
				"shorten it");
		}
	}
}

static void check_shows(struct flow_checker *ck)
{
	for (size_t i = 0; i < ck->flow->step_count; i++) {
		const struct flow_step *s = &ck->flow->steps[i];
		const struct flow_rule *rule = s->rule;
		size_t n;

		if (!rule || rule->type != RULE_CHOICE || rule->as == SHOW_AS_TEXT)
			continue;
		n = rule->list ? rule->list->count : (size_t)ck->flow->values[rule->items].rule.max;
		if (n > shows[rule->as].options)
			flow_check_fault(
				ck, FLOW_ERROR, at_step(s, s->save >= 0 ? "save" : "input"),
				arena_printf(&ck->a, "%zu options, %s %zu", n,
					     shows[rule->as].holds, shows[rule->as].options),
				"offer fewer, or leave \"as\" out");
		if (rule->list)
			check_labels(ck, s);
	}
}

/* ---- personal data under another name ---- */

/* The kind of personal data that a source holds, or NULL. */
static const char *source_pii(const struct flow *flow, const struct flow_assign *as)
{
	const struct flow_rule *rule;

	if (as->source != SOURCE_COPY && as->source != SOURCE_OPTION)
		return NULL;
	rule = &flow->values[as->other].rule;
	if (as->source == SOURCE_OPTION && rule->items >= 0)
		return flow->values[rule->items].pii;
	return as->source == SOURCE_COPY ? flow->values[as->other].pii : NULL;
}

struct taint {
	struct flow_checker *ck;
	const char *step;
};

static void see_copies(void *arg, const struct flow_action *act, uint64_t surely)
{
	const struct taint *t = arg;
	const struct flow *flow = t->ck->flow;

	(void)surely;
	for (size_t i = 0; i < act->set_count; i++) {
		const struct flow_assign *as = &act->sets[i];
		const struct flow_value *to = &flow->values[as->value];
		const char *pii = source_pii(flow, as);

		if (!pii || (to->pii && strcmp(to->pii, pii) == 0))
			continue;
		flow_check_fault(t->ck, FLOW_ERROR,
				 (struct flow_spot){ "flow.json", act->line, t->step, "set" },
				 arena_printf(&t->ck->a,
					      "{{%s}} becomes personal data (%s) of {{%s}}",
					      to->name, pii, flow->values[as->other].name),
				 arena_printf(&t->ck->a, "add \"pii\": \"%s\" to the value %s", pii,
					      to->name));
	}
}

static void check_taint(struct flow_checker *ck)
{
	const struct flow *flow = ck->flow;
	struct taint t = { .ck = ck };

	for (size_t i = 0; i < flow->command_count; i++)
		flow_action_walk(flow->commands[i].action, 0, see_copies, &t);
	flow_action_walk(flow->expiry, 0, see_copies, &t);
	for (size_t i = 0; i < flow->step_count; i++) {
		t.step = flow->steps[i].name;
		for (size_t k = 0; k < flow->steps[i].exit_count; k++)
			flow_action_walk(flow->steps[i].exits[k].action, 0, see_copies, &t);
	}
}

/* ---- what nothing uses ---- */

struct used {
	uint64_t set; /* values that a step saves or an action sets */
	bool records[64];
	const struct flow *flow;
};

static void note_action(void *arg, const struct flow_action *act, uint64_t surely)
{
	struct used *u = arg;

	(void)surely;
	for (size_t i = 0; i < act->set_count; i++)
		u->set |= UINT64_C(1) << act->sets[i].value;
	if (act->record && act->record - u->flow->records < 64)
		u->records[act->record - u->flow->records] = true;
}

static void note_all(struct used *u)
{
	const struct flow *flow = u->flow;

	for (size_t i = 0; i < flow->step_count; i++) {
		const struct flow_step *s = &flow->steps[i];

		if (s->save >= 0)
			u->set |= UINT64_C(1) << s->save;
		for (size_t k = 0; k < s->exit_count; k++)
			flow_action_walk(s->exits[k].action, 0, note_action, u);
	}
	for (size_t i = 0; i < flow->command_count; i++)
		flow_action_walk(flow->commands[i].action, 0, note_action, u);
	flow_action_walk(flow->expiry, 0, note_action, u);
}

static bool is_called(const struct flow *flow, const struct flow_call_rule *c)
{
	for (size_t i = 0; i < flow->step_count; i++) {
		if (flow->steps[i].call == c)
			return true;
	}
	return false;
}

static void unused(struct flow_checker *ck, unsigned line, const char *what, const char *name,
		   const char *how)
{
	flow_check_fault(ck, FLOW_WARNING, (struct flow_spot){ "flow.json", line, NULL, NULL },
			 arena_printf(&ck->a, "%s \"%s\": no step %s it", what, name, how),
			 "use it, or remove it");
}

static void check_unused(struct flow_checker *ck)
{
	const struct flow *flow = ck->flow;
	struct used u = { .flow = flow };

	note_all(&u);
	for (size_t i = 0; i < flow->value_count; i++) {
		if (!(u.set >> i & 1))
			unused(ck, flow->values[i].line, "value", flow->values[i].name, "sets");
	}
	for (size_t i = 0; i < flow->record_count && i < 64; i++) {
		if (!u.records[i])
			unused(ck, flow->records[i].line, "record", flow->records[i].name, "keeps");
	}
	for (size_t i = 0; i < flow->call_count; i++) {
		if (!is_called(flow, &flow->calls[i]))
			unused(ck, flow->calls[i].line, "call", flow->calls[i].name, "makes");
	}
}

void flow_check(const struct flow *flow, struct flow_faults *faults)
{
	struct flow_checker ck = { .flow = flow, .faults = faults };

	check_reach(&ck);
	check_loops(&ck);
	check_dead_ends(&ck);
	flow_check_ways(&ck);
	check_shows(&ck);
	check_taint(&ck);
	check_unused(&ck);
	flow_check_texts(&ck);
	arena_free(&ck.a);
}
