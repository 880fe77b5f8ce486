/*
 * generate_call.c - how a business call can end: a status and an answer for each rule of the
 * pack, and the outcomes that need none.
 *
 * The answer holds what the rule asks for and what the exit takes from it. Whether the rule is
 * the one that holds then is asked of the flow.
 */
#include <stdlib.h>
#include <string.h>

#include "answers_private.h"
#include "base/json.h"
#include "generate_private.h"

enum { ANSWER_MAX = 65536, MAX_PATH = 8, FEW_ITEMS = 2 };

/* ---- building an answer ---- */

static struct value *member(struct value *object, const char *name)
{
	struct value *v = object->first;

	while (v && strcmp(v->name, name) != 0)
		v = v->next;
	return v;
}

/* The object in which the last name of "a.b.c" belongs. */
static struct value *reach(struct value *object, const char *path, const char **name_out,
			   struct arena *a)
{
	const char *dot;

	while ((dot = strchr(path, '.')) != NULL) {
		const char *name = arena_strndup(a, path, (size_t)(dot - path));
		struct value *inner = member(object, name);

		if (!inner || inner->kind != VALUE_OBJECT)
			inner = value_add_object(a, object, name);
		object = inner;
		path = dot + 1;
	}
	*name_out = path;
	return object;
}

static void put_text(struct value *answer, const char *path, const char *text, struct arena *a)
{
	const char *name;
	struct value *at = reach(answer, path, &name, a);

	if (!member(at, name))
		value_add_text(a, at, arena_strdup(a, name), str_of(text));
}

/* {"success": false, "code": "E7", "id": "*"} */
static void put_expected(struct value *answer, const struct node *fields, struct arena *a)
{
	for (const struct node *f = fields ? fields->first : NULL; f; f = f->next) {
		const char *name;
		struct value *at = reach(answer, f->key, &name, a);

		if (member(at, name))
			continue;
		if (f->kind == NODE_OTHER && (*f->text == 't' || *f->text == 'f'))
			value_add_bool(a, at, arena_strdup(a, name), *f->text == 't');
		else
			value_add_text(a, at, arena_strdup(a, name),
				       str_of(strcmp(f->text, "*") == 0 ? "60" : f->text));
	}
}

/* An answer that the value's own rule takes. */
static const char *text_for(struct generator *g, const struct node *value, const char *language)
{
	const struct question q = {
		.root = g->root, .rule = value, .language = language, .now_ms = g->states[0].now_ms
	};
	struct arena scratch = { 0 };
	struct answers *all = arena_alloc(&scratch, sizeof *all);
	const char *text = "7";

	scenario_answers(&q, &scratch, all);
	for (size_t i = 0; i < all->count; i++) {
		const struct answer *answer = &all->list[i];

		if (answer->valid && answer->message.kind == INBOUND_TEXT) {
			text = answer->message.text;
			break;
		}
	}
	text = arena_strdup(g->a, text);
	arena_free(&scratch);
	return text;
}

/* What the id of an item should look like: a value that is copied from a choice of these items has
 * its own rule. NULL: like anything. */
static const struct node *value_of_id(const struct generator *g, const struct node *n,
				      const char *items)
{
	const struct node *values = scenario_source_get(g->root, "values");
	const struct node *set = scenario_source_get(n, "set");
	const struct node *found = NULL;

	for (const struct node *s = set ? set->first : NULL; s; s = s->next) {
		const struct node *choice =
			scenario_source_get(values, scenario_source_text(s, "copy", ""));

		if (strcmp(scenario_source_text(choice, "from", ""), items) == 0)
			return scenario_source_get(values, s->key);
	}
	for (const struct node *c = n->first; c && !found; c = c->next)
		found = value_of_id(g, c, items);
	return found;
}

/* The first with an id of that form, the second with another one. */
static const char *field_text(struct generator *g, const struct node *value, const char *field,
			      int i, const char *language)
{
	const struct node *like;

	if (strcmp(field, "id") != 0)
		return arena_printf(g->a, "%s %d", field, i);
	like = i == 1 ? value_of_id(g, g->root, value->key) : NULL;
	return like ? text_for(g, like, language) : arena_printf(g->a, "A%d", i);
}

/* Two items with all their fields. */
static void put_items(struct generator *g, struct value *answer, const char *path,
		      const struct node *value, const char *language)
{
	const struct node *fields = scenario_source_get(value, "fields");
	const char *name;
	struct value *at = reach(answer, path, &name, g->a), *list;

	if (member(at, name))
		return;
	list = value_add_list(g->a, at, arena_strdup(g->a, name));
	for (int i = 1; i <= FEW_ITEMS; i++) {
		struct value *item = value_append_object(g->a, list);

		for (const struct node *f = fields ? fields->first : NULL; f; f = f->next)
			put_text(item, scenario_source_text(f, "path", f->key),
				 field_text(g, value, f->key, i, language), g->a);
	}
}

/* {"set": {"ref": {"answer": "data.ref"}}} anywhere in an exit. */
static void put_taken(struct generator *g, struct value *answer, const struct node *n,
		      const char *language)
{
	const struct node *set = scenario_source_get(n, "set");

	for (const struct node *s = set ? set->first : NULL; s; s = s->next) {
		const char *path = scenario_source_text(s, "answer", NULL);
		const struct node *value =
			scenario_source_get(scenario_source_get(g->root, "values"), s->key);

		if (!path || !value)
			continue;
		if (strcmp(scenario_source_text(value, "type", ""), "items") == 0)
			put_items(g, answer, path, value, language);
		else
			put_text(answer, path, text_for(g, value, language), g->a);
	}
	for (const struct node *c = n ? n->first : NULL; c; c = c->next)
		put_taken(g, answer, c, language);
}

