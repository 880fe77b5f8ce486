/*
 * items_private.h - lists that come from a call's answer: kept in a value, shown with numbers,
 * chosen from.
 */
#ifndef SAMVAD_FLOW_ITEMS_PRIVATE_H
#define SAMVAD_FLOW_ITEMS_PRIVATE_H

#include "definition_private.h"

/* What is kept of a list in an answer, as the value's stored form: at most rule->max items, and
 * only what fits into a value. Items without an id are left out. NULL when none is left. */
const char *flow_items_keep(const struct flow_rule *rule, const struct value *list,
			    struct arena *a);
/* The stored form as a list of objects with `number` and the fields; *more_out: the answer held
 * further ones. NULL when it is none. */
const struct value *flow_items_tree(const struct flow_rule *rule, const char *stored,
				    bool *more_out, struct arena *a);
/* The item of an id that a session holds for this choice, or NULL. */
const struct value *flow_items_get(const struct flow *flow, const struct flow_rule *choice,
				   const struct session *s, const char *id, struct arena *a);
/* The id that a text means (number, id or label), or that was tapped; NULL. */
const char *flow_items_choose(const struct flow *flow, const struct flow_rule *choice,
			      const struct session *s, struct str text, struct arena *a);
const char *flow_items_tapped(const struct flow *flow, const struct flow_rule *choice,
			      const struct session *s, const char *payload, struct arena *a);

#endif
