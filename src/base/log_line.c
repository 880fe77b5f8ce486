/*
 * log_line.c - one bounded log line, built on the stack.
 *
 * Room for the closing is kept back from the start, so that a line that is
 * cut is still one line of valid JSON and says that it was cut.
 */
#include "log_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json_private.h"
#include "text_private.h"

static const char json_cut[] = ",\"cut\":true";
static const char text_cut_mark[] = " cut=true";

/* All or nothing. */
static bool put(struct log_line *l, const char *bytes, size_t n)
{
	if (n > LOG_LINE_BODY - l->len) {
		l->cut = true;
		return false;
	}
	memcpy(l->text + l->len, bytes, n);
	l->len += n;
	return true;
}

static bool puts_to(struct log_line *l, const char *text)
{
	return put(l, text, strlen(text));
}

/* What stands for this character; NULL: itself. Everything that could move a
 * terminal's cursor or end a line for some reader is escaped. */
static const char *escape_of(int32_t cp, char hex[7])
{
	const char *brief = json_short_escape(cp);

	if (brief || (cp >= 0x20 && cp < 0x7f))
		return brief;
	if (cp >= 0xa0 && cp != 0x2028 && cp != 0x2029 && !(cp >= 0x202a && cp <= 0x202e) &&
	    !(cp >= 0x2066 && cp <= 0x2069))
		return NULL;
	(void)snprintf(hex, 7, "\\u%04x", (unsigned)cp & 0xffff);
	return hex;
}

/* Bytes at the start of s that stand for themselves everywhere: nearly every text whole. */
static size_t plain_run(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= ' ' && s.p[n] < 0x7f && s.p[n] != '"' && s.p[n] != '\\')
		n++;
	return n;
}

/* Cuts text where it stops fitting; a byte for the closing quote is always kept. */
static void put_quoted(struct log_line *l, const char *text)
{
	struct str s = str_of(text);

	if (l->len + 2 > LOG_LINE_BODY) {
		l->cut = true;
		return;
	}
	(void)puts_to(l, "\"");
	while (s.n) {
		char hex[7];
		int32_t cp;
		size_t n = plain_run(s), size;
		const char *escape = NULL;

		if (n > 0 && l->len + n + 1 <= LOG_LINE_BODY) {
			(void)put(l, s.p, n);
			s = str_skip(s, n);
			continue;
		}
		n = utf8_step(s, &cp);
		escape = escape_of(cp, hex);
		size = escape ? strlen(escape) : n;

		if (l->len + size + 1 > LOG_LINE_BODY) {
			l->cut = true;
			break;
		}
		(void)put(l, escape ? escape : s.p, size);
		s = str_skip(s, n);
	}
	(void)puts_to(l, "\"");
}

/* In the text form; what is not ASCII is quoted so that it passes the escapes. */
static bool needs_quotes(const char *text)
{
	if (!*text)
		return true;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
			return true;
	}
	return false;
}

static void put_text(struct log_line *l, const char *text)
{
	if (l->json || needs_quotes(text) || strlen(text) > LOG_LINE_BODY - l->len)
		put_quoted(l, text);
	else
		(void)puts_to(l, text);
}

static void put_number(struct log_line *l, const struct log_field *f)
{
	char text[40];
	struct str digits;

	switch (f->type) {
	case LOG_FIELD_INT:
		digits = buf_decimal(f->u.number, text);
		(void)put(l, digits.p, digits.n);
		return;
	case LOG_FIELD_REAL:
		if (isfinite(f->u.real))
			(void)snprintf(text, sizeof text, "%.6g", f->u.real);
		else
			(void)snprintf(text, sizeof text, "null");
		break;
	default:
		(void)snprintf(text, sizeof text, f->u.number ? "true" : "false");
		break;
	}
	(void)puts_to(l, text);
}

void log_line_begin(struct log_line *l, bool json)
{
	l->json = json;
	l->cut = false;
	l->len = 0;
	if (json)
		(void)puts_to(l, "{");
}

void log_line_raw(struct log_line *l, const char *text)
{
	(void)puts_to(l, text);
}

void log_line_field(struct log_line *l, const struct log_field *f)
{
	size_t start = l->len, value;

	if (l->cut) /* what is left out is left out at the end, not in the middle */
		return;
	if (l->len > (l->json ? 1u : 0u))
		(void)puts_to(l, l->json ? "," : " ");
	if (l->json)
		(void)puts_to(l, "\"");
	(void)puts_to(l, f->key); /* the house's own words: nothing to escape */
	(void)puts_to(l, l->json ? "\":" : "=");
	value = l->len;
	if (!l->cut && f->type == LOG_FIELD_TEXT && !f->u.text)
		(void)puts_to(l, "null");
	else if (!l->cut && f->type == LOG_FIELD_TEXT)
		put_text(l, f->u.text);
	else if (!l->cut)
		put_number(l, f);
	if (l->cut && l->len == value) /* a key without a value is worse than none */
		l->len = start;
}

void log_line_end(struct log_line *l)
{
	const char *closing = l->json ? "}\n" : "\n";
	const char *mark = l->json ? json_cut : text_cut_mark;

	if (l->cut) {
		memcpy(l->text + l->len, mark, strlen(mark));
		l->len += strlen(mark);
	}
	memcpy(l->text + l->len, closing, strlen(closing));
	l->len += strlen(closing);
}
