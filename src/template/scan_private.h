/*
 * scan_private.h - the tags of a Mustache text, one after the other.
 */
#ifndef SAMVAD_TEMPLATE_SCAN_PRIVATE_H
#define SAMVAD_TEMPLATE_SCAN_PRIVATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct scan {
	const char *name; /* of the file, for errors */
	struct err *err;
	const char *text; /* start of the source */
	const char *p;	  /* behind the last tag */
	const char *end;
	unsigned line;	 /* of p */
	struct str open; /* delimiters in force; inside the source, or {{ and }} */
	struct str close;
};

struct tag {
	char sigil;	 /* one of # ^ / ! > & { = or 0 for a plain value */
	struct str body; /* trimmed */
	unsigned line;
	bool standalone;
	const char *begin;
	const char *end;
	const char *from; /* what goes away with the tag: itself, or when */
	const char *to;	  /* standalone its line with the line's end */
};

void scan_begin(struct scan *s, const char *name, struct str source, struct err *err);
/* 1 a tag, 0 none left, -1 a fault. The text before it is s->p to tag->from. */
int scan_next(struct scan *s, struct tag *tag_out);
/* Goes behind the tag. */
void scan_pass(struct scan *s, const struct tag *tag);
/* For a tag with the sigil '='. */
int scan_set_delimiters(struct scan *s, const struct tag *tag);

bool scan_is_space(char c);
/* ERR_INPUT "name:line: ..."; returns -1. */
int scan_fault(const struct scan *s, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
