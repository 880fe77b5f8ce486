/*
 * data.c - a session as a tree of values for templates.
 *
 * The prefix says the form of a value, so that a name means the same thing in
 * every text: {{sector}} is for people, {{id.sector}} is for programs.
 * A text uses few of the values there are: each is made when a tag asks for it.
 */
#include "data_private.h"

#include <string.h>

#include "base/form.h"
#include "items_private.h"
#include "show_private.h"

/* One object of the tree: the top, or a form of the values. */
struct branch {
	struct value_source source; /* first: a source is its branch */
	struct value *object;	    /* keeps what was made */
	const struct flow *flow;
	const struct flow_view *view; /* the tree's own */
	struct arena *a;
	size_t language;
};

typedef const struct value *make_child(struct value_source *source, const char *name);

static void grow(struct value *object, make_child *make, const struct branch *like, size_t language)
{
	struct branch *b = arena_alloc(like->a, sizeof *b);

	*b = *like;
	b->source.make = make;
	b->object = object;
	b->language = language;
	object->source = &b->source;
}

/* Borrows v's children under another name. */
static const struct value *attach(const struct branch *b, const char *name, const struct value *v)
{
	struct value *copy = value_add_object(b->a, b->object, name);

	*copy = *v; /* the last child: nothing follows it yet */
	copy->name = name;
	copy->next = NULL;
	return copy;
}

static const struct value *add_text(const struct branch *b, const char *name, const char *text)
{
	return value_add_text(b->a, b->object, name, str_of(text));
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

/* ---- the forms of a value ---- */

/* The value of this name when the session holds it; lists out of answers have a form of their own.
 */
static const struct flow_value *held(const struct branch *b, const char *name, bool list,
				     const char **stored_out)
{
	int i = flow_value_find(b->flow, name);
	const struct flow_value *v = i >= 0 ? &b->flow->values[i] : NULL;

	if (!v || !b->view->session || (v->rule.type == RULE_ITEMS) != list)
		return NULL;
	*stored_out = session_get(b->view->session, name);
	return *stored_out ? v : NULL;
}

static const struct value *make_shown(struct value_source *source, const char *name)
{
	const struct branch *b = (struct branch *)source;
	const char *stored;
	const struct flow_value *v = held(b, name, false, &stored);

	return v ? add_text(b, v->name,
			    flow_shown(b->flow, &v->rule, stored, b->language, b->view->session,
				       b->a))
		 : NULL;
}

static const struct value *make_id(struct value_source *source, const char *name)
{
	const struct branch *b = (struct branch *)source;
	const char *stored;
	const struct flow_value *v = held(b, name, false, &stored);

	return v ? add_text(b, v->name, stored) : NULL;
}

static const struct value *make_url(struct value_source *source, const char *name)
{
	const struct branch *b = (struct branch *)source;
	const char *stored;
	const struct flow_value *v = held(b, name, false, &stored);

	if (v)
		return add_text(b, v->name, encoded(stored, b->a));
	if (b->view->contact && strcmp(name, "contact") == 0)
		return add_text(b, "contact", encoded(b->view->contact, b->a));
	return NULL;
}

/* The fields of what a choice holds: {{with.offer.price}}. */
static const struct value *make_with(struct value_source *source, const char *name)
{
	const struct branch *b = (struct branch *)source;
	const char *stored;
	const struct flow_value *v = held(b, name, false, &stored);
	const struct flow_list *list = v ? v->rule.list : NULL;
	const struct flow_option *o;
	const struct value *item;
	struct value *fields;

	if (!v || v->rule.type != RULE_CHOICE)
		return NULL;
	if (!list) {
		item = flow_items_get(b->flow, &v->rule, b->view->session, stored, b->a);
		return item ? attach(b, v->name, item) : NULL;
	}
	o = flow_option_find(list, stored);
	if (!o)
		return NULL;
	fields = value_add_object(b->a, b->object, v->name);
	for (size_t i = 0; i < list->field_count; i++)
		value_add_text(b->a, fields, list->fields[i],
			       str_of(o->with[i][b->view->language]));
	return fields;
}

/* A list out of an answer: {{#orders}}, and {{#more.orders}} when there were further ones. */
static const struct value *make_items(const struct branch *b, const char *name)
{
	const char *stored;
	const struct flow_value *v = held(b, name, true, &stored);
	bool longer;
	const struct value *list = v ? flow_items_tree(&v->rule, stored, &longer, b->a) : NULL;

	return list ? attach(b, v->name, list) : NULL;
}

static const struct value *make_more(struct value_source *source, const char *name)
{
	const struct branch *b = (struct branch *)source;
	const char *stored;
	const struct flow_value *v = held(b, name, true, &stored);
	bool longer;

	if (!v || !flow_items_tree(&v->rule, stored, &longer, b->a))
		return NULL;
	return value_add_bool(b->a, b->object, v->name, longer);
}

static const struct value *make_record(struct value_source *source, const char *name)
{
	const struct branch *b = (struct branch *)source;
	const struct session *s = b->view->session;

	for (size_t i = 0; s && i < s->value_count; i++) {
		const struct session_value *v = &s->values[i];

		if (strncmp(v->name, "record.", 7) == 0 && strcmp(v->name + 7, name) == 0)
			return add_text(b, v->name + 7, v->text);
	}
	return NULL;
}

/* ---- what stands at the top ---- */

static const struct value *make_form(const struct branch *b, const char *name)
{
	static const struct {
		const char *name;
		make_child *make;
	} forms[] = {
		{ "id", make_id },     { "url", make_url },	  { "with", make_with },
		{ "more", make_more }, { "record", make_record },
	};
	int language = flow_language_find(b->flow, name);
	struct value *object;

	if (language >= 0) {
		object = value_add_object(b->a, b->object, b->flow->languages[language].code);
		grow(object, make_shown, b, (size_t)language);
		return object;
	}
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (strcmp(name, forms[i].name) != 0)
			continue;
		object = value_add_object(b->a, b->object, forms[i].name);
		grow(object, forms[i].make, b, b->language);
		return object;
	}
	return NULL;
}

