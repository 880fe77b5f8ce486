/*
 * json_scan.c - says whether a text is strict JSON, and where it is not.
 *
 * cJSON takes more than RFC 8259 allows (odd numbers, control characters in
 * strings, bad UTF-8) and knows no lines. This scanner runs first and builds
 * nothing; recursion is bounded by the depth.
 */
#include "json_private.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "text_private.h"

enum { DEPTH_MAX = 64, NUMBER_MAX = 63 /* what cJSON's number buffer holds */ };

struct scan {
	struct str text;
	size_t at;
	size_t depth;
	size_t keys;	   /* seen so far */
	size_t wanted_key; /* SIZE_MAX: none */
	size_t wanted_at;
	const char *fault; /* set once, about the byte at `at` */
};

static int scan_value(struct scan *s);

static int fail(struct scan *s, const char *fault)
{
	s->fault = fault;
	return -1;
}

static int peek(const struct scan *s)
{
	return s->at < s->text.n ? (unsigned char)s->text.p[s->at] : -1;
}

static bool take(struct scan *s, char c)
{
	if (peek(s) != c)
		return false;
	s->at++;
	return true;
}

static void skip_blanks(struct scan *s)
{
	while (take(s, ' ') || take(s, '\t') || take(s, '\n') || take(s, '\r'))
		;
}

static int scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if (s->text.n - s->at < n || memcmp(s->text.p + s->at, word, n) != 0)
		return fail(s, "expected a value");
	s->at += n;
	return 0;
}

/* Four hex digits behind "\u"; -1 when they are not. */
static int32_t scan_hex4(struct scan *s)
{
	uint8_t bytes[2];

	if (s->text.n - s->at < 4 ||
	    hex_decode((struct str){ s->text.p + s->at, 4 }, bytes, sizeof bytes) != 2)
		return fail(s, "\\u needs four hex digits");
	s->at += 4;
	return bytes[0] << 8 | bytes[1];
}

static int scan_unicode_escape(struct scan *s)
{
	int32_t unit = scan_hex4(s);

	if (unit < 0)
		return -1;
	if (unit == 0)
		return fail(s, "\\u0000 is not allowed");
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return fail(s, "\\u names half of a surrogate pair");
	if (unit < 0xd800 || unit > 0xdbff)
		return 0;
	if (!take(s, '\\') || !take(s, 'u'))
		return fail(s, "\\u names half of a surrogate pair");
	unit = scan_hex4(s);
	if (unit < 0)
		return -1;
	return unit >= 0xdc00 && unit <= 0xdfff ? 0 : fail(s, "\\u names half of a surrogate pair");
}

static int scan_escape(struct scan *s)
{
	int c = peek(s);

	if (c <= 0 || !strchr("\"\\/bfnrtu", c))
		return fail(s, "unknown escape in a string");
	s->at++;
	return c == 'u' ? scan_unicode_escape(s) : 0;
}

static int scan_string(struct scan *s)
{
	if (!take(s, '"'))
		return fail(s, "expected a string in double quotes");
	for (;;) {
		int32_t cp;
		size_t n = utf8_step(str_skip(s->text, s->at), &cp);

		if (n == 0)
			return fail(s, "the string has no end");
		if (cp == UTF8_ILL_FORMED)
			return fail(s, "not valid UTF-8");
		if (cp < 0x20)
			return fail(s, "control character in a string: write it as an escape");
		s->at += n;
		if (cp == '"')
			return 0;
		if (cp == '\\' && scan_escape(s) < 0)
			return -1;
	}
}

static bool scan_digits(struct scan *s)
{
	size_t start = s->at;

	while (peek(s) >= '0' && peek(s) <= '9')
		s->at++;
	return s->at > start;
}

static int scan_number(struct scan *s)
{
	char text[NUMBER_MAX + 1] = "";
	size_t start = s->at;

	(void)take(s, '-');
	if (take(s, '0')) {
		if (peek(s) >= '0' && peek(s) <= '9')
			return fail(s, "a number cannot start with 0");
	} else if (!scan_digits(s)) {
		return fail(s, "expected a digit");
	}
	if (take(s, '.') && !scan_digits(s))
		return fail(s, "expected a digit");
	if (take(s, 'e') || take(s, 'E')) {
		if (!take(s, '+'))
			(void)take(s, '-');
		if (!scan_digits(s))
			return fail(s, "expected a digit");
	}
	if (s->at - start > NUMBER_MAX)
		return fail(s, "the number is too long");
	memcpy(text, s->text.p + start, s->at - start);
	return isfinite(strtod(text, NULL)) ? 0 : fail(s, "the number is too large");
}

static int scan_member(struct scan *s)
{
	skip_blanks(s);
	if (s->keys++ == s->wanted_key)
		s->wanted_at = s->at;
	if (scan_string(s) < 0)
		return -1;
	skip_blanks(s);
	if (!take(s, ':'))
		return fail(s, "expected ':' after the key");
	return scan_value(s);
}

/* The inside of an object or array, the opening bracket already taken. */
static int scan_items(struct scan *s, char closer)
{
	bool object = closer == '}';

	skip_blanks(s);
	if (take(s, closer))
		return 0;
	for (;;) {
		if ((object ? scan_member(s) : scan_value(s)) < 0)
			return -1;
		skip_blanks(s);
		if (take(s, closer))
			return 0;
		if (!take(s, ','))
			return fail(s, object ? "expected ',' or '}'" : "expected ',' or ']'");
	}
}

static int scan_nested(struct scan *s, char closer)
{
	int ret;

	if (s->depth == DEPTH_MAX)
		return fail(s, "nested deeper than 64");
	s->at++;
	s->depth++;
	ret = scan_items(s, closer);
	s->depth--;
	return ret;
}

static int scan_value(struct scan *s)
{
	skip_blanks(s);
	switch (peek(s)) {
	case '{':
		return scan_nested(s, '}');
	case '[':
		return scan_nested(s, ']');
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return scan_number(s);
	case -1:
		return fail(s, "the text ends where a value is expected");
	default:
		return fail(s, "expected a value");
	}
}

/* Lines and columns count from 1; a column is a character. */
static void place(struct str text, size_t at, size_t *line_out, size_t *column_out)
{
	*line_out = *column_out = 1;
	for (size_t i = 0; i < at && i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '\n') {
			++*line_out;
			*column_out = 1;
		} else if ((c & 0xc0) != 0x80) {
			++*column_out;
		}
	}
}

int json_scan(struct str text, struct err *err)
{
	struct scan s = { .text = text, .wanted_key = SIZE_MAX };
	size_t line, column;

	if (scan_value(&s) == 0) {
		skip_blanks(&s);
		if (s.at == text.n)
			return 0;
		(void)fail(&s, "something follows the value");
	}
	place(text, s.at, &line, &column);
	return err_set(err, ERR_INPUT, "line %zu, column %zu: %s", line, column, s.fault);
}

void json_scan_locate_key(struct str text, size_t ordinal, size_t *line_out, size_t *column_out)
{
	struct scan s = { .text = text, .wanted_key = ordinal };

	(void)scan_value(&s); /* the text was accepted before */
	place(text, s.wanted_at, line_out, column_out);
}
