/*
 * pattern_private.h - regular expressions over untrusted text, with limits. PCRE2 behind it.
 */
#ifndef SAMVAD_FLOW_PATTERN_PRIVATE_H
#define SAMVAD_FLOW_PATTERN_PRIVATE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct flow_pattern; /* immutable; any thread */

enum { FLOW_PATTERN_GROUPS = 10, FLOW_PATTERN_MAX = 500 };

/* \d, \w and \s mean ASCII; the whole text must match. -1 ERR_INPUT: "at 7: missing )". */
int flow_pattern_compile(const char *text, struct flow_pattern **pattern_out, struct err *err);
void flow_pattern_free(struct flow_pattern **pattern);
/* Fills groups (those that took no part are empty). False also when the limits end the search. */
bool flow_pattern_match(const struct flow_pattern *pattern, struct str text,
			struct str groups[FLOW_PATTERN_GROUPS]);
/* "$1/$2" with the groups of a match, in the arena; NULL when it grows over 4 KiB. */
const char *flow_pattern_form(const char *form, const struct str groups[FLOW_PATTERN_GROUPS],
			      struct arena *a);

#endif
