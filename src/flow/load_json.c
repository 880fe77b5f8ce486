/*
 * load_json.c - members of flow.json with exact faults: line, step, field, cure.
 *
 * cJSON keeps no positions. The n-th value of the tree, counted in the order
 * of the text, is the n-th value of the text: that is how lines are found, all
 * of them when the first one is asked for.
 */
#include "load_private.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *string_end(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
	}
	return p < end ? p + 1 : end;
}

static bool is_key(const char *behind, const char *end)
{
	while (behind < end && strchr(" \t\r\n", *behind))
		behind++;
	return behind < end && *behind == ':';
}

/* The next value of the valid JSON text from *at on; *at goes behind its beginning. */
static const char *next_value(const char **at, const char *end)
{
	while (*at < end) {
		const char *p = *at;
		bool value = false;

		*at = p + 1;
		if (*p == '"') {
			*at = string_end(p, end);
			value = !is_key(*at, end);
		} else if (*p == '{' || *p == '[') {
			value = true;
		} else if (!strchr(" \t\r\n,:}]", *p)) {
			value = true;
			while (*at < end && !strchr(" \t\r\n,:}]", **at))
				(*at)++;
		}
		if (value)
			return p;
	}
	return end;
}

struct reading { /* of the text, beside the tree */
	const char *at, *end;
	const char *counted; /* line breaks are, up to here */
	unsigned line;
};

static size_t count_values(const cJSON *node)
{
	size_t n = 1;

	for (const cJSON *child = node->child; child; child = child->next)
		n += count_values(child);
	return n;
}

static void note_lines(struct flow_loader *ld, const cJSON *node, struct reading *r)
{
	const char *value = next_value(&r->at, r->end);

	for (; r->counted < value; r->counted++)
		r->line += *r->counted == '\n';
	ld->lines[ld->line_count++] = (struct load_place){ node, r->line };
	for (const cJSON *child = node->child; child; child = child->next)
		note_lines(ld, child, r);
}

static int by_node(const void *a, const void *b)
{
	const struct load_place *x = a, *y = b;

	return (uintptr_t)x->node < (uintptr_t)y->node	 ? -1
	       : (uintptr_t)x->node > (uintptr_t)y->node ? 1
							 : 0;
}

unsigned load_line(struct flow_loader *ld, const cJSON *node)
{
	const struct load_place wanted = { node, 0 }, *found;

	if (!ld->lines) {
		struct reading r = { ld->json.p, ld->json.p + ld->json.n, ld->json.p, 1 };

		ld->lines = arena_array(ld->a, count_values(ld->root), sizeof *ld->lines);
		note_lines(ld, ld->root, &r);
		qsort(ld->lines, ld->line_count, sizeof *ld->lines, by_node);
	}
	found = bsearch(&wanted, ld->lines, ld->line_count, sizeof wanted, by_node);
	return found ? found->line : 1;
}

const char *load_join(struct flow_loader *ld, const char *key)
{
	if (!ld->within || !*ld->within)
		return key;
	return arena_printf(ld->a, "%s.%s", ld->within, key);
}

void load_fault(struct flow_loader *ld, const cJSON *node, const char *key, const char *cure,
		const char *fmt, ...)
{
	char what[400];
	va_list args;

	va_start(args, fmt);
	if (vsnprintf(what, sizeof what, fmt, args) < 0)
		what[0] = '\0';
	va_end(args);
	flow_fault_add(ld->faults, FLOW_ERROR,
		       (struct flow_spot){ "flow.json", load_line(ld, node), ld->step,
					   key ? load_join(ld, key) : ld->within },
		       what, cure);
}

static size_t count_of(const char *const *names)
{
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

const char *load_suggest(struct flow_loader *ld, const char *typed, const char *const *names,
			 size_t count)
{
	const char *near = flow_nearest(typed, names, count);
	const char *all = "";

	if (near)
		return arena_printf(ld->a, "did you mean \"%s\"?", near);
	if (count == 0)
		return "there are none yet";
	for (size_t i = 0; i < count && i < 30; i++)
		all = arena_printf(ld->a, "%s%s%s", all, i ? ", " : "", names[i]);
	return arena_printf(ld->a, "use one of: %s", all);
}

void load_check_keys(struct flow_loader *ld, const cJSON *object, const char *const *keys)
{
	for (const cJSON *m = object->child; m; m = m->next) {
		size_t i = 0;

		while (keys[i] && strcmp(keys[i], m->string) != 0)
			i++;
		if (!keys[i])
			load_fault(ld, m, m->string,
				   load_suggest(ld, m->string, keys, count_of(keys)),
				   "unknown key");
	}
}

static const cJSON *member(struct flow_loader *ld, const cJSON *object, const char *key,
			   cJSON_bool (*is)(const cJSON *), const char *kind)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(object, key);

	if (!m || is(m))
		return m;
	load_fault(ld, m, key, arena_printf(ld->a, "write %s", kind), "is not %s", kind);
	return NULL;
}

