/*
 * inspect.c - what a template needs and how long it can get, for checkers.
 *
 * Both walk the nodes with the chain of enclosing sections, through partials.
 * link.c bounds how much that can be.
 */
#include "base/text.h"
#include "template_private.h"

struct walk {
	void (*see)(void *arg, const struct template_use *use);
	size_t (*limit)(void *arg, const struct template_use *use);
	size_t (*repeat)(void *arg, const struct template_use *use);
	void *arg;
};

static bool is_guarded(const char *name, const struct template_use *outer)
{
	for (; outer; outer = outer->outer) {
		if (outer->kind == TEMPLATE_USE_SECTION &&
		    (strcmp(name, ".") == 0 || strcmp(name, outer->name) == 0))
			return true;
	}
	return false;
}

static struct template_use use_of(const struct template *t, const struct node *n,
				  const struct template_use *outer)
{
	struct template_use use = {
		.file = t->name,
		.line = n->line,
		.name = n->name,
		.kind = n->kind == NODE_VARIABLE  ? TEMPLATE_USE_VARIABLE
			: n->kind == NODE_SECTION ? TEMPLATE_USE_SECTION
						  : TEMPLATE_USE_INVERTED,
		.section = outer ? outer->name : NULL,
		.guarded = is_guarded(n->name, outer),
		.outer = outer,
	};

	return use;
}

static void see_nodes(const struct walk *w, const struct template *t, uint32_t from, uint32_t to,
		      const struct template_use *outer)
{
	for (uint32_t i = from; i < to; i++) {
		const struct node *n = &t->nodes[i];
		struct template_use use;

		if (n->kind == NODE_LITERAL)
			continue;
		if (n->kind == NODE_PARTIAL) {
			if (n->target)
				see_nodes(w, n->target, 0, n->target->count, outer);
			continue;
		}
		use = use_of(t, n, outer);
		w->see(w->arg, &use);
		if (n->kind == NODE_VARIABLE)
			continue;
		see_nodes(w, t, i + 1, n->end, &use);
		i = n->end - 1;
	}
}

void template_each_use(const struct template *t,
		       void (*see)(void *arg, const struct template_use *use), void *arg)
{
	struct walk w = { .see = see, .arg = arg };

	see_nodes(&w, t, 0, t->count, NULL);
}

/* ---- the longest rendering ---- */

static size_t add(size_t a, size_t b)
{
	return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

static size_t multiply(size_t a, size_t b)
{
	return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

static size_t longest_nodes(const struct walk *w, const struct template *t, uint32_t from,
			    uint32_t to, const struct template_use *outer);

static bool is_section(const struct node *n)
{
	return n->kind == NODE_SECTION || n->kind == NODE_INVERTED;
}

/* Index behind node i, over what it holds. */
static uint32_t behind(const struct template *t, uint32_t i)
{
	return is_section(&t->nodes[i]) ? t->nodes[i].end : i + 1;
}

/*
 * {{#x}}A{{/x}} ... {{^x}}B{{/x}}: side by side only one kind can show, so all
 * sections of a name count together, where the first of them stands.
 */
static size_t longest_sections(const struct walk *w, const struct template *t, uint32_t from,
			       uint32_t at, uint32_t to, const struct template_use *outer)
{
	const char *name = t->nodes[at].name;
	size_t shown = 0, inverted = 0;

	for (uint32_t i = from; i < at; i = behind(t, i)) {
		if (is_section(&t->nodes[i]) && strcmp(t->nodes[i].name, name) == 0)
			return 0;
	}
	for (uint32_t i = at; i < to; i = behind(t, i)) {
		const struct node *n = &t->nodes[i];
		struct template_use use;
		size_t inside;

		if (!is_section(n) || strcmp(n->name, name) != 0)
			continue;
		use = use_of(t, n, outer);
		inside = longest_nodes(w, t, i + 1, n->end, &use);
		if (n->kind == NODE_INVERTED)
			inverted = add(inverted, inside);
		else
			shown = add(shown, multiply(inside, w->repeat(w->arg, &use)));
	}
	return shown > inverted ? shown : inverted;
}

static size_t longest_nodes(const struct walk *w, const struct template *t, uint32_t from,
			    uint32_t to, const struct template_use *outer)
{
	size_t sum = 0;

	for (uint32_t i = from; i < to; i = behind(t, i)) {
		const struct node *n = &t->nodes[i];
		size_t here = 0;

		if (n->kind == NODE_LITERAL) {
			here = text_chars(n->text);
		} else if (n->kind == NODE_PARTIAL) {
			if (n->target)
				here = longest_nodes(w, n->target, 0, n->target->count, outer);
		} else if (n->kind == NODE_VARIABLE) {
			struct template_use use = use_of(t, n, outer);

			here = multiply(w->limit(w->arg, &use),
					escape_growth((enum escape)n->escape));
		} else {
			here = longest_sections(w, t, from, i, to, outer);
		}
		sum = add(sum, here);
	}
	return sum;
}

size_t template_longest(const struct template *t,
			size_t (*limit)(void *arg, const struct template_use *use),
			size_t (*repeat)(void *arg, const struct template_use *use), void *arg)
{
	struct walk w = { .limit = limit, .repeat = repeat, .arg = arg };

	return longest_nodes(&w, t, 0, t->count, NULL);
}
