/*
 * cover_private.h - the engine tells what it passes.
 */
#ifndef SAMVAD_FLOW_COVER_PRIVATE_H
#define SAMVAD_FLOW_COVER_PRIVATE_H

#include "flow.h"

/* Counts a part of the flow: a step, an action, or a step's member wrong, waiting or again. */
void flow_cover_pass(struct flow_cover *cover, const void *part);

#endif
