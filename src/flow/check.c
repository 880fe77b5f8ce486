/*
 * check.c - faults that only show when a flow is looked at as a graph.
 */
#include "definition_private.h"
#include "fault_private.h"

static void check_reach(const struct flow *flow, struct flow_faults *faults)
{
	for (size_t i = 0; i < flow->step_count; i++) {
		const struct flow_step *s = &flow->steps[i];

		if (!s->reachable)
			flow_fault_add(faults, FLOW_ERROR,
				       (struct flow_place){ "flow.json", s->line, s->name, NULL },
				       "no way leads to this step",
				       "lead an exit to it, or remove it");
	}
}

void flow_check(const struct flow *flow, struct flow_faults *faults)
{
	check_reach(flow, faults);
}
