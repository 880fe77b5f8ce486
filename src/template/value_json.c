/*
 * value_json.c - JSON text to a value tree.
 *
 * cJSON checks and decodes, but turns numbers into doubles: 400001.0 or a long
 * id would come back changed. So the numbers are read a second time, from the
 * text, in document order: the n-th number of the tree is the n-th in the text.
 */
#include <cjson/cJSON.h>

#include "base/json.h"
#include "template.h"

struct numbers {
	const char *p;
	const char *end;
};

/* The text is valid JSON: outside strings only a number holds '-' or a digit first. */
static struct str next_number(struct numbers *n)
{
	const char *start;

	while (n->p < n->end && *n->p != '-' && !(*n->p >= '0' && *n->p <= '9')) {
		if (*n->p++ != '"')
			continue;
		while (n->p < n->end && *n->p != '"')
			n->p += *n->p == '\\' ? 2 : 1;
		n->p++;
	}
	start = n->p;
	while (n->p < n->end && *n->p && strchr("+-0123456789.eE", *n->p))
		n->p++;
	return (struct str){ start, (size_t)(n->p - start) };
}

static struct str copied(struct arena *a, struct str s)
{
	return (struct str){ arena_strndup(a, s.p, s.n), s.n };
}

/* json_parse bounds the depth. */
static struct value *convert(struct arena *a, const cJSON *json, struct numbers *numbers)
{
	struct value *v = arena_alloc(a, sizeof *v);

	v->kind = VALUE_FALSE;
	if (json->string)
		v->name = arena_strdup(a, json->string);
	if (cJSON_IsTrue(json)) {
		v->kind = VALUE_TRUE;
	} else if (cJSON_IsString(json)) {
		v->kind = VALUE_TEXT;
		v->text = copied(a, str_of(json->valuestring));
	} else if (cJSON_IsNumber(json)) {
		v->kind = VALUE_TEXT;
		v->text = copied(a, next_number(numbers));
	} else if (cJSON_IsArray(json) || cJSON_IsObject(json)) {
		v->kind = cJSON_IsArray(json) ? VALUE_LIST : VALUE_OBJECT;
		for (const cJSON *item = json->child; item; item = item->next) {
			struct value *child = convert(a, item, numbers);

			if (v->last)
				v->last->next = child;
			else
				v->first = child;
			v->last = child;
		}
	}
	return v;
}

int value_from_json(struct arena *a, struct str json, struct value **value_out, struct err *err)
{
	struct numbers numbers = { json.p, json.p + json.n };
	struct cJSON *root = NULL;

	if (json_parse(json, &root, err) < 0)
		return -1;
	*value_out = convert(a, root, &numbers);
	json_free(&root);
	return 0;
}
