/*
 * load_step.c - steps, of which there are four sorts: one that asks, one that
 * calls, one that ends, and one that only says something and goes on.
 */
#include "load_private.h"

#include <string.h>

#include "input_private.h"
#include "words_private.h"

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

	s->exits = arena_array(ld->a, (size_t)cJSON_GetArraySize(all) + 2, sizeof *s->exits);
	cJSON_ArrayForEach(m, all) add_exit(ld, m, m->string, s);
	if (next)
		add_exit(ld, next, "next", s);
}

/* {"stuck": …, "stuck_after": 5}: what the fifth wrong answer in a row leads to. */
static void load_stuck(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	const cJSON *stuck = cJSON_GetObjectItemCaseSensitive(node, "stuck");
	const char *within = ld->within;
	struct flow_exit *e = &s->exits[s->exit_count];

	if (!stuck) {
		if (has(node, "stuck_after"))
			load_fault(ld, node, "stuck_after", "add \"stuck\": where it leads",
				   "counts for nothing");
		return;
	}
	s->stuck_after = (unsigned)load_int(ld, node, "stuck_after", FLOW_WAY_OUT_AFTER, 1, 100);
	ld->within = "stuck";
	*e = (struct flow_exit){ .name = FLOW_EXIT_STUCK,
				 .action = load_action(ld, stuck, true),
				 .line = load_line(ld, stuck) };
	ld->within = within;
	s->exit_count++;
}

/* ---- what each sort needs ---- */

static size_t add_ids(const struct flow_list *list, const char **ids, size_t n)
{
	for (size_t i = 0; list && i < list->count; i++)
		ids[n++] = list->options[i].id;
	return n;
}

/* Options of a choice that the pack knows, and those beside any rule. */
static void check_option_exits(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	const struct flow_list *list = s->rule->type == RULE_CHOICE ? s->rule->list : NULL;
	const char **ids = arena_array(
		ld->a, (list ? list->count : 0) + (s->also ? s->also->count : 0), sizeof *ids);
	size_t own = add_ids(list, ids, 0), n = add_ids(s->also, ids, own);

	for (size_t i = 0; i < n; i++) {
		if (i >= own && list && flow_option_find(list, ids[i]))
			load_fault(ld, node, "also", "give it an id of its own",
				   "\"%s\" is an option of the choice as well", ids[i]);
		if (!flow_exit_find(s, ids[i]) && (i >= own || !flow_exit_find(s, "next")))
			load_fault(ld, node, "exits",
				   i < own ? "add an exit for it, or \"next\" for the rest"
					   : "add an exit for it",
				   "option \"%s\" leads nowhere", ids[i]);
	}
	for (size_t i = 0; i < s->exit_count; i++) {
		const char *name = s->exits[i].name;
		size_t k = 0;

		while (k < n && strcmp(ids[k], name) != 0)
			k++;
		if (k == n && strcmp(name, "next") != 0 && strcmp(name, FLOW_EXIT_STUCK) != 0)
			load_fault(ld, node, load_join(ld, "exits"), load_suggest(ld, name, ids, n),
				   "\"%.60s\" is no option", name);
	}
}

/* A word beside the answer must not be an answer itself; to a text everything is. */
static void check_also_words(struct flow_loader *ld, const cJSON *node, const struct flow_step *s)
{
	const struct flow_rule *rule = s->rule;
	const struct flow_list *list = rule->type == RULE_CHOICE ? rule->list : NULL;

	for (size_t i = 0; s->also && i < s->also->words.count; i++) {
		const char *key = s->also->words.list[i].key;

		if (list && flow_words_get(&list->words, key) >= 0)
			load_fault(ld, node, "also", "take the word away from one of them",
				   "\"%.60s\" is a word of the choice as well", key);
		else if (rule->type != RULE_CHOICE && rule->type != RULE_TEXT &&
			 flow_rule_accept(rule, NULL, str_of(key), ld->a))
			load_fault(ld, node, "also", "choose another word, or bound the answer",
				   "\"%.60s\" would be an answer as well", key);
	}
}

