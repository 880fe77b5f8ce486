/*
 * mutate_rule.c - rules that take more, answers that are not kept, options and outcomes that are
 * mixed up, commands that are gone.
 */
#include <string.h>

#include "mutate_private.h"
#include "sample_private.h"

/* ---- rules ---- */

static const struct {
	const char *type;
	const char *key;
	const char *loose; /* NULL: the key is dropped */
} bounds[] = {
	{ "text", "min", "1" },
	{ "text", "max", "1000" },
	{ "text", "letters", NULL },
	{ "text", "never", NULL },
	{ "pattern", "pattern", "\"[\\\\s\\\\S]+\"" },
	{ "pattern", "max", "1000" },
	{ "pattern", "drop", NULL },
	{ "pattern", "upper", NULL },
	{ "pattern", "normal", NULL },
	{ "integer", "min", "-999999999999999" },
	{ "integer", "max", "999999999999999" },
	{ "integer", "drop", NULL },
	{ "date", "from", NULL },
	{ "date", "to", NULL },
	{ "date", "order", NULL },
	{ "media", "kinds", NULL },
	{ "items", "max", "20" },
};

/* A pattern that cannot match so much needs no such bound; of dates an order that is the usual
 * one says nothing, and an answer of a call has its own. */
static bool is_idle(const struct node *rule, const char *key, bool asked)
{
	const struct pattern *p;
	struct arena a = { 0 };
	bool idle = false;

	if (strcmp(key, "order") == 0)
		return !asked || strcmp(scenario_source_text(rule, key, ""), "dmy") == 0;
	if (strcmp(key, "max") != 0 || scenario_source_get(rule, "normal"))
		return false;
	p = scenario_pattern_read(scenario_source_text(rule, "pattern", NULL), &a);
	if (p && scenario_pattern_longest(p) <= (size_t)scenario_source_int(rule, "max", 0))
		idle = true;
	arena_free(&a);
	return idle;
}

static void loosen(struct mutations *all, const char *where, const struct node *rule,
		   unsigned place)
{
	const char *type = scenario_source_text(rule, "type", "");

	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
		const struct node *n = scenario_source_get(rule, bounds[i].key);
		struct mutation *m;

		if (!n || strcmp(bounds[i].type, type) != 0 ||
		    is_idle(rule, bounds[i].key, place != 0) ||
		    (bounds[i].loose && str_is(n->raw, bounds[i].loose)))
			continue;
		m = scenario_mutation_new(all, n, 1);
		if (!m)
			return;
		if (bounds[i].loose)
			scenario_mutation_replace(m, n->raw, bounds[i].loose);
		else
			scenario_mutation_remove(m, n);
		m->where = where;
		m->what = arena_printf(all->a, "\"%s\" is %s", bounds[i].key,
				       bounds[i].loose ? "loosened" : "dropped");
		m->place = place;
	}
}

/* The first step that asks for a value, or 0. */
static unsigned asked_at(const struct mutations *all, const char *value)
{
	const struct node *steps = scenario_source_get(all->root, "steps");

	for (const struct node *s = steps ? steps->first : NULL; s; s = s->next) {
		if (strcmp(scenario_source_text(s, "save", ""), value) == 0)
			return s->line;
	}
	return 0;
}

/* The answer is taken and nothing is kept of it. */
static void drop_saved(struct mutations *all, const struct node *step)
{
	const struct node *save = scenario_source_get(step, "save");
	const struct node *rule =
		save ? scenario_source_get(scenario_source_get(all->root, "values"), save->text)
		     : NULL;
	struct mutation *m = rule ? scenario_mutation_new(all, save, 1) : NULL;
	const struct node *pii;

	if (!m)
		return;
	pii = scenario_source_get(rule, "pii");
	scenario_mutation_replace(
		m, (struct str){ save->from, (size_t)(save->raw.p + save->raw.n - save->from) },
		arena_printf(all->a, "\"input\": %.*s", (int)rule->raw.n, rule->raw.p));
	if (pii) { /* which goes with values only */
		struct mutation cut = { .edits = arena_alloc(all->a, sizeof(struct edit)) };
		struct str text;

		scenario_mutation_remove(&cut, pii);
		text = scenario_mutation_text(&cut, rule->raw, all->a);
		m->edits[0].by = arena_printf(all->a, "\"input\": %.*s", (int)text.n, text.p);
	}
	m->where = arena_printf(all->a, "step %s", step->key);
	m->what = arena_printf(all->a, "%s is not saved", save->text);
	m->place = step->line;
}

/* ---- lists ---- */

