/*
 * load_condition.c - conditions: objects with one key.
 */
#include "load_private.h"

#include <math.h>
#include <string.h>

#include "date_private.h"
#include "input_private.h"

static struct flow_condition *condition_new(struct flow_loader *ld, enum flow_condition_kind kind)
{
	struct flow_condition *c = arena_alloc(ld->a, sizeof *c);

	c->kind = kind;
	return c;
}

static struct flow_condition *condition_set(struct flow_loader *ld, const cJSON *object)
{
	struct flow_condition *c = condition_new(ld, CONDITION_SET);
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, "set");
	size_t n;
	const char **names = load_strings(ld, object, "set", &n);

	for (size_t i = 0; i < n; i++) {
		int v = load_value_ref(ld, node, "set", names[i]);

		if (v >= 0)
			c->values |= UINT64_C(1) << v;
	}
	return c;
}

static struct flow_condition *is_member(struct flow_loader *ld, const cJSON *m)
{
	struct flow_condition *c = condition_new(ld, CONDITION_IS);
	const cJSON *one = cJSON_IsArray(m) ? m->child : m;
	int v = load_value_ref(ld, m, "is", m->string);
	const struct flow_rule *rule = v >= 0 ? &ld->flow->values[v].rule : NULL;

	c->value = v >= 0 ? (unsigned)v : 0;
	c->texts = arena_array(ld->a, (size_t)cJSON_GetArraySize(m) + 1, sizeof *c->texts);
	for (; one; one = cJSON_IsArray(m) ? one->next : NULL) {
		const char *text = load_scalar(ld, one);

		if (!text)
			load_fault(ld, one ? one : m, "is",
				   "write {\"is\": {\"value\": \"text\"}}, a whole number, or a "
				   "list of "
				   "these",
				   "is nothing to compare with");
		if (!text || !rule)
			continue;
		c->texts[c->text_count++] = text;
		if (rule->type == RULE_CHOICE && rule->list && !flow_option_find(rule->list, text))
			load_fault(ld, one, "is", "compare with an option's id",
				   "\"%.60s\" is no option of %s", text, m->string);
		else if (rule->type != RULE_CHOICE && !flow_rule_holds(rule, text, ld->a))
			load_fault(ld, one, "is", "compare with the stored form of an answer",
				   "\"%.60s\" is no answer for %s", text, m->string);
	}
	return c;
}

/* {"is": {"sector": "other", "size": ["s", "m"]}}: all of these members. */
static struct flow_condition *condition_is(struct flow_loader *ld, const cJSON *object)
{
	struct flow_condition *all = condition_new(ld, CONDITION_ALL), **end = &all->inner;
	const cJSON *members = load_object(ld, object, "is"), *m;

	if (!members || !members->child)
		load_fault(ld, members, "is", "write {\"is\": {\"value\": \"text\"}}",
			   "compares nothing");
	cJSON_ArrayForEach(m, members)
	{
		*end = is_member(ld, m);
		end = &(*end)->sibling;
	}
	return all;
}

/* ---- comparing numbers and days ---- */

static void load_right(struct flow_loader *ld, const cJSON *m, struct flow_condition *c, bool date)
{
	if (!date && cJSON_IsNumber(m) && floor(m->valuedouble) == m->valuedouble &&
	    fabs(m->valuedouble) < 1e15) {
		c->number = (int64_t)m->valuedouble;
		return;
	}
	if (!cJSON_IsString(m)) {
		load_fault(ld, m, m->string,
			   date ? "write \"today\", \"today+7\", \"2026-11-20\" or a value"
				: "write a whole number or a value",
			   "is nothing to compare with");
		return;
	}
	if (date && flow_day_parse(m->valuestring, &c->day))
		return;
	c->day.given = false;
	c->right = load_value_ref(ld, m, m->string, m->valuestring);
	if (c->right >= 0 &&
	    ld->flow->values[c->right].rule.type != (date ? RULE_DATE : RULE_INTEGER))
		load_fault(ld, m, m->string, "compare numbers with numbers, dates with dates",
			   "\"%.40s\" is of another type", m->valuestring);
}

/* {"less": {"age": 18}}, {"at_most": {"due": "today+7"}}, {"at_least": {"@wrong": 3}} */
static struct flow_condition *condition_compare(struct flow_loader *ld, const cJSON *object)
{
	static const char *const ops[] = { "less", "more", "at_least", "at_most" };
	struct flow_condition *c = condition_new(ld, CONDITION_COMPARE);
	const char *key = object->child->string, *within = ld->within;
	const cJSON *all = load_object(ld, object, key), *m = all ? all->child : NULL;
	enum flow_rule_type type = RULE_INTEGER;

