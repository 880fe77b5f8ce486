/*
 * mutate_edit.c - a change of a file as a few edits of its text, so that all other lines stay
 * where they are.
 */
#include "mutate_private.h"

#include <stdlib.h>
#include <string.h>

struct mutation *scenario_mutation_new(struct mutations *all, const struct node *at, size_t edits)
{
	struct mutation *m;

	if (all->count == SCENARIO_MAX_CHANGES) {
		all->full = true;
		return NULL;
	}
	if (all->count == all->cap) {
		size_t cap = all->cap ? 2 * all->cap : 64;
		struct mutation *list = arena_array(all->a, cap, sizeof *list);

		if (all->count)
			memcpy(list, all->list, all->count * sizeof *list);
		all->list = list;
		all->cap = cap;
	}
	m = &all->list[all->count++];
	*m = (struct mutation){ .group = ++all->groups,
				.file = "flow.json",
				.line = at ? at->line : 1,
				.where = "",
				.edits = arena_array(all->a, edits, sizeof *m->edits) };
	return m;
}

void scenario_mutation_replace(struct mutation *m, struct str what, const char *by)
{
	m->edits[m->edit_count++] = (struct edit){ what.p, what.n, by };
}

void scenario_mutation_remove(struct mutation *m, const struct node *n)
{
	const char *from = n->from, *end = n->raw.p + n->raw.n;

	if (n->next) /* up to the next one, whose comma it was */
		end = n->next->from;
	else if (n->before)
		from = n->before->raw.p + n->before->raw.n;
	scenario_mutation_replace(m, (struct str){ from, (size_t)(end - from) }, "");
}

void scenario_mutation_swap(struct mutations *all, struct mutation *m, const struct node *one,
			    const struct node *other)
{
	scenario_mutation_replace(m, one->raw, arena_strndup(all->a, other->raw.p, other->raw.n));
	scenario_mutation_replace(m, other->raw, arena_strndup(all->a, one->raw.p, one->raw.n));
}

static int by_place(const void *a, const void *b)
{
	const struct edit *one = a, *other = b;

	return (one->at > other->at) - (one->at < other->at);
}

/* Of edits within another one the outer counts. What is taken away leaves its line breaks, so that
 * the lines of all that follows stay. */
struct str scenario_mutation_text(const struct mutation *m, struct str text, struct arena *a)
{
	size_t most = text.n + 1, n = 0, from = 0;
	char *out;

	if (!m->edit_count)
		return m->instead;
	for (size_t i = 0; i < m->edit_count; i++)
		most += strlen(m->edits[i].by) + m->edits[i].n;
	out = arena_alloc(a, most);
	qsort(m->edits, m->edit_count, sizeof *m->edits, by_place);
	for (size_t i = 0; i < m->edit_count; i++) {
		const struct edit *e = &m->edits[i];
		size_t at = (size_t)(e->at - text.p), by = strlen(e->by);

		if (at < from)
			continue;
		memcpy(out + n, text.p + from, at - from);
		n += at - from;
		memcpy(out + n, e->by, by);
		n += by;
		for (size_t k = 0; !by && k < e->n; k++) {
			if (e->at[k] == '\n')
				out[n++] = '\n';
		}
		from = at + e->n;
	}
	memcpy(out + n, text.p + from, text.n - from);
	return (struct str){ out, n + text.n - from };
}
