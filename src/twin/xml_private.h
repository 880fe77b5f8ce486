/*
 * xml_private.h - a small strict reader of XML 1.0, for TwiML.
 *
 * Gives one piece after the other and stops at the first fault. Knows
 * elements, attributes, text, CDATA, comments, processing instructions, the
 * five entities and character references; refuses document types. Pure.
 */
#ifndef SAMVAD_TWIN_XML_PRIVATE_H
#define SAMVAD_TWIN_XML_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

enum { XML_MAX_DEPTH = 16, XML_MAX_ATTRIBUTES = 16 };

enum xml_piece {
	XML_FAULT, /* `why` and `line` tell */
	XML_OPEN,  /* name and attributes */
	XML_CLOSE, /* name; comes after an empty element too */
	XML_TEXT,  /* text: never empty, not yet joined with its neighbours */
	XML_DONE,  /* the root has ended, and nothing but blanks and comments followed */
};

struct xml_attribute {
	const char *name;
	const char *value;
};

struct xml {
	struct arena *arena;
	struct str rest;
	unsigned line;
	const char *stack[XML_MAX_DEPTH];
	size_t depth;
	bool began; /* the root was seen */
	bool empty; /* the open element was written as <a/> */

	const char *name;
	struct xml_attribute attributes[XML_MAX_ATTRIBUTES];
	size_t attribute_count;
	struct str text;
	char why[200];
};

/* Pieces live in the arena. */
void xml_begin(struct xml *x, struct str document, struct arena *a);
enum xml_piece xml_next(struct xml *x);
/* NULL when absent. */
const char *xml_attribute(const struct xml *x, const char *name);

#endif
