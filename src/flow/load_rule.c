/*
 * load_rule.c - what is a valid answer, one function per type.
 */
#include "load_private.h"

#include <string.h>

#include "base/text.h"
#include "country_private.h"
#include "date_private.h"
#include "pattern_private.h"

enum {
	TEXT_MAX_CHARS = 1000,
	MAX_PATTERNS = 200,
	ITEM_MAX_CHARS = 300
}; /* 1000 code points fit in a session value */

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
	rule->drop = load_string(ld, object, "drop");
	rule->show = load_string(ld, object, "show");
	if (rule->show && text_chars(str_of(rule->show)) > 3)
		load_fault(ld, object, "show", "write what stands between groups of three digits",
			   "is too long");
	rule->min = load_int(ld, object, "min", 0, -integer_max, integer_max);
	rule->max = load_int(ld, object, "max", integer_max, -integer_max, integer_max);
}

static void rule_show_as(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	const char *as = load_string(ld, object, "as");

	if (as && strcmp(as, "buttons") == 0)
		rule->as = SHOW_AS_BUTTONS;
	else if (as && strcmp(as, "list") == 0)
		rule->as = SHOW_AS_LIST;
	else if (as)
		load_fault(ld, object, "as", "write \"buttons\" or \"list\"",
			   "is no way to show a choice");
}

