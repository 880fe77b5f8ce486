/*
 * json_private.h - the strict scanner in front of cJSON.
 */
#ifndef SAMVAD_BASE_JSON_PRIVATE_H
#define SAMVAD_BASE_JSON_PRIVATE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Accepts exactly RFC 8259, less what base/json.h refuses (duplicate keys are
 * found later, on the tree). -1 with ERR_INPUT, line and column. */
int json_scan(struct str text, struct err *err);

/* Where key number `ordinal` (from 0, in the order of the text) of a text that
 * json_scan accepted begins. */
void json_scan_locate_key(struct str text, size_t ordinal, size_t *line_out, size_t *column_out);

#endif
