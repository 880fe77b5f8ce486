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
	const struct flow_list *options; /* of the question that is asked */
	const struct value *answer;	 /* of the call that has ended */
	size_t language;
};

/*
 * name            the value as people read it (a choice: its label in the session's language)
 * id.name         as it is stored     url.name   the same, percent-encoded
 * en.name         a choice's label in that language
 * env.NAME contact language record.type answer.field
 * sectors, options: lists of {number, id, label}
 */
struct value *flow_data(const struct flow *flow, const struct flow_view *view, struct arena *a);

#endif
