/*
 * generate_private.h - the search for conversations: states, moves, and the way between them.
 *
 * A state is what the fake world of stage.c holds between two lines. Two states are the same to
 * the search when nothing that a condition of the flow looks at is different.
 */
#ifndef SAMVAD_SCENARIO_GENERATE_PRIVATE_H
#define SAMVAD_SCENARIO_GENERATE_PRIVATE_H

#include "scenario_private.h"
#include "source_private.h"

enum {
	GENERATE_MAX_STATES = 6000,
	GENERATE_NEAR_STATES = 1000, /* beyond these, while conversations are joined */
	GENERATE_MAX_TURNS = 200000, /* to find what can be reached, and once more to join it */
	GENERATE_MAX_DEPTH = 60,     /* messages of one conversation */
	GENERATE_MAX_GOALS = 1000,   /* answers that are tried for their own sake */
};

struct move {
	const struct act *act;
	const char *comment; /* or "" */
	size_t goal;	     /* number of the goal that it is, from 1; 0: it is none */
};

struct moves {
	const char *key; /* of the cache */
	struct move *list;
	size_t count;
	size_t cap;
};

struct state {
	const struct session *session; /* or NULL */
	struct contact_facts facts;
	int64_t now_ms;
	unsigned turns;
	struct stage_record *records;
	size_t record_count;
	struct stage_call *calls; /* without an answer */
	size_t call_count;
	const char *must_call; /* a look-up that the next line has to answer, or NULL */
	size_t parent;
	const struct move *move; /* that led here */
	unsigned depth;
	uint64_t *passed; /* on the whole way */
};

struct generator {
	const struct file_tree *pack;
	const struct flow *flow;
	const struct node *root;
	struct arena *a;       /* lives as long as the result */
	struct scenario *base; /* a file in which nothing is said yet */
	struct stage *stage;
	struct flow_cover cover; /* of one turn */
	size_t goals;		 /* answers at the bounds of rules, each to be given once */
	const char **goal_steps; /* where they are given */
	uint64_t *passed;	 /* in the last turn: a set of places, with the goals behind them */
	size_t words;		 /* of such a set */
	const char **watched;	 /* values whose text conditions look at */
	size_t watched_count;
	unsigned wrong_matter; /* so many wrong answers in a row, and no more, make a difference */
	bool goes_back;	       /* some action leads "@back" */
	struct moves *cache;
	size_t cache_count;
	struct state *states;
	size_t state_count;
	size_t turns;	   /* of searches for all */
	size_t near_turns; /* of those that end with the first that is found */
	bool near;	   /* conversations are joined */
	const char *limit;
	const char *trouble;
};

/* ---- generate_state.c ---- */

int scenario_state_open(struct generator *g, struct scenario_fault *fault);
/* What is the same in two states that are the same to the search. */
uint64_t scenario_state_sign(const struct generator *g, const struct stage *st,
			     const char *must_call);
/* The world as it is in that state; what happens in it is in scratch. */
void scenario_state_enter(struct generator *g, size_t state, struct arena *scratch);
/* Does one move in that world; g->passed says what it passes. -1: it cannot be done. */
int scenario_state_act(struct generator *g, const struct move *move, const struct act *next,
		       struct err *err);
/* Keeps the world as a state; 0: there are too many. Number 0 is the beginning. */
size_t scenario_state_keep(struct generator *g, size_t parent, const struct move *move);
/* Which values conditions look at. */
void scenario_state_watch(struct generator *g);

/* ---- generate_moves.c: what can happen next ---- */

const struct moves *scenario_moves(struct generator *g, size_t state);
void scenario_move_add(struct generator *g, struct moves *to, struct act act, const char *comment);
/* Adds the ways in which the call of a step can end. */
void scenario_moves_of_call(struct generator *g, struct moves *to, const struct node *step,
			    const char *language);

/* ---- generate_search.c ---- */

struct quest {
	size_t from;	    /* state */
	uint64_t *wanted;   /* places; those that are found are taken away */
	bool first;	    /* ends with the first that is found */
	unsigned max_depth; /* beyond `from` */
	size_t max_turns;
	size_t *found; /* by place: the state whose way passes it first; may be NULL */
	size_t last;   /* state in which something was found last, or 0 */
};
void scenario_search(struct generator *g, struct quest *q);

static inline bool place_in(const uint64_t *set, size_t place)
{
	return set[place / 64] >> (place % 64) & 1;
}

static inline void place_put(uint64_t *set, size_t place)
{
	set[place / 64] |= UINT64_C(1) << (place % 64);
}

/* Places and goals that are known by now. */
static inline size_t place_count(const struct generator *g)
{
	return g->cover.count + g->goals;
}

static inline void place_take(uint64_t *set, size_t place)
{
	set[place / 64] &= ~(UINT64_C(1) << (place % 64));
}

/* ---- generate_write.c ---- */

struct way { /* one conversation */
	const struct move **moves;
	size_t count;
	size_t aim; /* the place it was begun for */
	uint64_t *passed;
	uint64_t *fresh; /* places that no way before it passes */
};
/* Runs the way from the beginning, with what ends an open call, and writes it as a file. NULL: it
 * cannot be written. */
const char *scenario_way_write(struct generator *g, struct way *way, struct err *err);
const char *scenario_way_name(struct generator *g, const struct way *way, size_t number);
/* Why nothing passes a place. */
const char *scenario_why_not(const struct generator *g, const struct flow_cover *cover,
			     const struct flow_place *place);

#endif
