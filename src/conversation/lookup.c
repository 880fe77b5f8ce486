/*
 * lookup.c - a flow's wish to look into records: the contact's own, nobody else's.
 *
 * Made like a business call, after the commit and with a lease, but in our own
 * store. A change that is made already counts as made: after a crash it is asked again.
 */
#include "conversation_private.h"

#include <string.h>

static void found_of(const struct record *r, struct flow_found *f)
{
	*f = (struct flow_found){ .id = r->id,
				  .state = r->state,
				  .created_ms = r->created_ms,
				  .fields = r->fields,
				  .field_count = r->field_count };
}

static int list(struct conversation *c, const char *contact, const struct flow_call *call,
		struct arena *a, struct flow_found **found_out, size_t *count_out, bool *more_out,
		struct err *err)
{
	struct record *rows = NULL;
	const char *next = NULL;
	size_t count = 0;

	if (store_record_list(c->set.store, call->record_type, contact, call->record_state, "",
			      call->record_max, a, &rows, &count, &next, err) < 0)
		return -1;
	*found_out = arena_array(a, count, sizeof **found_out);
	for (size_t i = 0; i < count; i++)
		found_of(&rows[i], &(*found_out)[i]);
	*count_out = count;
	*more_out = next && *next;
	return 0;
}

/* 1 theirs, 0 none, -1. */
static int own(struct conversation *c, const char *contact, const struct flow_call *call,
	       struct arena *a, struct record *r, struct err *err)
{
	int got;

	if (!*call->record_id)
		return 0;
	got = store_record_get(c->set.store, call->record_type, call->record_id, a, r, err);
	if (got < 0 && err->kind == ERR_INPUT) /* what a person typed is no id */
		return 0;
	return got == 1 && strcmp(r->contact, contact) != 0 ? 0 : got;
}

static int change(struct conversation *c, const struct flow_call *call, struct record *r,
		  const char **outcome_out, struct err *err)
{
	int got;

	*outcome_out = "changed";
	if (strcmp(r->state, call->record_state) == 0)
		return 0;
	got = store_record_change(c->set.store, call->record_type, r->id, call->record_from,
				  call->record_state, clock_now_ms(c->set.clock), NULL, err);
	if (got < 0)
		return -1;
	if (got == 1)
		r->state = call->record_state;
	else
		*outcome_out = "unchanged";
	return 0;
}

int calls_look(struct conversation *c, const struct flow *flow, const char *contact,
	       const char *language, const struct flow_call *call, struct arena *a,
	       struct integration_result *result_out, struct err *err)
{
	struct flow_found one, *found = &one;
	struct record r;
	size_t count = 0;
	bool more = false;
	int got;

	result_out->outcome = "found";
	if (call->kind == FLOW_CALL_LIST) {
		if (list(c, contact, call, a, &found, &count, &more, err) < 0)
			return -1;
	} else {
		got = own(c, contact, call, a, &r, err);
		if (got < 0)
			return -1;
		if (got == 1 && call->kind == FLOW_CALL_CHANGE &&
		    change(c, call, &r, &result_out->outcome, err) < 0)
			return -1;
		count = got == 1;
		if (count)
			found_of(&r, &one);
	}
	if (count == 0)
		result_out->outcome = "none";
	result_out->answer = flow_found_answer(flow, call, language, found, count, more, a);
	return 0;
}
