/*
 * load_action.c - what happens on an exit or a command, and under which condition.
 */
#include "load_private.h"

#include <string.h>

const struct flow_step *load_step_ref(struct flow_loader *ld, const cJSON *node, const char *key,
				      const char *name)
{
	const struct flow_step *s = flow_step_find(ld->flow, name);
	const char **names;

	if (s)
		return s;
	names = arena_array(ld->a, ld->flow->step_count, sizeof *names);
	for (size_t i = 0; i < ld->flow->step_count; i++)
		names[i] = ld->flow->steps[i].name;
	load_fault(ld, node, key, load_suggest(ld, name, names, ld->flow->step_count),
		   "there is no step \"%.60s\"", name);
	return NULL;
}

/* ---- conditions ---- */

static struct flow_condition *load_condition(struct flow_loader *ld, const cJSON *node);

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

/* {"is": {"sector": "other"}} */
static struct flow_condition *condition_is(struct flow_loader *ld, const cJSON *object)
{
	struct flow_condition *c = condition_new(ld, CONDITION_IS);
	const cJSON *all = load_object(ld, object, "is"), *m = all ? all->child : NULL;
	int v;

	if (!m || m->next || !cJSON_IsString(m)) {
		load_fault(ld, all, "is", "write {\"is\": {\"value\": \"text\"}}",
			   "compares not exactly one value with a text");
		return c;
	}
	v = load_value_ref(ld, m, "is", m->string);
	c->text = arena_strdup(ld->a, m->valuestring);
	if (v < 0)
		return c;
	c->value = (unsigned)v;
	if (ld->flow->values[v].rule.type == RULE_CHOICE && ld->flow->values[v].rule.list &&
	    !flow_option_find(ld->flow->values[v].rule.list, c->text))
		load_fault(ld, m, "is", "compare with an option's id",
			   "\"%.60s\" is no option of %s", c->text, m->string);
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

/* Never NULL: a condition with a fault is an empty one. */
static struct flow_condition *load_condition(struct flow_loader *ld, const cJSON *node)
{
	static const char *const keys[] = {
		"set", "is", "at", "consent", "not", "all", "any", NULL
	};
	static struct flow_condition *(*const load[])(struct flow_loader *, const cJSON *) = {
		condition_set, condition_is,  condition_at,  condition_consent,
		condition_not, condition_all, condition_any,
	};

	if (!cJSON_IsObject(node) || !node->child || node->child->next) {
		load_fault(ld, node, "if", "write one of set, is, at, consent, not, all, any",
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

/* ---- actions ---- */

static void load_sets(struct flow_loader *ld, const cJSON *node, struct flow_action *act)
{
	const cJSON *all = load_object(ld, node, "set"), *m;

	act->sets = arena_array(ld->a, (size_t)cJSON_GetArraySize(all), sizeof *act->sets);
	cJSON_ArrayForEach(m, all)
	{
		int v = load_value_ref(ld, m, "set", m->string);
		const char *text = load_string(ld, all, m->string);

		if (v < 0 || !text)
			continue;
		act->sets[act->set_count++] = (struct flow_assign){ (unsigned)v, text };
	}
}

static void load_unset(struct flow_loader *ld, const cJSON *node, struct flow_action *act)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(node, "unset");
	size_t n;
	const char **names = load_strings(ld, node, "unset", &n);

	for (size_t i = 0; i < n; i++) {
		int v = load_value_ref(ld, m, "unset", names[i]);

		if (v >= 0)
			act->unset |= UINT64_C(1) << v;
	}
}

static void load_references(struct flow_loader *ld, const cJSON *node, struct flow_action *act)
{
	const char *language = load_string(ld, node, "language");
	const char *record = load_string(ld, node, "record");
	const char *consent = load_string(ld, node, "consent");

	act->language = language ? flow_language_find(ld->flow, language) : -1;
	if (language && act->language < 0)
		load_fault(ld, node, "language", "add it to \"languages\"",
			   "\"%.40s\" is no language of this flow", language);
	act->record = record ? flow_record_find(ld->flow, record) : NULL;
	if (record && !act->record)
		load_fault(ld, node, "record", "add it to \"records\"",
			   "there is no record \"%.60s\"", record);
	if (consent && strcmp(consent, "in") == 0)
		act->consent = CONSENT_IN;
	else if (consent && strcmp(consent, "out") == 0)
		act->consent = CONSENT_OUT;
	else if (consent)
		load_fault(ld, node, "consent", "write \"in\" or \"out\"", "is no consent");
}

static void load_goto(struct flow_loader *ld, const cJSON *node, const char *key, const char *name,
		      struct flow_action *act)
{
	if (strcmp(name, "@same") == 0) {
		act->to = GOTO_SAME;
		return;
	}
	act->to = GOTO_STEP;
	act->target_name = name;
	act->target = load_step_ref(ld, node, key, name);
}

static struct flow_action *load_branch(struct flow_loader *ld, const cJSON *node)
{
	static const char *const keys[] = { "if",   "language", "clear",  "unset",
					    "set",  "consent",	"record", "say",
					    "goto", "quiet",	NULL };
	struct flow_action *act = arena_alloc(ld->a, sizeof *act);
	const cJSON *condition = cJSON_GetObjectItemCaseSensitive(node, "if");
	const char *to = load_string(ld, node, "goto");

	act->line = load_line(ld, node);
	act->language = -1;
	load_check_keys(ld, node, keys);
	if (condition)
		act->condition = load_condition(ld, condition);
	load_references(ld, node, act);
	act->clear = load_bool(ld, node, "clear");
	load_unset(ld, node, act);
	load_sets(ld, node, act);
	act->say = load_texts(ld, node, "say", &act->say_count);
	act->quiet = load_bool(ld, node, "quiet");
	if (to)
		load_goto(ld, cJSON_GetObjectItemCaseSensitive(node, "goto"), "goto", to, act);
	return act;
}

static struct flow_action *load_one(struct flow_loader *ld, const cJSON *node, bool must_lead)
{
	struct flow_action *act;

	if (cJSON_IsString(node)) {
		act = arena_alloc(ld->a, sizeof *act);
		act->language = -1;
		act->line = load_line(ld, node);
		load_goto(ld, node, NULL, arena_strdup(ld->a, node->valuestring), act);
		return act;
	}
	if (!cJSON_IsObject(node)) {
		load_fault(ld, node, NULL, "write a step's name or {\"goto\": …}",
			   "is neither a step's name nor an object");
		return NULL;
	}
	act = load_branch(ld, node);
	if (must_lead && act->to == GOTO_NONE && !cJSON_GetObjectItemCaseSensitive(node, "goto"))
		load_fault(ld, node, NULL, "add \"goto\"", "leads nowhere");
	return act;
}

struct flow_action *load_action(struct flow_loader *ld, const cJSON *node, bool must_lead)
{
	struct flow_action *first = NULL, **end = &first, *last = NULL;
	const cJSON *m;

	if (!cJSON_IsArray(node)) {
		first = last = load_one(ld, node, must_lead);
	} else {
		cJSON_ArrayForEach(m, node)
		{
			if (last && !last->condition) {
				load_fault(ld, m, NULL, "put the branch without \"if\" last",
					   "is never reached");
				break;
			}
			last = load_one(ld, m, must_lead);
			if (!last)
				return NULL;
			*end = last;
			end = &last->otherwise;
		}
		if (!first)
			load_fault(ld, node, NULL, "write at least one branch", "is an empty list");
	}
	if (must_lead && last && last->condition)
		load_fault(ld, node, NULL, "end with a branch without \"if\"",
			   "leads nowhere when no condition holds");
	return first;
}