/* The program's settings and the pack's own: of two with one name the given one counts, which is
 * how a test sets them. */
static const struct value *make_settings(const struct branch *b)
{
	const struct value *given = b->view->settings;
	const struct flow *flow = b->flow;
	struct value *env;

	if (flow->setting_count == 0)
		return given ? attach(b, "env", given) : NULL;
	env = value_add_object(b->a, b->object, "env");
	for (const struct value *v = given ? given->first : NULL; v; v = v->next) {
		const struct flow_setting *own = flow_setting_find(flow, v->name);

		if (!own || !own->secret || b->view->secrets)
			value_add_text(b->a, env, v->name, v->text);
	}
	for (size_t i = 0; i < flow->setting_count; i++) {
		const struct flow_setting *own = &flow->settings[i];

		if ((!own->secret || b->view->secrets) && !value_get(given, own->name))
			value_add_text(b->a, env, own->name, str_of(flow->setting_values[i]));
	}
	return env;
}

static const struct value *make_list(const struct branch *b, const char *name)
{
	const struct flow_view *view = b->view;
	const struct flow_list *list = flow_list_find(b->flow, name);
	const struct value *items;

	if (list)
		return attach(b, list->name, list->shown[view->language]);
	if (strcmp(name, "also") == 0 && view->also)
		return attach(b, "also", view->also->shown[view->language]);
	if (strcmp(name, "options") != 0)
		return NULL;
	if (view->options)
		return attach(b, "options", view->options->shown[view->language]);
	items = view->items ? value_get(b->object, view->items->name) : NULL;
	return items ? attach(b, "options", items) : NULL;
}

static const struct value *make_top(struct value_source *source, const char *name)
{
	const struct branch *b = (struct branch *)source;
	const struct flow_view *view = b->view;
	const struct value *v = make_shown(source, name);

	if (!v)
		v = make_items(b, name);
	if (!v)
		v = make_form(b, name);
	if (v)
		return v;
	if (strcmp(name, "env") == 0)
		return make_settings(b);
	if (strcmp(name, "answer") == 0)
		return view->answer ? attach(b, "answer", view->answer) : NULL;
	if (strcmp(name, "contact") == 0)
		return view->contact ? add_text(b, "contact", view->contact) : NULL;
	if (strcmp(name, "language") == 0)
		return add_text(b, "language", b->flow->languages[view->language].code);
	return make_list(b, name);
}

const struct value *flow_data(const struct flow *flow, const struct flow_view *view,
			      struct arena *a)
{
	struct flow_view *own = arena_alloc(a, sizeof *own);
	struct value *top = value_object(a);

	*own = *view;
	grow(top, make_top, &(struct branch){ .flow = flow, .view = own, .a = a }, view->language);
	return top;
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
