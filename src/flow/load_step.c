/*
 * load_step.c - steps, of which there are four sorts: one that asks, one that
 * calls, one that ends, and one that only says something and goes on.
 */
#include "load_private.h"

#include <string.h>

static bool has(const cJSON *node, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(node, key) != NULL;
}

/* ---- exits ---- */

static void add_exit(struct flow_loader *ld, const cJSON *node, const char *name,
		     struct flow_step *s)
{
	const char *within = ld->within;

	ld->within = strcmp(name, "next") == 0 && node->string && strcmp(node->string, "next") == 0
			     ? "next"
			     : arena_printf(ld->a, "exits.%.60s", name);
	s->exits[s->exit_count].name = arena_strdup(ld->a, name);
	s->exits[s->exit_count].line = load_line(ld, node);
	s->exits[s->exit_count++].action = load_action(ld, node, true);
	ld->within = within;
}

static void load_exits(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	const cJSON *next = cJSON_GetObjectItemCaseSensitive(node, "next");
	const cJSON *all = load_object(ld, node, "exits"), *m;

	s->exits = arena_array(ld->a, (size_t)cJSON_GetArraySize(all) + 1, sizeof *s->exits);
	cJSON_ArrayForEach(m, all) add_exit(ld, m, m->string, s);
	if (next)
		add_exit(ld, next, "next", s);
}

/* ---- what each sort needs ---- */

static void check_choice_exits(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	const struct flow_list *list = s->rule->list;
	const char **ids;

	if (!list)
		return;
	ids = arena_array(ld->a, list->count, sizeof *ids);
	for (size_t i = 0; i < list->count; i++) {
		ids[i] = list->options[i].id;
		if (!flow_exit_find(s, ids[i]) && !flow_exit_find(s, "next"))
			load_fault(ld, node, "exits",
				   "add an exit for it, or \"next\" for the rest",
				   "option \"%s\" leads nowhere", ids[i]);
	}
	for (size_t i = 0; i < s->exit_count; i++) {
		if (strcmp(s->exits[i].name, "next") != 0 &&
		    !flow_option_find(list, s->exits[i].name))
			load_fault(ld, node, load_join(ld, "exits"),
				   load_suggest(ld, s->exits[i].name, ids, list->count),
				   "\"%.60s\" is no option", s->exits[i].name);
	}
}

static void check_asking(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	if (!s->ask)
		load_fault(ld, node, "ask", "name the text that asks", "nothing is asked");
	if (!s->wrong && !has(node, "wrong"))
		load_fault(ld, node, "wrong", "name the text for a wrong answer",
			   "a wrong answer would not be explained");
	if (s->rule->type == RULE_CHOICE) {
		check_choice_exits(ld, node, s);
	} else {
		if (!flow_exit_find(s, "next"))
			load_fault(ld, node, "next", "say where an answer leads", "is missing");
		if (has(node, "exits"))
			load_fault(ld, cJSON_GetObjectItemCaseSensitive(node, "exits"), "exits",
				   "use \"next\"", "only choices and calls have named exits");
	}
}

static size_t outcome_names(struct flow_loader *ld, const struct flow_call_rule *c,
			    const char ***names_out)
{
	size_t fixed = 0, n = 0;
	const char **names;

	while (flow_fixed_outcomes[fixed])
		fixed++;
	names = arena_array(ld->a, fixed + c->outcome_count, sizeof *names);
	for (size_t i = 0; i < c->outcome_count; i++) {
		size_t k = 0;

		while (k < n && strcmp(names[k], c->outcomes[i].name) != 0)
			k++;
		if (k == n && *c->outcomes[i].name)
			names[n++] = c->outcomes[i].name;
	}
	for (size_t i = 0; i < fixed; i++)
		names[n++] = flow_fixed_outcomes[i];
	*names_out = names;
	return n;
}

static void check_calling(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	const char **names;
	size_t n = outcome_names(ld, s->call, &names);

	for (size_t i = 0; i < n && !flow_exit_find(s, "otherwise"); i++) {
		if (!flow_exit_find(s, names[i]))
			load_fault(ld, node, "exits",
				   "add an exit for it, or \"otherwise\" for the rest",
				   "outcome \"%s\" leads nowhere", names[i]);
	}
	for (size_t i = 0; i < s->exit_count; i++) {
		size_t k = 0;

		while (k < n && strcmp(names[k], s->exits[i].name) != 0)
			k++;
		if (k == n && strcmp(s->exits[i].name, "otherwise") != 0)
			load_fault(ld, node, load_join(ld, "exits"),
				   load_suggest(ld, s->exits[i].name, names, n),
				   "\"%.60s\" is no outcome of the call", s->exits[i].name);
	}
}

static const char *const pass_keys[] = { "shown", "say", "next", NULL };
static const char *const ask_keys[] = { "shown", "say",	 "ask",	  "save", "input",
					"wrong", "next", "exits", NULL };
static const char *const call_keys[] = { "shown", "say", "call", "waiting", "exits", NULL };
static const char *const end_keys[] = { "shown", "say", "end", "again", NULL };

