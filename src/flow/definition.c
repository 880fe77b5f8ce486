/*
 * definition.c - finding things by name in a loaded flow, and letting go of it.
 */
#include "definition_private.h"

#include <stdlib.h>
#include <string.h>

#include "pattern_private.h"

const char *const flow_system_names[SYSTEM_COUNT] = {
	[SYSTEM_ONE_MOMENT] = "one_moment",
	[SYSTEM_TOO_FAST] = "too_fast",
	[SYSTEM_TROUBLE] = "trouble",
	[SYSTEM_STILL_WORKING] = "still_working",
	[SYSTEM_MEDIA_INSTEAD] = "media_instead",
	[SYSTEM_WAY_OUT] = "way_out",
	[SYSTEM_EXPIRED] = "expired",
	[SYSTEM_FLOW_CHANGED] = "flow_changed",
};

const char *const flow_fixed_outcomes[] = { "timeout", "refused", "malformed", "busy",
					    "limited", "failed",  NULL };

void flow_free(struct flow **flow)
{
	struct flow *f = *flow;

	if (!f)
		return;
	for (size_t i = 0; i < f->pattern_count; i++)
		flow_pattern_free(&f->patterns[i]);
	template_set_free(&f->templates);
	arena_free(&f->arena);
	free(f);
	*flow = NULL;
}

const char *flow_name(const struct flow *flow)
{
	return flow->name;
}

int64_t flow_version(const struct flow *flow)
{
	return flow->version;
}

const char *const *flow_shown_steps(const struct flow *flow)
{
	return flow->shown_steps;
}

const struct flow_step *flow_step_find(const struct flow *flow, const char *name)
{
	for (size_t i = 0; i < flow->step_count; i++) {
		if (strcmp(flow->steps[i].name, name) == 0)
			return &flow->steps[i];
	}
	return NULL;
}

bool flow_step_passes(const struct flow_step *s)
{
	return !s->rule && !s->call && !s->end;
}

const struct flow_exit *flow_exit_find(const struct flow_step *step, const char *name)
{
	for (size_t i = 0; i < step->exit_count; i++) {
		if (strcmp(step->exits[i].name, name) == 0)
			return &step->exits[i];
	}
	return NULL;
}

const char *flow_exit_shown(const char *name)
{
	return name + (*name == '@');
}

const struct flow_list *flow_list_find(const struct flow *flow, const char *name)
{
	for (size_t i = 0; i < flow->list_count; i++) {
		if (strcmp(flow->lists[i].name, name) == 0)
			return &flow->lists[i];
	}
	return NULL;
}

const struct flow_call_rule *flow_call_find(const struct flow *flow, const char *name)
{
	for (size_t i = 0; i < flow->call_count; i++) {
		if (strcmp(flow->calls[i].name, name) == 0)
			return &flow->calls[i];
	}
	return NULL;
}

const struct flow_record *flow_record_find(const struct flow *flow, const char *name)
{
	for (size_t i = 0; i < flow->record_count; i++) {
		if (strcmp(flow->records[i].name, name) == 0)
			return &flow->records[i];
	}
	return NULL;
}

const struct flow_option *flow_option_find(const struct flow_list *list, const char *id)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->options[i].id, id) == 0)
			return &list->options[i];
	}
	return NULL;
}

int flow_value_find(const struct flow *flow, const char *name)
{
	for (size_t i = 0; i < flow->value_count; i++) {
		if (strcmp(flow->values[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

int flow_language_find(const struct flow *flow, const char *code)
{
	for (size_t i = 0; i < flow->language_count; i++) {
		if (strcmp(flow->languages[i].code, code) == 0)
			return (int)i;
	}
	return -1;
}

size_t flow_language_or_default(const struct flow *flow, const char *code)
{
	int language = flow_language_find(flow, code);

	return language < 0 ? 0 : (size_t)language;
}

/* ---- settings ---- */

const char *const flow_program_settings[] = { "WEB_APP_URL",
					      "AUTH_API_URL",
					      "AUTH_API_OTP_PATH",
					      "AUTH_API_TIMEOUT_MS",
					      "PUBLIC_URL",
					      "TWILIO_WHATSAPP_NUMBER",
					      NULL };

const struct flow_setting *flow_settings(const struct flow *flow, size_t *count_out)
{
	*count_out = flow->setting_count;
	return flow->settings;
}

void flow_set_setting(struct flow *flow, size_t index, const char *value)
{
	flow->setting_values[index] = arena_strdup(&flow->arena, value);
}

const struct flow_setting *flow_setting_find(const struct flow *flow, const char *name)
{
	for (size_t i = 0; i < flow->setting_count; i++) {
		if (strcmp(flow->settings[i].name, name) == 0)
			return &flow->settings[i];
	}
	return NULL;
}

bool flow_has_setting(const struct flow *flow, const char *name)
{
	for (size_t i = 0; flow_program_settings[i]; i++) {
		if (strcmp(flow_program_settings[i], name) == 0)
			return true;
	}
	return flow_setting_find(flow, name) != NULL;
}

int flow_list_field(const struct flow_list *list, const char *name)
{
	for (size_t i = 0; i < list->field_count; i++) {
		if (strcmp(list->fields[i], name) == 0)
			return (int)i;
	}
	return -1;
}

int flow_items_field(const struct flow_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->field_count; i++) {
		if (strcmp(rule->fields[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}
