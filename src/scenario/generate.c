/*
 * generate.c - from all that can be reached to few conversations.
 *
 * First the flow is searched until every place was passed or nothing is left to try. Then
 * conversations are made: each begins as the known way that passes most of what no other one
 * does yet, and goes on as long as something new is near and it can still be read. Last, those
 * whose places the others pass as well are left out.
 */
#include <string.h>

#include "generate_private.h"

enum {
	READABLE = 24, /* lines after which a conversation takes up nothing new */
	NEAR_DEPTH = 4,
	NEAR_TURNS = 600,
	MAX_WAYS = 500,
	MAX_LINES = 2 * GENERATE_MAX_DEPTH,
};

struct making {
	struct generator *g;
	size_t *found;	/* by place: a state whose way passes it */
	uint64_t *left; /* places that can be reached and are not passed yet */
	struct way *ways;
	size_t way_count;
};

static uint64_t *new_set(struct generator *g)
{
	return arena_array(g->a, g->words, sizeof(uint64_t));
}

static size_t size_of(const struct generator *g, const uint64_t *set, const uint64_t *within)
{
	size_t n = 0;

	for (size_t i = 0; i < place_count(g); i++)
		n += place_in(set, i) && (!within || place_in(within, i));
	return n;
}

/* ---- what can be reached ---- */

static void explore(struct making *m)
{
	struct generator *g = m->g;
	struct quest q = { .wanted = new_set(g),
			   .max_depth = GENERATE_MAX_DEPTH,
			   .max_turns = GENERATE_MAX_TURNS };

	m->found = arena_array(g->a, g->words * 64, sizeof *m->found);
	m->left = new_set(g);
	q.found = m->found;
	for (size_t i = 0; i < g->cover.count; i++)
		place_put(q.wanted, i);
	scenario_search(g, &q);
	for (size_t i = 0; i < place_count(g); i++) {
		if (m->found[i])
			place_put(m->left, i);
	}
}

/* ---- one conversation ---- */

/* Of the known ways the one that passes most of what is left, of these the shortest. */
static size_t best_way(const struct making *m, size_t *aim_out)
{
	const struct generator *g = m->g;
	size_t best = 0, most = 0;

	for (size_t i = 0; i < place_count(g); i++) {
		const struct state *s = &g->states[m->found[i]];
		size_t n = place_in(m->left, i) ? size_of(g, s->passed, m->left) : 0;

		if (n > most || (n && n == most && s->depth < g->states[best].depth)) {
			best = m->found[i];
			most = n;
			*aim_out = i;
		}
	}
	return best;
}

/* The moves from one state to a later one. */
static void add_moves(struct generator *g, struct way *way, size_t from, size_t to)
{
	size_t n = g->states[to].depth - g->states[from].depth;

	for (size_t i = n, at = to; i-- > 0; at = g->states[at].parent)
		way->moves[way->count + i] = g->states[at].move;
	way->count += n;
}

/* What was looked at on the way is forgotten: only where it ends is needed. */
static size_t settle(struct generator *g, size_t mark, size_t state)
{
	if (state != mark)
		g->states[mark] = g->states[state];
	g->state_count = mark + 1;
	return mark;
}

static void take_passed(struct making *m, struct way *way, const uint64_t *passed)
{
	for (size_t i = 0; i < place_count(m->g); i++) {
		if (place_in(passed, i) && place_in(m->left, i)) {
			place_take(m->left, i);
			place_put(way->fresh, i);
		}
	}
}

static void extend(struct making *m, struct way *way, size_t state)
{
	struct generator *g = m->g;
	size_t known = g->state_count;

	while (way->count < READABLE && size_of(g, m->left, NULL)) {
		size_t mark = g->state_count;
		struct quest q = { .from = state,
				   .wanted = new_set(g),
				   .first = true,
				   .max_depth = NEAR_DEPTH,
				   .max_turns = NEAR_TURNS };

		memcpy(q.wanted, m->left, g->words * sizeof *q.wanted);
		scenario_search(g, &q);
		if (!q.last) {
			g->state_count = mark;
			break;
		}
		add_moves(g, way, state, q.last);
		take_passed(m, way, g->states[q.last].passed);
		state = settle(g, mark, q.last);
	}
	g->state_count = known;
}

