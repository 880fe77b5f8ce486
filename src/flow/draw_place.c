/*
 * draw_place.c - from an order to places on paper.
 *
 * Across: each vertex wants to stand in the middle of those it is tied to, and keeps its distance
 * from its neighbours. For one rank the best places under that rule are found exactly (runs of
 * vertices that push each other move as one); going over the ranks some times settles all.
 * Down: a gap between two ranks grows with the longest way that an arrow goes across in it.
 */
#include <math.h>
#include <stdlib.h>

#include "draw_private.h"

enum {
	STEPS = 400000, /* so many vertices are moved, in all */
	ROUNDS_LEAST = 20,
	ROUNDS_MOST = 300,
	APART = 26,	   /* between two boxes */
	APART_PLACES = 14, /* between two places of arrows */
	TRACK = 16,	   /* of an arrow between neighbours, at least */
	GAP = 20,	   /* between two ranks, at least */
	GAP_MORE = 46,	   /* and at most so much more */
	PORTS = 18,	   /* between two arrows on one side of a box */
	ASIDE = 10000000,  /* farther than any place */
	ROUNDING = 12,	   /* no arrow so near to a corner */
};

/* ---- across ---- */

struct block {		    /* vertices that push each other */
	double sum, weight; /* of wishes */
	size_t count;
};

static bool is_box(const struct layout_vertex *v)
{
	return v->box != SIZE_MAX;
}

/* Long arrows want to be straight more than boxes want to be in the middle. */
static double pull(const struct layout_vertex *a, const struct layout_vertex *b)
{
	if (is_box(a) || is_box(b))
		return is_box(a) && is_box(b) ? 1 : 2;
	return 8;
}

static void add_wishes(const struct layout_work *w, const struct layout_vertex *v,
		       const size_t *list, size_t count, double *sum, double *weight)
{
	for (size_t i = 0; i < count; i++) {
		const struct layout_vertex *other = &w->vertices[list[i]];
		double p = pull(v, other);

		*sum += p * other->x;
		*weight += p;
	}
}

static double distance(const struct layout_vertex *a, const struct layout_vertex *b)
{
	return (a->w + b->w) / 2 + (is_box(a) && is_box(b) ? APART : APART_PLACES);
}

/* `up`, `down`: which sides are looked at. */
static void settle_rank(struct layout_work *w, const struct layout_rank *r, bool up, bool down,
			struct block *blocks, double *offsets)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct layout_vertex *v = &w->vertices[r->list[i]];
		double sum = 0, weight = 0;

		if (up)
			add_wishes(w, v, v->up, v->up_count, &sum, &weight);
		if (down)
			add_wishes(w, v, v->down, v->down_count, &sum, &weight);
		if (weight == 0) { /* nobody pulls: it stays, but gives way */
			sum = 0.01 * v->x;
			weight = 0.01;
		}
		offsets[i] = i ? offsets[i - 1] + distance(&w->vertices[r->list[i - 1]], v) : 0;
		blocks[n++] = (struct block){ sum - weight * offsets[i], weight, 1 };
		while (n > 1 && blocks[n - 2].sum * blocks[n - 1].weight >=
					blocks[n - 1].sum * blocks[n - 2].weight) {
			blocks[n - 2].sum += blocks[n - 1].sum;
			blocks[n - 2].weight += blocks[n - 1].weight;
			blocks[n - 2].count += blocks[n - 1].count;
			n--;
		}
	}
	for (size_t b = 0; b < n; b++) {
		for (size_t k = 0; k < blocks[b].count; k++, at++)
			w->vertices[r->list[at]].x = blocks[b].sum / blocks[b].weight + offsets[at];
	}
}

static void place_across(struct layout_work *w)
{
	struct arena *a = w->l->a;
	struct block *blocks = arena_array(a, w->vertex_count, sizeof *blocks);
	double *offsets = arena_array(a, w->vertex_count, sizeof *offsets);
	size_t rounds = STEPS / w->vertex_count;

	rounds = rounds < ROUNDS_LEAST ? ROUNDS_LEAST : rounds > ROUNDS_MOST ? ROUNDS_MOST : rounds;
	for (size_t i = 0; i < rounds; i++) {
		bool both = i >= rounds / 4;

		for (size_t r = 0; r < w->rank_count; r++)
			settle_rank(w, &w->ranks[r], true, both, blocks, offsets);
		for (size_t r = w->rank_count; r > 0; r--)
			settle_rank(w, &w->ranks[r - 1], both, true, blocks, offsets);
	}
}