static void swap_options(struct mutations *all, const char *where, const struct node *options,
			 unsigned place)
{
	for (const struct node *o = options ? options->first : NULL; o && o->next; o = o->next) {
		struct mutation *m;

		if (o->kind != NODE_OBJECT)
			return;
		m = scenario_mutation_new(all, o, 2);
		if (!m)
			return;
		scenario_mutation_swap(all, m, o, o->next);
		m->where = where;
		m->what = arena_printf(all->a, "the options %s and %s are swapped",
				       scenario_source_text(o, "id", "?"),
				       scenario_source_text(o->next, "id", "?"));
		m->place = place;
	}
}

/* Where a list is asked for. */
static unsigned list_at(const struct mutations *all, const char *list)
{
	const struct node *values = scenario_source_get(all->root, "values");

	for (const struct node *v = values ? values->first : NULL; v; v = v->next) {
		if (strcmp(scenario_source_text(v, "list", ""), list) == 0)
			return asked_at(all, v->key);
	}
	return 0;
}

/* ---- commands and calls ---- */

static void drop_commands(struct mutations *all)
{
	const struct node *commands = scenario_source_get(all->root, "commands");

	for (const struct node *c = commands ? commands->first : NULL; c; c = c->next) {
		const struct node *act = scenario_source_get(c, "do");
		struct mutation *m = scenario_mutation_new(all, c, 1);

		if (!m)
			return;
		scenario_mutation_remove(m, c);
		m->where = arena_printf(all->a, "command %s", c->key);
		m->what = "is dropped";
		m->place = act ? scenario_mutate_place(act) : 0;
	}
}

/* Some step that makes the call has an exit for one of them. */
static bool lead_apart(const struct mutations *all, const char *call, const char *one,
		       const char *other)
{
	const struct node *steps = scenario_source_get(all->root, "steps");

	for (const struct node *s = steps ? steps->first : NULL; s; s = s->next) {
		const struct node *exits = scenario_source_get(s, "exits");

		if (strcmp(scenario_source_text(s, "call", ""), call) == 0 &&
		    (scenario_source_get(exits, one) || scenario_source_get(exits, other)))
			return true;
	}
	return false;
}

static void swap_outcomes(struct mutations *all, const struct node *call)
{
	const struct node *rules = scenario_source_get(call, "outcomes");

	for (const struct node *r = rules ? rules->first : NULL; r && r->next; r = r->next) {
		const struct node *one = scenario_source_get(r, "name");
		const struct node *other = scenario_source_get(r->next, "name");
		struct mutation *m =
			one && other && strcmp(one->text, other->text) != 0 &&
					lead_apart(all, call->key, one->text, other->text)
				? scenario_mutation_new(all, r, 2)
				: NULL;

		if (!m)
			continue;
		scenario_mutation_swap(all, m, one, other);
		m->where = arena_printf(all->a, "call %s", call->key);
		m->what = arena_printf(all->a, "the outcomes %s and %s are swapped", one->text,
				       other->text);
	}
}

static void drop_outcome_fields(struct mutations *all, const struct node *call)
{
	static const char *const keys[] = { "when", "unless" };
	const struct node *rules = scenario_source_get(call, "outcomes");

	for (const struct node *r = rules ? rules->first : NULL; r; r = r->next) {
		for (size_t i = 0; i < 2; i++) {
			const struct node *n = scenario_source_get(r, keys[i]);
			struct mutation *m = n ? scenario_mutation_new(all, n, 1) : NULL;

			if (!m)
				continue;
			scenario_mutation_remove(m, n);
			m->where = arena_printf(all->a, "call %s, outcome %s", call->key,
						scenario_source_text(r, "name", "?"));
			m->what = arena_printf(all->a, "\"%s\" is dropped", keys[i]);
		}
	}
}

void scenario_mutate_rules(struct mutations *all)
{
	const struct node *values = scenario_source_get(all->root, "values");
	const struct node *lists = scenario_source_get(all->root, "lists");
	const struct node *steps = scenario_source_get(all->root, "steps");
	const struct node *calls = scenario_source_get(all->root, "calls");

	for (const struct node *v = values ? values->first : NULL; v; v = v->next)
		loosen(all, arena_printf(all->a, "value %s", v->key), v, asked_at(all, v->key));
	for (const struct node *l = lists ? lists->first : NULL; l; l = l->next)
		swap_options(all, arena_printf(all->a, "list %s", l->key),
			     scenario_source_options(l), list_at(all, l->key));
	for (const struct node *s = steps ? steps->first : NULL; s; s = s->next) {
		const struct node *input = scenario_source_get(s, "input");
		const char *where = arena_printf(all->a, "step %s, input", s->key);

		loosen(all, where, input, s->line);
		swap_options(all, where, scenario_source_get(input, "options"), s->line);
		drop_saved(all, s);
	}
	for (const struct node *c = calls ? calls->first : NULL; c; c = c->next) {
		swap_outcomes(all, c);
		drop_outcome_fields(all, c);
	}
	drop_commands(all);
}
