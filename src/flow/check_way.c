/*
 * check_way.c - whether everybody gets on: to an end or a menu, with an answer to each message,
 * and with every answer that a question takes.
 */
#include <string.h>

#include "check_private.h"
#include "graph_private.h"
#include "input_private.h"

static struct flow_spot at_step(const struct flow_step *s, const char *field)
{
	return (struct flow_spot){ "flow.json", s->line, s->name, field };
}

static const struct flow_step *leads_to(const struct flow_step *s, const struct flow_action *act)
{
	return act->to == GOTO_STEP ? act->target : act->to == GOTO_SAME ? s : NULL;
}

/* ---- questions that go round ---- */

/* Where people decide how it goes on: options that lead to different steps. */
static bool is_menu(const struct flow_step *s)
{
	const struct flow_step *first = NULL;

	if (!s->rule || (s->rule->type != RULE_CHOICE && !s->also))
		return false;
	for (size_t i = 0; i < s->exit_count; i++) {
		for (const struct flow_action *act = s->exits[i].action; act;
		     act = act->otherwise) {
			const struct flow_step *to = leads_to(s, act);

			if (!to || to == s)
				continue;
			if (first && to != first)
				return true;
			first = to;
		}
	}
	return false;
}

/* An end, a menu, the way back, or a step that is known to lead to one. */
static bool gets_on(const struct flow *flow, const struct flow_step *s, const bool *known)
{
	if (s->end || is_menu(s))
		return true;
	for (size_t i = 0; i < s->exit_count; i++) {
		for (const struct flow_action *act = s->exits[i].action; act;
		     act = act->otherwise) {
			const struct flow_step *to = leads_to(s, act);

			if (act->to == GOTO_BACK || (to && known[to - flow->steps]))
				return true;
		}
	}
	return false;
}

static void check_traps(struct flow_checker *ck)
{
	const struct flow *flow = ck->flow;
	bool *known = arena_array(&ck->a, flow->step_count, sizeof *known), changed = true;

	while (changed) {
		changed = false;
		for (size_t i = 0; i < flow->step_count; i++) {
			if (known[i] || !gets_on(flow, &flow->steps[i], known))
				continue;
			known[i] = true;
			changed = true;
		}
	}
	for (size_t i = 0; i < flow->step_count; i++) {
		const struct flow_step *s = &flow->steps[i];

		if (s->reachable && !known[i] && flow_check_leaves(s)) /* else it is told */
			flow_check_fault(ck, FLOW_ERROR, at_step(s, NULL),
					 "no end and no menu can be reached from here",
					 "let one exit lead out of the round");
	}
}

/* ---- calls that follow each other for ever ---- */

static bool asks_nobody(const struct flow_step *s)
{
	return !s->rule && !s->end;
}

enum color { WHITE, GREY, BLACK };

/* Depth first over steps that ask nobody, along exits without conditions: a counter would have
 * one. True when one leads back to s. */
static bool comes_back(const struct flow *flow, const struct flow_step *s,
		       const struct flow_step *at, enum color *colors)
{
	colors[at - flow->steps] = GREY;
	for (size_t i = 0; i < at->exit_count; i++) {
		const struct flow_action *act = at->exits[i].action;
		const struct flow_step *to = act->condition ? NULL : leads_to(at, act);

		if (!to || !asks_nobody(to))
			continue;
		if (to == s ||
		    (colors[to - flow->steps] == WHITE && comes_back(flow, s, to, colors)))
			return true;
	}
	return false;
}

static void check_endless_calls(struct flow_checker *ck)
{
	const struct flow *flow = ck->flow;

	for (size_t i = 0; i < flow->step_count; i++) {
		const struct flow_step *s = &flow->steps[i];
		enum color *colors = arena_array(&ck->a, flow->step_count, sizeof *colors);

		if (s->reachable && s->call && comes_back(flow, s, s, colors))
			flow_check_fault(ck, FLOW_ERROR, at_step(s, "exits"),
					 "the call can be repeated for ever with nobody asked",
					 "count the tries in a value, or ask before the next one");
	}
}

/* ---- messages that get no answer ---- */

enum { DEEP = 20 }; /* crossings behind each other */

static bool is_silent(const struct flow_action *act, unsigned depth);

/* Whether a session can come here, and wait, without a word. A call says something in the end. */
static bool is_entered_silently(const struct flow_step *s, bool quiet, unsigned depth)
{
	if ((s->say_count && !quiet) || s->call || depth == DEEP)
		return false;
	if (s->rule)
		return quiet;
	if (s->end)
		return true;
	for (const struct flow_action *act = flow_exit_find(s, "next")->action; act;
	     act = act->otherwise) {
		if (is_silent(act, depth + 1))
			return true;
	}
	return false;
}

static bool is_silent(const struct flow_action *act, unsigned depth)
{
	if (act->say_count)
		return false;
	if (act->to == GOTO_STEP)
		return is_entered_silently(act->target, act->quiet, depth);
	return act->to == GOTO_NONE;
}

/* True: holds. False: not, or nobody knows. */
static bool surely_holds(const struct flow_condition *c, const struct flow_step *at)
{
	bool any = false;

	switch (c->kind) {
	case CONDITION_AT:
		return c->step == at;
	case CONDITION_ALL:
		for (c = c->inner; c; c = c->sibling) {
			if (!surely_holds(c, at))
				return false;
		}
		return true;
	case CONDITION_ANY:
		for (c = c->inner; c && !any; c = c->sibling)
			any = surely_holds(c, at);
		return any;
	case CONDITION_NOT:
		return c->inner->kind == CONDITION_AT && c->inner->step != at;
	default:
		return false;
	}
}