static void shift_to_edge(struct layout_work *w)
{
	double left = 0, right = 0;

	for (size_t i = 0; i < w->vertex_count; i++) {
		const struct layout_vertex *v = &w->vertices[i];

		left = i == 0 || v->x - v->w / 2 < left ? v->x - v->w / 2 : left;
		right = i == 0 || v->x + v->w / 2 > right ? v->x + v->w / 2 : right;
	}
	for (size_t i = 0; i < w->vertex_count; i++)
		w->vertices[i].x = round(w->vertices[i].x - left);
	w->l->width = ceil(right - left);
}

/* ---- down ---- */

static double farthest_across(const struct layout_work *w, const struct layout_rank *r)
{
	double far = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct layout_vertex *v = &w->vertices[r->list[i]];

		for (size_t k = 0; k < v->down_count; k++) {
			double d = fabs(v->x - w->vertices[v->down[k]].x);

			far = d > far ? d : far;
		}
	}
	return far;
}

/* ---- arrows between neighbours: under each other, the longer the lower ---- */

struct span {
	size_t arrow;
	double left, right;
};

static int by_length(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	double m = x->right - x->left, n = y->right - y->left;

	if (m != n)
		return m < n ? -1 : 1;
	return x->arrow < y->arrow ? -1 : x->arrow > y->arrow;
}

static size_t find_spans(const struct layout_work *w, const struct layout_rank *r,
			 struct span *spans)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct layout_vertex *v = &w->vertices[r->list[i]];
		const struct layout_arrow *e = is_box(v) ? NULL : &w->l->arrows[v->arrow];
		double a, b;

		if (!e || !e->level)
			continue;
		a = w->vertices[e->from].x;
		b = w->vertices[e->to].x;
		spans[n++] = (struct span){ v->arrow, a < b ? a : b, a < b ? b : a };
	}
	if (n > 1)
		qsort(spans, n, sizeof *spans, by_length);
	return n;
}

/* How high the tracks are together. */
static double lay_tracks(struct layout_work *w, const struct span *spans, size_t n)
{
	struct layout *l = w->l;
	double track = TRACK, tracks = 0;

	for (size_t i = 0; i < n; i++)
		track = l->arrows[spans[i].arrow].h + 4 > track ? l->arrows[spans[i].arrow].h + 4
								: track;
	for (size_t i = 0; i < n; i++) {
		struct layout_arrow *e = &l->arrows[spans[i].arrow];

		for (size_t k = 0; k < i; k++) {
			const struct layout_arrow *above = &l->arrows[spans[k].arrow];

			if (spans[k].left < spans[i].right && spans[i].left < spans[k].right &&
			    above->label_y >= e->label_y)
				e->label_y = above->label_y + track;
		}
		e->label_y = e->label_y > 0 ? e->label_y : floor(track / 2);
		tracks = e->label_y + track / 2 > tracks ? e->label_y + track / 2 : tracks;
	}
	return ceil(tracks);
}

static void place_down(struct layout_work *w)
{
	struct span *spans = arena_array(w->l->a, w->l->arrow_count, sizeof *spans);
	double y = 0;

	for (size_t i = 0; i < w->rank_count; i++) {
		struct layout_rank *r = &w->ranks[i];
		double more = farthest_across(w, r) * 0.12, tracks;

		r->top = y;
		for (size_t k = 0; k < r->count; k++) {
			const struct layout_vertex *v = &w->vertices[r->list[k]];
			double h = is_box(v) || !w->l->arrows[v->arrow].level ? v->h : 0;

			r->height = h > r->height ? h : r->height;
		}
		tracks = lay_tracks(w, spans, find_spans(w, r, spans));
		r->tracks = tracks;
		r->height += tracks; /* no arrow runs behind other words */
		y += r->height;
		w->l->height = y;
		y += round(GAP + (more > GAP_MORE ? GAP_MORE : more));
	}
	for (size_t i = 0; i < w->l->box_count; i++) {
		const struct layout_rank *r = &w->ranks[w->vertices[i].rank];
		struct layout_box *b = &w->l->boxes[i];

		b->x = w->vertices[i].x;
		b->y = r->top + floor((r->height - b->h) / 2);
	}
}

