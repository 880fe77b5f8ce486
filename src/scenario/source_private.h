/*
 * source_private.h - flow.json as it is written: every value with its place in the text.
 *
 * For whoever changes the text or asks what a rule says. The text belongs to a pack that was
 * loaded: what a flow may hold is not checked once more.
 */
#ifndef SAMVAD_SCENARIO_SOURCE_PRIVATE_H
#define SAMVAD_SCENARIO_SOURCE_PRIVATE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum node_kind { NODE_OBJECT, NODE_LIST, NODE_TEXT, NODE_OTHER };

struct node {
	enum node_kind kind;
	const char *key;  /* of a member, decoded; else "" */
	const char *text; /* TEXT: decoded; OTHER: as written; else "" */
	struct str raw;	  /* in the text of the file, quotes and brackets included */
	const char *from; /* where it begins with its key */
	unsigned line;
	struct node *parent;
	struct node *first;
	struct node *last;
	struct node *next;
	struct node *before;
	size_t count; /* children */
};

/* Borrows the text. -1 ERR_INPUT: it is no JSON. */
int scenario_source_read(struct str json, struct arena *a, struct node **root_out, struct err *err);
/* A member, or NULL: also when there is no object. */
struct node *scenario_source_get(const struct node *object, const char *key);
/* The text of a member, or `otherwise`. */
const char *scenario_source_text(const struct node *object, const char *key, const char *otherwise);
long long scenario_source_int(const struct node *object, const char *key, long long otherwise);
/* The options of a list, which is these or an object that has them. */
const struct node *scenario_source_options(const struct node *list);
/* "90s", "30m", "2h", "1d" in milliseconds, or 0. */
long long scenario_source_duration(const struct node *n);

#endif