	c->right = -1;
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
		if (strcmp(ops[i], key) == 0)
			c->compare = (enum flow_compare)i;
	}
	if (!m || m->next) {
		load_fault(ld, object, key, "write {\"less\": {\"cups\": 5}}",
			   "compares not exactly one value");
		return condition_new(ld, CONDITION_ALL);
	}
	ld->within = load_join(ld, key);
	c->left = FLOW_WRONG_COUNT;
	if (strcmp(m->string, "@wrong") != 0) {
		c->left = load_value_ref(ld, m, NULL, m->string);
		type = c->left >= 0 ? ld->flow->values[c->left].rule.type : RULE_INTEGER;
	}
	if (type != RULE_INTEGER && type != RULE_DATE)
		load_fault(ld, m, m->string, "compare a value of type integer or date, or @wrong",
			   "is neither a number nor a date");
	else
		load_right(ld, m, c, type == RULE_DATE);
	ld->within = within;
	return c;
}

static struct flow_condition *condition_language(struct flow_loader *ld, const cJSON *object)
{
	struct flow_condition *c = condition_new(ld, CONDITION_LANGUAGE);
	const char *code = load_string(ld, object, "language");

	c->language = code ? flow_language_find(ld->flow, code) : -1;
	if (c->language < 0)
		load_fault(ld, object, "language", "name one of \"languages\"",
			   "is no language of this flow");
	return c;
}

/* {"at": ["welcome", "completed"]} is an ANY of single steps. */
static struct flow_condition *condition_at(struct flow_loader *ld, const cJSON *object)
{
	struct flow_condition *any = condition_new(ld, CONDITION_ANY);
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, "at");
	size_t n;
	const char **names = load_strings(ld, object, "at", &n);

	for (size_t i = n; i-- > 0;) {
		struct flow_condition *at = condition_new(ld, CONDITION_AT);

		at->step = load_step_ref(ld, node, "at", names[i]);
		at->sibling = any->inner;
		any->inner = at;
	}
	return any;
}

static struct flow_condition *condition_consent(struct flow_loader *ld, const cJSON *object)
{
	struct flow_condition *c = condition_new(ld, CONDITION_CONSENT);
	const char *word = load_string(ld, object, "consent");

	c->consent = CONSENT_OUT;
	if (word && strcmp(word, "in") == 0)
		c->consent = CONSENT_IN;
	else if (word && strcmp(word, "none") == 0)
		c->consent = CONSENT_NONE;
	else if (!word || strcmp(word, "out") != 0)
		load_fault(ld, object, "consent", "write \"in\", \"out\" or \"none\"",
			   "is no state of consent");
	return c;
}

static struct flow_condition *condition_not(struct flow_loader *ld, const cJSON *object)
{
	struct flow_condition *c = condition_new(ld, CONDITION_NOT);

	c->inner = load_condition(ld, cJSON_GetObjectItemCaseSensitive(object, "not"));
	return c;
}

static struct flow_condition *load_many(struct flow_loader *ld, const cJSON *object,
					const char *key, enum flow_condition_kind kind)
{
	struct flow_condition *c = condition_new(ld, kind), **end = &c->inner;
	const cJSON *all = load_array(ld, object, key), *m;

	cJSON_ArrayForEach(m, all)
	{
		*end = load_condition(ld, m);
		end = &(*end)->sibling;
	}
	return c;
}

static struct flow_condition *condition_all(struct flow_loader *ld, const cJSON *object)
{
	return load_many(ld, object, "all", CONDITION_ALL);
}

static struct flow_condition *condition_any(struct flow_loader *ld, const cJSON *object)
{
	return load_many(ld, object, "any", CONDITION_ANY);
}

struct flow_condition *load_condition(struct flow_loader *ld, const cJSON *node)
{
	static const char *const keys[] = { "set",  "is",	"at",	   "consent", "less",
					    "more", "at_least", "at_most", "not",     "language",
					    "all",  "any",	NULL };
	static struct flow_condition *(*const load[])(struct flow_loader *, const cJSON *) = {
		condition_set,	   condition_is,       condition_at,	  condition_consent,
		condition_compare, condition_compare,  condition_compare, condition_compare,
		condition_not,	   condition_language, condition_all,	  condition_any,
	};

	if (!cJSON_IsObject(node) || !node->child || node->child->next) {
		load_fault(ld, node, "if",
			   "write one of set, is, less, more, at_least, at_most, at, consent, "
			   "language, not, all, any",
			   "a condition is an object with one key");
		return condition_new(ld, CONDITION_ALL);
	}
	for (size_t i = 0; keys[i]; i++) {
		if (strcmp(keys[i], node->child->string) == 0)
			return load[i](ld, node);
	}
	load_check_keys(ld, node, keys);
	return condition_new(ld, CONDITION_ALL);
}
