/*
 * json_private.h - the strict scanner in front of cJSON, and what writers of strings share.
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

/* The escape in two characters of a code point of utf8_step (U+FFFD for what is ill-formed), or
 * NULL when it has none. For the writers of strings, in JSON and in the log. */
const char *json_short_escape(int32_t cp);

#endif