static void check_asking(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	if (!s->ask)
		load_fault(ld, node, "ask", "name the text that asks", "nothing is asked");
	if (!s->wrong && !has(node, "wrong"))
		load_fault(ld, node, "wrong", "name the text for a wrong answer",
			   "a wrong answer would not be explained");
	if (!(s->rule->type == RULE_CHOICE && s->rule->list) && !flow_exit_find(s, "next"))
		load_fault(ld, node, "next", "say where an answer leads", "is missing");
	if (s->rule->type != RULE_CHOICE && !s->also && has(node, "exits"))
		load_fault(ld, cJSON_GetObjectItemCaseSensitive(node, "exits"), "exits",
			   "use \"next\"", "only choices and calls have named exits");
	else
		check_option_exits(ld, node, s);
	check_also_words(ld, node, s);
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
	for (size_t i = 0; i < fixed; i++) {
		if (c->kind == FLOW_CALL_HTTP || strcmp(flow_fixed_outcomes[i], "failed") == 0)
			names[n++] = flow_fixed_outcomes[i];
	}
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
static const char *const ask_keys[] = { "shown",       "say",	    "ask",  "save",  "input",
					"wrong",       "next",	    "also", "exits", "stuck",
					"stuck_after", "reminders", NULL };
static const char *const call_keys[] = { "shown", "say", "call", "waiting", "exits", NULL };
static const char *const end_keys[] = { "shown", "say", "end", "again", NULL };

static void load_also(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	const cJSON *options = load_array(ld, node, "also");
	struct flow_list *also;

	if (!options)
		return;
	also = arena_alloc(ld->a, sizeof *also);
	also->name = "";
	ld->within = "also";
	load_options(ld, options, false, also);
	ld->within = "";
	s->also = also;
}

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
		load_rule_link(ld, input, own);
		ld->within = "";
		s->rule = own;
	}
	if (s->rule && s->rule->type == RULE_ITEMS)
		load_fault(ld, node, save ? "save" : "input",
			   "ask for a choice \"from\" them: items come from an answer",
			   "nobody can write items");
	s->ask = load_text(ld, node, "ask");
	s->wrong = load_text(ld, node, "wrong");
	load_also(ld, node, s);
	load_exits(ld, node, s);
	load_stuck(ld, node, s);
	if (has(node, "reminders")) {
		struct flow_reminders *these = arena_alloc(ld->a, sizeof *these);

		load_reminders(ld, node, these);
		s->reminders = these;
	}
	if (s->rule)
		check_asking(ld, node, s);
}

static void load_calling(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	const char *name = load_string(ld, node, "call");
	const char **names;

	load_check_keys(ld, node, call_keys);
	s->waiting = load_text(ld, node, "waiting");
	ld->answers = true;
	load_exits(ld, node, s);
	ld->answers = false;
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

static bool is_total(const struct flow_action *act)
{
	while (act->otherwise)
		act = act->otherwise;
	return act->condition == NULL;
}

/* An action instead of a text: what happens when someone writes after the end. */
static void load_again(struct flow_loader *ld, const cJSON *again, struct flow_step *s)
{
	s->exits = arena_array(ld->a, 1, sizeof *s->exits);
	ld->within = "again";
	s->exits[0] = (struct flow_exit){ .name = FLOW_EXIT_AGAIN,
					  .action = load_action(ld, again, false),
					  .line = load_line(ld, again) };
	ld->within = "";
	s->exit_count = 1;
	for (const struct flow_action *act = s->exits[0].action; act; act = act->otherwise) {
		if (act->to == GOTO_SAME || (act->to == GOTO_NONE && act->say_count == 0))
			load_fault(ld, again, "again", "say something, or lead to another step",
				   "a later message would get no answer");
	}
	if (s->exits[0].action && !is_total(s->exits[0].action))
		load_fault(ld, again, "again", "end with a branch without \"if\"",
			   "does nothing when no condition holds");
}

static void load_ending(struct flow_loader *ld, const cJSON *node, struct flow_step *s)
{
	const cJSON *again = cJSON_GetObjectItemCaseSensitive(node, "again");

	load_check_keys(ld, node, end_keys);
	s->end = load_bool(ld, node, "end");
	if (cJSON_IsObject(again) || cJSON_IsArray(again))
		load_again(ld, again, s);
	else
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
