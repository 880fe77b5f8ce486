/*
 * draw_layout.c - ranks from top to bottom: boxes in the even ones, the words on arrows between.
 *
 * What goes round has no top. So a part of the picture in which every box leads to every other is
 * cut open in the order in which its boxes are given, beginning with the one that is nearest to
 * the start; everything else follows from the arrows alone. A rank is the longest way from the
 * start without the arrows that lead back.
 */
#include <string.h>

#include "draw_private.h"

struct cutting {
	struct layout *l;
	size_t *distance;  /* from the start, in arrows */
	size_t *component; /* boxes that lead to each other have the same */
	/* Tarjan's walk, without recursion: a flow may be 500 steps long */
	size_t *index, *low, *stack, *path, *next;
	bool *on_stack;
	size_t depth, top, count, components;
};

static size_t *numbers(struct layout *l)
{
	return arena_array(l->a, l->box_count + 1, sizeof(size_t));
}

/* The box that arrow i leads to from here, with either head; SIZE_MAX: none. */
static size_t leads_to(const struct layout *l, size_t i, size_t box)
{
	const struct layout_arrow *e = &l->arrows[i];

	if (e->from == box)
		return e->to;
	return e->both && e->to == box ? e->from : SIZE_MAX;
}

static void measure(struct cutting *c)
{
	struct layout *l = c->l;
	size_t *queue = numbers(l), head = 0, tail = 0;

	for (size_t i = 0; i < l->box_count; i++)
		c->distance[i] = SIZE_MAX;
	c->distance[l->start] = 0;
	queue[tail++] = l->start;
	while (head < tail) {
		size_t box = queue[head++];

		for (size_t i = 0; i < l->arrow_count; i++) {
			size_t to = leads_to(l, i, box);

			if (to == SIZE_MAX || c->distance[to] != SIZE_MAX)
				continue;
			c->distance[to] = c->distance[box] + 1;
			queue[tail++] = to;
		}
	}
}

static void enter(struct cutting *c, size_t box)
{
	c->index[box] = c->low[box] = ++c->count;
	c->stack[c->top++] = box;
	c->on_stack[box] = true;
	c->path[c->depth++] = box;
}

static void leave(struct cutting *c, size_t box)
{
	c->depth--;
	if (c->depth && c->low[box] < c->low[c->path[c->depth - 1]])
		c->low[c->path[c->depth - 1]] = c->low[box];
	if (c->low[box] != c->index[box])
		return;
	for (size_t member = SIZE_MAX; member != box;) {
		member = c->stack[--c->top];
		c->on_stack[member] = false;
		c->component[member] = c->components;
	}
	c->components++;
}

static void walk(struct cutting *c, size_t from)
{
	const struct layout *l = c->l;

	enter(c, from);
	while (c->depth) {
		size_t box = c->path[c->depth - 1], to;

		while (c->next[box] < l->arrow_count && leads_to(l, c->next[box], box) == SIZE_MAX)
			c->next[box]++;
		if (c->next[box] == l->arrow_count) {
			leave(c, box);
			continue;
		}
		to = leads_to(l, c->next[box]++, box);
		if (!c->index[to])
			enter(c, to);
		else if (c->on_stack[to] && c->index[to] < c->low[box])
			c->low[box] = c->index[to];
	}
}

static void find_components(struct cutting *c)
{
	struct layout *l = c->l;

	c->index = numbers(l);
	c->low = numbers(l);
	c->stack = numbers(l);
	c->path = numbers(l);
	c->next = numbers(l);
	c->on_stack = arena_array(l->a, l->box_count, sizeof *c->on_stack);
	walk(c, l->start);
	for (size_t i = 0; i < l->box_count; i++) {
		if (!c->index[i])
			walk(c, i);
	}
}

/* The door of each round part counts as its first box. */
static size_t *find_doors(const struct cutting *c)
{
	size_t *doors = numbers(c->l);

	for (size_t i = 0; i < c->components; i++)
		doors[i] = SIZE_MAX;
	for (size_t i = 0; i < c->l->box_count; i++) {
		size_t *door = &doors[c->component[i]];

		if (*door == SIZE_MAX || c->distance[i] < c->distance[*door])
			*door = i;
	}
	return doors;
}

static void cut_rounds(struct layout *l)
{
	struct cutting c = { .l = l, .distance = numbers(l), .component = numbers(l) };
	const size_t *doors;

	measure(&c);
	find_components(&c);
	doors = find_doors(&c);
	for (size_t i = 0; i < l->arrow_count; i++) {
		struct layout_arrow *e = &l->arrows[i];
		size_t door = doors[c.component[e->from]];

		if (c.component[e->from] == c.component[e->to])
			e->back = e->to == door || (e->from != door && e->to < e->from);
	}
}

/* An arrow with two heads leads forward with one of them. */
static bool push_down(struct layout *l, const struct layout_arrow *e)
{
	const struct layout_box *from = &l->boxes[e->back ? e->to : e->from];
	struct layout_box *to = &l->boxes[e->back ? e->from : e->to];

	if ((e->back && !e->both) || to->rank >= from->rank + 2)
		return false;
	to->rank = from->rank + 2;
	return true;
}

