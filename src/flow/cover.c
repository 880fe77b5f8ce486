/*
 * cover.c - which places of a flow conversations have passed.
 *
 * A place is known by the address of its part in the loaded flow, so that the
 * engine needs no numbers for it. Looked up one by one: only tests ask.
 */
#include "cover_private.h"

#include <string.h>

#include "definition_private.h"

static size_t branches_of(const struct flow_action *act)
{
	size_t n = 0;

	for (; act; act = act->otherwise)
		n++;
	return n;
}

static size_t most_places(const struct flow *flow)
{
	size_t n = 0;

	for (size_t i = 0; i < flow->step_count; i++) {
		n += 2; /* itself, and one of wrong, waiting, again */
		for (size_t k = 0; k < flow->steps[i].exit_count; k++)
			n += branches_of(flow->steps[i].exits[k].action);
	}
	for (size_t i = 0; i < flow->command_count; i++)
		n += branches_of(flow->commands[i].action);
	n += (flow->step_count + 1) * FLOW_MAX_REMINDERS + branches_of(flow->expiry);
	return n;
}

static void add_action(struct flow_cover *c, const char *step, const char *exit,
		       const struct flow_action *act)
{
	unsigned branch = branches_of(act) > 1;

	for (; act; act = act->otherwise, branch++)
		c->list[c->count++] = (struct flow_place){ .kind = FLOW_PLACE_EXIT,
							   .step = step,
							   .exit = exit,
							   .branch = branch,
							   .line = act->line,
							   .part = act };
}

static void add_part(struct flow_cover *c, const struct flow_step *s, enum flow_place_kind kind,
		     const char *exit, const void *part)
{
	c->list[c->count++] = (struct flow_place){
		.kind = kind, .step = s->name, .exit = exit, .line = s->line, .part = part
	};
}

static void add_reminders(struct flow_cover *c, const char *step, const struct flow_reminders *r)
{
	for (size_t i = 0; r && i < r->count; i++)
		c->list[c->count++] =
			(struct flow_place){ .kind = FLOW_PLACE_EXIT,
					     .step = step,
					     .exit = "reminders",
					     .branch = r->count > 1 ? (unsigned)i + 1 : 0,
					     .line = r->list[i].line,
					     .part = &r->list[i] };
}

static void add_step(struct flow_cover *c, const struct flow_step *s)
{
	add_part(c, s, FLOW_PLACE_STEP, "", s);
	if (s->rule)
		add_part(c, s, FLOW_PLACE_EXIT, "wrong", &s->wrong);
	else if (s->call && s->call->kind == FLOW_CALL_HTTP) /* look-ups end in the same breath */
		add_part(c, s, FLOW_PLACE_EXIT, "waiting", &s->waiting);
	else if (s->end && s->again)
		add_part(c, s, FLOW_PLACE_EXIT, "again", &s->again);
	for (size_t i = 0; i < s->exit_count; i++)
		add_action(c, s->name, flow_exit_shown(s->exits[i].name), s->exits[i].action);
	add_reminders(c, s->name, s->reminders);
}

void flow_cover_init(struct flow_cover *cover, const struct flow *flow)
{
	*cover = (struct flow_cover){ .count = 0 };
	cover->list = arena_array(&cover->arena, most_places(flow), sizeof *cover->list);
	for (size_t i = 0; i < flow->step_count; i++)
		add_step(cover, &flow->steps[i]);
	for (size_t i = 0; i < flow->command_count; i++)
		add_action(cover, "", flow->commands[i].name, flow->commands[i].action);
	add_reminders(cover, "", &flow->reminders);
	add_action(cover, "", "expiry", flow->expiry);
}

void flow_cover_free(struct flow_cover *cover)
{
	arena_free(&cover->arena);
	*cover = (struct flow_cover){ .count = 0 };
}

void flow_cover_pass(struct flow_cover *cover, const void *part)
{
	for (size_t i = 0; cover && i < cover->count; i++)
		cover->list[i].passed += cover->list[i].part == part;
}

bool flow_call_has_outcome(const struct flow *flow, const char *call_name, const char *outcome)
{
	const struct flow_call_rule *c = flow_call_find(flow, call_name);

	for (size_t i = 0; flow_fixed_outcomes[i]; i++) {
		if (strcmp(flow_fixed_outcomes[i], outcome) == 0)
			return c && (c->kind == FLOW_CALL_HTTP || strcmp(outcome, "failed") == 0);
	}
	for (size_t i = 0; c && i < c->outcome_count; i++) {
		if (strcmp(c->outcomes[i].name, outcome) == 0)
			return true;
	}
	return false;
}
