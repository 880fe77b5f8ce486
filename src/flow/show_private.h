/*
 * show_private.h - a stored value as people read it.
 */
#ifndef SAMVAD_FLOW_SHOW_PRIVATE_H
#define SAMVAD_FLOW_SHOW_PRIVATE_H

#include "definition_private.h"

/* A choice's label, a number in groups, a phone as it is dialled, a day by its pattern; else the
 * stored form. s: for choices out of an answer. */
const char *flow_shown(const struct flow *flow, const struct flow_rule *rule, const char *stored,
		       size_t language, const struct session *s, struct arena *a);

#endif
