/*
 * input_private.h - what a person wrote, as an answer.
 */
#ifndef SAMVAD_FLOW_INPUT_PRIVATE_H
#define SAMVAD_FLOW_INPUT_PRIVATE_H

#include "definition_private.h"

/* What is stored of a text, in the arena; NULL when it breaks the rule. */
const char *flow_rule_accept(const struct flow_rule *rule, struct str text, struct arena *a);
/* The same for a tapped button or row: its id. Only choices take one. */
const char *flow_rule_accept_tap(const struct flow_rule *rule, const char *payload);
/* Whether a stored text could have come from this rule (after an edit of the flow). */
bool flow_rule_holds(const struct flow_rule *rule, const char *stored, struct arena *a);
/* The command that a message gives, or NULL. */
const struct flow_command *flow_command_of(const struct flow *flow, struct str text,
					   struct arena *a);

#endif
