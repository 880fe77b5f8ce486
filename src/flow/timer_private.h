/*
 * timer_private.h - what a flow does when nothing is written for a while.
 */
#ifndef SAMVAD_FLOW_TIMER_PRIVATE_H
#define SAMVAD_FLOW_TIMER_PRIVATE_H

#include "run_private.h"

/* Says the reminder that is due, or ends the wait when it has expired. */
int flow_timer_run(struct flow_run *r);
/* A message comes first: ends the wait when it has expired, so that the message enters anew. */
int flow_timer_overtaken(struct flow_run *r);
/* Notes in the session when that is to be asked next. */
void flow_timer_set(struct flow_run *r);

#endif
