/*
 * twiml.c - the texts of a TwiML answer, for people who read it in a terminal.
 *
 * Reads what our own envelope writes: Message elements with text or Body, and
 * the five entities and numbers. Not an XML parser.
 */
#include <stdlib.h>
#include <string.h>

#include "command_private.h"

static void add_code_point(char **to, unsigned long cp)
{
	char *p = *to;

	if (cp < 0x80) {
		*p++ = (char)cp;
	} else if (cp < 0x800) {
		*p++ = (char)(0xc0 | cp >> 6);
		*p++ = (char)(0x80 | (cp & 0x3f));
	} else if (cp < 0x10000) {
		*p++ = (char)(0xe0 | cp >> 12);
		*p++ = (char)(0x80 | (cp >> 6 & 0x3f));
		*p++ = (char)(0x80 | (cp & 0x3f));
	} else {
		*p++ = (char)(0xf0 | cp >> 18);
		*p++ = (char)(0x80 | (cp >> 12 & 0x3f));
		*p++ = (char)(0x80 | (cp >> 6 & 0x3f));
		*p++ = (char)(0x80 | (cp & 0x3f));
	}
	*to = p;
}

/* Decodes the entity at p; returns its length, or 0 when it is none. An entity
 * is never shorter than the character it stands for. */
static size_t take_entity(const char *p, char **to)
{
	static const struct {
		const char *name;
		char c;
	} names[] = {
		{ "&amp;", '&' },  { "&lt;", '<' },    { "&gt;", '>' },
		{ "&quot;", '"' }, { "&apos;", '\'' },
	};
	char *end;
	unsigned long cp;
	bool hex;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strncmp(p, names[i].name, strlen(names[i].name)) == 0) {
			*(*to)++ = names[i].c;
			return strlen(names[i].name);
		}
	}
	if (p[1] != '#')
		return 0;
	hex = p[2] == 'x';
	cp = strtoul(p + 2 + hex, &end, hex ? 16 : 10);
	if (*end != ';' || cp == 0 || cp > 0x10ffff)
		return 0;
	add_code_point(to, cp);
	return (size_t)(end - p) + 1;
}

/* Text between p and end without tags. */
static const char *plain(const char *p, const char *end, struct arena *a)
{
	char *text = arena_alloc(a, (size_t)(end - p) + 1);
	char *to = text;

	while (p < end) {
		size_t n = 0;

		if (*p == '<') {
			while (p < end && *p != '>')
				p++;
			p += p < end;
			continue;
		}
		if (*p == '&')
			n = take_entity(p, &to);
		if (n)
			p += n;
		else
			*to++ = *p++;
	}
	*to = '\0';
	return text;
}

size_t twiml_texts(const char *xml, struct arena *a, const char *texts_out[TWIML_MAX_TEXTS])
{
	size_t count = 0;
	const char *p = xml;

	while (count < TWIML_MAX_TEXTS && (p = strstr(p, "<Message"))) {
		const char *start = strchr(p, '>');
		const char *end = start ? strstr(start, "</Message>") : NULL;

		if (!end)
			break;
		texts_out[count++] = plain(start + 1, end, a);
		p = end;
	}
	return count;
}
