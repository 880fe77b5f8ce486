/*
 * channel_split.c - a long text as several messages.
 *
 * text_cut finds a line, word or grapheme border. A cut that would fall inside
 * a formatting pair of WhatsApp (*bold*, _italic_, ~struck~, ```code```) moves
 * to the blank before the pair, unless that would leave less than half of
 * the piece. A text that needs more messages than there may be ends in "…".
 */
#include "channel_private.h"

#include "base/text.h"

#define ELLIPSIS "\xE2\x80\xA6"

enum { NONE = -1, MARKS = 4 }; /* the three single marks, then ``` */

static const char single_marks[] = "*_~";

/* Where each kind of pair was opened and not yet closed, or NONE. */
struct pairs {
	ptrdiff_t open[MARKS];
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Bytes beyond ASCII do not count: a full stop of another script ends a word too. */
static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool opens(struct str s, size_t i)
{
	return (i == 0 || !is_word(s.p[i - 1])) && i + 1 < s.n && !is_blank(s.p[i + 1]);
}

static bool closes(struct str s, size_t i)
{
	return i > 0 && !is_blank(s.p[i - 1]) && (i + 1 == s.n || !is_word(s.p[i + 1]));
}

static bool is_code_mark(struct str s, size_t i)
{
	return s.n - i >= 3 && memcmp(s.p + i, "```", 3) == 0;
}

static int single_mark(char c)
{
	const char *at = c ? strchr(single_marks, c) : NULL;

	return at ? (int)(at - single_marks) : NONE;
}

/* The pairs that are open at `end`. */
static struct pairs open_pairs(struct str s, size_t end)
{
	struct pairs p = { { NONE, NONE, NONE, NONE } };
	ptrdiff_t *code = &p.open[MARKS - 1];

	for (size_t i = 0; i < end; i++) {
		int mark = single_mark(s.p[i]);

		if (is_code_mark(s, i)) {
			*code = *code == NONE ? (ptrdiff_t)i : NONE;
			i += 2;
		} else if (*code != NONE) {
			continue;
		} else if (s.p[i] == '\n') { /* only code goes on behind a line's end */
			p.open[0] = p.open[1] = p.open[2] = NONE;
		} else if (mark != NONE && p.open[mark] != NONE && closes(s, i)) {
			p.open[mark] = NONE;
		} else if (mark != NONE && p.open[mark] == NONE && opens(s, i)) {
			p.open[mark] = (ptrdiff_t)i;
		}
	}
	return p;
}

/* Whether a pair that is open at `from` ends behind it, near enough to fit a message. */
static bool closed_behind(struct str s, size_t from, int mark)
{
	size_t end = s.n - from > CHANNEL_MAX_TEXT ? from + CHANNEL_MAX_TEXT : s.n;

	for (size_t i = from; i < end; i++) {
		if (mark == MARKS - 1) {
			if (is_code_mark(s, i))
				return true;
		} else if (s.p[i] == '\n') {
			return false;
		} else if (s.p[i] == single_marks[mark] && closes(s, i)) {
			return true;
		}
	}
	return false;
}

/* text_cut, but not inside a formatting pair where that can be helped. */
static size_t cut_text(struct str s, size_t max_chars, size_t *skip_out)
{
	size_t cut = text_cut(s, max_chars, skip_out);
	size_t pair = cut, end;
	struct pairs p;

	if (cut == s.n)
		return cut;
	p = open_pairs(s, cut);
	for (int mark = 0; mark < MARKS; mark++) {
		if (p.open[mark] != NONE && (size_t)p.open[mark] < pair &&
		    closed_behind(s, cut, mark))
			pair = (size_t)p.open[mark];
	}
	for (end = pair; end > 0 && is_blank(s.p[end - 1]);)
		end--;
	if (pair == cut || end == pair || end < cut / 2)
		return cut;
	*skip_out = pair - end;
	return end;
}

static struct str clean(struct str text, struct arena *a)
{
	struct buf b;
	char *copy;

	buf_init(&b, text.n * 3); /* a bad byte becomes three */
	(void)text_add_clean(&b, text);
	copy = arena_strndup(a, b.data, b.len);
	text.n = b.len;
	buf_free(&b);
	return (struct str){ copy, text.n };
}

static struct str with_ellipsis(struct str s, struct arena *a)
{
	char *copy = arena_alloc(a, s.n + sizeof ELLIPSIS);

	memcpy(copy, s.p, s.n);
	memcpy(copy + s.n, ELLIPSIS, sizeof ELLIPSIS);
	return (struct str){ copy, s.n + sizeof ELLIPSIS - 1 };
}

int channel_split(const struct channel *c, struct str text, struct arena *a,
		  struct str pieces_out[CHANNEL_MAX_MESSAGES], size_t *count_out)
{
	size_t count = 0, skip, n;

	(void)c; /* every channel so far has the same limits */
	if (!text_is_utf8(text))
		text = clean(text, a);
	while (text.n) {
		n = cut_text(text, CHANNEL_MAX_TEXT, &skip);
		if (count + 1 == CHANNEL_MAX_MESSAGES && n + skip < text.n) {
			n = cut_text(text, CHANNEL_MAX_TEXT - 1, &skip);
			pieces_out[count++] = with_ellipsis((struct str){ text.p, n }, a);
			break;
		}
		pieces_out[count++] = (struct str){ text.p, n };
		text.p += n + skip;
		text.n -= n + skip;
	}
	*count_out = count;
	return 0;
}
