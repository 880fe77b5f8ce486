/*
 * load_value.c - values, which are rules with a name; records.
 */
#include "load_private.h"

#include <string.h>

/* Names that templates use for something else. */
static bool is_reserved(const struct flow *flow, const char *name)
{
	static const char *const words[] = { "env",    "id",	  "url",     "with",
					     "more",   "options", "contact", "language",
					     "record", "answer",  "also" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(words[i], name) == 0)
			return true;
	}
	return flow_language_find(flow, name) >= 0 || flow_list_find(flow, name) != NULL;
}

void load_values(struct flow_loader *ld)
{
	const cJSON *all = load_object(ld, ld->root, "values"), *m;
	struct flow *flow = ld->flow;

	flow->values = arena_array(ld->a, FLOW_MAX_VALUES, sizeof *flow->values);
	cJSON_ArrayForEach(m, all)
	{
		struct flow_value *v = &flow->values[flow->value_count];

		ld->within = arena_printf(ld->a, "values.%.60s", m->string);
		if (!load_name_ok(ld, m, "value", m->string))
			continue;
		if (is_reserved(flow, m->string)) {
			load_fault(ld, m, NULL, "choose another name",
				   "\"%s\" means something else in templates", m->string);
			continue;
		}
		if (!cJSON_IsObject(m) || flow->value_count == FLOW_MAX_VALUES) {
			load_fault(ld, m, NULL, "write {\"type\": …}, for at most 48 values",
				   "is no value");
			continue;
		}
		v->name = arena_strdup(ld->a, m->string);
		v->line = load_line(ld, m);
		v->pii = load_string(ld, m, "pii");
		load_rule(ld, m, &v->rule);
		flow->value_count++;
	}
	for (size_t i = 0; i < flow->value_count; i++) {
		struct flow_value *v = &flow->values[i];

		ld->within = arena_printf(ld->a, "values.%.60s", v->name);
		load_rule_link(ld, cJSON_GetObjectItemCaseSensitive(all, v->name), &v->rule);
	}
	ld->within = "";
}

int load_value_ref(struct flow_loader *ld, const cJSON *node, const char *key, const char *name)
{
	int i = flow_value_find(ld->flow, name);
	const char *names[FLOW_MAX_VALUES];

	if (i >= 0)
		return i;
	for (size_t k = 0; k < ld->flow->value_count; k++)
		names[k] = ld->flow->values[k].name;
	load_fault(ld, node, key, load_suggest(ld, name, names, ld->flow->value_count),
		   "there is no value \"%.60s\"", name);
	return -1;
}

static bool is_own_field(const char *name)
{
	return strcmp(name, "number") == 0 || strcmp(name, "state") == 0 ||
	       strcmp(name, "state_id") == 0 || strcmp(name, "date") == 0;
}

/* Options without numbers: nobody types them. */
static void load_states(struct flow_loader *ld, const cJSON *node, struct flow_record *r)
{
	const cJSON *states = load_array(ld, node, "states");
	const char *within = ld->within;
	struct flow_list *list;

	if (!states)
		return;
	list = arena_alloc(ld->a, sizeof *list);
	list->name = "";
	ld->within = load_join(ld, "states");
	load_options(ld, states, false, list);
	ld->within = within;
	if (list->count)
		r->states = list;
}

/* {"resolved": "report_resolved"}: what is said of a state. */
static void load_tell(struct flow_loader *ld, const cJSON *node, struct flow_record *r)
{
	const cJSON *all = load_object(ld, node, "tell"), *m;
	const char *within = ld->within;

	if (all && !r->states) {
		load_fault(ld, all, "tell", "write its \"states\"", "the record has no states");
		return;
	}
	if (all)
		r->tell = arena_array(ld->a, r->states->count, sizeof *r->tell);
	ld->within = load_join(ld, "tell");
	cJSON_ArrayForEach(m, all)
	{
		const struct flow_option *o = flow_option_find(r->states, m->string);

		if (o)
			r->tell[o - r->states->options] = load_text(ld, all, m->string);
		else
			load_fault(ld, m, m->string, "name one of the record's \"states\"",
				   "\"%.40s\" is no state of %s", m->string, r->name);
	}
	ld->within = within;
}

void load_records(struct flow_loader *ld)
{
	static const char *const keys[] = { "id_prefix", "fields", "states", "tell", NULL };
	const cJSON *all = load_object(ld, ld->root, "records"), *m;
	struct flow *flow = ld->flow;

	flow->records = arena_array(ld->a, (size_t)cJSON_GetArraySize(all), sizeof *flow->records);
	cJSON_ArrayForEach(m, all)
	{
		struct flow_record *r = &flow->records[flow->record_count];

		ld->within = arena_printf(ld->a, "records.%.60s", m->string);
		if (!load_name_ok(ld, m, "record", m->string) || !cJSON_IsObject(m))
			continue;
		load_check_keys(ld, m, keys);
		r->name = arena_strdup(ld->a, m->string);
		r->line = load_line(ld, m);
		r->id_prefix = load_string(ld, m, "id_prefix");
		r->fields = load_strings(ld, m, "fields", &r->field_count);
		for (size_t i = 0; i < r->field_count; i++) {
			if (is_own_field(r->fields[i]))
				load_fault(ld, m, "fields", "choose another name",
					   "\"%s\" is something else of a record", r->fields[i]);
			else if (strcmp(r->fields[i], "language") != 0)
				(void)load_value_ref(ld, m, "fields", r->fields[i]);
		}
		load_states(ld, m, r);
		load_tell(ld, m, r);
		flow->record_count++;
	}
	ld->within = "";
}

const char *load_state(struct flow_loader *ld, const cJSON *node, const char *key,
		       const struct flow_record *r)
{
	const char *state = load_string(ld, node, key);

	if (!state)
		return "";
	if (r &&
	    !(r->states ? flow_option_find(r->states, state) != NULL : strcmp(state, "new") == 0))
		load_fault(ld, node, key, "name one of the record's \"states\"",
			   "\"%.40s\" is no state of %s", state, r->name);
	return state;
}