/* Whether one of the branches is surely taken at this step. */
static bool is_sure(const struct flow_action *act, const struct flow_step *at)
{
	for (; act; act = act->otherwise) {
		if (!act->condition || surely_holds(act->condition, at))
			return true;
	}
	return false;
}

static const char no_answer[] = "gives no answer: nothing is said on the way, and nothing asked";
static const char add_say[] = "add \"say\" here, or to the step that it leads to";

static void check_command(struct flow_checker *ck, const struct flow_command *c)
{
	const char *field = arena_printf(&ck->a, "commands.%s", c->name);

	for (const struct flow_action *act = c->action; act; act = act->otherwise) {
		if (is_silent(act, 0))
			flow_check_fault(ck, FLOW_WARNING,
					 (struct flow_spot){ "flow.json", act->line, NULL, field },
					 no_answer, add_say);
	}
	for (size_t i = 0; i < ck->flow->step_count; i++) {
		const struct flow_step *s = &ck->flow->steps[i];

		if (!s->reachable || !flow_step_rests(ck->flow, s) || is_sure(c->action, s))
			continue;
		flow_check_fault(
			ck, FLOW_WARNING, (struct flow_spot){ "flow.json", c->line, NULL, field },
			arena_printf(&ck->a,
				     "gives no answer at step %s when none of its conditions holds",
				     s->name),
			"end with a branch without \"if\"");
		return;
	}
}

static void check_exit(struct flow_checker *ck, const struct flow_step *s,
		       const struct flow_exit *e)
{
	bool plain = *e->name == '@' || strcmp(e->name, "next") == 0;
	const char *field =
		plain ? flow_exit_shown(e->name) : arena_printf(&ck->a, "exits.%s", e->name);

	for (const struct flow_action *act = e->action; act; act = act->otherwise) {
		if (is_silent(act, 0))
			flow_check_fault(
				ck, FLOW_WARNING,
				(struct flow_spot){ "flow.json", act->line, s->name, field },
				no_answer, add_say);
	}
}

static void check_silence(struct flow_checker *ck)
{
	const struct flow *flow = ck->flow;

	for (size_t i = 0; i < flow->command_count; i++)
		check_command(ck, &flow->commands[i]);
	for (size_t i = 0; i < flow->step_count; i++) {
		const struct flow_step *s = &flow->steps[i];

		for (size_t k = 0; (s->rule || s->call) && k < s->exit_count; k++)
			check_exit(ck, s, &s->exits[k]);
	}
}

/* ---- answers that a command takes for itself ---- */

static bool has_digit(const char *text)
{
	return text[strcspn(text, "0123456789")] != '\0';
}

/* Numbers, days and phones are looked at when they are loaded. Words are nobody's answer but a
 * text's, and there the command is meant to win. */
static bool takes(struct flow_checker *ck, const struct flow_rule *rule, const char *word)
{
	switch (rule->type) {
	case RULE_PATTERN:
		return has_digit(word) &&
		       flow_rule_accept(rule, NULL, str_of(word), &ck->a) != NULL;
	case RULE_CHOICE: /* those of a list as well */
		for (int64_t i = 1; rule->items >= 0 && i <= ck->flow->values[rule->items].rule.max;
		     i++) {
			if (strcmp(arena_printf(&ck->a, "%lld", (long long)i), word) == 0)
				return true;
		}
		return false;
	default:
		return false;
	}
}

static void check_hidden_answers(struct flow_checker *ck)
{
	const struct flow *flow = ck->flow;

	for (size_t i = 0; i < flow->step_count; i++) {
		const struct flow_step *s = &flow->steps[i];

		for (size_t k = 0; s->rule && k < flow->command_words.count; k++) {
			const struct flow_word *w = &flow->command_words.list[k];

			if (takes(ck, s->rule, w->key))
				flow_check_fault(
					ck, FLOW_ERROR, at_step(s, s->save >= 0 ? "save" : "input"),
					arena_printf(&ck->a,
						     "the command %s hides the answer \"%s\"",
						     flow->commands[w->item].name, w->key),
					"take the word away, or do not accept that answer");
		}
	}
}

/* ---- a choice from a list that may not be there ---- */

static void check_offers(struct flow_checker *ck)
{
	const struct flow *flow = ck->flow;

	for (size_t i = 0; i < flow->step_count; i++) {
		const struct flow_step *s = &flow->steps[i];

		if (!s->reachable || !s->rule || s->rule->type != RULE_CHOICE ||
		    s->rule->items < 0 || s->surely >> s->rule->items & 1)
			continue;
		flow_check_fault(
			ck, FLOW_WARNING, at_step(s, s->save >= 0 ? "save" : "input"),
			arena_printf(&ck->a, "offers {{%s}}, which are not set on every way here",
				     flow->values[s->rule->items].name),
			arena_printf(&ck->a,
				     "lead here only with \"if\": {\"set\": \"%s\"}; an empty list "
				     "is not set",
				     flow->values[s->rule->items].name));
	}
}

void flow_check_ways(struct flow_checker *ck)
{
	check_traps(ck);
	check_endless_calls(ck);
	check_silence(ck);
	check_hidden_answers(ck);
	check_offers(ck);
}
