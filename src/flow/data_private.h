/*
 * data_private.h - what templates of a pack see.
 */
#ifndef SAMVAD_FLOW_DATA_PRIVATE_H
#define SAMVAD_FLOW_DATA_PRIVATE_H

#include "definition_private.h"

struct flow_view { /* any member may be NULL */
	const struct session *session;
	const char *contact;
	const struct value *settings;
	bool secrets;			 /* of the pack's settings as well: for headers of calls */
	const struct flow_list *options; /* of the question that is asked */
	const struct flow_value *items;	 /* the same when they come from an answer */
	const struct flow_list *also;	 /* what it takes beside */
	const struct value *answer;	 /* of the call that has ended */
	size_t language;
};

/*
 * name            the value as people read it (a choice: its label in the session's language)
 * id.name         as it is stored     url.name   the same, percent-encoded
 * en.name         a choice's label in that language
 * with.name.field a field of the option that a choice holds
 * env.NAME contact language record.type answer.field
 * sectors, options, also: lists of {number, id, label} and the options' own fields
 * orders          a list out of an answer, {number, id, ...}; more.orders: it was cut
 *
 * Each is made in the arena when a template asks for it: what the view names stays as it is
 * until then.
 */
const struct value *flow_data(const struct flow *flow, const struct flow_view *view,
			      struct arena *a);
/* "id.sector" -> "sector" when the prefix is a form of a value: id, url, a language. */
const char *flow_without_form(const struct flow *flow, const char *name);

#endif
