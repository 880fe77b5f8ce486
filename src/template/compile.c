/*
 * compile.c - Mustache text to nodes.
 *
 * What stands between two tags is a literal, each tag one node; comments and
 * delimiters leave none.
 * Every fault of the author is found here or in link.c, none at rendering.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "scan_private.h"
#include "template_private.h"

struct open_section {
	uint32_t node;
	enum markup_place place;
	unsigned depth, floor; /* of the markup's elements */
};

struct parser {
	struct scan scan;
	struct template *t;
	struct arena *arena;
	struct node *nodes;
	size_t count;
	size_t cap;
	struct open_section sections[TEMPLATE_MAX_SECTIONS];
	size_t depth;
	struct markup markup;
};

/* ---- nodes ---- */

static struct node *add_node(struct parser *p, enum node_kind kind, unsigned line)
{
	struct node *n;

	if (p->count == TEMPLATE_MAX_NODES) {
		(void)scan_fault(&p->scan, line,
				 "more than %d pieces of text and tags; split the file with "
				 "partials",
				 TEMPLATE_MAX_NODES);
		return NULL;
	}
	if (p->count == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 32;
		p->nodes = mem_grow(p->nodes, p->cap, sizeof *p->nodes);
	}
	n = &p->nodes[p->count++];
	memset(n, 0, sizeof *n);
	n->kind = (uint8_t)kind;
	n->line = line;
	return n;
}

/* The text from the last tag to here. */
static int add_literal(struct parser *p, const char *to)
{
	struct str text = { p->scan.p, (size_t)(to - p->scan.p) };
	const char *wrong;
	struct node *n;

	if (text.n == 0)
		return 0;
	if (p->t->escape == TEMPLATE_XML && (wrong = markup_read(&p->markup, text, p->scan.line)))
		return scan_fault(&p->scan, p->markup.line, "%s", wrong);
	n = add_node(p, NODE_LITERAL, p->scan.line);
	if (!n)
		return -1;
	n->text = text;
	return 0;
}

static enum escape escape_here(const struct parser *p, const struct tag *tag)
{
	if (tag->sigil == '{' || tag->sigil == '&' || p->t->escape == TEMPLATE_RAW)
		return ESCAPE_NONE;
	if (p->t->escape == TEMPLATE_JSON)
		return ESCAPE_JSON;
	return p->markup.place == MARKUP_ATTRIBUTE ? ESCAPE_XML_ATTRIBUTE : ESCAPE_XML_TEXT;
}

/* ---- names ---- */

#define NOT_IN_NAMES "{}()|\"'<>#^&$*="

static int check_name(struct parser *p, const struct tag *tag, const char *forbidden)
{
	struct str s = tag->body;

	if (s.n == 0)
		return scan_fault(&p->scan, tag->line, "a tag without a name; write {{name}}");
	if (s.n > TEMPLATE_MAX_NAME)
		return scan_fault(&p->scan, tag->line,
				  "a name of %zu bytes, the most is %d; is a closing %.*s missing?",
				  s.n, TEMPLATE_MAX_NAME, (int)p->scan.close.n, p->scan.close.p);
	for (size_t i = 0; i < s.n; i++) {
		if (scan_is_space(s.p[i]) || strchr(forbidden, s.p[i]))
			return scan_fault(
				&p->scan, tag->line,
				"'%.*s' is not a name; a name holds no blank and none of %s",
				(int)s.n, s.p, forbidden);
	}
	return 0;
}

/* "a.b.c" to its parts; "." has none. */
static int set_name(struct parser *p, struct node *n, const struct tag *tag)
{
	char *copy = arena_strndup(p->arena, tag->body.p, tag->body.n);
	size_t count = 1, i = 0;
	const char **parts;

	n->name = arena_strndup(p->arena, tag->body.p, tag->body.n);
	if (strcmp(copy, ".") == 0)
		return 0;
	for (const char *c = copy; *c; c++)
		count += *c == '.';
	parts = arena_array(p->arena, count, sizeof *parts);
	for (char *rest = copy, *part; (part = strsep(&rest, "."));) {
		if (!*part)
			return scan_fault(&p->scan, tag->line, "'%s' has an empty part; write a.b",
					  n->name);
		parts[i++] = part;
	}
	n->parts = parts;
	n->part_count = (uint16_t)count;
	return 0;
}

