/*
 * records_private.h - what the files about records share.
 */
#ifndef SAMVAD_ADMIN_RECORDS_PRIVATE_H
#define SAMVAD_ADMIN_RECORDS_PRIVATE_H

#include "admin_private.h"
#include "base/json.h"

/* The flow that keeps records of this type, or NULL; valid as long as the bot. */
const struct flow *admin_record_flow(const struct bot *bot, const char *type);
void admin_record_write(const struct record *r, struct json_writer *w);

#endif
