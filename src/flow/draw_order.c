/*
 * draw_order.c - who stands left of whom: each vertex goes to the middle of those it is tied to,
 * rank by rank, down and up a few times; the order with the fewest crossings is kept.
 */
#include <stdlib.h>
#include <string.h>

#include "draw_private.h"

enum { SWEEPS = 24 };

/* ---- the first order: as a walk from the start finds them ---- */

static void visit(struct layout_work *w, size_t first, size_t *found, size_t *stack)
{
	size_t top = 0;

	stack[top++] = first;
	while (top) {
		struct layout_vertex *v = &w->vertices[stack[--top]];

		if (v->position)
			continue;
		v->position = ++*found;
		for (size_t i = v->up_count; i > 0; i--) {
			if (!w->vertices[v->up[i - 1]].position)
				stack[top++] = v->up[i - 1];
		}
		for (size_t i = v->down_count; i > 0; i--) {
			if (!w->vertices[v->down[i - 1]].position)
				stack[top++] = v->down[i - 1];
		}
	}
}

static size_t count_ties(const struct layout_work *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->vertex_count; i++)
		n += w->vertices[i].up_count + w->vertices[i].down_count + 1;
	return n;
}

struct sorted { /* for qsort, which passes nothing else */
	double key;
	size_t position;
	size_t vertex;
};

static int by_key(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->position < y->position ? -1 : x->position > y->position;
}

static void sort_rank(struct layout_work *w, struct layout_rank *r, struct sorted *work)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct layout_vertex *v = &w->vertices[r->list[i]];

		work[i] = (struct sorted){ v->key, v->position, r->list[i] };
	}
	if (r->count > 1)
		qsort(work, r->count, sizeof *work, by_key);
	for (size_t i = 0; i < r->count; i++) {
		r->list[i] = work[i].vertex;
		w->vertices[r->list[i]].position = i;
	}
}

static void first_order(struct layout_work *w, struct sorted *work)
{
	size_t *stack = arena_array(w->l->a, count_ties(w), sizeof *stack);
	size_t found = 0;

	visit(w, w->l->start, &found, stack);
	for (size_t i = 0; i < w->vertex_count; i++)
		visit(w, i, &found, stack);
	for (size_t i = 0; i < w->vertex_count; i++)
		w->vertices[i].key = (double)w->vertices[i].position;
	for (size_t r = 0; r < w->rank_count; r++)
		sort_rank(w, &w->ranks[r], work);
}

/* ---- crossings between two ranks, by a Fenwick tree ---- */

static size_t crossings_below(const struct layout_work *w, size_t rank, size_t *tree)
{
	const struct layout_rank *upper = &w->ranks[rank], *lower = &w->ranks[rank + 1];
	size_t sum = 0, seen = 0;

	memset(tree, 0, (lower->count + 1) * sizeof *tree);
	for (size_t i = 0; i < upper->count; i++) {
		const struct layout_vertex *v = &w->vertices[upper->list[i]];

		for (size_t k = 0; k < v->down_count; k++) {
			size_t at = w->vertices[v->down[k]].position + 1, left = 0;

			for (size_t t = at; t; t -= t & -t)
				left += tree[t];
			sum += seen - left;
		}
		for (size_t k = 0; k < v->down_count; k++) {
			size_t at = w->vertices[v->down[k]].position + 1;

			for (; at <= lower->count; at += at & -at)
				tree[at]++;
			seen++;
		}
	}
	return sum;
}

static size_t crossings(const struct layout_work *w, size_t *tree)
{
	size_t sum = 0;

	for (size_t r = 0; r + 1 < w->rank_count; r++)
		sum += crossings_below(w, r, tree);
	return sum;
}

/* ---- sweeps ---- */

static double middle(const struct layout_work *w, const size_t *list, size_t count,
		     double otherwise)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (double)w->vertices[list[i]].position;
	return count ? sum / (double)count : otherwise;
}

static void sweep_rank(struct layout_work *w, size_t rank, bool down, struct sorted *work)
{
	struct layout_rank *r = &w->ranks[rank];

	for (size_t i = 0; i < r->count; i++) {
		struct layout_vertex *v = &w->vertices[r->list[i]];

		v->key = down ? middle(w, v->up, v->up_count, (double)v->position)
			      : middle(w, v->down, v->down_count, (double)v->position);
	}
	sort_rank(w, r, work);
}

static void sweep(struct layout_work *w, bool down, struct sorted *work)
{
	for (size_t i = 0; i < w->rank_count; i++)
		sweep_rank(w, down ? i : w->rank_count - 1 - i, down, work);
}

static void remember(const struct layout_work *w, size_t *best)
{
	for (size_t i = 0; i < w->vertex_count; i++)
		best[i] = w->vertices[i].position;
}

static void restore(struct layout_work *w, const size_t *best, struct sorted *work)
{
	for (size_t i = 0; i < w->vertex_count; i++)
		w->vertices[i].key = (double)best[i];
	for (size_t r = 0; r < w->rank_count; r++)
		sort_rank(w, &w->ranks[r], work);
}

void flow_draw_order(struct layout_work *w)
{
	struct arena *a = w->l->a;
	struct sorted *work = arena_array(a, w->vertex_count, sizeof *work);
	size_t *tree = arena_array(a, w->vertex_count + 2, sizeof *tree);
	size_t *best = arena_array(a, w->vertex_count, sizeof *best), fewest;

	first_order(w, work);
	remember(w, best);
	fewest = crossings(w, tree);
	for (size_t i = 0; i < SWEEPS && fewest; i++) {
		size_t now;

		sweep(w, i % 2 == 0, work);
		now = crossings(w, tree);
		if (now < fewest) {
			fewest = now;
			remember(w, best);
		}
	}
	restore(w, best, work);
}