static struct node *add_named(struct parser *p, enum node_kind kind, const struct tag *tag)
{
	const char *refusal;
	struct node *n;

	if (tag->body.n > 0 && (tag->body.p[0] == '<' || tag->body.p[0] == '$')) {
		(void)scan_fault(&p->scan, tag->line,
				 "{{%c is inheritance, which is not supported; "
				 "use a partial: {{> name}}",
				 tag->body.p[0]);
		return NULL;
	}
	if (check_name(p, tag, NOT_IN_NAMES "/") < 0)
		return NULL;
	if (p->t->escape == TEMPLATE_XML && (refusal = markup_refusal(&p->markup, kind))) {
		(void)scan_fault(&p->scan, tag->line, "'%.*s': %s", (int)tag->body.n, tag->body.p,
				 refusal);
		return NULL;
	}
	n = add_node(p, kind, tag->line);
	return n && set_name(p, n, tag) == 0 ? n : NULL;
}

/* ---- one function per kind of tag ---- */

static int add_variable(struct parser *p, const struct tag *tag)
{
	struct node *n = add_named(p, NODE_VARIABLE, tag);

	if (!n)
		return -1;
	if (tag->sigil && p->t->escape != TEMPLATE_RAW && !p->t->unescaped_allowed)
		return scan_fault(&p->scan, tag->line,
				  "'%s' would go out unescaped; write {{%s}}, this file type "
				  "escapes by itself",
				  n->name, n->name);
	n->escape = (uint8_t)escape_here(p, tag);
	return 0;
}

static int open_section(struct parser *p, const struct tag *tag)
{
	if (p->depth == TEMPLATE_MAX_SECTIONS)
		return scan_fault(&p->scan, tag->line,
				  "sections nest deeper than %d; use a partial",
				  TEMPLATE_MAX_SECTIONS);
	/* <Message{{#to}} to="{{to}}"{{/to}}>: the blank inside ends the element's name. */
	if (p->markup.place == MARKUP_NAME && tag->to < p->scan.end && scan_is_space(*tag->to))
		p->markup.place = MARKUP_INNER;
	if (!add_named(p, tag->sigil == '#' ? NODE_SECTION : NODE_INVERTED, tag))
		return -1;
	p->sections[p->depth++] = (struct open_section){ (uint32_t)p->count - 1, p->markup.place,
							 p->markup.depth, p->markup.floor };
	p->markup.floor = p->markup.depth;
	return 0;
}

static int close_section(struct parser *p, const struct tag *tag)
{
	const struct open_section *open;
	struct node *n;

	if (check_name(p, tag, NOT_IN_NAMES "/") < 0)
		return -1;
	if (p->depth == 0)
		return scan_fault(
			&p->scan, tag->line,
			"{{/%.*s}} closes no section; remove it or open {{#%.*s}} before it",
			(int)tag->body.n, tag->body.p, (int)tag->body.n, tag->body.p);
	open = &p->sections[--p->depth];
	n = &p->nodes[open->node];
	if (!str_is(tag->body, n->name))
		return scan_fault(
			&p->scan, tag->line,
			"{{/%.*s}} stands where section {{%c%s}} of line %u ends; write {{/%s}}",
			(int)tag->body.n, tag->body.p, n->kind == NODE_SECTION ? '#' : '^', n->name,
			(unsigned)n->line, n->name);
	if (p->markup.place != open->place || p->markup.depth != open->depth)
		return scan_fault(
			&p->scan, tag->line,
			"section '%s' of line %u begins and ends in different "
			"places of the markup; close every element, < and quote inside it",
			n->name, (unsigned)n->line);
	p->markup.floor = open->floor;
	n->end = (uint32_t)p->count;
	return 0;
}

/* The partial's full name: same folder, same ending as the file it is used in. */
static char *partial_file(struct parser *p, struct str name)
{
	const char *slash = strrchr(p->t->name, '/');
	int folder = slash ? (int)(slash + 1 - p->t->name) : 0;
	const char *ending = strrchr(p->t->name + folder, '.');

	return arena_printf(p->arena, "%.*s%.*s%s", folder, p->t->name, (int)name.n, name.p,
			    ending ? ending : "");
}

