/*
 * data.c - a session as a tree of values for templates.
 *
 * The prefix says the form of a value, so that a name means the same thing in
 * every text: {{sector}} is for people, {{id.sector}} is for programs.
 */
#include "data_private.h"

#include <string.h>

#include "base/form.h"
#include "items_private.h"
#include "show_private.h"

/* Borrows v's children under another name. */
static void attach(struct arena *a, struct value *object, const char *name, const struct value *v)
{
	struct value *copy = value_add_object(a, object, name);
	struct value *next = copy->next;

	*copy = *v;
	copy->name = name;
	copy->next = next;
}

static const char *encoded(const char *text, struct arena *a)
{
	struct buf out;
	const char *result;

	buf_init(&out, 3 * SESSION_MAX_VALUE);
	(void)percent_encode(&out, str_of(text));
	result = arena_strndup(a, out.data, out.len);
	buf_free(&out);
	return result;
}

/* A list out of an answer: {{#orders}}, and {{#more.orders}} when there were further ones. */
static void add_items(const struct flow_value *v, const char *stored, struct value *root,
		      struct value *more, struct arena *a)
{
	bool longer;
	const struct value *list = flow_items_tree(&v->rule, stored, &longer, a);

	if (!list)
		return;
	attach(a, root, v->name, list);
	if (longer)
		value_add_bool(a, more, v->name, true);
}

/* The fields of what a choice holds: {{with.offer.price}}. */
static void add_fields(const struct flow *flow, const struct flow_view *view,
		       const struct flow_value *v, const char *stored, struct value *with,
		       struct arena *a)
{
	const struct flow_list *list = v->rule.list;
	const struct flow_option *o = list ? flow_option_find(list, stored) : NULL;
	struct value *fields;
	const struct value *item;

	if (!list) {
		item = flow_items_get(flow, &v->rule, view->session, stored, a);
		if (item)
			attach(a, with, v->name, item);
		return;
	}
	if (!o)
		return;
	fields = value_add_object(a, with, v->name);
	for (size_t i = 0; i < list->field_count; i++)
		value_add_text(a, fields, list->fields[i], str_of(o->with[i][view->language]));
}

static void add_values(const struct flow *flow, const struct flow_view *view, struct value *root,
		       struct arena *a)
{
	struct value *id = value_add_object(a, root, "id");
	struct value *url = value_add_object(a, root, "url");
	struct value *with = value_add_object(a, root, "with");
	struct value *more = value_add_object(a, root, "more");
	struct value *in[FLOW_MAX_LANGUAGES];

	for (size_t l = 0; l < flow->language_count; l++)
		in[l] = value_add_object(a, root, flow->languages[l].code);
	if (view->contact)
		value_add_text(a, url, "contact", str_of(encoded(view->contact, a)));
	for (size_t i = 0; view->session && i < flow->value_count; i++) {
		const struct flow_value *v = &flow->values[i];
		const struct session *s = view->session;
		const char *stored = session_get(s, v->name);

		if (!stored)
			continue;
		if (v->rule.type == RULE_ITEMS) {
			add_items(v, stored, root, more, a);
			continue;
		}
		if (v->rule.type == RULE_CHOICE)
			add_fields(flow, view, v, stored, with, a);
		value_add_text(a, root, v->name,
			       str_of(flow_shown(flow, &v->rule, stored, view->language, s, a)));
		value_add_text(a, id, v->name, str_of(stored));
		value_add_text(a, url, v->name, str_of(encoded(stored, a)));
		for (size_t l = 0; l < flow->language_count; l++)
			value_add_text(a, in[l], v->name,
				       str_of(flow_shown(flow, &v->rule, stored, l, s, a)));
	}
}

static void add_records(const struct flow_view *view, struct value *root, struct arena *a)
{
	struct value *record = value_add_object(a, root, "record");

	for (size_t i = 0; view->session && i < view->session->value_count; i++) {
		const struct session_value *v = &view->session->values[i];

		if (strncmp(v->name, "record.", 7) == 0)
			value_add_text(a, record, v->name + 7, str_of(v->text));
	}
}

/* The program's settings and the pack's own: of two with one name the given one counts, which is
 * how a test sets them. */
static void add_settings(const struct flow *flow, const struct flow_view *view, struct value *root,
			 struct arena *a)
{
	struct value *env;

	if (flow->setting_count == 0) {
		if (view->settings)
			attach(a, root, "env", view->settings);
		return;
	}
	env = value_add_object(a, root, "env");
	for (const struct value *v = view->settings ? view->settings->first : NULL; v;
	     v = v->next) {
		const struct flow_setting *own = flow_setting_find(flow, v->name);

		if (!own || !own->secret || view->secrets)
			value_add_text(a, env, v->name, v->text);
	}
	for (size_t i = 0; i < flow->setting_count; i++) {
		const struct flow_setting *own = &flow->settings[i];

		if ((!own->secret || view->secrets) && !value_get(view->settings, own->name))
			value_add_text(a, env, own->name, str_of(flow->setting_values[i]));
	}
}

struct value *flow_data(const struct flow *flow, const struct flow_view *view, struct arena *a)
{
	struct value *root = value_object(a);

	add_values(flow, view, root, a);
	add_records(view, root, a);
	add_settings(flow, view, root, a);
	if (view->answer)
		attach(a, root, "answer", view->answer);
	if (view->contact)
		value_add_text(a, root, "contact", str_of(view->contact));
	value_add_text(a, root, "language", str_of(flow->languages[view->language].code));
	for (size_t i = 0; i < flow->list_count; i++)
		attach(a, root, flow->lists[i].name, flow->lists[i].shown[view->language]);
	if (view->options)
		attach(a, root, "options", view->options->shown[view->language]);
	else if (view->items && value_get(root, view->items->name))
		attach(a, root, "options", value_get(root, view->items->name));
	if (view->also)
		attach(a, root, "also", view->also->shown[view->language]);
	return root;
}

/* ---- for texts that are not of the pack ---- */

const struct value *flow_session_values(const struct flow *flow, const struct session *session,
					const struct value *settings, struct arena *a)
{
	const struct flow_view view = {
		.session = strcmp(session->flow, flow->name) == 0 ? session : NULL,
		.settings = settings,
		.language = flow_language_or_default(flow, session->language),
	};

	return flow_data(flow, &view, a);
}

const char *flow_without_form(const struct flow *flow, const char *name)
{
	const char *dot = strchr(name, '.');
	const struct str prefix = { name, dot ? (size_t)(dot - name) : 0 };

	if (!dot)
		return name;
	if (str_is(prefix, "id") || str_is(prefix, "url"))
		return dot + 1;
	for (size_t l = 0; l < flow->language_count; l++)
		if (str_is(prefix, flow->languages[l].code))
			return dot + 1;
	return name;
}

bool flow_has_value(const struct flow *flow, const char *name)
{
	if (strncmp(name, "record.", 7) == 0)
		return flow_record_find(flow, name + 7) != NULL;
	return strcmp(name, "language") == 0 ||
	       flow_value_find(flow, flow_without_form(flow, name)) >= 0;
}
