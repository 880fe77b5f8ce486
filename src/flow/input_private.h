/*
 * input_private.h - what a person wrote, as an answer.
 */
#ifndef SAMVAD_FLOW_INPUT_PRIVATE_H
#define SAMVAD_FLOW_INPUT_PRIVATE_H

#include "definition_private.h"

struct flow_asked { /* what a rule may look at besides the answer; NULL: dates are not bounded */
	const struct flow *flow;
	const struct session *session;
	int64_t today;
};

/* What is stored of a text, in the arena; NULL when it breaks the rule. */
const char *flow_rule_accept(const struct flow_rule *rule, const struct flow_asked *asked,
			     struct str text, struct arena *a);
/* The same for a tapped button or row: its id. Only choices take one. */
const char *flow_rule_accept_tap(const struct flow_rule *rule, const struct flow_asked *asked,
				 const char *payload, struct arena *a);
/* The same for a file or a place. */
const char *flow_rule_accept_other(const struct flow_rule *rule, const struct inbound *in,
				   struct arena *a);
/* Whether it asks for a file or a place. */
bool flow_rule_takes(const struct flow_rule *rule, enum inbound_kind kind);
/* Whether a stored text could have come from this rule (after an edit of the flow). */
bool flow_rule_holds(const struct flow_rule *rule, const char *stored, struct arena *a);
/* The command that a message gives, or NULL. */
const struct flow_command *flow_command_of(const struct flow *flow, struct str text,
					   struct arena *a);
/* The same of a message as flow_word_key makes it. */
const struct flow_command *flow_command_by_key(const struct flow *flow, const char *key);

#endif
