/*
 * json_write.c - JSON out, straight into a buffer.
 *
 * The writer puts the commas. A key missing or too many, or an unequal number
 * of ends, is a bug of the caller and asserts.
 */
#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_private.h"
#include "text_private.h"

const char *json_short_escape(int32_t cp)
{
	switch (cp) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	case UTF8_ILL_FORMED:
		return UTF8_REPLACEMENT;
	default:
		return NULL;
	}
}

/* What stands for this character inside a string; NULL: itself. */
static const char *escape_of(int32_t cp, char hex[7])
{
	const char *brief = json_short_escape(cp);

	if (brief || (cp >= 0x20 && cp != 0x7f))
		return brief;
	(void)snprintf(hex, 7, "\\u%04x", (unsigned)cp & 0xff);
	return hex;
}

int json_escape(struct buf *out, struct str s)
{
	size_t good = 0; /* bytes at s.p that need no escape */

	while (good < s.n) {
		char hex[7];
		int32_t cp;
		size_t n = utf8_step(str_skip(s, good), &cp);
		const char *escape = escape_of(cp, hex);

		if (!escape) {
			good += n;
			continue;
		}
		if (buf_add(out, s.p, good) < 0 || buf_adds(out, escape) < 0)
			return -1;
		s = str_skip(s, good + n);
		good = 0;
	}
	return buf_add(out, s.p, good);
}

/* Adds may fail from here on: buf->full remembers it for the caller. */
static void quoted(struct buf *out, struct str s)
{
	(void)buf_addc(out, '"');
	(void)json_escape(out, s);
	(void)buf_addc(out, '"');
}

/* What stands before any value: comma and key. */
static void prepare(struct json_writer *w, const char *key)
{
	bool in_object = w->depth > 0 && w->closer[w->depth - 1] == '}';

	assert(in_object == (key != NULL));
	assert(w->depth > 0 || !w->comma[0]); /* one value at the top */
	if (w->comma[w->depth])
		(void)buf_addc(w->out, ',');
	w->comma[w->depth] = true;
	if (key) {
		quoted(w->out, str_of(key));
		(void)buf_addc(w->out, ':');
	}
}

static void open_with(struct json_writer *w, const char *key, char opener, char closer)
{
	prepare(w, key);
	assert(w->depth < sizeof w->closer);
	(void)buf_addc(w->out, opener);
	w->closer[w->depth++] = closer;
	w->comma[w->depth] = false;
}

void json_begin(struct json_writer *w, struct buf *out)
{
	*w = (struct json_writer){ .out = out };
}

void json_object(struct json_writer *w, const char *key)
{
	open_with(w, key, '{', '}');
}

void json_array(struct json_writer *w, const char *key)
{
	open_with(w, key, '[', ']');
}

void json_end(struct json_writer *w)
{
	assert(w->depth > 0);
	(void)buf_addc(w->out, w->closer[--w->depth]);
}

void json_add_text(struct json_writer *w, const char *key, const char *text)
{
	if (text)
		json_add_str(w, key, str_of(text));
	else
		json_add_null(w, key);
}

void json_add_str(struct json_writer *w, const char *key, struct str s)
{
	prepare(w, key);
	quoted(w->out, s);
}

void json_add_int(struct json_writer *w, const char *key, int64_t n)
{
	prepare(w, key);
	(void)buf_add_int(w->out, n);
}

/* The shorter form that reads back as the same number; JSON has no infinity. */
void json_add_real(struct json_writer *w, const char *key, double d)
{
	char text[32];

	if (!isfinite(d)) {
		json_add_null(w, key);
		return;
	}
	(void)snprintf(text, sizeof text, "%.15g", d);
	if (strtod(text, NULL) != d)
		(void)snprintf(text, sizeof text, "%.17g", d);
	prepare(w, key);
	(void)buf_adds(w->out, text);
}

void json_add_bool(struct json_writer *w, const char *key, bool b)
{
	prepare(w, key);
	(void)buf_adds(w->out, b ? "true" : "false");
}

void json_add_null(struct json_writer *w, const char *key)
{
	prepare(w, key);
	(void)buf_adds(w->out, "null");
}
