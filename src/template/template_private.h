/*
 * template_private.h - what the files of this room share.
 *
 * A compiled template is a flat array of nodes in document order. A section
 * owns the nodes from the one behind it up to its `end`, so that skipping it is
 * one assignment and rendering needs no list, no tree and no allocation.
 */
#ifndef SAMVAD_TEMPLATE_PRIVATE_H
#define SAMVAD_TEMPLATE_PRIVATE_H

#include <stdint.h>

#include "template.h"

enum {
	TEMPLATE_MAX_SOURCE = 1 << 20,	 /* bytes of one file, and of a file with its partials */
	TEMPLATE_MAX_INDENTED = 4 << 20, /* bytes of all indented copies of a set */
	TEMPLATE_MAX_NODES = 20000,	 /* of one file: inspect.c compares siblings pairwise */
	TEMPLATE_MAX_SECTIONS = 32,	 /* nested in one file */
	TEMPLATE_MAX_PARTIALS = 32,	 /* nested */
	TEMPLATE_MAX_NAME = 100,	 /* bytes of a name in a tag */
	TEMPLATE_MAX_STEPS = 1000000,	 /* nodes visited by one rendering */
};

/* What happens to a value on its way out: fixed for each tag when it is compiled. */
enum escape { ESCAPE_NONE, ESCAPE_XML_TEXT, ESCAPE_XML_ATTRIBUTE, ESCAPE_JSON };

enum node_kind { NODE_LITERAL, NODE_VARIABLE, NODE_SECTION, NODE_INVERTED, NODE_PARTIAL };

struct node {
	uint8_t kind;	     /* enum node_kind */
	uint8_t escape;	     /* enum escape; NODE_VARIABLE only */
	uint16_t part_count; /* 0 for "." */
	uint32_t line;
	uint32_t end; /* sections: index behind the last node inside */
	union {
		struct str text;		  /* NODE_LITERAL */
		struct {			  /* NODE_VARIABLE, NODE_SECTION, NODE_INVERTED */
			const char *name;	  /* as written */
			const char *const *parts; /* split at the dots */
		};
		struct {			       /* NODE_PARTIAL */
			const char *file;	       /* full name: "en/card.txt" */
			const char *indent;	       /* of a standalone tag, else "" */
			const struct template *target; /* NULL until linked */
		};
	};
};

enum link_state { LINK_UNSEEN, LINK_ACTIVE, LINK_DONE };

struct template
{
	const char *name;
	enum template_escape escape;
	bool unescaped_allowed;
	struct str source; /* kept for indented copies */
	struct node *nodes;
	uint32_t count;

	/* set by link.c */
	enum link_state state;
	unsigned depth; /* partials below, nested */
	size_t size;	/* bytes of source with all partials */
	const char *indent;
	struct template *copies; /* the same text, indented, by `indent` */
	struct template *next_copy;
};

struct template_set {
	struct arena arena;
	struct template **items; /* sorted by name */
	size_t count;
	size_t cap;
	size_t indented; /* bytes of all copies */
	bool unescaped_allowed;
};

/* Compiles t->source into t->nodes; name, escape and source are set. */
int template_compile(struct template *t, struct arena *a, struct err *err);

/* Position of name in the sorted list; *found_out says whether it is there. */
size_t template_set_find(const struct template_set *set, const char *name, bool *found_out);
/* The first partial tag whose file is not in the set, or NULL; *in_out: where it stands. */
const struct node *template_set_missing(const struct template_set *set,
					const struct template **in_out);

/* Appends s escaped and without what XML 1.0 forbids. 0, or -1 when out is full. */
int escape_add(struct buf *out, enum escape escape, struct str s);
/* How many code points one code point can become. */
size_t escape_growth(enum escape escape);

/* ---- where in XML markup a tag stands (markup.c) ---- */

enum markup_place {
	MARKUP_TEXT,
	MARKUP_NAME,  /* after '<', before the first blank */
	MARKUP_INNER, /* between attributes */
	MARKUP_ATTRIBUTE,
	MARKUP_APOSTROPHE, /* an attribute between apostrophes */
	MARKUP_COMMENT,
	MARKUP_CDATA,
	MARKUP_INSTRUCTION, /* <? ... ?> */
	MARKUP_DECLARATION, /* <! ... > */
};

enum { MARKUP_MAX_ELEMENTS = 32 };

struct markup {
	enum markup_place place;
	unsigned line;	 /* where the markup began that is open now */
	struct str name; /* of the element whose tag is being read */
	bool is_end;	 /* it is </name> */
	bool slash;	 /* the byte before was '/', outside quotes */
	struct {
		struct str name;
		unsigned line;
	} elements[MARKUP_MAX_ELEMENTS]; /* open now, outermost first */
	unsigned depth;
	unsigned floor; /* those below were opened outside the section being read */
};

/* Reads on over literal text that begins in `line`. NULL, or what is wrong and what to do. */
const char *markup_read(struct markup *m, struct str literal, unsigned line);
/* NULL when a tag of this kind may stand here, else what is wrong and what to do. */
const char *markup_refusal(const struct markup *m, enum node_kind kind);

#endif
