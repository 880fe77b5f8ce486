/*
 * lookup.c - looks into the records that a conversation has kept, as conversation/ does in the
 * store: newest first, and all of them are the contact's own.
 */
#include <string.h>

#include "scenario_private.h"

static struct flow_found found_of(const struct stage_record *r)
{
	return (struct flow_found){ .id = r->id,
				    .state = r->state,
				    .created_ms = r->created_ms,
				    .fields = r->stored,
				    .field_count = r->count };
}

static bool fits(const struct stage_record *r, const struct flow_call *call)
{
	return strcmp(r->type, call->record_type) == 0 &&
	       (!*call->record_state || strcmp(r->state, call->record_state) == 0);
}

static const char *list(struct stage *st, const struct flow_call *call,
			const struct value **answer_out)
{
	struct flow_found *found = arena_array(st->a, st->record_count, sizeof *found);
	size_t n = 0;

	for (size_t i = st->record_count; i-- > 0;) {
		if (fits(&st->records[i], call))
			found[n++] = found_of(&st->records[i]);
	}
	*answer_out = flow_found_answer(st->flow, call, st->session->language, found,
					n > call->record_max ? call->record_max : n,
					n > call->record_max, st->a);
	return n ? "found" : "none";
}

void stage_record_state(struct stage_record *r, const char *state)
{
	struct value *shown = r->fields->first;

	while (shown && strcmp(shown->name, "state") != 0)
		shown = shown->next;
	if (shown && str_is(shown->text, r->state)) /* else it is a field of that name */
		shown->text = str_of(state);
	r->state = state;
}

static const char *change(struct stage_record *r, const struct flow_call *call)
{
	if (strcmp(r->state, call->record_state) == 0)
		return "changed";
	if (*call->record_from && strcmp(r->state, call->record_from) != 0)
		return "unchanged";
	stage_record_state(r, call->record_state);
	return "changed";
}

const char *stage_look(struct stage *st, const struct flow_call *call,
		       const struct value **answer_out)
{
	struct stage_record *r = NULL;
	struct flow_found found;
	const char *outcome;

	if (call->kind == FLOW_CALL_LIST)
		return list(st, call, answer_out);
	for (size_t i = 0; i < st->record_count && !r; i++) {
		if (strcmp(st->records[i].type, call->record_type) == 0 &&
		    strcmp(st->records[i].id, call->record_id) == 0)
			r = &st->records[i];
	}
	outcome = !r ? "none" : call->kind == FLOW_CALL_FIND ? "found" : change(r, call);
	if (r)
		found = found_of(r);
	*answer_out = flow_found_answer(st->flow, call, st->session->language, &found, r != NULL,
					false, st->a);
	return outcome;
}
