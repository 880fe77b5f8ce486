/*
 * load.c - one pack to one flow: flow.json from top to bottom, then what only
 * shows when all is there (commands that hide options).
 */
#include "load_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "graph_private.h"
#include "input_private.h"

enum { MAX_COMMANDS = 50, MAX_COMMAND_PATTERNS = 10 };

/* ---- commands ---- */

static void command_taken(struct flow_loader *ld, const cJSON *node, const char *word,
			  unsigned other)
{
	load_fault(ld, node, NULL, "give each command words of its own",
		   "\"%.40s\" is a word of command %s as well", word,
		   ld->flow->commands[other].name);
}

/* The words of the default language as they were written, for whoever shows them. */
static const char *load_said(struct flow_loader *ld, const cJSON *node)
{
	const cJSON *words = cJSON_GetObjectItemCaseSensitive(node, "words"), *m;
	const char *said = "";

	words = cJSON_GetObjectItemCaseSensitive(words, ld->flow->languages[0].code);
	cJSON_ArrayForEach(m, words)
	{
		if (cJSON_IsString(m))
			said = arena_printf(ld->a, "%s%s%s", said, *said ? ", " : "",
					    m->valuestring);
	}
	return said;
}

static void load_command(struct flow_loader *ld, const cJSON *node, struct load_words *words)
{
	static const char *const keys[] = { "words", "patterns", "do", NULL };
	struct flow *flow = ld->flow;
	struct flow_command *c = &flow->commands[flow->command_count];
	const cJSON *act = cJSON_GetObjectItemCaseSensitive(node, "do");
	size_t n;
	const char **patterns;

	c->name = arena_strdup(ld->a, node->string);
	c->line = load_line(ld, node);
	load_check_keys(ld, node, keys);
	patterns = load_strings(ld, node, "patterns", &n);
	c->patterns = arena_array(ld->a, n, sizeof *c->patterns);
	for (size_t i = 0; i < n && i < MAX_COMMAND_PATTERNS; i++) {
		struct flow_pattern *p = load_pattern(ld, node, "patterns", patterns[i]);

		if (p)
			c->patterns[c->pattern_count++] = p;
	}
	load_words(ld, node, "words", true, words, (unsigned)flow->command_count, command_taken);
	if (!cJSON_GetObjectItemCaseSensitive(node, "words"))
		load_fault(ld, node, "words", "write {\"en\": [\"help\"]} in every language",
			   "is missing");
	c->said = load_said(ld, node);
	ld->within = load_join(ld, "do");
	if (act)
		c->action = load_action(ld, act, false);
	else
		load_fault(ld, node, NULL, "say what the command does", "is missing");
	flow->command_count++;
}

void load_commands(struct flow_loader *ld)
{
	const cJSON *all = load_object(ld, ld->root, "commands"), *m;
	struct flow *flow = ld->flow;
	struct load_words words = { 0 };

	flow->commands = arena_array(ld->a, MAX_COMMANDS, sizeof *flow->commands);
	cJSON_ArrayForEach(m, all)
	{
		ld->within = arena_printf(ld->a, "commands.%.60s", m->string);
		if (!load_name_ok(ld, m, "command", m->string))
			continue;
		if (!cJSON_IsObject(m) || flow->command_count == MAX_COMMANDS) {
			load_fault(ld, m, NULL, "write {\"words\": …, \"do\": …}, at most 50 times",
				   "is no command");
			continue;
		}
		load_command(ld, m, &words);
	}
	flow->command_words = load_words_done(&words);
	ld->within = "";
}

static void check_shadow(struct flow_loader *ld, const struct flow_step *s, const char *field,
			 const struct flow_list *list)
{
	for (size_t k = 0; list && k < list->words.count; k++) {
		const struct flow_word *w = &list->words.list[k];
		const struct flow_command *command = flow_command_by_key(ld->flow, w->key);
		struct buf text;

		if (!command)
			continue;
		buf_init(&text, 300);
		(void)buf_addf(&text, "the command %s hides \"%s\" of option \"%s\"", command->name,
			       w->key, list->options[w->item].id);
		flow_fault_add(ld->faults, FLOW_ERROR,
			       (struct flow_spot){ "flow.json", s->line, s->name, field },
			       text.data, "take the word away from one of them");
		buf_free(&text);
	}
}

/* A number, a day or a phone that is a command could not be given as an answer. */
static void check_swallowed(struct flow_loader *ld, const struct flow_step *s)
{
	const struct flow_words *words = &ld->flow->command_words;
	enum flow_rule_type type = s->rule->type;

	if (type != RULE_INTEGER && type != RULE_DATE && type != RULE_PHONE)
		return;
	for (size_t i = 0; i < words->count; i++) {
		const char *key = words->list[i].key;
		struct buf text;

		if (!flow_rule_accept(s->rule, NULL, str_of(key), ld->a))
			continue;
		buf_init(&text, 300);
		(void)buf_addf(&text, "the command %s swallows the answer \"%s\"",
			       ld->flow->commands[words->list[i].item].name, key);
		flow_fault_add(ld->faults, FLOW_ERROR,
			       (struct flow_spot){ "flow.json", s->line, s->name,
						   s->save >= 0 ? "save" : "input" },
			       text.data, "take the word away, or bound the answer");
		buf_free(&text);
	}
}

