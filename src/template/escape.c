/*
 * escape.c - a value on its way into raw text, XML or a JSON string.
 *
 * One pass: plain bytes are copied in runs, special ones are replaced, and only
 * runs of doubtful bytes (controls, everything beyond ASCII) go through the
 * UTF-8 check. Such a run ends at an ASCII byte, which no well-formed sequence
 * contains, so checking it alone finds the same as checking the whole.
 */
#include "base/text.h"
#include "template_private.h"

enum { DOUBT = 1, XML_TEXT = 2, XML_ATTRIBUTE = 4, JSON = 8 };

static const uint8_t classes[256] = {
	[0x00 ... 0x08] = DOUBT,
	['\t'] = XML_ATTRIBUTE | JSON,
	['\n'] = XML_ATTRIBUTE | JSON,
	[0x0b ... 0x0c] = DOUBT,
	['\r'] = XML_TEXT | XML_ATTRIBUTE | JSON,
	[0x0e ... 0x1f] = DOUBT,
	['&'] = XML_TEXT | XML_ATTRIBUTE,
	['<'] = XML_TEXT | XML_ATTRIBUTE,
	['>'] = XML_TEXT,
	['"'] = XML_ATTRIBUTE | JSON,
	['\\'] = JSON,
	[0x80 ... 0xff] = DOUBT,
};

static const struct {
	uint8_t mask;	/* classes that are not plain */
	uint8_t growth; /* longest replacement */
} rules[] = {
	[ESCAPE_NONE] = { DOUBT, 1 },
	[ESCAPE_XML_TEXT] = { DOUBT | XML_TEXT, 5 },
	[ESCAPE_XML_ATTRIBUTE] = { DOUBT | XML_ATTRIBUTE, 6 },
	[ESCAPE_JSON] = { DOUBT | JSON, 2 },
};

static const char *replacement(enum escape escape, char c)
{
	bool json = escape == ESCAPE_JSON;

	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return json ? "\\\"" : "&quot;";
	case '\\':
		return "\\\\";
	case '\t':
		return json ? "\\t" : "&#x9;";
	case '\n':
		return json ? "\\n" : "&#xA;";
	default:
		return json ? "\\r" : "&#xD;";
	}
}

int escape_add(struct buf *out, enum escape escape, struct str s)
{
	const uint8_t mask = rules[escape].mask;
	const uint8_t *p = (const uint8_t *)s.p;
	size_t i = 0;

	while (i < s.n) {
		size_t start = i;

		while (i < s.n && !(classes[p[i]] & mask))
			i++;
		if (i > start && buf_add(out, s.p + start, i - start) < 0)
			return -1;
		start = i;
		while (i < s.n && (classes[p[i]] & DOUBT))
			i++;
		if (i > start) {
			if (text_add_clean(out, (struct str){ s.p + start, i - start }) < 0)
				return -1;
		} else if (i < s.n) {
			if (buf_adds(out, replacement(escape, s.p[i++])) < 0)
				return -1;
		}
	}
	return 0;
}

size_t escape_growth(enum escape escape)
{
	return rules[escape].growth;
}
