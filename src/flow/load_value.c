/*
 * load_value.c - values with the rule of their answers; records.
 */
#include "load_private.h"

#include <string.h>

#include "country_private.h"
#include "pattern_private.h"

enum { TEXT_MAX_CHARS = 1000, MAX_PATTERNS = 200 }; /* 1000 code points fit in a session value */

static const int64_t integer_max = 999999999999999;

struct flow_pattern *load_pattern(struct flow_loader *ld, const cJSON *node, const char *key,
				  const char *text)
{
	struct flow_pattern *p;
	struct err err = { 0 };

	if (ld->flow->pattern_count == MAX_PATTERNS) {
		load_fault(ld, node, key, "use fewer", "more than %d patterns", MAX_PATTERNS);
		return NULL;
	}
	if (flow_pattern_compile(text, &p, &err) < 0) {
		load_fault(ld, node, key, "correct the pattern (PCRE2 syntax)",
			   "the pattern does not compile: %s", err.text);
		return NULL;
	}
	if (!ld->flow->patterns)
		ld->flow->patterns =
			arena_array(ld->a, MAX_PATTERNS, sizeof(struct flow_pattern *));
	ld->flow->patterns[ld->flow->pattern_count++] = p;
	return p;
}

static void never_taken(struct flow_loader *ld, const cJSON *node, const char *word, unsigned other)
{
	(void)ld, (void)node, (void)word, (void)other; /* all are the same item */
}

static void rule_text(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	struct load_words never = { 0 };

	rule->min = load_int(ld, object, "min", 1, 1, TEXT_MAX_CHARS);
	rule->max = load_int(ld, object, "max", 200, 1, TEXT_MAX_CHARS);
	rule->letters = load_int(ld, object, "letters", 0, 0, TEXT_MAX_CHARS);
	load_words(ld, object, "never", false, &never, 0, never_taken);
	rule->never = load_words_done(&never);
}

static void rule_integer(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	rule->min = load_int(ld, object, "min", 0, -integer_max, integer_max);
	rule->max = load_int(ld, object, "max", integer_max, -integer_max, integer_max);
}

static void rule_choice(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	const char *name = load_string(ld, object, "list");
	const cJSON *options = load_array(ld, object, "options");
	struct flow_list *own;

	if ((name != NULL) == (options != NULL)) {
		load_fault(ld, object, "list", "give either \"list\" or \"options\"",
			   "a choice needs exactly one list of options");
		return;
	}
	if (options) {
		const char *within = ld->within;

		own = arena_alloc(ld->a, sizeof *own);
		own->name = "";
		ld->within = load_join(ld, "options");
		load_options(ld, options, own);
		ld->within = within;
		rule->list = own;
		return;
	}
	rule->list = flow_list_find(ld->flow, name);
	if (!rule->list) {
		const char **names = arena_array(ld->a, ld->flow->list_count, sizeof *names);

		for (size_t i = 0; i < ld->flow->list_count; i++)
			names[i] = ld->flow->lists[i].name;
		load_fault(ld, cJSON_GetObjectItemCaseSensitive(object, "list"), "list",
			   load_suggest(ld, name, names, ld->flow->list_count),
			   "there is no list \"%.60s\"", name);
	}
}

static void rule_pattern(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	const char *pattern = load_string(ld, object, "pattern");

	rule->max = load_int(ld, object, "max", 60, 1, TEXT_MAX_CHARS);
	rule->normal = load_string(ld, object, "normal");
	rule->drop = load_string(ld, object, "drop");
	rule->upper = load_bool(ld, object, "upper");
	if (!pattern) {
		load_fault(ld, object, "pattern", "write the regular expression", "is missing");
		return;
	}
	rule->pattern = load_pattern(ld, cJSON_GetObjectItemCaseSensitive(object, "pattern"),
				     "pattern", pattern);
}

static void rule_phone(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	const char *code = load_string(ld, object, "country");
	size_t n;
	const char *const *codes = flow_country_codes(&n);

	rule->country = code ? flow_country_find(code) : NULL;
	if (!rule->country)
		load_fault(ld, object, "country", load_suggest(ld, code ? code : "", codes, n),
			   "a phone needs the country whose numbers it takes");
}

static const struct rule_kind {
	const char *name;
	enum flow_rule_type type;
	const char *keys[8];
	void (*load)(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule);
} kinds[] = {
	{ "text", RULE_TEXT, { "type", "pii", "min", "max", "letters", "never" }, rule_text },
	{ "choice", RULE_CHOICE, { "type", "pii", "list", "options" }, rule_choice },
	{ "pattern",
	  RULE_PATTERN,
	  { "type", "pii", "pattern", "normal", "drop", "upper", "max" },
	  rule_pattern },
	{ "phone", RULE_PHONE, { "type", "pii", "country" }, rule_phone },
	{ "integer", RULE_INTEGER, { "type", "pii", "min", "max" }, rule_integer },
};

enum { KINDS = sizeof kinds / sizeof *kinds };

void load_rule(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	const char *type = load_string(ld, object, "type");
	const char *names[KINDS];

	for (size_t i = 0; i < KINDS; i++) {
		names[i] = kinds[i].name;
		if (!type || strcmp(type, kinds[i].name) != 0)
			continue;
		rule->type = kinds[i].type;
		load_check_keys(ld, object, kinds[i].keys);
		kinds[i].load(ld, object, rule);
		if (rule->min > rule->max && rule->type != RULE_PHONE && rule->type != RULE_CHOICE)
			load_fault(ld, object, "min", "make min at most max",
				   "no answer is both %lld at least and %lld at most",
				   (long long)rule->min, (long long)rule->max);
		return;
	}
	load_fault(ld, type ? cJSON_GetObjectItemCaseSensitive(object, "type") : object, "type",
		   load_suggest(ld, type ? type : "", names, KINDS),
		   type ? "there is no type \"%.40s\"" : "the type is missing%.0s",
		   type ? type : "");
}

/* Names that templates use for something else. */
static bool is_reserved(const struct flow *flow, const char *name)
{
	static const char *const words[] = { "env",	"id",	    "url",    "options",
					     "contact", "language", "record", "answer" };

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

void load_records(struct flow_loader *ld)
{
	static const char *const keys[] = { "id_prefix", "fields", NULL };
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
			if (strcmp(r->fields[i], "language") != 0)
				(void)load_value_ref(ld, m, "fields", r->fields[i]);
		}
		flow->record_count++;
	}
	ld->within = "";
}
