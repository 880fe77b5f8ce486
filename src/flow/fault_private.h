/*
 * fault_private.h - adding to the list of faults.
 */
#ifndef SAMVAD_FLOW_FAULT_PRIVATE_H
#define SAMVAD_FLOW_FAULT_PRIVATE_H

#include "flow.h"

enum { FLOW_MAX_FAULTS = 500 }; /* nobody reads more */

struct flow_spot { /* where; NULL members mean "" */
	const char *file;
	unsigned line;
	const char *step;
	const char *field;
};

/* Copies everything. */
void flow_fault_add(struct flow_faults *f, enum flow_severity severity, struct flow_spot place,
		    const char *what, const char *cure);
/* The name nearest to a mistyped one, or NULL when none is near. */
const char *flow_nearest(const char *typed, const char *const *names, size_t count);

#endif
