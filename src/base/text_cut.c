/*
 * text_cut.c - where a long text may be cut.
 *
 * One walk over the first max_chars code points remembers the last good place
 * of each kind. Blanks that forbid a break (U+00A0, U+2007, U+202F) are not
 * places; neither is a blank that a combining mark sits on.
 */
#include "base/text.h"

#include <utf8proc.h>

#include "text_private.h"

struct walk {
	struct str text;
	size_t at;    /* bytes behind us */
	int32_t last; /* the code point before `at`, -1 at the start */
	utf8proc_int32_t state;
};

static bool is_line_end(int32_t cp)
{
	return (cp >= '\n' && cp <= '\r') || cp == 0x85 || cp == 0x2028 || cp == 0x2029;
}

static bool is_breaking_blank(int32_t cp)
{
	return cp == ' ' || cp == '\t' || is_line_end(cp) || cp == 0x1680 ||
	       (cp >= 0x2000 && cp <= 0x200a && cp != 0x2007) || cp == 0x205f || cp == 0x3000;
}

/* Indic scripts write a cluster as consonant, virama, consonant; utf8proc's
 * rules (Unicode 15) still allow a border behind the virama. */
static bool joins_conjunct(int32_t last, int32_t cp)
{
	enum { CCC_VIRAMA = 9 };

	return utf8proc_get_property(last)->combining_class == CCC_VIRAMA &&
	       utf8proc_category(cp) == UTF8PROC_CATEGORY_LO;
}

/* Steps over one code point; *border_out: a cluster begins with it. 0 at the end. */
static size_t step(struct walk *w, int32_t *cp_out, bool *border_out)
{
	size_t n = text_next(str_skip(w->text, w->at), cp_out);

	*border_out = true;
	if (n == 0)
		return 0;
	if (w->last >= 0)
		*border_out = utf8proc_grapheme_break_stateful(w->last, *cp_out, &w->state) &&
			      !joins_conjunct(w->last, *cp_out);
	w->last = *cp_out;
	w->at += n;
	return n;
}

/* Bytes of the run of white space at the start of s, without a blank that
 * carries a mark; *line_out: a line ends in it. */
static size_t blank_run(struct str s, bool *line_out)
{
	struct walk w = { .text = s, .last = -1 };
	size_t run = 0;
	bool line = false;
	int32_t cp;

	*line_out = false;
	for (;;) {
		bool border;
		size_t n = step(&w, &cp, &border);

		if (border) { /* all before it is whole */
			run = w.at - n;
			*line_out |= line;
		}
		if (n == 0 || !is_breaking_blank(cp))
			return run;
		line = is_line_end(cp);
	}
}

size_t text_cut(struct str s, size_t max_chars, size_t *skip_out)
{
	struct walk w = { .text = s, .last = -1 };
	size_t line = 0, blank = 0, border = 0, hard = 0;
	size_t run_end = 0; /* runs are looked at once, from their start */
	size_t cut;
	bool line_in_run;

	*skip_out = 0;
	if (s.n <= max_chars) /* no walk for what fits anyway: nearly every reply */
		return s.n;
	for (size_t chars = 0;; chars++) {
		size_t before = w.at;
		bool is_border;
		int32_t cp;

		if (step(&w, &cp, &is_border) == 0)
			return s.n; /* all of it fits */
		if (is_border && before >= run_end && is_breaking_blank(cp)) {
			run_end = before + blank_run(str_skip(s, before), &line_in_run);
			if (before > 0 && run_end > before)
				*(line_in_run ? &line : &blank) = before;
		}
		if (is_border)
			border = before;
		hard = before;
		if (chars >= max_chars && before > 0)
			break;
	}
	cut = line ? line : blank ? blank : border ? border : hard;
	*skip_out = blank_run(str_skip(s, cut), &line_in_run);
	return cut;
}