/* ---- where arrows touch boxes ---- */

struct port {
	size_t arrow;
	bool leaves;
	double toward; /* where the arrow goes next */
};

static int by_direction(const void *a, const void *b)
{
	const struct port *x = a, *y = b;

	if (x->toward != y->toward)
		return x->toward < y->toward ? -1 : 1;
	if (x->arrow != y->arrow)
		return x->arrow < y->arrow ? -1 : 1;
	return x->leaves - y->leaves;
}

static void spread(struct layout *l, const struct layout_box *b, struct port *ports, size_t n)
{
	double apart = n > 1 ? (b->w - 2 * ROUNDING) / (double)(n - 1) : 0;

	if (n > 1)
		qsort(ports, n, sizeof *ports, by_direction);
	apart = apart > PORTS ? PORTS : apart;
	for (size_t i = 0; i < n; i++) {
		struct layout_arrow *e = &l->arrows[ports[i].arrow];
		double x = b->x + ((double)i - (double)(n - 1) / 2) * apart;

		*(ports[i].leaves ? &e->from_x : &e->to_x) = x;
	}
}

/* Those to neighbours leave at the sides, the shorter the nearer, so that they do not cross. */
static double direction(const struct layout_work *w, size_t arrow, size_t box, size_t other,
			const struct layout_vertex *near)
{
	double across = w->l->boxes[other].x - w->l->boxes[box].x;

	if (!w->l->arrows[arrow].level)
		return near->x;
	return across < 0 ? -ASIDE - across : ASIDE - across;
}

/* The arrows at the lower side of a box, or at the upper. */
static void place_ports(struct layout_work *w, size_t box, bool lower, struct port *ports)
{
	struct layout *l = w->l;
	size_t n = 0;

	for (size_t i = 0; i < l->arrow_count; i++) {
		const struct layout_arrow *e = &l->arrows[i];
		size_t other = e->from == box ? e->to : e->from;
		bool below = e->level || l->boxes[other].rank > l->boxes[box].rank;
		size_t near;

		if ((e->from != box && e->to != box) || below != lower)
			continue;
		near = w->chains[i][below ? 0 : w->chain_counts[i] - 1];
		ports[n++] = (struct port){ i, e->from == box,
					    direction(w, i, box, other, &w->vertices[near]) };
	}
	spread(l, &l->boxes[box], ports, n);
}

static void place_arrow(struct layout_work *w, size_t arrow)
{
	struct layout_arrow *e = &w->l->arrows[arrow];
	size_t n = w->chain_counts[arrow];

	e->runs = arena_array(w->l->a, n, sizeof *e->runs);
	for (size_t i = 0; i < n; i++) {
		const struct layout_vertex *v = &w->vertices[w->chains[arrow][i]];
		const struct layout_rank *r = &w->ranks[v->rank];

		e->runs[e->run_count++] = (struct layout_run){ v->x, r->top, r->top + r->height };
		if (!v->label)
			continue;
		e->label_x = v->x;
		e->label_y = r->top + (e->level ? e->label_y : floor((r->tracks + r->height) / 2));
	}
	e->back = !e->both && (e->level || w->l->boxes[e->from].rank > w->l->boxes[e->to].rank);
}

void flow_draw_place(struct layout_work *w)
{
	struct port *ports = arena_array(w->l->a, w->l->arrow_count * 2 + 1, sizeof *ports);

	place_across(w);
	shift_to_edge(w);
	place_down(w);
	for (size_t i = 0; i < w->l->box_count; i++) {
		place_ports(w, i, true, ports);
		place_ports(w, i, false, ports);
	}
	for (size_t i = 0; i < w->l->arrow_count; i++)
		place_arrow(w, i);
}