static int add_partial(struct parser *p, const struct tag *tag)
{
	const char *refusal;
	struct node *n;

	if (check_name(p, tag, NOT_IN_NAMES) < 0)
		return -1;
	if (tag->body.p[0] == '/' || memmem(tag->body.p, tag->body.n, "..", 2))
		return scan_fault(&p->scan, tag->line,
				  "partial '%.*s' leaves the folder; name a file beside this one",
				  (int)tag->body.n, tag->body.p);
	if (p->t->escape == TEMPLATE_XML && (refusal = markup_refusal(&p->markup, NODE_PARTIAL)))
		return scan_fault(&p->scan, tag->line, "'%.*s': %s", (int)tag->body.n, tag->body.p,
				  refusal);
	n = add_node(p, NODE_PARTIAL, tag->line);
	if (!n)
		return -1;
	n->file = partial_file(p, tag->body);
	n->indent = "";
	if (tag->standalone)
		n->indent = arena_strndup(p->arena, tag->from, (size_t)(tag->begin - tag->from));
	return 0;
}

static int handle_tag(struct parser *p, const struct tag *tag)
{
	switch (tag->sigil) {
	case '!':
		return 0;
	case '=':
		return scan_set_delimiters(&p->scan, tag);
	case '#':
	case '^':
		return open_section(p, tag);
	case '/':
		return close_section(p, tag);
	case '>':
		return add_partial(p, tag);
	default:
		return add_variable(p, tag);
	}
}

static int parse(struct parser *p)
{
	struct tag tag;
	int more;

	while ((more = scan_next(&p->scan, &tag)) > 0) {
		if (add_literal(p, tag.from) < 0 || handle_tag(p, &tag) < 0)
			return -1;
		scan_pass(&p->scan, &tag);
	}
	return more < 0 ? -1 : add_literal(p, p->scan.end);
}

static int check_end(struct parser *p)
{
	const struct node *n;

	if (p->depth > 0) {
		n = &p->nodes[p->sections[p->depth - 1].node];
		return scan_fault(&p->scan, n->line, "section '%s' is not closed; add {{/%s}}",
				  n->name, n->name);
	}
	if (p->t->escape == TEMPLATE_XML && p->markup.place != MARKUP_TEXT)
		return scan_fault(&p->scan, p->markup.line,
				  "the markup that begins here is not closed; look for "
				  "a missing > or quote");
	if (p->t->escape == TEMPLATE_XML && p->markup.depth > 0) {
		const struct str *name = &p->markup.elements[p->markup.depth - 1].name;

		return scan_fault(&p->scan, p->markup.elements[p->markup.depth - 1].line,
				  "element '%.*s' is not closed; add </%.*s>", (int)name->n,
				  name->p, (int)name->n, name->p);
	}
	return 0;
}

/* What cannot leave a rendering is a fault already here: the author can still cure it. */
static int check_characters(struct parser *p)
{
	struct str rest = p->t->source;
	unsigned line = 1;
	int32_t cp;
	size_t n;

	while ((n = text_next(rest, &cp)) > 0) {
		if (cp == 0xFFFD && n == 1)
			return scan_fault(&p->scan, line, "not UTF-8; save the file as UTF-8");
		if ((cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r') || cp == 0xFFFE ||
		    cp == 0xFFFF)
			return scan_fault(&p->scan, line,
					  "the character U+%04X cannot be sent; remove it",
					  (unsigned)cp);
		line += cp == '\n';
		rest.p += n;
		rest.n -= n;
	}
	return 0;
}

int template_compile(struct template *t, struct arena *a, struct err *err)
{
	struct parser p = { .t = t, .arena = a, .markup = { .line = 1 } };
	int ret = -1;

	scan_begin(&p.scan, t->name, t->source, err);
	if (check_characters(&p) < 0 || parse(&p) < 0 || check_end(&p) < 0)
		goto out;
	t->count = (uint32_t)p.count;
	t->nodes = arena_array(a, p.count, sizeof *t->nodes);
	if (p.count > 0)
		memcpy(t->nodes, p.nodes, p.count * sizeof *t->nodes);
	ret = 0;
out:
	free(p.nodes);
	return ret;
}
