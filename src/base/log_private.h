/*
 * log_private.h - the line that base/log.c fills.
 */
#ifndef SAMVAD_BASE_LOG_PRIVATE_H
#define SAMVAD_BASE_LOG_PRIVATE_H

#include <stddef.h>

#include "base/log.h"

enum {
	LOG_LINE_SIZE = 4096,
	LOG_LINE_BODY = LOG_LINE_SIZE - 32, /* the rest closes the line */
};

struct log_line {
	bool json;
	bool cut; /* something did not fit */
	size_t len;
	char text[LOG_LINE_SIZE]; /* not NUL-terminated */
};

void log_line_begin(struct log_line *l, bool json);
/* As it is; for the start of a text line. */
void log_line_raw(struct log_line *l, const char *text);
/* Adds key and value with what separates them. */
void log_line_field(struct log_line *l, const struct log_field *f);
/* Closes the line, newline included. */
void log_line_end(struct log_line *l);

#endif
