/*
 * sample_private.h - texts that a pattern matches, made from the pattern.
 *
 * Knows what packs use of PCRE2: characters, classes, groups, alternatives, repetitions. What is
 * beyond it (looking around, back references) has no samples.
 */
#ifndef SAMVAD_SCENARIO_SAMPLE_PRIVATE_H
#define SAMVAD_SCENARIO_SAMPLE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct pattern;

/* NULL: it is beyond this. text may be NULL. */
const struct pattern *scenario_pattern_read(const char *text, struct arena *a);
/* In characters; SIZE_MAX: without end. */
size_t scenario_pattern_shortest(const struct pattern *p);
size_t scenario_pattern_longest(const struct pattern *p);
/* One that it matches: with the fewest repetitions, or with more of them (at most `most`
 * characters, when it can). */
const char *scenario_pattern_sample(const struct pattern *p, bool longer, size_t most,
				    struct arena *a);

#endif