static void make_ways(struct making *m)
{
	struct generator *g = m->g;

	g->near = true;
	m->ways = arena_array(g->a, MAX_WAYS, sizeof *m->ways);
	while (m->way_count < MAX_WAYS && size_of(g, m->left, NULL)) {
		struct way *way = &m->ways[m->way_count++];
		size_t state = best_way(m, &way->aim);

		way->moves = arena_array(g->a, MAX_LINES, sizeof *way->moves);
		way->passed = new_set(g);
		way->fresh = new_set(g);
		add_moves(g, way, 0, state);
		take_passed(m, way, g->states[state].passed);
		extend(m, way, state);
	}
}

/* ---- the files ---- */

/* Whether others pass all that it passes. */
static bool is_spare(const struct generator *g, const unsigned *passed, const struct way *way)
{
	for (size_t i = 0; i < place_count(g); i++) {
		if (place_in(way->passed, i) && passed[i] < 2)
			return false;
	}
	return true;
}

/* What is written passes when it is read. */
static int prove(struct generator *g, const char *name, const char *text, struct err *err)
{
	struct arena a = { 0 };
	struct scenario *s;
	struct scenario_fault fault = { .what = "" };
	int ret = 0;

	if (scenario_parse(name, str_of(text), &a, &s, &fault) < 0 ||
	    scenario_run(s, g->flow, NULL, &a, &fault) < 0)
		ret = err_set(err, ERR_BUG, "%s:%u does not pass: %.300s", name, fault.line,
			      fault.what);
	arena_free(&a);
	return ret;
}

static int write_file(struct making *m, const struct way *way, const char *text,
		      struct scenario_generation *out, struct err *err)
{
	struct scenario_made *file = &out->files[out->count];

	file->name = scenario_way_name(m->g, way, ++out->count);
	file->text = str_of(text);
	for (size_t i = 0; i < out->cover.count; i++)
		out->cover.list[i].passed += place_in(way->passed, i);
	return prove(m->g, file->name, text, err);
}

static int write_ways(struct making *m, struct scenario_generation *out, struct err *err)
{
	struct generator *g = m->g;
	const char **texts = arena_array(g->a, m->way_count, sizeof *texts);
	unsigned *passed = arena_array(g->a, place_count(g), sizeof *passed);

	out->files = arena_array(g->a, m->way_count, sizeof *out->files);
	for (size_t i = 0; i < m->way_count; i++) {
		texts[i] = scenario_way_write(g, &m->ways[i], err);
		if (!texts[i])
			return -1;
		for (size_t k = 0; k < place_count(g); k++)
			passed[k] += place_in(m->ways[i].passed, k);
	}
	for (size_t i = 0; i < m->way_count; i++) {
		const struct way *way = &m->ways[i];

		if (!is_spare(g, passed, way)) {
			if (write_file(m, way, texts[i], out, err) < 0)
				return -1;
			continue;
		}
		for (size_t k = 0; k < place_count(g); k++)
			passed[k] -= place_in(way->passed, k);
	}
	return 0;
}

static void list_unreached(struct generator *g, struct scenario_generation *out)
{
	out->unreached = arena_array(g->a, out->cover.count, sizeof *out->unreached);
	for (size_t i = 0; i < out->cover.count; i++) {
		const struct flow_place *p = &out->cover.list[i];

		if (!p->passed)
			out->unreached[out->unreached_count++] =
				(struct scenario_unreached){ p,
							     scenario_why_not(g, &out->cover, p) };
	}
}

static int open_generator(struct generator *g, struct err *err)
{
	const struct file *json = file_tree_get(g->pack, "flow.json");
	struct scenario_fault fault = { .what = "" };
	struct node *root;

	if (!json || scenario_source_read(json->text, g->a, &root, err) < 0)
		return json ? -1 : err_set(err, ERR_INPUT, "there is no flow.json");
	g->root = root;
	scenario_state_watch(g);
	if (scenario_state_open(g, &fault) < 0)
		return err_set(err, ERR_BUG, "%s", fault.what);
	return 0;
}

int scenario_generate(const struct file_tree *pack, const struct flow *flow, struct arena *a,
		      struct scenario_generation *out, struct err *err)
{
	struct generator g = { .pack = pack, .flow = flow, .a = a };
	struct making m = { .g = &g };
	int ret;

	*out = (struct scenario_generation){ .count = 0 };
	flow_cover_init(&out->cover, flow);
	flow_cover_init(&g.cover, flow);
	ret = open_generator(&g, err);
	if (ret == 0) {
		explore(&m);
		out->states = g.state_count;
		out->limit = g.limit;
		make_ways(&m);
		ret = write_ways(&m, out, err);
		list_unreached(&g, out);
	}
	out->turns = g.turns + g.near_turns;
	out->trouble = g.trouble;
	flow_cover_free(&g.cover);
	return ret;
}