static void load_asking(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	const char *save = load_string(ld, node, "save");
	const cJSON *input = load_object(ld, node, "input");
	struct flow_rule *own;

	load_check_keys(ld, node, ask_keys);
	if ((save != NULL) == (input != NULL)) {
		load_fault(ld, node, "save",
			   "name the value that the answer becomes (\"save\"), or describe the "
			   "answer (\"input\")",
			   "a question needs either \"save\" or \"input\"");
		return;
	}
	if (save) {
		s->save = load_value_ref(ld, cJSON_GetObjectItemCaseSensitive(node, "save"), "save",
					 save);
		if (s->save >= 0)
			s->rule = &ld->flow->values[s->save].rule;
	} else {
		own = arena_alloc(ld->a, sizeof *own);
		ld->within = "input";
		load_rule(ld, input, own);
		ld->within = "";
		s->rule = own;
	}
	s->ask = load_text(ld, node, "ask");
	s->wrong = load_text(ld, node, "wrong");
	load_exits(ld, node, s);
	if (s->rule)
		check_asking(ld, node, s);
}

static void load_calling(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	const char *name = load_string(ld, node, "call");
	const char **names;

	load_check_keys(ld, node, call_keys);
	s->waiting = load_text(ld, node, "waiting");
	load_exits(ld, node, s);
	s->call = name ? flow_call_find(ld->flow, name) : NULL;
	if (s->call) {
		check_calling(ld, node, s);
		return;
	}
	names = arena_array(ld->a, ld->flow->call_count, sizeof *names);
	for (size_t i = 0; i < ld->flow->call_count; i++)
		names[i] = ld->flow->calls[i].name;
	if (name)
		load_fault(ld, cJSON_GetObjectItemCaseSensitive(node, "call"), "call",
			   load_suggest(ld, name, names, ld->flow->call_count),
			   "there is no call \"%.60s\"", name);
}

static void load_ending(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	load_check_keys(ld, node, end_keys);
	s->end = load_bool(ld, node, "end");
	s->again = load_text(ld, node, "again");
	if (!s->end || !has(node, "again"))
		load_fault(ld, node, "again",
			   "write \"end\": true and name the text for whoever writes afterwards",
			   "an end needs a text for later messages");
}

static void load_passing(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	load_check_keys(ld, node, pass_keys);
	load_exits(ld, node, s);
	if (!flow_exit_find(s, "next"))
		load_fault(ld, node, "next", "add \"next\", \"ask\", \"call\" or \"end\"",
			   "the step leads nowhere");
}

static void load_shown(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(node, "shown");

	s->shown = cJSON_IsFalse(m) ? NULL : s->name;
	if (m && !cJSON_IsFalse(m))
		s->shown = load_string(ld, node, "shown");
	if (s->shown && strlen(s->shown) > FLOW_NAME_MAX)
		load_fault(ld, m, "shown", "use at most 40 characters", "is too long");
}

static void load_step(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	load_shown(ld, node, s);
	s->say = load_texts(ld, node, "say", &s->say_count);
	if (has(node, "call"))
		load_calling(ld, node, s);
	else if (has(node, "end"))
		load_ending(ld, node, s);
	else if (has(node, "ask") || has(node, "save") || has(node, "input"))
		load_asking(ld, node, s);
	else
		load_passing(ld, node, s);
}

/* Names first: exits lead forward. */
static void name_steps(struct flow_loader *ld, const cJSON *all)
{
	size_t n = (size_t)cJSON_GetArraySize(all);
	struct flow *flow = ld->flow;
	const cJSON *m;

	if (n == 0 || n > FLOW_MAX_STEPS) {
		load_fault(ld, all ? all : ld->root, "steps", "write 1 to 500 steps",
			   "the flow has %zu steps", n);
		n = 0;
	}
	flow->steps = arena_array(ld->a, n, sizeof *flow->steps);
	for (m = n ? all->child : NULL; m; m = m->next) {
		struct flow_step *s = &flow->steps[flow->step_count];

		if (!load_name_ok(ld, m, "step", m->string))
			continue;
		s->name = arena_strdup(ld->a, m->string);
		s->line = load_line(ld, m);
		s->save = -1;
		flow->step_count++;
	}
}

static void list_shown(struct flow_loader *ld)
{
	struct flow *flow = ld->flow;
	size_t n = 0;

	flow->shown_steps = arena_array(ld->a, flow->step_count + 1, sizeof *flow->shown_steps);
	for (size_t i = 0; i < flow->step_count; i++) {
		const char *shown = flow->steps[i].shown;
		size_t k = 0;

		while (shown && k < n && strcmp(flow->shown_steps[k], shown) != 0)
			k++;
		if (shown && k == n)
			flow->shown_steps[n++] = shown;
	}
}

void load_steps(struct flow_loader *ld)
{
	const cJSON *all = load_object(ld, ld->root, "steps");
	struct flow *flow = ld->flow;
	const char *start;

	name_steps(ld, all);
	for (size_t i = 0; i < flow->step_count; i++) {
		const cJSON *node = cJSON_GetObjectItemCaseSensitive(all, flow->steps[i].name);

		ld->step = flow->steps[i].name;
		if (cJSON_IsObject(node))
			load_step(ld, node, &flow->steps[i]);
		else
			load_fault(ld, node, NULL, "write an object {…}", "is no object");
	}
	ld->step = NULL;
	list_shown(ld);
	start = load_string(ld, ld->root, "start");
	if (start)
		flow->start = load_step_ref(ld, cJSON_GetObjectItemCaseSensitive(ld->root, "start"),
					    "start", start);
	else if (!has(ld->root, "start"))
		load_fault(ld, ld->root, "start", "name the first step", "is missing");
}
