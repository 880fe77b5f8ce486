/*
 * items.c - lists out of an answer. Foreign data: everything is bounded, and what
 * does not fit is not kept half.
 */
#include "items_private.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "words_private.h"

#define ELLIPSIS "\xe2\x80\xa6"

enum { FRAME = 40 }; /* bytes around the items */

/* One line of at most max characters, or NULL. */
static const char *field_text(const struct value *v, size_t max, struct arena *a)
{
	struct buf tidy;
	const char *text = NULL;
	size_t skip, n;

	if (!v || (v->kind != VALUE_TEXT && v->kind != VALUE_TRUE))
		return NULL;
	buf_init(&tidy, SESSION_MAX_VALUE);
	if (text_add_tidy(&tidy, v->kind == VALUE_TRUE ? str_of("true") : v->text) == 0 &&
	    tidy.len) {
		struct str all = { tidy.data, tidy.len };

		if (text_chars(all) <= max) {
			text = arena_strndup(a, all.p, all.n);
		} else {
			n = text_cut(all, max > 1 ? max - 1 : 1, &skip);
			text = arena_printf(a, "%.*s" ELLIPSIS, (int)n, all.p);
		}
	}
	buf_free(&tidy);
	return text;
}

/* Writes one item: 1, 0 it has no id, -1 it does not fit any more. */
static int keep_item(const struct flow_rule *rule, const struct value *item, struct buf *out,
		     struct arena *a)
{
	struct json_writer w;
	struct buf one;
	int kept = 0;

	buf_init(&one, SESSION_MAX_VALUE);
	json_begin(&w, &one);
	json_object(&w, NULL);
	for (size_t i = 0; i < rule->field_count; i++) {
		const struct flow_item_field *f = &rule->fields[i];
		const char *text = field_text(value_at(item, f->path), f->max, a);

		/* an id that was cut would be another one */
		if (strcmp(f->name, "id") == 0 && (!text || strstr(text, ELLIPSIS)))
			goto out;
		if (text)
			json_add_text(&w, f->name, text);
	}
	json_end(&w);
	kept = -1;
	if (!one.full && out->len + one.len + FRAME <= SESSION_MAX_VALUE &&
	    buf_addf(out, "%s%s", out->len ? "," : "", one.data) == 0)
		kept = 1;
out:
	buf_free(&one);
	return kept;
}

const char *flow_items_keep(const struct flow_rule *rule, const struct value *list, struct arena *a)
{
	struct buf out;
	const char *stored = NULL;
	bool more = false;
	int64_t kept = 0;

	if (!list || list->kind != VALUE_LIST)
		return NULL;
	buf_init(&out, SESSION_MAX_VALUE);
	for (const struct value *item = list->first; item && !more; item = item->next) {
		int got = kept == rule->max ? -1 : keep_item(rule, item, &out, a);

		more = got < 0;
		kept += got > 0;
	}
	if (kept)
		stored = arena_printf(a, "{\"more\":%s,\"items\":[%s]}", more ? "true" : "false",
				      out.data);
	buf_free(&out);
	return stored;
}

const struct value *flow_items_tree(const struct flow_rule *rule, const char *stored,
				    bool *more_out, struct arena *a)
{
	struct value *root, *list, *holder = value_object(a);
	const struct value *items, *more;
	size_t number = 0;

	*more_out = false;
	if (value_from_json(a, str_of(stored), &root, NULL) < 0)
		return NULL;
	items = value_get(root, "items");
	more = value_get(root, "more");
	*more_out = more && more->kind == VALUE_TRUE;
	if (!items || items->kind != VALUE_LIST)
		return NULL;
	list = value_add_list(a, holder, "items");
	for (const struct value *item = items->first; item; item = item->next) {
		struct value *o = value_append_object(a, list);

		value_add_text(a, o, "number", str_of(arena_printf(a, "%zu", ++number)));
		for (size_t i = 0; i < rule->field_count; i++) {
			const struct value *v = value_get(item, rule->fields[i].name);

			if (v && v->kind == VALUE_TEXT)
				value_add_text(a, o, rule->fields[i].name, v->text);
		}
		if (!value_get(o, "id"))
			return NULL;
	}
	return list;
}

/* ---- choosing ---- */

static const struct value *items_of(const struct flow *flow, const struct flow_rule *choice,
				    const struct session *s, struct arena *a)
{
	const struct flow_value *v = choice->items >= 0 ? &flow->values[choice->items] : NULL;
	const char *stored = v && s ? session_get(s, v->name) : NULL;
	const struct value *list;
	bool more;

	list = stored ? flow_items_tree(&v->rule, stored, &more, a) : NULL;
	return list ? list->first : NULL;
}

const struct value *flow_items_get(const struct flow *flow, const struct flow_rule *choice,
				   const struct session *s, const char *id, struct arena *a)
{
	const struct value *item = items_of(flow, choice, s, a);

	while (item && !str_is(value_get(item, "id")->text, id))
		item = item->next;
	return item;
}

static bool means(const struct value *field, const char *key, struct arena *a)
{
	return field && strcmp(flow_word_key(a, field->text), key) == 0;
}

static const char *id_of(const struct value *item, struct arena *a)
{
	struct str id = value_get(item, "id")->text;

	return arena_strndup(a, id.p, id.n);
}

/* A number counts before an id, an id before a label; a label that two items share is none. */
const char *flow_items_choose(const struct flow *flow, const struct flow_rule *choice,
			      const struct session *s, struct str text, struct arena *a)
{
	const struct value *first = items_of(flow, choice, s, a), *found = NULL;
	const char *key = flow_word_key(a, text);
	const char *label = choice->items >= 0 ? flow->values[choice->items].rule.label : "id";
	const char *const fields[] = { "number", "id", label };

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		size_t count = 0;

		for (const struct value *item = first; item; item = item->next) {
			if (!means(value_get(item, fields[i]), key, a))
				continue;
			found = item;
			count++;
		}
		if (count == 1)
			return id_of(found, a);
	}
	return NULL;
}

const char *flow_items_tapped(const struct flow *flow, const struct flow_rule *choice,
			      const struct session *s, const char *payload, struct arena *a)
{
	const struct value *item = flow_items_get(flow, choice, s, payload, a);

	return item ? id_of(item, a) : NULL;
}
