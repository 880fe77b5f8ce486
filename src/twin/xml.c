/*
 * xml.c - XML 1.0 piece by piece (W3C Recommendation, fifth edition).
 */
#include "xml_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static enum xml_piece fault(struct xml *x, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static enum xml_piece fault(struct xml *x, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(x->why, sizeof x->why, fmt, args);
	va_end(args);
	return XML_FAULT;
}

/* ---- moving on ---- */

static void skip(struct xml *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x->line += x->rest.p[i] == '\n';
	x->rest = (struct str){ x->rest.p + n, x->rest.n - n };
}

static bool begins(const struct xml *x, const char *with)
{
	size_t n = strlen(with);

	return x->rest.n >= n && memcmp(x->rest.p, with, n) == 0;
}

/* Bytes before `end`, or -1: it does not come. */
static long until(const struct xml *x, const char *end)
{
	const char *at = x->rest.n ? memmem(x->rest.p, x->rest.n, end, strlen(end)) : NULL;

	return at ? (long)(at - x->rest.p) : -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_blanks(struct xml *x)
{
	size_t n = 0;

	while (n < x->rest.n && is_blank(x->rest.p[n]))
		n++;
	skip(x, n);
	return n;
}

/* ---- characters ---- */

/* Production 2, Char. */
static bool is_char(long cp)
{
	return cp == 0x9 || cp == 0xa || cp == 0xd || (cp >= 0x20 && cp <= 0xd7ff) ||
	       (cp >= 0xe000 && cp <= 0xfffd) || (cp >= 0x10000 && cp <= 0x10ffff);
}

/* TwiML's own names are ASCII; others are let through as bytes. */
static bool is_name_byte(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == ':' ||
	       (unsigned char)c >= 0x80 ||
	       (!first && ((c >= '0' && c <= '9') || c == '-' || c == '.'));
}

static const char *take_name(struct xml *x)
{
	const char *name;
	size_t n = 0;

	while (n < x->rest.n && is_name_byte(x->rest.p[n], n == 0))
		n++;
	if (n == 0)
		return NULL;
	name = arena_strndup(x->arena, x->rest.p, n);
	skip(x, n);
	return name;
}

static void add_utf8(struct buf *out, long cp)
{
	if (cp < 0x80) {
		(void)buf_addc(out, (char)cp);
	} else if (cp < 0x800) {
		(void)buf_addc(out, (char)(0xc0 | cp >> 6));
		(void)buf_addc(out, (char)(0x80 | (cp & 0x3f)));
	} else if (cp < 0x10000) {
		(void)buf_addc(out, (char)(0xe0 | cp >> 12));
		(void)buf_addc(out, (char)(0x80 | (cp >> 6 & 0x3f)));
		(void)buf_addc(out, (char)(0x80 | (cp & 0x3f)));
	} else {
		(void)buf_addc(out, (char)(0xf0 | cp >> 18));
		(void)buf_addc(out, (char)(0x80 | (cp >> 12 & 0x3f)));
		(void)buf_addc(out, (char)(0x80 | (cp >> 6 & 0x3f)));
		(void)buf_addc(out, (char)(0x80 | (cp & 0x3f)));
	}
}

/* "#65" or "#x41"; -1: no character. */
static long read_reference(const char *p, size_t n)
{
	bool hex = n > 1 && p[1] == 'x';
	long cp = 0;

	p += 1 + hex;
	n -= 1 + (size_t)hex;
	if (n == 0 || n > 7)
		return -1;
	for (size_t i = 0; i < n; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *d = strchr(digits, p[i] | (p[i] >= 'A' && p[i] <= 'F' ? 0x20 : 0));

		if (!p[i] || !d || d - digits >= (hex ? 16 : 10))
			return -1;
		cp = cp * (hex ? 16 : 10) + (d - digits);
	}
	return is_char(cp) ? cp : -1;
}

/* What stands behind '&'; moves behind the ';'. False: nothing that XML knows. */
static bool take_entity(struct str s, size_t *at, struct buf *out)
{
	static const struct {
		const char *name;
		char c;
	} names[] = {
		{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' }
	};
	const char *p = s.p + *at + 1;
	const char *end = memchr(p, ';', s.n - *at - 1);
	size_t n = end ? (size_t)(end - p) : 0;

	if (n == 0 || n > 10)
		return false;
	*at += n + 2;
	if (*p == '#') {
		long cp = read_reference(p, n);

		if (cp >= 0)
			add_utf8(out, cp);
		return cp >= 0;
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strlen(names[i].name) == n && memcmp(names[i].name, p, n) == 0)
			return buf_addc(out, names[i].c) == 0;
	}
	return false;
}

/* Decodes references, line ends (section 2.11) and, in attributes, white space (3.3.3). */
static int decode(struct xml *x, struct str s, bool attribute, struct str *out)
{
	struct buf b;
	size_t i = 0;

	buf_init(&b, s.n + 1);
	while (i < s.n) {
		if (s.p[i] == '&') {
			if (!take_entity(s, &i, &b)) {
				buf_free(&b);
				(void)fault(x,
					    "\"&\" begins no entity that XML knows: write &amp;");
				return -1;
			}
			continue;
		}
		if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n') {
			i++;
			continue;
		}
		(void)buf_addc(&b, s.p[i] == '\r' || (s.p[i] == '\n' && attribute)
					   ? (attribute ? ' ' : '\n')
				   : s.p[i] == '\t' && attribute ? ' '
								 : s.p[i]);
		i++;
	}
	*out = (struct str){ arena_strndup(x->arena, b.data, b.len), b.len };
	buf_free(&b);
	return 0;
}

