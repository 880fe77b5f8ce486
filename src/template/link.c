/*
 * link.c - partial tags get their templates; what could run away is refused.
 *
 * A standalone partial indents each line of the partial's source before it is
 * parsed. So each indentation in use gets its own compiled copy of the text:
 * rendering then knows nothing of indentation. Nested copies add up.
 */
#include "template_private.h"

static const struct template *copy_of(struct template_set *set, const struct node *n,
				      struct err *err);

const struct node *template_set_missing(const struct template_set *set,
					const struct template **in_out)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct template *t = set->items[i];

		for (uint32_t k = 0; k < t->count; k++) {
			const struct node *n = &t->nodes[k];

			if (n->kind != NODE_PARTIAL || template_set_get(set, n->file))
				continue;
			*in_out = t;
			return n;
		}
	}
	return NULL;
}

const char *template_set_wanted(const struct template_set *set)
{
	const struct template *in;
	const struct node *n = template_set_missing(set, &in);

	return n ? n->file : NULL;
}

static struct template *item(const struct template_set *set, const char *name)
{
	bool found;
	size_t i = template_set_find(set, name, &found);

	return found ? set->items[i] : NULL;
}

/* ---- is the graph of partials finite and small? ---- */

static int measure(const struct template_set *set, struct template *t, unsigned level,
		   struct err *err);

static int measure_partial(const struct template_set *set, struct template *t, const struct node *n,
			   unsigned level, struct err *err)
{
	struct template *target = item(set, n->file);
	unsigned line = n->line;

	if (target->escape != t->escape)
		return err_set(err, ERR_INPUT,
			       "%s:%u: partial %s escapes in another way; use a "
			       "partial of the same file type",
			       t->name, line, n->file);
	if (target->state == LINK_ACTIVE)
		return err_set(err, ERR_INPUT,
			       "%s:%u: partial %s leads back to itself and would "
			       "never end; take one of the partial tags out",
			       t->name, line, n->file);
	if (target->state == LINK_UNSEEN && level < TEMPLATE_MAX_PARTIALS &&
	    measure(set, target, level + 1, err) < 0)
		return -1;
	if (target->state != LINK_DONE || target->depth >= TEMPLATE_MAX_PARTIALS)
		return err_set(err, ERR_INPUT,
			       "%s:%u: partials nest deeper than %d; put the text of some into "
			       "one file",
			       t->name, line, TEMPLATE_MAX_PARTIALS);
	if (target->depth + 1 > t->depth)
		t->depth = target->depth + 1;
	t->size += target->size;
	if (t->size > TEMPLATE_MAX_SOURCE)
		return err_set(err, ERR_INPUT,
			       "%s:%u: larger than %d bytes with its partials; use "
			       "fewer",
			       t->name, line, TEMPLATE_MAX_SOURCE);
	return 0;
}

static int measure(const struct template_set *set, struct template *t, unsigned level,
		   struct err *err)
{
	t->state = LINK_ACTIVE;
	t->depth = 0;
	t->size = t->source.n;
	for (uint32_t i = 0; i < t->count; i++) {
		if (t->nodes[i].kind == NODE_PARTIAL &&
		    measure_partial(set, t, &t->nodes[i], level, err) < 0)
			return -1;
	}
	t->state = LINK_DONE;
	return 0;
}

/* ---- indented copies ---- */

static struct str indented(struct arena *a, struct str text, const char *indent, size_t lines)
{
	size_t width = strlen(indent);
	char *out = arena_alloc(a, text.n + lines * width + 1), *to = out;

	for (size_t i = 0; i < text.n; i++) {
		if (i == 0 || text.p[i - 1] == '\n') {
			memcpy(to, indent, width);
			to += width;
		}
		*to++ = text.p[i];
	}
	return (struct str){ out, (size_t)(to - out) };
}

static size_t lines_in(struct str text)
{
	size_t lines = 0;

	for (size_t i = 0; i < text.n; i++)
		lines += i == 0 || text.p[i - 1] == '\n';
	return lines;
}

static int link_nodes(struct template_set *set, struct template *t, struct err *err)
{
	for (uint32_t i = 0; i < t->count; i++) {
		struct node *n = &t->nodes[i];

		if (n->kind != NODE_PARTIAL)
			continue;
		n->target = copy_of(set, n, err);
		if (!n->target)
			return -1;
	}
	return 0;
}

static struct template *add_copy(struct template_set *set, struct template *base,
				 const char *indent, struct err *err)
{
	size_t lines = lines_in(base->source);
	struct template *copy;

	if (lines > 0 && strlen(indent) > (TEMPLATE_MAX_INDENTED - set->indented) / lines)
		goto too_large;
	set->indented += lines * strlen(indent);
	if (base->source.n > TEMPLATE_MAX_INDENTED - set->indented)
		goto too_large;
	set->indented += base->source.n;
	copy = arena_alloc(&set->arena, sizeof *copy);
	copy->name = base->name;
	copy->escape = base->escape;
	copy->unescaped_allowed = base->unescaped_allowed;
	copy->indent = indent;
	copy->source = indented(&set->arena, base->source, indent, lines);
	if (template_compile(copy, &set->arena, err) < 0)
		return NULL;
	copy->next_copy = base->copies;
	base->copies = copy;
	return copy;

too_large:
	(void)err_set(err, ERR_INPUT,
		      "%s: used as a partial with too much indentation in front; "
		      "indent the partial tags less",
		      base->name);
	return NULL;
}

/*
 * The template a partial tag means: the file itself, or its copy for this
 * indentation. A tag inside a copy is found in text that is indented already,
 * so its own indent holds the outer one when it stands alone, and when it does
 * not, there is none: the rule of the spec.
 */
static const struct template *copy_of(struct template_set *set, const struct node *n,
				      struct err *err)
{
	struct template *base = item(set, n->file), *copy;

	if (!*n->indent)
		return base;
	for (copy = base->copies; copy; copy = copy->next_copy) {
		if (strcmp(copy->indent, n->indent) == 0)
			return copy;
	}
	copy = add_copy(set, base, n->indent, err);
	return copy && link_nodes(set, copy, err) == 0 ? copy : NULL;
}

int template_set_link(struct template_set *set, struct err *err)
{
	const struct template *in;
	const struct node *missing = template_set_missing(set, &in);

	if (missing)
		return err_set(err, ERR_INPUT,
			       "%s:%u: there is no partial %s; add the file or "
			       "correct the name",
			       in->name, (unsigned)missing->line, missing->file);
	for (size_t i = 0; i < set->count; i++)
		set->items[i]->state = LINK_UNSEEN;
	for (size_t i = 0; i < set->count; i++) {
		if (set->items[i]->state == LINK_UNSEEN && measure(set, set->items[i], 0, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < set->count; i++) {
		if (link_nodes(set, set->items[i], err) < 0)
			return -1;
	}
	return 0;
}
