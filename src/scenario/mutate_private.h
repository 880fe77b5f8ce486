/*
 * mutate_private.h - changes of a pack, as edits of its files.
 */
#ifndef SAMVAD_SCENARIO_MUTATE_PRIVATE_H
#define SAMVAD_SCENARIO_MUTATE_PRIVATE_H

#include "base/files.h"
#include "scenario.h"
#include "source_private.h"

struct edit { /* what stands there becomes `by` */
	const char *at;
	size_t n;
	const char *by;
};

struct mutation {
	unsigned group; /* of those with the same one only the first that loads counts */
	const char *file;
	unsigned line;
	unsigned place; /* line of the place in flow.json that passes it, or 0 */
	const char *where;
	const char *what;
	struct edit *edits; /* in the order of the text once they are applied */
	size_t edit_count;
	struct str instead; /* of the whole file, when there are no edits */
};

struct mutations {
	struct arena *a;
	const struct file_tree *pack;
	const struct node *root;
	struct mutation *list;
	size_t count;
	size_t cap;
	bool full; /* there are more than SCENARIO_MAX_CHANGES */
	unsigned groups;
};

/* ---- mutate_edit.c ---- */

/* A new one with room for so many edits, its group a new one; NULL: the list is full. */
struct mutation *scenario_mutation_new(struct mutations *all, const struct node *at, size_t edits);
void scenario_mutation_replace(struct mutation *m, struct str what, const char *by);
/* Takes the member or item away, with its comma. */
void scenario_mutation_remove(struct mutation *m, const struct node *n);
void scenario_mutation_swap(struct mutations *all, struct mutation *m, const struct node *one,
			    const struct node *other);
/* The text of the changed file. */
struct str scenario_mutation_text(const struct mutation *m, struct str text, struct arena *a);

/* ---- mutate_exit.c: where exits lead, and what happens on the way ---- */

void scenario_mutate_steps(struct mutations *all);
/* Calls see() for each action: of exits, commands and the expiry. */
void scenario_mutate_each_action(struct mutations *all,
				 void (*see)(struct mutations *all, const char *where,
					     const struct node *action));
/* The line by which coverage knows an action. */
unsigned scenario_mutate_place(const struct node *action);

/* ---- mutate_action.c ---- */

void scenario_mutate_actions(struct mutations *all);

/* ---- mutate_rule.c: answers, lists, commands, calls ---- */

void scenario_mutate_rules(struct mutations *all);

/* ---- mutate_text.c ---- */

void scenario_mutate_texts(struct mutations *all);

#endif
