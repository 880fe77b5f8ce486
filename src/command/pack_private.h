/*
 * pack_private.h - what verbs that load packs share.
 */
#ifndef SAMVAD_PACK_PRIVATE_H
#define SAMVAD_PACK_PRIVATE_H

#include "command_private.h"
#include "flow.h"

/* ---- pack_settings.c ---- */

/* -1: the pack declares a setting that is the program's. */
int command_settings_check(const struct flow *flow, struct err *err);
/* Sets those that are set somewhere; c->port is known. Before the flow is shared. */
int command_settings_fill(const struct config *c, struct flow *flow, struct err *err);
/* As a server in sandbox mode sets them when nobody else does. */
void command_settings_demo(struct flow *flow, const char *base);

#endif
