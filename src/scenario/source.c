/*
 * source.c - flow.json to nodes that know where they stand.
 *
 * base/ has said that the text is JSON, so reading it again needs no faults.
 */
#include "source_private.h"

#include <stdlib.h>
#include <string.h>

#include "template.h"

struct reader {
	const char *p;
	const char *end;
	unsigned line;
	struct arena *a;
};

static void skip_blanks(struct reader *r)
{
	for (; r->p < r->end && strchr(" \t\r\n,:", *r->p) && *r->p; r->p++)
		r->line += *r->p == '\n';
}

/* Behind the string that begins here. */
static void skip_string(struct reader *r)
{
	for (r->p++; r->p < r->end && *r->p != '"'; r->p++)
		r->p += *r->p == '\\';
	r->p = r->p < r->end ? r->p + 1 : r->end;
}

static const char *decoded(struct reader *r, struct str raw)
{
	struct value *v;
	struct err err = { 0 };

	if (value_from_json(r->a, raw, &v, &err) < 0 || v->kind != VALUE_TEXT)
		return arena_strndup(r->a, raw.p, raw.n);
	return arena_strndup(r->a, v->text.p, v->text.n);
}

static struct node *read_value(struct reader *r, struct node *parent);

static void append(struct node *parent, struct node *child)
{
	child->before = parent->last;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->count++;
}

static void read_children(struct reader *r, struct node *n)
{
	char closer = n->kind == NODE_OBJECT ? '}' : ']';

	r->p++;
	for (skip_blanks(r); r->p < r->end && *r->p != closer; skip_blanks(r)) {
		const char *from = r->p, *key = "";
		struct node *child;

		if (n->kind == NODE_OBJECT) {
			skip_string(r);
			key = decoded(r, (struct str){ from, (size_t)(r->p - from) });
			skip_blanks(r);
		}
		child = read_value(r, n);
		child->key = key;
		child->from = from;
		append(n, child);
	}
	r->p += r->p < r->end;
}

/* json_parse bounds the depth. */
static struct node *read_value(struct reader *r, struct node *parent)
{
	struct node *n = arena_alloc(r->a, sizeof *n);
	const char *start = r->p;

	*n = (struct node){ .key = "", .text = "", .from = start, .line = r->line };
	n->parent = parent;
	if (*start == '{' || *start == '[') {
		n->kind = *start == '{' ? NODE_OBJECT : NODE_LIST;
		read_children(r, n);
	} else if (*start == '"') {
		n->kind = NODE_TEXT;
		skip_string(r);
	} else {
		n->kind = NODE_OTHER;
		while (r->p < r->end && !strchr(" \t\r\n,:]}", *r->p))
			r->p++;
	}
	n->raw = (struct str){ start, (size_t)(r->p - start) };
	if (n->kind == NODE_TEXT || n->kind == NODE_OTHER)
		n->text = decoded(r, n->raw);
	return n;
}

int scenario_source_read(struct str json, struct arena *a, struct node **root_out, struct err *err)
{
	struct reader r = { json.p, json.p + json.n, 1, a };
	struct arena scratch = { 0 };
	struct value *v;
	int ret = value_from_json(&scratch, json, &v, err);

	arena_free(&scratch);
	if (ret < 0)
		return -1;
	skip_blanks(&r);
	*root_out = read_value(&r, NULL);
	return 0;
}

struct node *scenario_source_get(const struct node *object, const char *key)
{
	struct node *n = object && object->kind == NODE_OBJECT ? object->first : NULL;

	while (n && strcmp(n->key, key) != 0)
		n = n->next;
	return n;
}

const char *scenario_source_text(const struct node *object, const char *key, const char *otherwise)
{
	const struct node *n = scenario_source_get(object, key);

	return n && n->kind == NODE_TEXT ? n->text : otherwise;
}

long long scenario_source_int(const struct node *object, const char *key, long long otherwise)
{
	const struct node *n = scenario_source_get(object, key);

	return n && n->kind == NODE_OTHER ? strtoll(n->text, NULL, 10) : otherwise;
}

const struct node *scenario_source_options(const struct node *list)
{
	return list && list->kind == NODE_OBJECT ? scenario_source_get(list, "options") : list;
}

long long scenario_source_duration(const struct node *n)
{
	static const struct {
		char unit;
		long long ms;
	} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
	char *behind = NULL;
	long long count = n && n->kind == NODE_TEXT ? strtoll(n->text, &behind, 10) : 0;

	for (size_t i = 0; count > 0 && i < sizeof units / sizeof *units; i++) {
		if (*behind == units[i].unit)
			return count * units[i].ms;
	}
	return 0;
}
