/*
 * load_assign.c - what an action sets: a text, or a source.
 */
#include "load_private.h"

#include <string.h>

#include "input_private.h"

static const struct flow_rule *rule_of(const struct flow_loader *ld, int value)
{
	return &ld->flow->values[value].rule;
}

/* ---- constants ---- */

static void check_constant(struct flow_loader *ld, const cJSON *m, const struct flow_assign *as)
{
	if (!flow_rule_holds(rule_of(ld, (int)as->value), as->text, ld->a))
		load_fault(ld, m, m->string,
			   "write what an answer to it would store: of a choice the option's id",
			   "\"%.60s\" is no answer for %s", as->text, m->string);
}

/* ---- sources ---- */

static bool from_add(struct flow_loader *ld, const cJSON *m, struct flow_assign *as)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(m, "add");

	as->source = SOURCE_ADD;
	if (rule_of(ld, (int)as->value)->type != RULE_INTEGER) {
		load_fault(ld, m, m->string, "add to a value of type integer", "is no number");
		return false;
	}
	if (!cJSON_IsString(n)) {
		as->number = load_int(ld, m, "add", 0, -1000000000, 1000000000);
		return true;
	}
	as->other = load_value_ref(ld, n, m->string, n->valuestring);
	if (as->other >= 0 && rule_of(ld, as->other)->type == RULE_INTEGER)
		return true;
	if (as->other >= 0)
		load_fault(ld, n, m->string, "add a value of type integer", "\"%s\" is no number",
			   n->valuestring);
	return false;
}

static bool from_copy(struct flow_loader *ld, const cJSON *m, struct flow_assign *as)
{
	const char *name = load_string(ld, m, "copy");

	as->source = SOURCE_COPY;
	as->other = name ? load_value_ref(ld, m, m->string, name) : -1;
	return as->other >= 0;
}

/* Each option must give what the value takes. */
static void check_fields(struct flow_loader *ld, const cJSON *m, const struct flow_assign *as)
{
	const struct flow_list *list = rule_of(ld, as->other)->list;
	const struct flow_rule *rule = rule_of(ld, (int)as->value);

	for (size_t i = 0; i < list->count; i++) {
		for (size_t l = 0; l < ld->flow->language_count; l++) {
			const char *text = list->options[i].with[as->field][l];

			if (!text || flow_rule_accept(rule, NULL, str_of(text), ld->a))
				continue;
			load_fault(ld, m, m->string, "let every option hold what the value takes",
				   "\"%.60s\" of option \"%s\" is no answer for %s", text,
				   list->options[i].id, m->string);
			return;
		}
	}
}

/* {"of": "offer", "field": "price"} */
static bool from_option(struct flow_loader *ld, const cJSON *m, struct flow_assign *as)
{
	const char *name = load_string(ld, m, "of"), *field = load_string(ld, m, "field");
	const struct flow_rule *rule;
	int i = -1;

	as->source = SOURCE_OPTION;
	as->other = name ? load_value_ref(ld, m, m->string, name) : -1;
	if (as->other < 0)
		return false;
	rule = rule_of(ld, as->other);
	if (field && rule->type == RULE_CHOICE && rule->list)
		i = flow_list_field(rule->list, field);
	else if (field && rule->type == RULE_CHOICE && rule->items >= 0)
		i = flow_items_field(rule_of(ld, rule->items), field);
	if (i < 0) {
		load_fault(ld, m, m->string,
			   "write {\"of\": a choice, \"field\": what its options have in \"with\"}",
			   "\"%.40s\" is no field of %s", field ? field : "", name);
		return false;
	}
	as->field = (size_t)i;
	as->sure = rule->list != NULL;
	if (as->sure)
		check_fields(ld, m, as);
	return true;
}

static bool from_answer(struct flow_loader *ld, const cJSON *m, struct flow_assign *as)
{
	as->source = SOURCE_ANSWER;
	as->text = load_string(ld, m, "answer");
	if (!ld->answers)
		load_fault(ld, m, m->string, "write it in an exit of a step that calls",
			   "there is no answer here");
	return as->text != NULL;
}

static bool from_today(struct flow_loader *ld, const cJSON *m, struct flow_assign *as)
{
	as->source = SOURCE_DATE;
	as->number = load_int(ld, m, "today", 0, -36500, 36500);
	if (rule_of(ld, (int)as->value)->type == RULE_DATE)
		return true;
	load_fault(ld, m, m->string, "set a value of type date", "is no date");
	return false;
}

static const struct {
	const char *keys[3];
	bool (*load)(struct flow_loader *ld, const cJSON *m, struct flow_assign *as);
} sources[] = {
	{ { "add" }, from_add },
	{ { "copy" }, from_copy },
	{ { "of", "field" }, from_option },
	{ { "answer" }, from_answer },
	{ { "today" }, from_today },
};

static bool load_source(struct flow_loader *ld, const cJSON *m, struct flow_assign *as)
{
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		if (!cJSON_GetObjectItemCaseSensitive(m, sources[i].keys[0]))
			continue;
		load_check_keys(ld, m, sources[i].keys);
		return sources[i].load(ld, m, as);
	}
	load_fault(
		ld, m, m->string,
		"write a text, a whole number, or one of {\"add\": 1}, {\"copy\": …}, {\"of\": …, "
		"\"field\": …}, {\"answer\": …}, {\"today\": 0}",
		"says not what to set");
	return false;
}

static bool load_one(struct flow_loader *ld, const cJSON *m, struct flow_assign *as)
{
	as->text = load_scalar(ld, m);
	if (!as->text)
		return load_source(ld, m, as);
	check_constant(ld, m, as);
	return true;
}

void load_assigns(struct flow_loader *ld, const cJSON *node, struct flow_action *act)
{
	const cJSON *all = load_object(ld, node, "set"), *m;
	const char *within = ld->within;

	act->sets = arena_array(ld->a, (size_t)cJSON_GetArraySize(all), sizeof *act->sets);
	cJSON_ArrayForEach(m, all)
	{
		struct flow_assign *as = &act->sets[act->set_count];
		int v = load_value_ref(ld, m, "set", m->string);

		if (v < 0)
			continue;
		*as = (struct flow_assign){ .value = (unsigned)v, .other = -1 };
		ld->within = arena_printf(ld->a, "%s%sset", within, *within ? "." : "");
		act->set_count += load_one(ld, m, as);
		ld->within = within;
	}
}