const cJSON *load_object(struct flow_loader *ld, const cJSON *object, const char *key)
{
	return member(ld, object, key, cJSON_IsObject, "an object {…}");
}

const cJSON *load_array(struct flow_loader *ld, const cJSON *object, const char *key)
{
	return member(ld, object, key, cJSON_IsArray, "a list […]");
}

const char *load_string(struct flow_loader *ld, const cJSON *object, const char *key)
{
	const cJSON *m = member(ld, object, key, cJSON_IsString, "a text \"…\"");

	if (m && !*m->valuestring) {
		load_fault(ld, m, key, "write something, or leave the key out", "is empty");
		return NULL;
	}
	return m ? arena_strdup(ld->a, m->valuestring) : NULL;
}

bool load_bool(struct flow_loader *ld, const cJSON *object, const char *key)
{
	return cJSON_IsTrue(member(ld, object, key, cJSON_IsBool, "true or false"));
}

int64_t load_int(struct flow_loader *ld, const cJSON *object, const char *key, int64_t otherwise,
		 int64_t min, int64_t max)
{
	const cJSON *m = member(ld, object, key, cJSON_IsNumber, "a whole number");

	if (!m)
		return otherwise;
	if (m->valuedouble >= (double)min && m->valuedouble <= (double)max &&
	    m->valuedouble == floor(m->valuedouble))
		return (int64_t)m->valuedouble;
	load_fault(ld, m, key,
		   arena_printf(ld->a, "write a whole number from %lld to %lld", (long long)min,
				(long long)max),
		   "is out of range");
	return otherwise;
}

const char *load_scalar(struct flow_loader *ld, const cJSON *m)
{
	if (cJSON_IsString(m) && *m->valuestring)
		return arena_strdup(ld->a, m->valuestring);
	if (cJSON_IsNumber(m) && floor(m->valuedouble) == m->valuedouble &&
	    fabs(m->valuedouble) < 1e15)
		return arena_printf(ld->a, "%.0f", m->valuedouble);
	return NULL;
}

const char **load_strings(struct flow_loader *ld, const cJSON *object, const char *key,
			  size_t *count_out)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(object, key);
	const cJSON *items = cJSON_IsArray(m) ? m : NULL, *item;
	const char **list;

	*count_out = 0;
	if (!m)
		return NULL;
	list = arena_array(ld->a, (size_t)cJSON_GetArraySize(m) + 1, sizeof *list);
	if (cJSON_IsString(m) && *m->valuestring)
		list[(*count_out)++] = arena_strdup(ld->a, m->valuestring);
	else if (!cJSON_IsArray(m))
		load_fault(ld, m, key, "write \"a\" or [\"a\", \"b\"]",
			   "is neither a text nor a list of texts");
	cJSON_ArrayForEach(item, items)
	{
		if (cJSON_IsString(item) && *item->valuestring)
			list[(*count_out)++] = arena_strdup(ld->a, item->valuestring);
		else
			load_fault(ld, item, key, "write a text \"…\"",
				   "has an entry that is no text");
	}
	return list;
}

bool load_name_ok(struct flow_loader *ld, const cJSON *node, const char *what, const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	if (n > 0 && !name[n] && n <= FLOW_NAME_MAX && name[0] >= 'a' && name[0] <= 'z')
		return true;
	load_fault(ld, node, NULL, "use a-z, 0-9 and _, a letter first, at most 40 characters",
		   "%s \"%.60s\" is no name", what, name);
	return false;
}

int64_t load_duration(const char *text)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
	size_t digits = strspn(text, "0123456789");
	int64_t n = 0;

	if (digits == 0 || digits > 6 || strlen(text) != digits + 1)
		return -1;
	for (size_t i = 0; i < digits; i++)
		n = 10 * n + (text[i] - '0');
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (text[digits] == units[i].unit && n > 0)
			return n * units[i].ms;
	}
	return -1;
}
