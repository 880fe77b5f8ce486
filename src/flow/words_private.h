/*
 * words_private.h - whole messages compared with words: commands, options, greetings.
 */
#ifndef SAMVAD_FLOW_WORDS_PRIVATE_H
#define SAMVAD_FLOW_WORDS_PRIVATE_H

#include "definition_private.h"

/* The key under which a message and a word are the same: folded, and without
 * the punctuation and emoji around it ("Help!", "*YES*", "Hi 👋", "3."). A
 * message of nothing else keeps it ("👍"). "" for an empty one. */
const char *flow_word_key(struct arena *a, struct str text);
/* The item of a key; -1 when no word has it. */
int flow_words_get(const struct flow_words *words, const char *key);
/* Sorts a table that is filled. */
void flow_words_sort(struct flow_words *words);

#endif
