/*
 * generate_search.c - breadth first from a state, those first whose way has just passed something
 * new.
 *
 * All is counted, nothing is timed: the same pack is searched in the same way on every machine.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "generate_private.h"

enum { SEEN_SLOTS = 4 * 8192 }; /* a power of two, more than twice as many as there are states */

struct queue {
	size_t list[GENERATE_MAX_STATES];
	size_t from, to;
};

struct search {
	struct generator *g;
	struct quest *q;
	uint64_t seen[SEEN_SLOTS];
	struct queue lucky; /* on whose last line something was found */
	struct queue rest;
	size_t turns;
	bool over;
};

/* False when it was there. */
static bool see_first(struct search *s, uint64_t sign)
{
	size_t at = sign & (SEEN_SLOTS - 1);

	sign = sign ? sign : 1;
	for (; s->seen[at]; at = (at + 1) & (SEEN_SLOTS - 1)) {
		if (s->seen[at] == sign)
			return false;
	}
	s->seen[at] = sign;
	return true;
}

static void put(struct queue *q, size_t state)
{
	if (q->to < GENERATE_MAX_STATES)
		q->list[q->to++] = state;
}

static bool finds_some(const struct search *s)
{
	for (size_t i = 0; i < s->g->words; i++) {
		if (s->g->passed[i] & s->q->wanted[i])
			return true;
	}
	return false;
}

static void note_found(struct search *s, size_t state)
{
	const struct generator *g = s->g;
	bool left = false;

	for (size_t i = 0; s->q->found && i < place_count(g); i++) {
		if (place_in(g->passed, i) && place_in(s->q->wanted, i))
			s->q->found[i] = state;
	}
	for (size_t i = 0; i < g->words; i++) {
		s->q->wanted[i] &= ~g->passed[i];
		left = left || s->q->wanted[i];
	}
	s->q->last = state;
	s->over = s->q->first || !left;
}

/* The world after a move: kept when it is another one, or when the way there is worth it. */
static void look(struct search *s, size_t from, const struct move *move, const char *must_call)
{
	bool found = finds_some(s);
	bool another = see_first(s, scenario_state_sign(s->g, s->g->stage, must_call));
	size_t state;

	if (!found && !another)
		return;
	state = scenario_state_keep(s->g, from, move);
	if (!state) {
		if (!s->q->first)
			s->g->limit = "the number of states";
		s->over = true;
		return;
	}
	s->g->states[state].must_call = must_call;
	if (found && !must_call) /* a line is still to come */
		note_found(s, state);
	if (another)
		put(found ? &s->lucky : &s->rest, state);
}

static bool spend_turn(struct search *s)
{
	size_t *spent = s->q->first ? &s->g->near_turns : &s->g->turns;

	if (s->turns++ < s->q->max_turns && (*spent)++ < GENERATE_MAX_TURNS)
		return true;
	if (!s->q->first)
		s->g->limit = "the number of turns";
	s->over = true;
	return false;
}

static bool try_move(struct search *s, size_t from, const struct move *move, const struct act *next,
		     struct arena *scratch)
{
	struct err err = { 0 };

	if (!spend_turn(s))
		return false;
	scenario_state_enter(s->g, from, scratch);
	if (scenario_state_act(s->g, move, next, &err) == 0)
		return true;
	if (!s->g->trouble && move->act->kind != ACT_RECORD) /* there may be none yet */
		s->g->trouble = arena_strdup(s->g->a, err.text);
	return false;
}

/* The same once more where a look-up shall end otherwise than the records say. */
static void try_lookups(struct search *s, size_t from, const struct move *move)
{
	const struct node *calls = scenario_source_get(s->g->root, "calls");

	for (const struct node *c = calls ? calls->first : NULL; c && !s->over; c = c->next) {
		const struct act end = { .kind = ACT_CALL, .name = c->key };
		const struct session *at;
		struct arena scratch = { 0 };

		if (scenario_source_get(c, "records") && try_move(s, from, move, &end, &scratch)) {
			at = s->g->stage->session;
			if (at && *at->call.id && strcmp(at->call.name, c->key) == 0)
				look(s, from, move, c->key);
		}
		arena_free(&scratch);
	}
}

static void expand(struct search *s, size_t from)
{
	size_t known = place_count(s->g);
	const struct moves *moves = scenario_moves(s->g, from);

	for (size_t i = known; i < place_count(s->g); i++) /* goals that come to light here */
		place_put(s->q->wanted, i);
	for (size_t i = 0; i < moves->count && !s->over; i++) {
		const struct move *move = &moves->list[i];
		struct arena scratch = { 0 };

		if (try_move(s, from, move, NULL, &scratch)) {
			look(s, from, move, NULL);
			if (!s->over && move->act->kind != ACT_RECORD)
				try_lookups(s, from, move);
		}
		arena_free(&scratch);
	}
}

void scenario_search(struct generator *g, struct quest *q)
{
	struct search *s = mem_alloc(sizeof *s);
	unsigned deepest = g->states[q->from].depth + q->max_depth;

	s->g = g;
	s->q = q;
	q->last = 0;
	put(&s->rest, q->from);
	while (!s->over && (s->lucky.from < s->lucky.to || s->rest.from < s->rest.to)) {
		struct queue *next = s->lucky.from < s->lucky.to ? &s->lucky : &s->rest;
		size_t state = next->list[next->from++];

		if (g->states[state].depth < deepest)
			expand(s, state);
		else if (!q->first)
			g->limit = "the length of a conversation";
	}
	free(s);
}