/* ---- tags ---- */

static int take_attribute(struct xml *x)
{
	struct xml_attribute *at = &x->attributes[x->attribute_count];
	struct str value;
	char quote[2] = "";
	long n;

	if (x->attribute_count == XML_MAX_ATTRIBUTES)
		return (void)fault(x, "<%s> has more than 16 attributes", x->name), -1;
	at->name = take_name(x);
	if (!at->name)
		return (void)fault(x, "the tag <%.40s> is malformed", x->name), -1;
	(void)skip_blanks(x);
	if (!begins(x, "="))
		return (void)fault(x, "attribute \"%.40s\" has no value", at->name), -1;
	skip(x, 1);
	(void)skip_blanks(x);
	if (!begins(x, "\"") && !begins(x, "'"))
		return (void)fault(x, "the value of \"%.40s\" is not in quotes", at->name), -1;
	quote[0] = *x->rest.p;
	skip(x, 1);
	n = until(x, quote);
	if (n < 0 || memchr(x->rest.p, '<', (size_t)n))
		return (void)fault(x, "the value of \"%.40s\" does not end", at->name), -1;
	if (decode(x, (struct str){ x->rest.p, (size_t)n }, true, &value) < 0)
		return -1;
	skip(x, (size_t)n + 1);
	at->value = value.p;
	if (xml_attribute(x, at->name))
		return (void)fault(x, "attribute \"%.40s\" is there twice", at->name), -1;
	x->attribute_count++;
	return 0;
}

static enum xml_piece take_open(struct xml *x)
{
	skip(x, 1);
	x->attribute_count = 0;
	x->name = take_name(x);
	if (!x->name)
		return fault(x, "\"<\" begins no tag: write &lt;");
	if (x->began && x->depth == 0)
		return fault(x, "<%.40s> stands behind the end of the document", x->name);
	if (x->depth == XML_MAX_DEPTH)
		return fault(x, "elements are nested too deeply");
	for (;;) {
		size_t blanks = skip_blanks(x);

		if (begins(x, "/>") || begins(x, ">"))
			break;
		if (!x->rest.n)
			return fault(x, "the tag <%.40s> does not end", x->name);
		if (!blanks)
			return fault(x, "the tag <%.40s> is malformed", x->name);
		if (take_attribute(x) < 0)
			return XML_FAULT;
	}
	x->empty = begins(x, "/>");
	skip(x, 1 + (size_t)x->empty);
	x->began = true;
	x->stack[x->depth++] = x->name;
	return XML_OPEN;
}

static enum xml_piece take_close(struct xml *x)
{
	skip(x, 2);
	x->name = take_name(x);
	(void)skip_blanks(x);
	if (!x->name || !begins(x, ">"))
		return fault(x, "a closing tag is malformed");
	skip(x, 1);
	if (x->depth == 0 || strcmp(x->stack[x->depth - 1], x->name) != 0)
		return fault(x, "</%.40s> closes %s%.40s%s", x->name, x->depth ? "<" : "",
			     x->depth ? x->stack[x->depth - 1] : "nothing", x->depth ? ">" : "");
	x->depth--;
	return XML_CLOSE;
}

/* ---- the rest ---- */

