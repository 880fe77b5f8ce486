/*
 * render.c - nodes and values to text. On the road of every message.
 *
 * The context stack is a chain of frames on the C stack; its depth is bounded
 * because link.c and compile.c bound partials and sections. Nothing is
 * allocated here but what the output buffer does by itself.
 */
#include <limits.h>

#include "template_private.h"

struct frame {
	const struct value *value;
	const struct frame *outer;
};

struct run {
	struct buf *out;
	unsigned steps; /* lists in lists can ask for more work than a reply is worth */
	struct err *err;
};

static int render_nodes(struct run *r, const struct template *t, uint32_t from, uint32_t to,
			const struct frame *top);

/* The first part is looked up from the inside out, the others only within it. */
static const struct value *look_up(const struct node *n, const struct frame *top)
{
	const struct value *v = NULL;

	if (n->part_count == 0)
		return top->value;
	for (; top && !v; top = top->outer)
		v = value_get(top->value, n->parts[0]);
	for (unsigned i = 1; v && i < n->part_count; i++)
		v = value_get(v, n->parts[i]);
	return v;
}

static int full(struct run *r, const struct template *t, const struct node *n)
{
	return err_set(r->err, ERR_FULL,
		       "%s:%u: the text is longer than the %zu bytes it may have; "
		       "shorten it",
		       t->name, (unsigned)n->line, r->out->max);
}

static int step(struct run *r, const struct template *t, const struct node *n)
{
	if (r->steps++ < TEMPLATE_MAX_STEPS)
		return 0;
	return err_set(r->err, ERR_FULL, "%s:%u: more than %d steps in one text; shorten the lists",
		       t->name, (unsigned)n->line, TEMPLATE_MAX_STEPS);
}

static int render_variable(struct run *r, const struct template *t, const struct node *n,
			   const struct frame *top)
{
	const struct value *v = look_up(n, top);
	int ret = 0;

	if (v && v->kind == VALUE_TEXT)
		ret = escape_add(r->out, (enum escape)n->escape, v->text);
	else if (v && v->kind == VALUE_TRUE)
		ret = buf_adds(r->out, "true");
	return ret < 0 ? full(r, t, n) : 0;
}

static int render_section(struct run *r, const struct template *t, uint32_t at,
			  const struct frame *top)
{
	const struct node *n = &t->nodes[at];
	const struct value *v = look_up(n, top);
	struct frame inner = { v, top };

	if (!value_shows(v))
		return 0;
	if (v->kind != VALUE_LIST)
		return render_nodes(r, t, at + 1, n->end, &inner);
	for (inner.value = v->first; inner.value; inner.value = inner.value->next) {
		if (step(r, t, n) < 0 || render_nodes(r, t, at + 1, n->end, &inner) < 0)
			return -1;
	}
	return 0;
}

static int render_partial(struct run *r, const struct template *t, const struct node *n,
			  const struct frame *top)
{
	if (!n->target)
		return err_set(r->err, ERR_BUG, "%s:%u: rendered before its set was linked",
			       t->name, (unsigned)n->line);
	return render_nodes(r, n->target, 0, n->target->count, top);
}

static int render_nodes(struct run *r, const struct template *t, uint32_t from, uint32_t to,
			const struct frame *top)
{
	int ret = 0;

	for (uint32_t i = from; i < to && ret == 0; i++) {
		const struct node *n = &t->nodes[i];

		if (step(r, t, n) < 0)
			return -1;
		switch ((enum node_kind)n->kind) {
		case NODE_LITERAL:
			if (buf_add(r->out, n->text.p, n->text.n) < 0)
				ret = full(r, t, n);
			break;
		case NODE_VARIABLE:
			ret = render_variable(r, t, n, top);
			break;
		case NODE_SECTION:
			ret = render_section(r, t, i, top);
			i = n->end - 1;
			break;
		case NODE_INVERTED:
			if (value_shows(look_up(n, top)))
				i = n->end - 1;
			break;
		case NODE_PARTIAL:
			ret = render_partial(r, t, n, top);
			break;
		}
	}
	return ret;
}

int template_render(const struct template *t, const struct value *data, struct buf *out,
		    struct err *err)
{
	struct run r = { out, 0, err };
	struct frame root = { data, NULL };
	size_t start = out->len;

	if (render_nodes(&r, t, 0, t->count, &root) == 0)
		return 0;
	out->len = start;
	out->data[start] = '\0';
	return -1;
}
