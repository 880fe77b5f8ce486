/*
 * flow_random.h - flows that nobody wrote: valid by how they are made, different each time.
 *
 * Step i leads to step i + 1, so that all are reached and all come to the end; other exits lead
 * anywhere where they do no harm. What is surely set at a step is found here once more, from the
 * flow as it was made and not from the program's reading of it. A fault is planted while the pack
 * is written: it is the same flow but for one place.
 */
#ifndef SAMVAD_TESTS_FLOW_RANDOM_H
#define SAMVAD_TESTS_FLOW_RANDOM_H

#include <stdlib.h>

#include "flow_talk.h"

enum made_kind {
	MADE_GREETING,
	MADE_CROSSING,
	MADE_TEXT,
	MADE_NUMBER,
	MADE_MENU,
	MADE_CALL,
	MADE_END
};

enum { MADE_MIN = 8, MADE_MAX = 14, MADE_OPTIONS = 4 };

enum made_condition {
	WHEN_SET,
	WHEN_NOT_SET,
	WHEN_BOTH_SET,
	WHEN_ONE_SET,
	WHEN_NONE_SET, /* not any of the two */
	WHEN_LESS,     /* a number; what is not set never is */
	WHEN_OPTED_OUT,
	MADE_CONDITIONS,
};

struct made_step {
	enum made_kind kind;
	size_t aside;		  /* where an exit besides the one to the next step leads */
	enum made_condition when; /* CROSSING, TEXT: the way aside is taken */
	size_t one, other;	  /* values that the condition looks at */
	bool branches;		  /* TEXT: there is a way aside */
	bool forgets;		  /* the way aside forgets all values */
	bool unsets;		  /* the way aside takes the value `one` away */
	size_t options;		  /* MENU */
	uint64_t shows;		  /* values in its text, each in a section of its own */
	uint64_t surely;	  /* set on every way here */
};

struct made_flow {
	uint64_t dice;
	size_t count;
	struct made_step steps[MADE_MAX];
	size_t menu_to; /* where the command "menu" leads */
	bool reminds;
};

static inline size_t made_roll(struct made_flow *f, size_t sides)
{
	f->dice ^= f->dice << 13;
	f->dice ^= f->dice >> 7;
	f->dice ^= f->dice << 17;
	return (size_t)(f->dice >> 11) % sides;
}

/* A step of one of these kinds, at random; there is one. */
static inline size_t made_pick(struct made_flow *f, uint64_t kinds)
{
	size_t i;

	do
		i = made_roll(f, f->count);
	while (!(kinds >> f->steps[i].kind & 1));
	return i;
}

#define MADE(kind) (UINT64_C(1) << (kind))
#define MADE_ASKS  (MADE(MADE_TEXT) | MADE(MADE_NUMBER) | MADE(MADE_MENU))
#define MADE_ANY   (MADE(MADE_END + 1) - 1)

static inline bool made_saves(const struct made_flow *f, size_t i)
{
	return f->steps[i].kind == MADE_TEXT || f->steps[i].kind == MADE_NUMBER;
}

/* Every kind once, the rest at random. */
static inline void made_choose_kinds(struct made_flow *f)
{
	static const enum made_kind each[] = { MADE_GREETING, MADE_CROSSING, MADE_NUMBER, MADE_MENU,
					       MADE_CALL };

	f->steps[0].kind = MADE_GREETING;
	f->steps[1].kind = MADE_TEXT;
	f->steps[f->count - 1].kind = MADE_END;
	for (size_t i = 2; i + 1 < f->count; i++)
		f->steps[i].kind =
			i - 2 < COUNT(each) ? each[i - 2] : MADE_GREETING + made_roll(f, MADE_END);
	for (size_t i = 2; i + 1 < f->count; i++) {
		size_t k = 2 + made_roll(f, f->count - 3);
		enum made_kind kind = f->steps[i].kind;

		f->steps[i].kind = f->steps[k].kind;
		f->steps[k].kind = kind;
	}
}

static inline size_t made_value(struct made_flow *f)
{
	return made_pick(f, MADE(MADE_TEXT) | MADE(MADE_NUMBER));
}

