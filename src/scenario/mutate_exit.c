/*
 * mutate_exit.c - exits that are swapped or lead elsewhere, steps that are left out.
 */
#include <string.h>

#include "mutate_private.h"

enum { ELSEWHERE_TRIES = 3, MAX_ENTRANCES = 200 };

unsigned scenario_mutate_place(const struct node *action)
{
	return action->kind == NODE_LIST && action->first ? action->first->line : action->line;
}

static void see_step(struct mutations *all, const struct node *step,
		     void (*see)(struct mutations *all, const char *where,
				 const struct node *action))
{
	static const char *const single[] = { "next", "stuck", "again" };

	for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
		const struct node *n = scenario_source_get(step, single[i]);

		if (n && (i < 2 || n->kind != NODE_TEXT)) /* "again" may be a text of the pack */
			see(all, arena_printf(all->a, "step %s, %s", step->key, single[i]), n);
	}
	for (const struct node *n = scenario_source_get(step, "exits")
					    ? scenario_source_get(step, "exits")->first
					    : NULL;
	     n; n = n->next)
		see(all, arena_printf(all->a, "step %s, exit %s", step->key, n->key), n);
}

void scenario_mutate_each_action(struct mutations *all,
				 void (*see)(struct mutations *all, const char *where,
					     const struct node *action))
{
	const struct node *steps = scenario_source_get(all->root, "steps");
	const struct node *commands = scenario_source_get(all->root, "commands");
	const struct node *expiry =
		scenario_source_get(scenario_source_get(all->root, "expiry"), "do");

	for (const struct node *s = steps ? steps->first : NULL; s; s = s->next)
		see_step(all, s, see);
	for (const struct node *c = commands ? commands->first : NULL; c; c = c->next) {
		const struct node *n = scenario_source_get(c, "do");

		if (n)
			see(all, arena_printf(all->a, "command %s", c->key), n);
	}
	if (expiry)
		see(all, "expiry", expiry);
}

/* ---- two exits swapped ---- */

static bool same_text(const struct node *one, const struct node *other)
{
	return one->raw.n == other->raw.n && memcmp(one->raw.p, other->raw.p, one->raw.n) == 0;
}

static void swap_exits(struct mutations *all, const struct node *step)
{
	const struct node *exits = scenario_source_get(step, "exits");
	const char *sort = scenario_source_get(step, "call") ? "outcomes" : "exits";

	for (const struct node *n = exits ? exits->first : NULL; n && n->next; n = n->next) {
		struct mutation *m =
			same_text(n, n->next) ? NULL : scenario_mutation_new(all, n, 2);

		if (!m)
			continue;
		scenario_mutation_swap(all, m, n, n->next);
		m->where = arena_printf(all->a, "step %s", step->key);
		m->what = arena_printf(all->a, "the %s %s and %s are swapped", sort, n->key,
				       n->next->key);
		m->place = scenario_mutate_place(n);
	}
}

/* ---- elsewhere ---- */

/* The name of a step, or "@same" and its like, that an action leads to. */
static const struct node *target_of(const struct node *branch)
{
	const struct node *n =
		branch->kind == NODE_TEXT ? branch : scenario_source_get(branch, "goto");

	return n && n->kind == NODE_TEXT ? n : NULL;
}

static bool leads_to(const struct node *action, const char *name)
{
	if (action->kind == NODE_LIST) {
		for (const struct node *b = action->first; b; b = b->next) {
			if (leads_to(b, name))
				return true;
		}
		return false;
	}
	action = target_of(action);
	return action && strcmp(action->text, name) == 0;
}

/* A crossing leads on to it by itself: to go there at once may be the same. */
static bool may_be_same(const struct node *target, const char *name)
{
	const struct node *next = scenario_source_get(target, "next");

	if (strcmp(target->key, name) == 0)
		return true;
	return next && !scenario_source_get(target, "ask") && leads_to(next, name);
}

