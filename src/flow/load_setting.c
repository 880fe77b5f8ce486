/*
 * load_setting.c - what an operator may set of a pack: addresses and keys of business APIs.
 *
 * Who gives the values is not decided here: whoever loads the flow does.
 */
#include "load_private.h"

#include <string.h>

static bool is_setting_name(const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n > 0 && !name[n] && n <= FLOW_NAME_MAX && *name >= 'A' && *name <= 'Z' &&
	       strncmp(name, "SAMVAD_", 7) != 0;
}

static bool is_line(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	}
	return true;
}

static void load_setting(struct flow_loader *ld, const cJSON *node)
{
	static const char *const keys[] = { "default", "demo", "secret", NULL };
	struct flow *flow = ld->flow;
	struct flow_setting *s = &flow->settings[flow->setting_count];

	load_check_keys(ld, node, keys);
	s->name = arena_strdup(ld->a, node->string);
	s->fallback = load_string(ld, node, "default");
	s->demo = load_string(ld, node, "demo");
	s->secret = load_bool(ld, node, "secret");
	if (s->fallback && !is_line(s->fallback))
		load_fault(ld, cJSON_GetObjectItemCaseSensitive(node, "default"), "default",
			   "write one line", "has a control character");
	if (s->fallback && s->secret)
		load_fault(ld, cJSON_GetObjectItemCaseSensitive(node, "default"), "default",
			   "leave it to the environment or .env", "a secret has no default");
	if (s->demo && (*s->demo != '/' || !is_line(s->demo) || strpbrk(s->demo, " ?#")))
		load_fault(ld, cJSON_GetObjectItemCaseSensitive(node, "demo"), "demo",
			   "write a path of the pack's demo.json, \"/orders\"", "is no path");
	if (!s->fallback)
		s->fallback = "";
	flow->setting_values[flow->setting_count++] = s->fallback;
}

void load_settings(struct flow_loader *ld)
{
	const cJSON *all = load_object(ld, ld->root, "settings"), *m;

	cJSON_ArrayForEach(m, all)
	{
		ld->within = arena_printf(ld->a, "settings.%.60s", m->string);
		if (!is_setting_name(m->string))
			load_fault(ld, m, NULL, "use A-Z, 0-9 and _, as in TOPUP_API_URL",
				   "is no name of a setting");
		else if (flow_has_setting(ld->flow, m->string)) /* no key is there twice */
			load_fault(ld, m, NULL, "take it away: every pack sees it",
				   "is a setting of the program");
		else if (!cJSON_IsObject(m) || ld->flow->setting_count == FLOW_MAX_SETTINGS)
			load_fault(ld, m, NULL, "write {\"default\": …}, at most 16 times",
				   "is no setting");
		else
			load_setting(ld, m);
	}
	ld->within = "";
}
