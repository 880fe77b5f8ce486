/*
 * markup.c - where in XML markup the next tag stands.
 *
 * Text and attribute values are escaped by different rules, and in every other
 * place no escaping is safe. This reads the literal text between tags, just far
 * enough to know the place and to see that every element is closed, in order
 * and in the section that opened it; it is no XML parser.
 */
#include "template_private.h"

static bool begins(const char *p, const char *end, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(end - p) >= n && memcmp(p, with, n) == 0;
}

/* '<' in text: moves to what it opens. Returns how many bytes belong to the opening. */
static size_t open_markup(struct markup *m, const char *p, const char *end)
{
	static const struct {
		const char *with;
		enum markup_place place;
	} openings[] = {
		{ "<!--", MARKUP_COMMENT },   { "<![CDATA[", MARKUP_CDATA },
		{ "<!", MARKUP_DECLARATION }, { "<?", MARKUP_INSTRUCTION },
		{ "<", MARKUP_NAME },
	};
	size_t i = 0;

	while (!begins(p, end, openings[i].with))
		i++;
	m->place = openings[i].place;
	m->name = (struct str){ p + 1, 0 };
	m->is_end = m->slash = false;
	return strlen(openings[i].with);
}

/* Ends a comment, CDATA or instruction when its end mark stands at p. */
static size_t close_markup(struct markup *m, const char *p, const char *end)
{
	const char *mark = m->place == MARKUP_COMMENT ? "-->"
			   : m->place == MARKUP_CDATA ? "]]>"
						      : "?>";

	if (!begins(p, end, mark))
		return 1;
	m->place = MARKUP_TEXT;
	return strlen(mark);
}

/* '>' behind <name, <name/ or </name. */
static const char *end_tag(struct markup *m)
{
	struct str *top = m->depth > m->floor ? &m->elements[m->depth - 1].name : NULL;

	m->place = MARKUP_TEXT;
	if (m->is_end) {
		if (!top || top->n != m->name.n || memcmp(top->p, m->name.p, top->n) != 0)
			return "an end tag that fits no element opened here; close the elements "
			       "in order, and in the section that opened them";
		m->depth--;
	} else if (!m->slash) {
		if (m->depth == MARKUP_MAX_ELEMENTS)
			return "too many elements inside each other; use fewer";
		m->elements[m->depth].name = m->name;
		m->elements[m->depth++].line = m->line;
	}
	return NULL;
}

/* One byte inside <...>. */
static const char *read_inner(struct markup *m, char c)
{
	bool quoted = m->place == MARKUP_ATTRIBUTE || m->place == MARKUP_APOSTROPHE;

	if (c == '<')
		return quoted ? "'<' inside an attribute value; write &lt;, or close the quotes"
			      : "'<' inside a tag; close the tag before it with '>'";
	if (quoted) {
		if (c == (m->place == MARKUP_ATTRIBUTE ? '"' : '\''))
			m->place = MARKUP_INNER;
	} else if (m->place == MARKUP_DECLARATION) {
		m->place = c == '>' ? MARKUP_TEXT : MARKUP_DECLARATION;
	} else if (c == '>') {
		return end_tag(m);
	} else if (c == '"') {
		m->place = MARKUP_ATTRIBUTE;
	} else if (c == '\'') {
		m->place = MARKUP_APOSTROPHE;
	} else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '/') {
		if (m->place == MARKUP_NAME && c == '/' && m->name.n == 0) {
			m->is_end = true; /* "</Name": still the name */
			m->name.p++;
		} else {
			m->place = MARKUP_INNER;
		}
	} else if (m->place == MARKUP_NAME) {
		m->name.n++;
	}
	m->slash = c == '/';
	return NULL;
}

const char *markup_read(struct markup *m, struct str literal, unsigned line)
{
	const char *p = literal.p, *end = literal.p + literal.n;
	const char *wrong = NULL;

	while (p < end && !wrong) {
		size_t n = 1;

		if (*p == '\n')
			line++;
		switch (m->place) {
		case MARKUP_TEXT:
			if (*p == '<') {
				m->line = line;
				n = open_markup(m, p, end);
			}
			break;
		case MARKUP_COMMENT:
		case MARKUP_CDATA:
		case MARKUP_INSTRUCTION:
			n = close_markup(m, p, end);
			break;
		default:
			wrong = read_inner(m, *p);
		}
		p += n;
	}
	return wrong;
}

const char *markup_refusal(const struct markup *m, enum node_kind kind)
{
	bool section = kind == NODE_SECTION || kind == NODE_INVERTED;

	switch (m->place) {
	case MARKUP_TEXT:
		return NULL;
	case MARKUP_ATTRIBUTE:
		return kind == NODE_PARTIAL
			       ? "a partial inside an attribute value; write its text here"
			       : NULL;
	case MARKUP_INNER:
		if (section)
			return NULL;
		return "a value between < and > outside quotes; write name=\"{{value}}\"";
	case MARKUP_NAME:
		return "a tag inside the name of an element; write the name out";
	case MARKUP_APOSTROPHE:
		return "a tag in an attribute between apostrophes; use quotes: name=\"{{value}}\"";
	case MARKUP_COMMENT:
		return "a tag inside an XML comment; use {{! ... }} for comments";
	case MARKUP_CDATA:
		return "a tag inside CDATA, where nothing can be escaped; use plain text";
	case MARKUP_INSTRUCTION:
	case MARKUP_DECLARATION:
		break;
	}
	return "a tag inside <? ... ?> or <! ... >; move it into text or an attribute value";
}