/* 1 one was skipped, 0 there is none here, -1. */
static int skip_comment(struct xml *x)
{
	long n;

	if (begins(x, "<!--")) {
		skip(x, 4);
		n = until(x, "--");
		if (n < 0)
			return (void)fault(x, "a comment does not end"), -1;
		skip(x, (size_t)n + 2);
		if (!begins(x, ">"))
			return (void)fault(x, "\"--\" inside a comment"), -1;
		skip(x, 1);
		return 1;
	}
	if (!begins(x, "<?"))
		return 0;
	if (begins(x, "<?xml") && (x->rest.n == 5 || is_blank(x->rest.p[5]) || x->rest.p[5] == '?'))
		return (void)fault(x, "<?xml must be the very first thing"), -1;
	n = until(x, "?>");
	if (n < 0)
		return (void)fault(x, "a processing instruction does not end"), -1;
	skip(x, (size_t)n + 2);
	return 1;
}

static enum xml_piece take_cdata(struct xml *x)
{
	long n;

	skip(x, 9);
	n = until(x, "]]>");
	if (n < 0)
		return fault(x, "CDATA does not end");
	if (x->depth == 0)
		return fault(x, "text outside of the root element");
	x->text = (struct str){ arena_strndup(x->arena, x->rest.p, (size_t)n), (size_t)n };
	skip(x, (size_t)n + 3);
	return n ? XML_TEXT : xml_next(x);
}

static enum xml_piece take_text(struct xml *x)
{
	const char *end = memchr(x->rest.p, '<', x->rest.n);
	size_t n = end ? (size_t)(end - x->rest.p) : x->rest.n;
	struct str raw = { x->rest.p, n };

	if (memmem(raw.p, raw.n, "]]>", 3))
		return fault(x, "\"]]>\" in text");
	if (decode(x, raw, false, &x->text) < 0)
		return XML_FAULT;
	skip(x, n);
	if (x->depth > 0)
		return XML_TEXT;
	for (size_t i = 0; i < raw.n; i++)
		if (!is_blank(raw.p[i]))
			return fault(x, "text outside of the root element");
	return xml_next(x);
}

enum xml_piece xml_next(struct xml *x)
{
	int skipped;

	if (*x->why)
		return XML_FAULT;
	if (x->empty) {
		x->empty = false;
		x->depth--;
		return XML_CLOSE;
	}
	do {
		skipped = skip_comment(x);
	} while (skipped > 0);
	if (skipped < 0)
		return XML_FAULT;
	if (!x->rest.n && x->depth > 0)
		return fault(x, "<%.40s> is not closed", x->stack[x->depth - 1]);
	if (!x->rest.n)
		return x->began ? XML_DONE : fault(x, "there is no element");
	if (begins(x, "<![CDATA["))
		return take_cdata(x);
	if (begins(x, "<!"))
		return fault(x, "a document type is not allowed");
	if (begins(x, "</"))
		return take_close(x);
	return begins(x, "<") ? take_open(x) : take_text(x);
}

const char *xml_attribute(const struct xml *x, const char *name)
{
	for (size_t i = 0; i < x->attribute_count; i++)
		if (strcmp(x->attributes[i].name, name) == 0)
			return x->attributes[i].value;
	return NULL;
}

/* ---- the start ---- */

static void check_characters(struct xml *x)
{
	struct str s = x->rest;
	unsigned line = 1;

	if (!text_is_utf8(s)) {
		(void)fault(x, "the document is not valid UTF-8");
		return;
	}
	while (s.n) {
		int32_t cp;
		size_t n = text_next(s, &cp);

		if (!is_char(cp)) {
			x->line = line;
			(void)fault(x, "U+%04X may not occur in XML", (unsigned)cp);
			return;
		}
		line += cp == '\n';
		s = (struct str){ s.p + n, s.n - n };
	}
}

static void check_declaration(struct xml *x)
{
	long n = until(x, "?>");
	const char *head;

	if (n < 0) {
		(void)fault(x, "<?xml does not end");
		return;
	}
	head = arena_strndup(x->arena, x->rest.p, (size_t)n);
	if (!strstr(head, "version=\"1.") && !strstr(head, "version='1."))
		(void)fault(x, "<?xml names no version");
	else if (strstr(head, "encoding=") && !strcasestr(head, "utf-8"))
		(void)fault(x, "the encoding is not UTF-8");
	skip(x, (size_t)n + 2);
}

void xml_begin(struct xml *x, struct str document, struct arena *a)
{
	*x = (struct xml){ .arena = a, .rest = document, .line = 1 };
	if (begins(x, "\xef\xbb\xbf"))
		skip(x, 3);
	check_characters(x);
	if (!*x->why && begins(x, "<?xml") && x->rest.n > 5 && is_blank(x->rest.p[5]))
		check_declaration(x);
}