static void rank_boxes(struct layout *l)
{
	bool changed = true;

	for (size_t round = 0; changed && round <= l->box_count; round++) {
		changed = false;
		for (size_t i = 0; i < l->arrow_count; i++)
			changed |= push_down(l, &l->arrows[i]);
	}
}

/* ---- places of arrows in the ranks that they cross ---- */

static void add_place(struct layout_work *w, size_t arrow, unsigned rank, bool label)
{
	const struct layout_arrow *e = &w->l->arrows[arrow];
	struct layout_vertex *v = &w->vertices[w->vertex_count];

	*v = (struct layout_vertex){ .box = SIZE_MAX,
				     .arrow = arrow,
				     .label = label,
				     .rank = rank,
				     .w = label && e->w > 0 ? e->w : 0,
				     .h = label ? e->h : 0 };
	w->chains[arrow][w->chain_counts[arrow]++] = w->vertex_count++;
}

static void cross_ranks(struct layout_work *w, size_t arrow)
{
	struct layout *l = w->l;
	struct layout_arrow *e = &l->arrows[arrow];
	unsigned from = l->boxes[e->from].rank, to = l->boxes[e->to].rank;
	unsigned upper = from < to ? from : to, lower = from < to ? to : from;

	e->level = from == to;
	w->chains[arrow] = arena_array(l->a, lower - upper + 1, sizeof(size_t));
	if (e->level)
		add_place(w, arrow, from + 1, true);
	for (unsigned rank = upper + 1; rank < lower; rank++)
		add_place(w, arrow, rank, rank == (from < to ? from + 1 : from - 1));
}

static size_t count_places(const struct layout *l)
{
	size_t n = l->box_count;

	for (size_t i = 0; i < l->arrow_count; i++) {
		unsigned from = l->boxes[l->arrows[i].from].rank;
		unsigned to = l->boxes[l->arrows[i].to].rank;

		n += from > to ? from - to : to > from ? to - from : 1;
	}
	return n;
}

static void tie(struct layout_work *w, size_t upper, size_t lower)
{
	struct layout_vertex *u = &w->vertices[upper], *v = &w->vertices[lower];

	if (u->down)
		u->down[u->down_count] = lower;
	u->down_count++;
	if (v->up)
		v->up[v->up_count] = upper;
	v->up_count++;
}

static void tie_arrow(struct layout_work *w, size_t arrow)
{
	const struct layout_arrow *e = &w->l->arrows[arrow];
	size_t n = w->chain_counts[arrow];
	const size_t *chain = w->chains[arrow];
	bool down = w->l->boxes[e->from].rank < w->l->boxes[e->to].rank;

	if (e->level) {
		tie(w, e->from, chain[0]);
		tie(w, e->to, chain[0]);
		return;
	}
	tie(w, down ? e->from : e->to, chain[0]);
	for (size_t i = 1; i < n; i++)
		tie(w, chain[i - 1], chain[i]);
	tie(w, chain[n - 1], down ? e->to : e->from);
}

/* Counts first, then fills. */
static void tie_all(struct layout_work *w)
{
	struct arena *a = w->l->a;

	for (size_t i = 0; i < w->l->arrow_count; i++)
		tie_arrow(w, i);
	for (size_t i = 0; i < w->vertex_count; i++) {
		struct layout_vertex *v = &w->vertices[i];

		v->up = arena_array(a, v->up_count + 1, sizeof *v->up);
		v->down = arena_array(a, v->down_count + 1, sizeof *v->down);
		v->up_count = v->down_count = 0;
	}
	for (size_t i = 0; i < w->l->arrow_count; i++)
		tie_arrow(w, i);
}

static void fill_ranks(struct layout_work *w)
{
	struct arena *a = w->l->a;

	for (size_t i = 0; i < w->vertex_count; i++) {
		if (w->vertices[i].rank >= w->rank_count)
			w->rank_count = w->vertices[i].rank + 1;
	}
	w->ranks = arena_array(a, w->rank_count, sizeof *w->ranks);
	for (size_t i = 0; i < w->vertex_count; i++)
		w->ranks[w->vertices[i].rank].count++;
	for (size_t r = 0; r < w->rank_count; r++) {
		w->ranks[r].list = arena_array(a, w->ranks[r].count, sizeof(size_t));
		w->ranks[r].count = 0;
	}
	for (size_t i = 0; i < w->vertex_count; i++) {
		struct layout_rank *r = &w->ranks[w->vertices[i].rank];

		r->list[r->count++] = i;
	}
}

void flow_draw_layout(struct layout *l)
{
	struct layout_work w = { .l = l };

	cut_rounds(l);
	rank_boxes(l);
	w.vertices = arena_array(l->a, count_places(l), sizeof *w.vertices);
	w.chains = arena_array(l->a, l->arrow_count, sizeof *w.chains);
	w.chain_counts = arena_array(l->a, l->arrow_count, sizeof *w.chain_counts);
	for (; w.vertex_count < l->box_count; w.vertex_count++) {
		const struct layout_box *b = &l->boxes[w.vertex_count];

		w.vertices[w.vertex_count] = (struct layout_vertex){
			.box = w.vertex_count, .rank = b->rank, .w = b->w, .h = b->h
		};
	}
	for (size_t i = 0; i < l->arrow_count; i++)
		cross_ranks(&w, i);
	tie_all(&w);
	fill_ranks(&w);
	flow_draw_order(&w);
	flow_draw_place(&w);
}
