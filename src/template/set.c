/*
 * set.c - templates by name.
 *
 * Sorted by name: a pack is loaded once and looked up for ever.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "template_private.h"

struct template_set *template_set_new(void)
{
	return mem_alloc(sizeof(struct template_set));
}

void template_set_free(struct template_set **set)
{
	if (!*set)
		return;
	arena_free(&(*set)->arena);
	free((*set)->items);
	free(*set);
	*set = NULL;
}

void template_set_allow_unescaped(struct template_set *set)
{
	set->unescaped_allowed = true;
}

size_t template_set_find(const struct template_set *set, const char *name, bool *found_out)
{
	size_t low = 0, high = set->count;

	*found_out = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, set->items[middle]->name);

		if (order == 0) {
			*found_out = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const struct template *template_set_get(const struct template_set *set, const char *name)
{
	bool found;
	size_t i = template_set_find(set, name, &found);

	return found ? set->items[i] : NULL;
}

static void insert(struct template_set *set, size_t at, struct template *t)
{
	if (set->count == set->cap) {
		set->cap = set->cap ? 2 * set->cap : 32;
		set->items = mem_grow(set->items, set->cap, sizeof *set->items);
	}
	memmove(set->items + at + 1, set->items + at, (set->count - at) * sizeof *set->items);
	set->items[at] = t;
	set->count++;
}

/* Without the mark that some editors put first. */
static struct str own_source(struct arena *a, struct str text)
{
	if (text.n >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0) {
		text.p += 3;
		text.n -= 3;
	}
	return (struct str){ arena_strndup(a, text.n ? text.p : "", text.n), text.n };
}

int template_set_add_as(struct template_set *set, const char *name, struct str text,
			enum template_escape escape, struct err *err)
{
	struct template *t;
	bool found;
	size_t at = template_set_find(set, name, &found);

	if (found)
		return err_set(err, ERR_INPUT, "%s: there is one of this name already; rename one",
			       name);
	if (text.n > TEMPLATE_MAX_SOURCE)
		return err_set(err, ERR_INPUT, "%s: larger than %d bytes; split it", name,
			       TEMPLATE_MAX_SOURCE);
	t = arena_alloc(&set->arena, sizeof *t);
	t->name = arena_strdup(&set->arena, name);
	t->escape = escape;
	t->unescaped_allowed = set->unescaped_allowed;
	t->indent = "";
	t->source = own_source(&set->arena, text);
	if (template_compile(t, &set->arena, err) < 0)
		return -1;
	insert(set, at, t);
	return 0;
}

int template_set_add(struct template_set *set, const char *name, struct str text, struct err *err)
{
	static const struct {
		const char *ending;
		enum template_escape escape;
	} endings[] = {
		{ ".txt", TEMPLATE_RAW },
		{ ".xml", TEMPLATE_XML },
		{ ".json", TEMPLATE_JSON },
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++) {
		if (strcmp(dot, endings[i].ending) == 0)
			return template_set_add_as(set, name, text, endings[i].escape, err);
	}
	return err_set(err, ERR_INPUT,
		       "%s: the ending says nothing about escaping; name it .txt, .xml or .json",
		       name);
}
