/*
 * answers_private.h - what a person could answer to a question, by the question's own rule.
 */
#ifndef SAMVAD_SCENARIO_ANSWERS_PRIVATE_H
#define SAMVAD_SCENARIO_ANSWERS_PRIVATE_H

#include "model/inbound.h"
#include "source_private.h"

struct answer {
	bool valid;
	const char *why; /* "the shortest text", "too long" */
	struct inbound message;
};

struct question {
	const struct node *root; /* of flow.json */
	const struct node *rule; /* a value, or a step's "input" */
	const struct node *step; /* that asks, or NULL */
	const char *language;
	int64_t now_ms;
};

enum { MAX_ANSWERS = 64 }; /* of more, the last stands for the rest */

struct answers {
	struct answer list[MAX_ANSWERS];
	size_t count;
	struct arena *a;
	const struct question *of;
};

/* Those of the rule, the usual one first, and those beside it ("also"). Of a pattern that is
 * beyond sample.c there are only wrong ones. */
void scenario_answers(const struct question *q, struct arena *a, struct answers *out);

/* A label, or a list of words, in a language; else in the first one there is. "" when none. */
const char *scenario_word_in(const struct node *by_language, const char *language);

/* ---- answers_kinds.c ---- */

struct inbound *scenario_answer_add(struct answers *to, bool valid, const char *why,
				    const char *text);
void scenario_answer_file(struct answers *to, bool valid, const char *why, const char *type);
void scenario_answers_date(struct answers *to);
void scenario_answers_media(struct answers *to);
void scenario_answers_location(struct answers *to);

#endif
