/*
 * found.c - records as texts see them.
 */
#include <string.h>

#include "data_private.h"
#include "date_private.h"
#include "run_private.h"
#include "show_private.h"

static void add_state(const struct flow_record *rec, const struct flow_found *f, size_t language,
		      struct value *o, struct arena *a)
{
	const struct flow_option *state =
		rec && rec->states ? flow_option_find(rec->states, f->state) : NULL;

	value_add_text(a, o, "state_id", str_of(f->state));
	value_add_text(a, o, "state", str_of(state ? state->label[language] : f->state));
}

static void add_found(const struct flow *flow, const struct flow_record *rec,
		      const struct flow_found *f, size_t language, struct value *o, struct arena *a)
{
	int64_t day = flow_date_of(f->created_ms, flow->utc_offset_ms);
	const char *date = flow_date_stored(day, a);

	value_add_text(a, o, "id", str_of(f->id));
	add_state(rec, f, language, o, a);
	value_add_text(a, o, "date", str_of(date ? date : ""));
	for (size_t i = 0; i < f->field_count; i++) {
		const char *name = f->fields[i].name, *text = f->fields[i].text;
		int v = flow_value_find(flow, name);

		if (value_get(o, name))
			continue; /* id, state and date are the record's own */
		if (v >= 0)
			text = flow_shown(flow, &flow->values[v].rule, text, language, NULL, a);
		value_add_text(a, o, name, str_of(text));
	}
}

/* ---- for who looks after them ---- */

const char *const *flow_record_fields(const struct flow *flow, const char *type)
{
	static const char *const none[] = { NULL };
	const struct flow_record *rec = flow_record_find(flow, type);

	if (!rec)
		return NULL;
	return rec->fields ? rec->fields : none;
}

bool flow_record_has_state(const struct flow *flow, const char *type, const char *state)
{
	const struct flow_record *rec = flow_record_find(flow, type);

	if (!rec || !rec->states)
		return rec && strcmp(state, "new") == 0;
	return flow_option_find(rec->states, state) != NULL;
}

static const struct flow_text *told_of(const struct flow *flow, const char *type, const char *state)
{
	const struct flow_record *rec = flow_record_find(flow, type);
	const struct flow_option *o =
		rec && rec->tell ? flow_option_find(rec->states, state) : NULL;

	return o ? rec->tell[o - rec->states->options] : NULL;
}

int flow_record_tell(const struct flow *flow, const char *type, const struct flow_found *found,
		     const char *contact, const char *language, const struct value *settings,
		     struct buf *out, struct err *err)
{
	const struct flow_call find = { .kind = FLOW_CALL_FIND, .record_type = type };
	const struct flow_text *text = told_of(flow, type, found->state);
	struct flow_view view = { .contact = contact,
				  .settings = settings,
				  .language = flow_language_or_default(flow, language) };
	struct arena a = { 0 };
	int ret;

	if (!text)
		return 0;
	view.answer = flow_found_answer(flow, &find, language, found, 1, false, &a);
	ret = flow_text_render(text->in[view.language], flow_data(flow, &view, &a), out, err);
	arena_free(&a);
	return ret < 0 ? -1 : 1;
}

const struct value *flow_found_answer(const struct flow *flow, const struct flow_call *call,
				      const char *language, const struct flow_found *found,
				      size_t count, bool more, struct arena *a)
{
	const struct flow_record *rec = flow_record_find(flow, call->record_type);
	size_t l = flow_language_or_default(flow, language);
	struct value *root = value_object(a), *items;

	if (call->kind != FLOW_CALL_LIST) {
		if (count)
			add_found(flow, rec, &found[0], l, root, a);
		return root;
	}
	items = value_add_list(a, root, "items");
	for (size_t i = 0; i < count; i++) {
		struct value *o = value_append_object(a, items);

		value_add_text(a, o, "number", str_of(arena_printf(a, "%zu", i + 1)));
		add_found(flow, rec, &found[i], l, o, a);
	}
	if (more)
		value_add_bool(a, root, "more", true);
	return root;
}
