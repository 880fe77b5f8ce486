/*
 * pack_settings.c - gives the settings that packs declare their values.
 *
 * Environment and .env first; in a sandbox then the twin's demo of that API;
 * else the pack's own default. No setting of the program can be had so.
 */
#include "pack_private.h"

#include <string.h>

static const char *demo_of(const char *base, const struct flow *flow, const struct flow_setting *s,
			   struct arena *a)
{
	return arena_printf(a, "%s/sandbox/demo/%s%s", base, flow_name(flow),
			    strcmp(s->demo, "/") == 0 ? "" : s->demo);
}

void command_settings_demo(struct flow *flow, const char *base)
{
	struct arena a = { 0 };
	size_t count;
	const struct flow_setting *list = flow_settings(flow, &count);

	for (size_t i = 0; i < count; i++) {
		if (list[i].demo)
			flow_set_setting(flow, i, demo_of(base, flow, &list[i], &a));
	}
	arena_free(&a);
}

static bool is_line(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	}
	return true;
}

int command_settings_check(const struct flow *flow, struct err *err)
{
	size_t count;
	const struct flow_setting *list = flow_settings(flow, &count);

	for (size_t i = 0; i < count; i++) {
		if (config_has(list[i].name))
			return err_set(err, ERR_INPUT,
				       "flow %s declares %s, which is a setting of the program; "
				       "name it otherwise",
				       flow_name(flow), list[i].name);
	}
	return 0;
}

int command_settings_fill(const struct config *c, struct flow *flow, struct err *err)
{
	struct arena a = { 0 };
	size_t count;
	const struct flow_setting *list = flow_settings(flow, &count);
	const char *base = arena_printf(&a, "http://127.0.0.1:%d", (int)c->port);
	int ret = command_settings_check(flow, err);

	for (size_t i = 0; ret == 0 && i < count; i++) {
		const char *value = config_other(c, list[i].name);

		if (value && !is_line(value))
			ret = err_set(err, ERR_INPUT, "%s: the value has a control character",
				      list[i].name);
		else if (value)
			flow_set_setting(flow, i, value);
		else if (c->sandbox && list[i].demo)
			flow_set_setting(flow, i, demo_of(base, flow, &list[i], &a));
	}
	arena_free(&a);
	return ret;
}
