/*
 * check_private.h - what the checker's files share.
 */
#ifndef SAMVAD_FLOW_CHECK_PRIVATE_H
#define SAMVAD_FLOW_CHECK_PRIVATE_H

#include "definition_private.h"
#include "fault_private.h"

struct flow_checker {
	const struct flow *flow;
	struct flow_faults *faults;
	struct arena a; /* for messages: the list copies them */
};

/* Adds a fault unless the same is there already. */
void flow_check_fault(struct flow_checker *ck, enum flow_severity severity, struct flow_spot place,
		      const char *what, const char *cure);
/* Variables, lengths, languages and personal data of all texts and calls. */
void flow_check_texts(struct flow_checker *ck);
/* Whether any exit leads to another step, or back, or the step is an end. */
bool flow_check_leaves(const struct flow_step *s);
/* Rounds without an end, messages without an answer, answers that nobody can give. */
void flow_check_ways(struct flow_checker *ck);

#endif