/* Commands win at every step: an option with the same word could not be chosen. */
static void check_shadows(struct flow_loader *ld)
{
	for (size_t i = 0; i < ld->flow->step_count; i++) {
		const struct flow_step *s = &ld->flow->steps[i];

		if (s->rule && s->rule->type == RULE_CHOICE)
			check_shadow(ld, s, s->save >= 0 ? "save" : "input", s->rule->list);
		check_shadow(ld, s, "also", s->also);
		if (s->rule)
			check_swallowed(ld, s);
	}
}

/* ---- the top ---- */

void load_system(struct flow_loader *ld)
{
	const cJSON *all = load_object(ld, ld->root, "system");
	const char *keys[SYSTEM_COUNT + 1] = { NULL };

	memcpy(keys, flow_system_names, sizeof flow_system_names);
	if (!all) {
		load_fault(ld, ld->root, "system",
			   "name the texts that the program itself says, see templates/README.md",
			   "is missing");
		return;
	}
	ld->within = "system";
	load_check_keys(ld, all, keys);
	for (size_t i = 0; i < SYSTEM_COUNT; i++) {
		ld->flow->system[i] = load_text(ld, all, flow_system_names[i]);
		if (!cJSON_GetObjectItemCaseSensitive(all, flow_system_names[i]))
			load_fault(ld, all, flow_system_names[i], "name the text for it",
				   "is missing");
	}
	ld->within = "";
}

/* "+05:30" */
static void load_offset(struct flow_loader *ld)
{
	const char *text = load_string(ld, ld->root, "utc_offset");
	int64_t hours, minutes;

	if (!text)
		return;
	if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' ||
	    strspn(text + 1, "0123456789") != 2 || strspn(text + 4, "0123456789") != 2) {
		load_fault(ld, cJSON_GetObjectItemCaseSensitive(ld->root, "utc_offset"),
			   "utc_offset", "write \"+05:30\" or \"-03:00\"", "is no offset from UTC");
		return;
	}
	hours = strtoll(text + 1, NULL, 10);
	minutes = hours * 60 + strtoll(text + 4, NULL, 10);
	ld->flow->utc_offset_ms = (*text == '-' ? -minutes : minutes) * 60000;
}

static void load_head(struct flow_loader *ld)
{
	static const char *const keys[] = { "$schema",	  "flow",      "version", "languages",
					    "utc_offset", "start",     "values",  "lists",
					    "records",	  "calls",     "steps",	  "commands",
					    "system",	  "reminders", "expiry",  "settings",
					    NULL };
	struct flow *flow = ld->flow;

	load_check_keys(ld, ld->root, keys);
	flow->name = load_string(ld, ld->root, "flow");
	if (!flow->name) {
		load_fault(ld, ld->root, "flow", "name the flow", "is missing");
		flow->name = "";
	} else {
		(void)load_name_ok(ld, cJSON_GetObjectItemCaseSensitive(ld->root, "flow"), "flow",
				   flow->name);
	}
	load_offset(ld);
	flow->version = load_int(ld, ld->root, "version", 0, 1, 1000000000);
	if (!cJSON_GetObjectItemCaseSensitive(ld->root, "version"))
		load_fault(ld, ld->root, "version", "write 1, and count up with each change",
			   "is missing");
}

static void load_all(struct flow_loader *ld)
{
	load_head(ld);
	load_languages(ld);
	if (ld->flow->language_count == 0)
		return; /* everything else would be a fault as well */
	load_settings(ld);
	load_files(ld);
	load_lists(ld);
	load_values(ld);
	load_records(ld);
	load_calls(ld);
	load_steps(ld);
	load_commands(ld);
	load_system(ld);
	load_timers(ld);
	load_link(ld);
	check_shadows(ld);
}

/* base/json.h names line and column in its text: "line 3, column 9: …". */
static void syntax_fault(struct flow_faults *faults, const char *text)
{
	unsigned line = 0;
	const char *what = text;

	if (strncmp(text, "line ", 5) == 0) {
		line = (unsigned)strtoul(text + 5, NULL, 10);
		what = strchr(text, ',') ? strchr(text, ',') + 2 : text;
	}
	flow_fault_add(faults, FLOW_ERROR, (struct flow_spot){ "flow.json", line, NULL, NULL },
		       what, "correct the JSON");
}

static struct cJSON *parse(const struct file_tree *pack, struct str *text_out,
			   struct flow_faults *faults)
{
	const struct file *file = file_tree_get(pack, "flow.json");
	struct flow_spot place = { "flow.json", 0, NULL, NULL };
	struct cJSON *root = NULL;
	struct err err = { 0 };

	if (!file) {
		flow_fault_add(faults, FLOW_ERROR, place, "the pack has no flow.json", "write one");
		return NULL;
	}
	*text_out = file->text;
	if (json_parse(file->text, &root, &err) < 0) {
		syntax_fault(faults, err.text);
	} else if (!cJSON_IsObject(root)) {
		flow_fault_add(faults, FLOW_ERROR, place, "is no object", "write {…}");
		json_free(&root);
	}
	return root;
}

int flow_load(const struct file_tree *pack, struct flow **flow_out, struct flow_faults *faults)
{
	struct flow_loader ld = { .pack = pack, .faults = faults, .within = "" };
	size_t before = faults->errors;
	struct cJSON *root;

	*flow_out = NULL;
	root = parse(pack, &ld.json, faults);
	if (!root)
		return -1;
	ld.root = root;
	ld.flow = mem_alloc(sizeof *ld.flow);
	ld.a = &ld.flow->arena;
	load_all(&ld);
	json_free(&root);
	if (faults->errors > before) {
		flow_free(&ld.flow);
		return -1;
	}
	flow_graph_study(ld.flow);
	*flow_out = ld.flow;
	return 0;
}
