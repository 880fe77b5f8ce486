/*
 * pack_private.h - what verbs that load packs share.
 */
#ifndef SAMVAD_PACK_PRIVATE_H
#define SAMVAD_PACK_PRIVATE_H

#include "base/files.h"
#include "command_private.h"
#include "flow.h"

/* ---- pack.c ---- */

struct pack {
	const char *folder;
	struct file_tree tree;
	struct flow *flow; /* NULL: it does not load, the faults say why */
	struct flow_faults faults;
	struct arena arena;
};
/* folder NULL: the configured flow's. -1, nothing to close: there are no files to read. */
int command_pack_open(struct pack *p, const char *folder, struct err *err);
void command_pack_close(struct pack *p);

/* ---- check.c ---- */

/* Each fault on a line of standard output: severity, file, line, step, field, what, cure. */
void command_print_faults(const char *folder, const struct flow_faults *faults);

/* ---- pack_settings.c ---- */

/* -1: the pack declares a setting that is the program's. */
int command_settings_check(const struct flow *flow, struct err *err);
/* Sets those that are set somewhere; c->port is known. Before the flow is shared. */
int command_settings_fill(const struct config *c, struct flow *flow, struct err *err);
/* As a server in sandbox mode sets them when nobody else does. */
void command_settings_demo(struct flow *flow, const char *base);

#endif