/* {{answer.ref}} in a text that the exit says. */
static void put_told(struct generator *g, struct value *answer, const char *text,
		     const char *language)
{
	static const char tag[] = "{{answer.";
	const struct file *f =
		file_tree_get(g->pack, arena_printf(g->a, "%s/%s.txt", language, text));

	for (const char *p = f ? strstr(f->text.p, tag) : NULL; p; p = strstr(p, tag)) {
		size_t n = strcspn(p += sizeof tag - 1, "} ");

		put_text(answer, arena_strndup(g->a, p, n), "R-7", g->a);
	}
}

static void put_said(struct generator *g, struct value *answer, const struct node *n,
		     const char *language)
{
	const struct node *say = scenario_source_get(n, "say");

	if (say && say->kind == NODE_TEXT)
		put_told(g, answer, say->text, language);
	for (const struct node *t = say ? say->first : NULL; t; t = t->next)
		put_told(g, answer, t->text, language);
	for (const struct node *c = n ? n->first : NULL; c; c = c->next)
		put_said(g, answer, c, language);
}

/* ---- as JSON ---- */

static void write_value(struct json_writer *w, const struct value *v)
{
	switch (v->kind) {
	case VALUE_TEXT:
		json_add_str(w, v->name, v->text);
		return;
	case VALUE_TRUE:
	case VALUE_FALSE:
		json_add_bool(w, v->name, v->kind == VALUE_TRUE);
		return;
	case VALUE_LIST:
		json_array(w, v->name);
		break;
	case VALUE_OBJECT:
		json_object(w, v->name);
		break;
	}
	for (const struct value *c = v->first; c; c = c->next)
		write_value(w, c);
	json_end(w);
}

static const char *written(const struct value *answer, struct arena *a)
{
	struct json_writer w;
	struct buf out;
	const char *text;

	buf_init(&out, ANSWER_MAX);
	json_begin(&w, &out);
	write_value(&w, answer);
	text = out.full ? "{}" : arena_strndup(a, out.data, out.len);
	buf_free(&out);
	return text;
}

/* ---- ways to end ---- */

/* "2xx", 422, [400, 422] */
static int status_of(const struct node *status)
{
	int n;

	if (status && status->kind == NODE_LIST)
		status = status->first;
	if (!status)
		return 200;
	n = (int)strtol(status->text, NULL, 10);
	return n < 10 ? 100 * n : n;
}

static const struct node *exit_for(const struct node *step, const char *outcome)
{
	const struct node *exits = scenario_source_get(step, "exits");
	const struct node *own = scenario_source_get(exits, outcome);

	return own ? own : scenario_source_get(exits, "otherwise");
}

static struct act ending(struct generator *g, const char *call, int status, struct value *answer)
{
	struct act act = { .kind = ACT_CALL, .name = call, .status = status };

	act.outcome = arena_printf(g->a, "%d", status);
	act.answer = answer->first ? answer : NULL;
	act.text = answer->first ? written(answer, g->a) : NULL;
	return act;
}

/* Earlier rules that would hold are kept from it by what they must not find. False: some other
 * rule holds all the same. */
static bool end_by_rule(struct generator *g, const struct node *call, const struct node *rule,
			struct value *answer, struct act *act_out)
{
	const char *name = scenario_source_text(rule, "name", "");
	int status = status_of(scenario_source_get(rule, "status"));
	const struct node *before = scenario_source_get(call, "outcomes")->first;

	put_expected(answer, scenario_source_get(rule, "when"), g->a);
	for (;; before = before->next) {
		const char *outcome = flow_call_outcome(g->flow, call->key, status,
							answer->first ? answer : NULL);

		if (strcmp(outcome, name) == 0)
			break;
		if (before == rule)
			return false;
		put_expected(answer, scenario_source_get(before, "unless"), g->a);
	}
	*act_out = ending(g, call->key, status, answer);
	return true;
}

static void add_rule(struct generator *g, struct moves *to, const struct node *step,
		     const struct node *call, const struct node *rule, const char *language)
{
	const char *name = scenario_source_text(rule, "name", "");
	struct value *bare = value_object(g->a), *full = value_object(g->a);
	struct act act = { .kind = ACT_CALL, .name = call->key, .outcome = name };

	put_expected(full, scenario_source_get(rule, "when"), g->a);
	put_taken(g, full, exit_for(step, name), language);
	put_said(g, full, exit_for(step, name), language);
	if (full->first && end_by_rule(g, call, rule, full, &act))
		scenario_move_add(g, to, act, "");
	if (end_by_rule(g, call, rule, bare, &act))
		scenario_move_add(g, to, act, "");
	else
		scenario_move_add(
			g, to, (struct act){ .kind = ACT_CALL, .name = call->key, .outcome = name },
			"");
}

void scenario_moves_of_call(struct generator *g, struct moves *to, const struct node *step,
			    const char *language)
{
	static const char *const fixed[] = { "timeout", "refused", "malformed",
					     "busy",	"limited", "failed" };
	const struct node *call = scenario_source_get(scenario_source_get(g->root, "calls"),
						      scenario_source_text(step, "call", ""));
	const struct node *rules = scenario_source_get(call, "outcomes");

	for (const struct node *r = rules ? rules->first : NULL; r; r = r->next)
		add_rule(g, to, step, call, r, language);
	for (size_t i = 0; call && i < sizeof fixed / sizeof *fixed; i++) {
		if (flow_call_has_outcome(g->flow, call->key, fixed[i]))
			scenario_move_add(g, to,
					  (struct act){ .kind = ACT_CALL,
							.name = call->key,
							.outcome = fixed[i] },
					  "");
	}
}
