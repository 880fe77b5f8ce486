/*
 * value.c - the tree that a template sees: building it and looking into it.
 *
 * Children are a list, not a table: a message has a handful of values.
 */
#include "template_private.h"

static struct value *value_new(struct arena *a, enum value_kind kind)
{
	struct value *v = arena_alloc(a, sizeof *v);

	v->kind = kind;
	return v;
}

static struct value *append(struct value *parent, struct value *child, const char *name)
{
	child->name = name;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	return child;
}

struct value *value_object(struct arena *a)
{
	return value_new(a, VALUE_OBJECT);
}

struct value *value_add_text(struct arena *a, struct value *object, const char *name,
			     struct str text)
{
	struct value *v = append(object, value_new(a, VALUE_TEXT), name);

	v->text = text;
	return v;
}

struct value *value_add_bool(struct arena *a, struct value *object, const char *name, bool b)
{
	return append(object, value_new(a, b ? VALUE_TRUE : VALUE_FALSE), name);
}

struct value *value_add_list(struct arena *a, struct value *object, const char *name)
{
	return append(object, value_new(a, VALUE_LIST), name);
}

struct value *value_add_object(struct arena *a, struct value *object, const char *name)
{
	return append(object, value_new(a, VALUE_OBJECT), name);
}

struct value *value_append_object(struct arena *a, struct value *list)
{
	return append(list, value_new(a, VALUE_OBJECT), NULL);
}

struct value *value_append_text(struct arena *a, struct value *list, struct str text)
{
	return value_add_text(a, list, NULL, text);
}

const struct value *value_get(const struct value *object, const char *name)
{
	if (!object || object->kind != VALUE_OBJECT)
		return NULL;
	for (const struct value *v = object->first; v; v = v->next) {
		if (strcmp(v->name, name) == 0)
			return v;
	}
	return object->source ? object->source->make(object->source, name) : NULL;
}

const struct value *value_at(const struct value *v, const char *path)
{
	char name[TEMPLATE_MAX_NAME + 1];

	while (v && *path) {
		size_t n = strcspn(path, ".");

		if (n == 0 || n >= sizeof name)
			return NULL;
		memcpy(name, path, n);
		name[n] = '\0';
		v = value_get(v, name);
		path += path[n] ? n + 1 : n;
	}
	return v;
}

bool value_shows(const struct value *v)
{
	if (!v)
		return false;
	switch (v->kind) {
	case VALUE_FALSE:
		return false;
	case VALUE_TEXT:
		return v->text.n > 0;
	case VALUE_LIST:
		return v->first != NULL;
	case VALUE_TRUE:
	case VALUE_OBJECT:
		break;
	}
	return true;
}
