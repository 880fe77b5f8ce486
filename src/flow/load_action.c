/*
 * load_action.c - what happens on an exit or a command.
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

/* ---- actions ---- */

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

/* "defect", or {"type": "defect", "state": "closed", "update": true} */
static void load_keeping(struct flow_loader *ld, const cJSON *node, struct flow_action *act)
{
	static const char *const keys[] = { "type", "state", "update", NULL };
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(node, "record");
	const char *within = ld->within, *type;

	if (!m)
		return;
	type = load_string(ld, cJSON_IsObject(m) ? m : node, cJSON_IsObject(m) ? "type" : "record");
	act->record = type ? flow_record_find(ld->flow, type) : NULL;
	if (type && !act->record)
		load_fault(ld, node, "record", "add it to \"records\"",
			   "there is no record \"%.60s\"", type);
	if (!cJSON_IsObject(m))
		return;
	ld->within = load_join(ld, "record");
	load_check_keys(ld, m, keys);
	if (!cJSON_GetObjectItemCaseSensitive(m, "type"))
		load_fault(ld, m, "type", "name one of \"records\"", "is missing");
	act->record_state = load_state(ld, m, "state", act->record);
	if (!*act->record_state)
		act->record_state = NULL;
	act->record_update = load_bool(ld, m, "update");
	ld->within = within;
}

static void load_references(struct flow_loader *ld, const cJSON *node, struct flow_action *act)
{
	const char *language = load_string(ld, node, "language");
	const char *consent = load_string(ld, node, "consent");

	act->language = language ? flow_language_find(ld->flow, language) : -1;
	if (language && act->language < 0)
		load_fault(ld, node, "language", "add it to \"languages\"",
			   "\"%.40s\" is no language of this flow", language);
	load_keeping(ld, node, act);
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
	if (strcmp(name, "@back") == 0) {
		act->to = GOTO_BACK;
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
	load_assigns(ld, node, act);
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