static inline void made_choose_ways(struct made_flow *f)
{
	for (size_t i = 0; i < f->count; i++) {
		struct made_step *s = &f->steps[i];

		s->when = made_roll(f, MADE_CONDITIONS);
		s->one = s->when == WHEN_LESS ? made_pick(f, MADE(MADE_NUMBER)) : made_value(f);
		s->other = made_value(f);
		s->unsets = made_roll(f, 6) == 0;
		s->branches = made_roll(f, 3) == 0;
		s->forgets = made_roll(f, 6) == 0;
		s->options = 2 + made_roll(f, MADE_OPTIONS - 1);
		s->aside = s->kind == MADE_CALL	      ? made_pick(f, MADE_ASKS)
			   : s->kind == MADE_CROSSING ? i + 1 + made_roll(f, f->count - i - 1)
						      : made_pick(f, MADE_ANY);
		for (size_t v = 0; v < f->count; v++)
			s->shows |= made_saves(f, v) && made_roll(f, 4) == 0 ? UINT64_C(1) << v : 0;
	}
	f->menu_to = made_pick(f, MADE_ANY);
	f->reminds = made_roll(f, 2) == 0;
}

/* ---- what is surely set, by going over all ways until nothing changes ---- */

static inline bool made_edge(struct made_flow *f, size_t to, uint64_t sure)
{
	bool less = (f->steps[to].surely & ~sure) != 0;

	f->steps[to].surely &= sure;
	return less;
}

static inline bool made_has_aside(const struct made_step *s)
{
	return s->kind == MADE_CROSSING || s->kind == MADE_MENU || s->kind == MADE_CALL ||
	       (s->kind == MADE_TEXT && s->branches);
}

static inline bool made_has_condition(const struct made_step *s)
{
	return s->kind == MADE_CROSSING || (s->kind == MADE_TEXT && s->branches);
}

/* Values that are there for sure when the condition holds, or when it does not. */
static inline uint64_t made_sure_when(const struct made_step *s, bool holds)
{
	uint64_t one = UINT64_C(1) << s->one, other = UINT64_C(1) << s->other;

	switch (s->when) {
	case WHEN_SET:
	case WHEN_LESS:
		return holds ? one : 0;
	case WHEN_NOT_SET:
		return holds ? 0 : one;
	case WHEN_BOTH_SET:
		return holds ? one | other : 0;
	case WHEN_ONE_SET:
		return holds ? one & other : 0;
	case WHEN_NONE_SET:
		return holds ? 0 : one & other;
	default:
		return 0;
	}
}

static inline bool made_edges_of(struct made_flow *f, size_t i)
{
	const struct made_step *s = &f->steps[i];
	uint64_t leaves = s->surely | (made_saves(f, i) ? UINT64_C(1) << i : 0), aside = leaves;
	bool less = false;

	if (made_has_condition(s)) {
		aside |= made_sure_when(s, true);
		leaves |= made_sure_when(s, false);
	}
	if (s->unsets)
		aside &= ~(UINT64_C(1) << s->one);
	if (s->forgets)
		aside = 0;
	if (s->kind != MADE_END)
		less |= made_edge(f, i + 1, leaves);
	if (made_has_aside(s))
		less |= made_edge(f, s->aside, aside);
	if (s->kind == MADE_GREETING && i != 0)
		return less;
	if (s->kind == MADE_CROSSING)
		return less;
	less |= made_edge(f, 0, 0); /* restart */
	return less | made_edge(f, f->menu_to, s->surely);
}

static inline void made_study(struct made_flow *f)
{
	bool less = true;

	for (size_t i = 0; i < f->count; i++)
		f->steps[i].surely = UINT64_MAX;
	f->steps[0].surely = 0;
	while (less) {
		less = false;
		for (size_t i = 0; i < f->count; i++)
			less |= made_edges_of(f, i);
	}
}

static inline void made_flow_make(struct made_flow *f, uint64_t seed)
{
	*f = (struct made_flow){ .dice = seed * UINT64_C(0x9E3779B97F4A7C15) + 1 };
	for (size_t i = 0; i < 8; i++)
		(void)made_roll(f, 2);
	f->count = MADE_MIN + made_roll(f, MADE_MAX - MADE_MIN + 1);
	made_choose_kinds(f);
	made_choose_ways(f);
	made_study(f);
}

#endif