static void send_branch_elsewhere(struct mutations *all, const char *where,
				  const struct node *branch)
{
	const struct node *target = target_of(branch);
	const struct node *steps = scenario_source_get(all->root, "steps");
	const struct node *from = target ? scenario_source_get(steps, target->text) : NULL;
	const struct node *to = from;
	unsigned group = 0, tries = 0;

	for (size_t i = 0; target && i < steps->count && tries < ELSEWHERE_TRIES; i++) {
		struct mutation *m;

		to = to && to->next ? to->next : steps->first;
		if (from && may_be_same(from, to->key)) /* else it is "@same" or "@back" */
			continue;
		m = scenario_mutation_new(all, branch, 1);
		if (!m)
			return;
		scenario_mutation_replace(m, target->raw, arena_printf(all->a, "\"%s\"", to->key));
		group = tries++ ? group : m->group;
		m->group = group;
		m->where = where;
		m->what = arena_printf(all->a, "leads to %s instead of %s", to->key, target->text);
		m->place = branch->line;
	}
}

static void send_elsewhere(struct mutations *all, const char *where, const struct node *action)
{
	unsigned i = 0;

	if (action->kind != NODE_LIST) {
		send_branch_elsewhere(all, where, action);
		return;
	}
	for (const struct node *b = action->first; b; b = b->next)
		send_branch_elsewhere(all, arena_printf(all->a, "%s, branch %u", where, ++i), b);
}

/* ---- a step left out ---- */

static bool is_action_key(const char *key)
{
	static const char *const keys[] = { "next", "do", "stuck", "again" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (strcmp(keys[i], key) == 0)
			return true;
	}
	return false;
}

/* Whether a text stands where the name of a step does. */
static bool is_entrance(const struct node *n)
{
	const struct node *up = n->parent;

	if (n->kind != NODE_TEXT || !up)
		return false;
	if (strcmp(n->key, "goto") == 0)
		return true;
	if (up->kind == NODE_LIST)
		return is_action_key(up->key) ||
		       (up->parent && strcmp(up->parent->key, "exits") == 0);
	if (strcmp(n->key, "again") == 0)
		return false;
	return is_action_key(n->key) || strcmp(up->key, "exits") == 0 ||
	       (!up->parent && strcmp(n->key, "start") == 0);
}

static void send_entrances(struct mutation *m, const struct node *n, const char *name,
			   const char *to)
{
	if (is_entrance(n) && strcmp(n->text, name) == 0 && m->edit_count < MAX_ENTRANCES - 1)
		scenario_mutation_replace(m, n->raw, to);
	for (const struct node *c = n->first; c; c = c->next)
		send_entrances(m, c, name, to);
}

/* Where it goes on as a rule: its last branch, or its first exit. */
static const char *next_of(const struct node *step)
{
	const struct node *n = scenario_source_get(step, "next");
	const struct node *target;

	if (!n && scenario_source_get(step, "exits"))
		n = scenario_source_get(step, "exits")->first;
	if (n && n->kind == NODE_LIST)
		n = n->last;
	target = n ? target_of(n) : NULL;
	return target && *target->text != '@' && strcmp(target->text, step->key) != 0 ? target->text
										      : NULL;
}

/* Where its name is needed elsewhere (in "at", say), it stays and nobody comes to it. */
static void drop_step(struct mutations *all, const struct node *step)
{
	const char *to = next_of(step);
	unsigned group = 0;

	for (int keep = 0; to && keep < 2; keep++) {
		struct mutation *m = scenario_mutation_new(all, step, MAX_ENTRANCES);

		if (!m)
			return;
		if (!keep)
			scenario_mutation_remove(m, step);
		send_entrances(m, all->root, step->key, arena_printf(all->a, "\"%s\"", to));
		group = group ? group : m->group;
		m->group = group;
		m->where = arena_printf(all->a, "step %s", step->key);
		m->what = arena_printf(all->a, "is left out: what led to it leads to %s", to);
		m->place = step->line;
	}
}

void scenario_mutate_steps(struct mutations *all)
{
	const struct node *steps = scenario_source_get(all->root, "steps");

	for (const struct node *s = steps ? steps->first : NULL; s; s = s->next) {
		swap_exits(all, s);
		drop_step(all, s);
	}
	scenario_mutate_each_action(all, send_elsewhere);
}
