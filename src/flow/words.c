/*
 * words.c - keys of whole messages, and tables of words.
 *
 * '+', '-', '#' and the like are never taken off: "+3" and "-3" are not "3".
 */
#include "words_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static bool is_around(int32_t cp)
{
	static const struct {
		int32_t first, last;
	} ranges[] = {
		{ 0x00a1, 0x00a1 }, { 0x00ab, 0x00ab },	  { 0x00b7, 0x00b7 },
		{ 0x00bb, 0x00bb }, { 0x00bf, 0x00bf },	  { 0x0964, 0x0965 }, /* danda */
		{ 0x060c, 0x060c }, { 0x061b, 0x061b },	  { 0x061f, 0x061f }, /* Arabic , ; ? */
		{ 0x06d4, 0x06d4 }, { 0x2018, 0x201f },	  { 0x2026, 0x2026 }, /* quotes, … */
		{ 0x20d0, 0x20ff }, { 0x2190, 0x21ff },	  { 0x2300, 0x23ff },
		{ 0x2600, 0x27bf }, { 0x2b00, 0x2bff },	  { 0x3001, 0x3002 },
		{ 0xfe00, 0xfe0f }, { 0x1f000, 0x1faff }, /* emoji */
	};

	if (cp < 0x80)
		return cp > 0 && strchr(".,!?;:\"'*_~`()[] ", (int)cp) != NULL;
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	}
	return false;
}

const char *flow_word_key(struct arena *a, struct str text)
{
	struct buf folded;
	struct str rest;
	size_t begin = 0, end = 0, at = 0;
	bool inside = false;
	const char *key;

	buf_init(&folded, 3 * SESSION_MAX_VALUE);
	if (text_add_folded(&folded, text) < 0) /* longer than any word */
		buf_reset(&folded);
	rest = (struct str){ folded.data, folded.len };
	while (rest.n) {
		int32_t cp;
		size_t n = text_next(rest, &cp);

		if (!is_around(cp)) {
			begin = inside ? begin : at;
			end = at + n;
			inside = true;
		}
		at += n;
		rest = (struct str){ rest.p + n, rest.n - n };
	}
	key = inside ? arena_strndup(a, folded.data + begin, end - begin)
		     : arena_strndup(a, folded.data, folded.len);
	buf_free(&folded);
	return key;
}

static int by_key(const void *a, const void *b)
{
	const struct flow_word *x = a, *y = b;

	return strcmp(x->key, y->key);
}

int flow_words_get(const struct flow_words *words, const char *key)
{
	const struct flow_word wanted = { key, 0 };
	const struct flow_word *found;

	if (words->count == 0)
		return -1;
	found = bsearch(&wanted, words->list, words->count, sizeof wanted, by_key);
	return found ? (int)found->item : -1;
}

void flow_words_sort(struct flow_words *words)
{
	if (words->count > 1)
		qsort(words->list, words->count, sizeof *words->list, by_key);
}
