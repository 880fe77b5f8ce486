/*
 * graph_private.h - a flow as a graph: which steps can be reached, and which
 * values are surely set there.
 */
#ifndef SAMVAD_FLOW_GRAPH_PRIVATE_H
#define SAMVAD_FLOW_GRAPH_PRIVATE_H

#include "definition_private.h"

/* Fills reachable and surely of every step. */
void flow_graph_study(struct flow *flow);
/* Calls see() for each branch of an action with the values that are surely set when its texts are
 * said and its target is entered; `in`: those before. */
void flow_action_walk(const struct flow_action *act, uint64_t in,
		      void (*see)(void *arg, const struct flow_action *act, uint64_t surely),
		      void *arg);
/* Values surely set when this exit of a step is taken. */
uint64_t flow_step_leaves_with(const struct flow_step *s, const char *exit);
/* A session may wait here for a message. */
bool flow_step_rests(const struct flow *flow, const struct flow_step *s);

#endif