static void rule_choice(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	const char *name = load_string(ld, object, "list");
	const cJSON *options = load_array(ld, object, "options");
	struct flow_list *own;

	rule_show_as(ld, object, rule);
	rule->from_name = load_string(ld, object, "from");
	if ((name != NULL) + (options != NULL) + (rule->from_name != NULL) != 1) {
		load_fault(ld, object, "list", "give one of \"list\", \"options\" and \"from\"",
			   "a choice needs exactly one list of options");
		return;
	}
	if (rule->from_name)
		return;
	if (options) {
		const char *within = ld->within;

		own = arena_alloc(ld->a, sizeof *own);
		own->name = "";
		ld->within = load_join(ld, "options");
		load_options(ld, options, true, own);
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
	rule->show = load_string(ld, object, "show");
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

	rule->show = load_string(ld, object, "show");
	if (rule->show && strcmp(rule->show, "national") != 0)
		load_fault(ld, object, "show", "write \"national\", or leave the key out",
			   "is no form of a phone number");
	rule->country = code ? flow_country_find(code) : NULL;
	if (!rule->country)
		load_fault(ld, object, "country", load_suggest(ld, code ? code : "", codes, n),
			   "a phone needs the country whose numbers it takes");
}

/* ---- dates, files, places ---- */

static void rule_day(struct flow_loader *ld, const cJSON *object, const char *key,
		     struct flow_day *day)
{
	const char *text = load_string(ld, object, key);

	if (text && !flow_day_parse(text, day))
		load_fault(ld, object, key,
			   "write \"today\", \"today+7\", \"today-30\" or \"2026-11-20\"",
			   "\"%.40s\" is no day", text);
}

static void rule_date(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	static const char *const orders[] = { "dmy", "mdy", "ymd" };
	const char *order = load_string(ld, object, "order");

	rule->order = orders[0];
	for (size_t i = 0; order && i < sizeof orders / sizeof *orders; i++) {
		if (strcmp(orders[i], order) == 0)
			rule->order = orders[i];
	}
	if (order && strcmp(rule->order, order) != 0)
		load_fault(ld, object, "order", load_suggest(ld, order, orders, 3),
			   "is no order of day, month and year");
	rule->show = load_string(ld, object, "show");
	if (rule->show && (!strstr(rule->show, "DD") || !strstr(rule->show, "MM") ||
			   !strstr(rule->show, "YYYY") || strlen(rule->show) > 40))
		load_fault(ld, object, "show", "write it with DD, MM and YYYY, like \"DD.MM.YYYY\"",
			   "is no form of a date");
	rule_day(ld, object, "from", &rule->from);
	rule_day(ld, object, "to", &rule->to);
	if (rule->from.given && rule->to.given && rule->from.relative == rule->to.relative &&
	    rule->from.days > rule->to.days)
		load_fault(ld, object, "from", "make from at most to", "no day is in these bounds");
}

static void rule_media(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	rule->kinds = load_strings(ld, object, "kinds", &rule->kind_count);
	rule->max = FLOW_URL_CHARS;
	for (size_t i = 0; i < rule->kind_count; i++) {
		size_t n = strspn(rule->kinds[i], "abcdefghijklmnopqrstuvwxyz0123456789+.-/");

		if (rule->kinds[i][n])
			load_fault(ld, object, "kinds",
				   "write \"image\", \"audio\", \"video\" or \"application/pdf\"",
				   "\"%.40s\" is no kind of file", rule->kinds[i]);
	}
}

static void rule_location(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	(void)ld, (void)object; /* there is only one sort of place */
	rule->max = 60;
}

/* ---- lists out of an answer ---- */

/* {"id": 20, "title": {"path": "name.en", "max": 40}} */
static void rule_item_field(struct flow_loader *ld, const cJSON *m, struct flow_rule *rule)
{
	static const char *const keys[] = { "path", "max", NULL };
	struct flow_item_field *f = &rule->fields[rule->field_count];
	const char *within = ld->within;

	if (!load_name_ok(ld, m, "field", m->string))
		return;
	if (rule->field_count == FLOW_MAX_FIELDS || strcmp(m->string, "number") == 0 ||
	    !(cJSON_IsObject(m) || cJSON_IsNumber(m))) {
		load_fault(ld, m, m->string,
			   "write at most 8 fields with their longest length, none called number",
			   "is no field");
		return;
	}
	f->name = arena_strdup(ld->a, m->string);
	f->path = f->name;
	if (cJSON_IsObject(m)) {
		ld->within = load_join(ld, m->string);
		load_check_keys(ld, m, keys);
		f->max = (size_t)load_int(ld, m, "max", 60, 1, ITEM_MAX_CHARS);
		if (cJSON_GetObjectItemCaseSensitive(m, "path"))
			f->path = load_string(ld, m, "path");
		ld->within = within;
	} else if (m->valuedouble >= 1 && m->valuedouble <= ITEM_MAX_CHARS) {
		f->max = (size_t)m->valuedouble;
	} else {
		load_fault(ld, m, m->string, "write a whole number from 1 to 300",
			   "is out of range");
	}
	if (f->path)
		rule->field_count++;
}

static void rule_items(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	const cJSON *fields = load_object(ld, object, "fields"), *m;
	const char *within = ld->within;

	rule->max = load_int(ld, object, "max", 10, 1, FLOW_MAX_ITEMS);
	rule->label = load_string(ld, object, "label");
	ld->within = load_join(ld, "fields");
	cJSON_ArrayForEach(m, fields) rule_item_field(ld, m, rule);
	ld->within = within;
	if (flow_items_field(rule, "id") < 0)
		load_fault(ld, object, "fields", "write {\"id\": 20, …} with the longest lengths",
			   "items need at least the field id");
	if (!rule->label)
		rule->label = "id";
	else if (flow_items_field(rule, rule->label) < 0)
		load_fault(ld, object, "label", "name one of the fields",
			   "there is no field \"%.40s\"", rule->label);
}

static const struct rule_kind {
	const char *name;
	enum flow_rule_type type;
	bool bounded; /* by min and max */
	const char *keys[10];
	void (*load)(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule);
} kinds[] = {
	{ "text", RULE_TEXT, true, { "type", "pii", "min", "max", "letters", "never" }, rule_text },
	{ "choice",
	  RULE_CHOICE,
	  false,
	  { "type", "pii", "list", "options", "from", "as" },
	  rule_choice },
	{ "pattern",
	  RULE_PATTERN,
	  true,
	  { "type", "pii", "pattern", "normal", "drop", "upper", "max", "show" },
	  rule_pattern },
	{ "phone", RULE_PHONE, false, { "type", "pii", "country", "show" }, rule_phone },
	{ "integer",
	  RULE_INTEGER,
	  true,
	  { "type", "pii", "min", "max", "drop", "show" },
	  rule_integer },
	{ "date", RULE_DATE, false, { "type", "pii", "order", "from", "to", "show" }, rule_date },
	{ "media", RULE_MEDIA, false, { "type", "pii", "kinds" }, rule_media },
	{ "location", RULE_LOCATION, false, { "type", "pii" }, rule_location },
	{ "items", RULE_ITEMS, false, { "type", "pii", "max", "fields", "label" }, rule_items },
};

enum { KINDS = sizeof kinds / sizeof *kinds };

void load_rule(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	const char *type = load_string(ld, object, "type");
	const char *names[KINDS];

	rule->items = -1;
	for (size_t i = 0; i < KINDS; i++) {
		names[i] = kinds[i].name;
		if (!type || strcmp(type, kinds[i].name) != 0)
			continue;
		rule->type = kinds[i].type;
		load_check_keys(ld, object, kinds[i].keys);
		kinds[i].load(ld, object, rule);
		if (rule->min > rule->max && kinds[i].bounded)
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

void load_rule_link(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule)
{
	if (!rule->from_name)
		return;
	rule->items = load_value_ref(ld, cJSON_GetObjectItemCaseSensitive(object, "from"), "from",
				     rule->from_name);
	if (rule->items >= 0 && ld->flow->values[rule->items].rule.type != RULE_ITEMS) {
		load_fault(ld, object, "from", "name a value of type items",
			   "\"%.40s\" holds no items", rule->from_name);
		rule->items = -1;
	}
}
