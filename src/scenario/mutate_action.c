/*
 * mutate_action.c - conditions that are dropped, and what actions do, undone.
 */
#include <string.h>

#include "mutate_private.h"

/* One branch is taken whatever holds, so that those behind it never are. */
static void drop_condition(struct mutations *all, const char *where, const struct node *branch)
{
	const struct node *condition = scenario_source_get(branch, "if");
	const struct node *last = branch->parent->last;
	struct mutation *m = condition ? scenario_mutation_new(all, branch, 2) : NULL;
	const char *end = branch->raw.p + branch->raw.n;

	if (!m)
		return;
	scenario_mutation_remove(m, condition);
	if (branch != last)
		scenario_mutation_replace(
			m, (struct str){ end, (size_t)(last->raw.p + last->raw.n - end) }, "");
	m->where = where;
	m->what = "the condition always holds";
	m->place = branch->line;
}

static void drop_branch(struct mutations *all, const char *where, const struct node *branch)
{
	struct mutation *m = scenario_source_get(branch, "if") && branch->parent->count > 1
				     ? scenario_mutation_new(all, branch, 1)
				     : NULL;

	if (!m)
		return;
	scenario_mutation_remove(m, branch);
	m->where = where;
	m->what = "the condition never holds";
	m->place = branch->line;
}

static void undo_one(struct mutations *all, const char *where, const struct node *branch,
		     const struct node *part, const char *what)
{
	struct mutation *m = scenario_mutation_new(all, part, 1);

	if (!m)
		return;
	scenario_mutation_remove(m, part);
	m->where = where;
	m->what = what;
	m->place = branch->line;
}

static void undo(struct mutations *all, const char *where, const struct node *branch)
{
	static const char *const whole[] = { "language", "clear", "unset", "consent",
					     "record",	 "say",	  "quiet" };
	const struct node *set = scenario_source_get(branch, "set");

	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
		const struct node *part = scenario_source_get(branch, whole[i]);

		if (part)
			undo_one(all, where, branch, part,
				 arena_printf(all->a, "\"%s\" is dropped", whole[i]));
	}
	for (const struct node *v = set ? set->first : NULL; v; v = v->next)
		undo_one(all, where, branch, v, arena_printf(all->a, "%s is not set", v->key));
}

static void see(struct mutations *all, const char *where, const struct node *action)
{
	unsigned i = 0;

	if (action->kind != NODE_LIST) {
		undo(all, where, action);
		return;
	}
	for (const struct node *b = action->first; b; b = b->next) {
		const char *branch = arena_printf(all->a, "%s, branch %u", where, ++i);

		drop_condition(all, branch, b);
		drop_branch(all, branch, b);
		undo(all, branch, b);
	}
}

/* ---- beside the exits ---- */

static void drop_reminders(struct mutations *all, const char *where, const struct node *list)
{
	for (const struct node *r = list && list->kind == NODE_LIST ? list->first : NULL; r;
	     r = r->next) {
		struct mutation *m = scenario_mutation_new(all, r, 1);

		if (!m)
			return;
		scenario_mutation_remove(m, r);
		m->where = where;
		m->what = "a reminder is dropped";
		m->place = r->line;
	}
}

static void drop_said(struct mutations *all, const struct node *step)
{
	const struct node *say = scenario_source_get(step, "say");

	if (say)
		undo_one(all, arena_printf(all->a, "step %s", step->key), step, say,
			 "what it says on arrival is dropped");
	drop_reminders(all, arena_printf(all->a, "step %s, reminders", step->key),
		       scenario_source_get(step, "reminders"));
}

void scenario_mutate_actions(struct mutations *all)
{
	const struct node *steps = scenario_source_get(all->root, "steps");

	scenario_mutate_each_action(all, see);
	for (const struct node *s = steps ? steps->first : NULL; s; s = s->next)
		drop_said(all, s);
	drop_reminders(all, "reminders", scenario_source_get(all->root, "reminders"));
}
