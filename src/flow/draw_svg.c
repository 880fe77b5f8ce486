/*
 * draw_svg.c - a drawing as SVG: no script, no font, no picture from elsewhere.
 */
#include <math.h>

#include "draw_svg_private.h"

enum {
	MARGIN = 20,
	BOX_MIN = 110,
	BOX_MAX = 230,
	PADDING = 10,
	LINE = 16,
	LABEL_CHARS = 28,
	LABEL_LINE = 14,
	ICON = 12,
	HEAD = 66,	     /* the title, and the dot at which all begins */
	COMMAND_WIDTH = 340, /* of a column */
	COMMAND_LINES = 3,
	COMMAND_GAP = 10,
	TITLE_CHARS = 60,
};

struct page {
	struct draw_graph g;
	struct layout l;
	struct buf *out;
	double width, height;
	double shift; /* of the flow, where the page is wider */
};

/* ---- sizes ---- */

static size_t lines_of(const struct draw_node *n)
{
	return 1 + (*n->text != '\0') + (*n->note != '\0') + (*n->stays != '\0') +
	       (*n->before != '\0');
}

static double wider(double a, double b)
{
	return a > b ? a : b;
}

static void measure_node(const struct draw_node *n, struct layout_box *b)
{
	double w = flow_svg_width(n->name, 14) + (*n->tag ? 14 + flow_svg_width(n->tag, 11) : 0);

	w = wider(w, flow_svg_width(n->text, 12));
	w = wider(w, flow_svg_width(n->note, 11));
	w = wider(w, ICON + flow_svg_width(n->stays, 11));
	w = wider(w, ICON + flow_svg_width(n->before, 11)) + 2 * PADDING;
	b->w = ceil(w < BOX_MIN ? BOX_MIN : w > BOX_MAX ? BOX_MAX : w);
	b->h = (double)(LINE * lines_of(n) + 12);
}

static void measure_edge(struct arena *a, const struct draw_edge *e, struct layout_arrow *arrow)
{
	const char *lines[DRAW_LABEL_LINES];
	size_t n = flow_draw_wrap(a, e->labels, e->label_count, LABEL_CHARS, lines);

	*arrow = (struct layout_arrow){ .from = e->from, .to = e->to, .both = e->both };
	for (size_t i = 0; i < n; i++)
		arrow->w = wider(arrow->w, flow_svg_width(lines[i], 11) + 8);
	for (size_t i = 0; i < e->keep_count; i++)
		arrow->w = wider(arrow->w, flow_svg_width(e->keeps[i].text, 11) + 34);
	arrow->w = ceil(arrow->w);
	arrow->h = (double)((n + e->keep_count) * LABEL_LINE + e->keep_count * 4);
}

static void lay_out(struct page *p)
{
	struct arena *a = p->g.a;
	struct layout *l = &p->l;

	*l = (struct layout){ .a = a,
			      .boxes = arena_array(a, p->g.node_count, sizeof *l->boxes),
			      .box_count = p->g.node_count,
			      .start = p->g.start,
			      .arrows = arena_array(a, p->g.edge_count, sizeof *l->arrows),
			      .arrow_count = p->g.edge_count };
	for (size_t i = 0; i < p->g.node_count; i++)
		measure_node(&p->g.nodes[i], &l->boxes[i]);
	for (size_t i = 0; i < p->g.edge_count; i++)
		measure_edge(a, &p->g.edges[i], &l->arrows[i]);
	flow_draw_layout(l);
}

/* ---- boxes ---- */

static const char *const classes[] = { [DRAW_GOES_ON] = "on",
				       [DRAW_CROSSING] = "crossing",
				       [DRAW_ASKS] = "asks",
				       [DRAW_CALLS] = "calls",
				       [DRAW_ENDS] = "ends" };

static void add_frame(struct buf *out, enum flow_draw_kind kind, double x, double y, double w,
		      double h)
{
	double radius = kind == DRAW_ENDS ? 16 : kind == DRAW_CALLS ? 0 : 6;

	(void)buf_addf(out,
		       "<rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" rx=\"%.0f\" "
		       "class=\"%s\"/>\n",
		       x, y, w, h, radius, classes[kind]);
	if (kind == DRAW_CALLS)
		(void)buf_addf(out,
			       "<path d=\"M%.0f %.0fv%.0fM%.0f %.0fv%.0f\" class=\"calls\"/>\n",
			       x + 5, y, h, x + w - 5, y, h);
	if (kind == DRAW_ENDS)
		(void)buf_addf(out,
			       "<rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" "
			       "rx=\"13\" class=\"ends\"/>\n",
			       x + 3, y + 3, w - 6, h - 6);
}

/* A line with a small arrow before it: round, or back. */
static void add_stay(struct page *p, double x, double y, double w, const char *path,
		     const char *text)
{
	(void)buf_addf(p->out, "<path d=\"M%.0f %.0f%s\" class=\"icon\"/>\n", x, y - 4, path);
	flow_svg_text(p->out, x + ICON, y, "note", flow_svg_fit(p->g.a, text, 11, w - ICON));
}

static void add_node(struct page *p, size_t i)
{
	const struct draw_node *n = &p->g.nodes[i];
	const struct layout_box *b = &p->l.boxes[i];
	double left = b->x - floor(b->w / 2) + p->shift, x = left + PADDING, y = b->y + LINE;
	double w = b->w - 2 * PADDING, tag = *n->tag ? flow_svg_width(n->tag, 11) + 10 : 0;

	(void)buf_addf(p->out, "<g id=\"step-%s\">\n", n->name);
	add_frame(p->out, n->kind, left, b->y, b->w, b->h);
	flow_svg_text(p->out, x, y + 2, "name", flow_svg_fit(p->g.a, n->name, 14, w - tag));
	if (*n->tag)
		flow_svg_text(p->out, left + b->w - PADDING, y + 2, "tag", n->tag);
	if (*n->text)
		flow_svg_text(p->out, x, (y += LINE) + 2, "text",
			      flow_svg_fit(p->g.a, n->text, 12, w));
	if (*n->note)
		flow_svg_text(p->out, x, (y += LINE) + 2, "note",
			      flow_svg_fit(p->g.a, n->note, 11, w));
	if (*n->stays)
		add_stay(p, x, (y += LINE) + 2, w, "a4 4 0 1 0 6-3m1-2v3h-3", n->stays);
	if (*n->before)
		add_stay(p, x, (y += LINE) + 2, w, "h7m-7 0l3-3m-3 3l3 3", n->before);
	(void)buf_adds(p->out, "</g>\n");
}

/* ---- arrows ---- */

static void curve_to(struct buf *out, double x0, double y0, double x1, double y1)
{
	double middle = (y0 + y1) / 2;

	if (x0 == x1)
		(void)buf_addf(out, "V%.0f", y1);
	else
		(void)buf_addf(out, "C%.0f %.0f %.0f %.0f %.0f %.0f", x0, middle, x1, middle, x1,
			       y1);
}

/* From the upper box to the lower, whichever way it points. */
static void add_way(struct page *p, const struct layout_arrow *e)
{
	const struct layout_box *from = &p->l.boxes[e->from], *to = &p->l.boxes[e->to];
	bool down = from->y < to->y;
	const struct layout_box *upper = down ? from : to, *lower = down ? to : from;
	double x = (down ? e->from_x : e->to_x) + p->shift, y = upper->y + upper->h;

	(void)buf_addf(p->out, "M%.0f %.0f", x, y);
	for (size_t i = 0; i < e->run_count; i++) {
		const struct layout_run *r = &e->runs[i];

		curve_to(p->out, x, y, r->x + p->shift, r->top);
		x = r->x + p->shift;
		y = r->bottom;
		if (r->bottom > r->top)
			(void)buf_addf(p->out, "V%.0f", y);
	}
	curve_to(p->out, x, y, (down ? e->to_x : e->from_x) + p->shift, lower->y);
}

/* Down from one box, across, and up to its neighbour. */
static void add_level_way(struct page *p, const struct layout_arrow *e)
{
	const struct layout_box *from = &p->l.boxes[e->from], *to = &p->l.boxes[e->to];
	double x0 = e->from_x + p->shift, x1 = e->to_x + p->shift, x = e->label_x + p->shift;
	double y = e->label_y;

	(void)buf_addf(p->out, "M%.0f %.0fC%.0f %.0f %.0f %.0f %.0f %.0f", x0, from->y + from->h,
		       x0, y, (x0 + x) / 2, y, x, y);
	(void)buf_addf(p->out, "C%.0f %.0f %.0f %.0f %.0f %.0f", (x + x1) / 2, y, x1, y, x1,
		       to->y + to->h);
}

static void add_point(struct page *p, const char *class, double x, double y, bool down)
{
	(void)buf_addf(p->out, "<path d=\"M%.0f %.0fl-4 %dh8z\" class=\"%s\"/>\n", x + p->shift, y,
		       down ? -8 : 8, class);
}

static void add_arrow(struct page *p, size_t i)
{
	const struct layout_arrow *e = &p->l.arrows[i];
	const struct layout_box *from = &p->l.boxes[e->from], *to = &p->l.boxes[e->to];
	const char *head = e->back ? "backhead" : "head";
	bool down = !e->level && from->y < to->y;

	(void)buf_adds(p->out, "<path d=\"");
	if (e->level)
		add_level_way(p, e);
	else
		add_way(p, e);
	(void)buf_addf(p->out, "\" class=\"%s\"/>\n", e->back ? "back" : "way");
	add_point(p, head, e->to_x, down ? to->y : to->y + to->h, down);
	if (!e->both)
		return;
	if (down || e->level)
		add_point(p, head, e->from_x, from->y + from->h, false);
	else
		add_point(p, head, e->from_x, from->y, true);
}

/* A small drum, as databases are drawn. */
static void add_record(struct page *p, double x, double y, const char *name)
{
	double w = flow_svg_width(name, 11) + 26, left = floor(x - w / 2);

	(void)buf_addf(p->out,
		       "<rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"16\" rx=\"3\" "
		       "class=\"record\"/>\n",
		       left, y, ceil(w));
	(void)buf_addf(p->out,
		       "<path d=\"M%.0f %.0fv7a4 2 0 0 0 8 0v-7a4 2 0 0 0-8 0a4 2 0 0 0 8 0\" "
		       "class=\"drum\"/>\n",
		       left + 6, y + 4);
	flow_svg_text(p->out, left + 19, y + 12, "stored", name);
}

static void add_label(struct page *p, size_t i)
{
	const struct layout_arrow *arrow = &p->l.arrows[i];
	const struct draw_edge *e = &p->g.edges[i];
	const char *lines[DRAW_LABEL_LINES];
	size_t n = flow_draw_wrap(p->g.a, e->labels, e->label_count, LABEL_CHARS, lines);
	double x = arrow->label_x + p->shift, y = arrow->label_y - floor(arrow->h / 2);

	if (arrow->h == 0)
		return;
	(void)buf_addf(p->out,
		       "<rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" "
		       "class=\"paper\"/>\n",
		       x - floor(arrow->w / 2), y - 1, arrow->w, arrow->h + 2);
	for (size_t k = 0; k < n; k++, y += LABEL_LINE)
		flow_svg_text(p->out, x, y + 11, arrow->back ? "label goes" : "label", lines[k]);
	for (size_t k = 0; k < e->keep_count; k++, y += LABEL_LINE + 4)
		add_record(p, x, y + 2, e->keeps[k].text);
}

/* ---- the page ---- */

static void add_style(struct buf *out)
{
	(void)buf_adds(
		out, "<style>\n"
		     "text{font-family:system-ui,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
		     "fill:#1f2937}\n"
		     "rect,path{fill:none;stroke:#64748b;stroke-width:1.2}\n"
		     ".page,.paper{fill:#fff;stroke:none}\n"
		     ".on{fill:#f1f5f9}.crossing{fill:#fff;stroke-dasharray:4 3}\n"
		     ".asks{fill:#e8f1fe;stroke:#2563eb}.calls{fill:#fff3e0;stroke:#c2570c}\n"
		     ".ends{fill:#e7f6ec;stroke:#15803d}.record{fill:#f3e8ff;stroke:#7e22ce}\n"
		     ".drum{stroke:#7e22ce}\n"
		     ".way{stroke:#475569;stroke-width:1.4}.head{fill:#475569;stroke:none}\n"
		     ".back{stroke:#b45309;stroke-width:1.4;stroke-dasharray:6 3}"
		     ".backhead{fill:#b45309;stroke:none}\n"
		     ".icon{stroke:#b45309;stroke-width:1.3}\n"
		     ".title{font-size:17px;font-weight:700}.name{font-size:14px;font-weight:600}\n"
		     ".text{font-size:12px}.tag{font-size:11px;fill:#475569;text-anchor:end}\n"
		     ".note{font-size:11px;fill:#64748b}.stored{font-size:11px;fill:#6b21a8}\n"
		     ".label{font-size:11px;text-anchor:middle}.goes{fill:#92400e}\n"
		     ".command{font-size:12px;font-weight:600}\n"
		     "</style>\n");
}

static size_t columns_of(const struct page *p)
{
	double n = floor((p->width - 2 * MARGIN) / COMMAND_WIDTH);

	return n > 1 ? (size_t)n : 1;
}

static double commands_height(const struct page *p)
{
	size_t columns = columns_of(p), rows = (p->g.command_count + columns - 1) / columns;

	return rows ? (double)(LINE * 2 + rows * (COMMAND_LINES * LINE + COMMAND_GAP)) : 0;
}

static void add_commands(struct page *p, double top)
{
	size_t columns = columns_of(p), rows = (p->g.command_count + columns - 1) / columns;

	if (rows == 0)
		return;
	(void)buf_addf(p->out, "<path d=\"M%d %.0fH%.0f\"/>\n", MARGIN, top, p->width - MARGIN);
	flow_svg_text(p->out, MARGIN, top + LINE + 4, "note", "Commands, at every step:");
	for (size_t i = 0; i < p->g.command_count; i++) {
		const struct draw_command *c = &p->g.commands[i];
		size_t column = i / rows, row = i % rows;
		double x = MARGIN + (double)column * COMMAND_WIDTH;
		double y = top + 2 * LINE + (double)row * (COMMAND_LINES * LINE + COMMAND_GAP);
		double w = COMMAND_WIDTH - LINE;

		flow_svg_text(p->out, x, y + LINE, "command", c->name);
		flow_svg_text(p->out, x, y + 2 * LINE, "note",
			      flow_svg_fit(p->g.a, c->words, 11, w));
		flow_svg_text(p->out, x, y + 3 * LINE, "text",
			      flow_svg_fit(p->g.a, c->does, 12, w));
	}
}

static const char *title_of(const struct page *p)
{
	struct arena *a = p->g.a;
	const struct flow *flow = p->g.flow;
	const char *title =
		arena_printf(a, "%s, version %lld", flow->name, (long long)flow->version);

	for (size_t i = 0; i < flow->language_count; i++)
		title = arena_printf(a, "%s%s%s", title, i ? " " : ": ", flow->languages[i].code);
	return flow_draw_cut(a, title, TITLE_CHARS);
}

/* The dot at which all begins. */
static void add_start(struct page *p)
{
	const struct layout_box *b = &p->l.boxes[p->g.start];
	double x = b->x + p->shift;

	(void)buf_addf(p->out,
		       "<circle cx=\"%.0f\" cy=\"%.0f\" r=\"5\" fill=\"#1f2937\"/>\n"
		       "<path d=\"M%.0f %.0fV%.0f\" class=\"way\"/>\n",
		       x, b->y - 26, x, b->y - 26, b->y);
	add_point(p, "head", b->x, b->y, true);
}

static void add_page(struct page *p)
{
	double foot = p->l.height + MARGIN;

	(void)buf_addf(p->out,
		       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
		       "viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n<title>",
		       p->width, p->height, p->width, p->height);
	flow_svg_escape(p->out, title_of(p));
	(void)buf_adds(p->out, "</title>\n");
	add_style(p->out);
	(void)buf_addf(p->out, "<rect width=\"%.0f\" height=\"%.0f\" class=\"page\"/>\n", p->width,
		       p->height);
	flow_svg_text(p->out, MARGIN, MARGIN + 6, "title", title_of(p));
	for (size_t i = 0; i < p->g.edge_count; i++)
		add_arrow(p, i);
	add_start(p);
	for (size_t i = 0; i < p->g.edge_count; i++)
		add_label(p, i);
	for (size_t i = 0; i < p->g.node_count; i++)
		add_node(p, i);
	add_commands(p, foot);
	(void)buf_adds(p->out, "</svg>\n");
}

int flow_draw_svg(const struct flow *flow, const struct file_tree *pack, struct buf *out)
{
	struct arena a = { 0 };
	struct page p = { .out = out };

	flow_draw_graph(flow, pack, &a, &p.g);
	lay_out(&p);
	for (size_t i = 0; i < p.l.box_count; i++)
		p.l.boxes[i].y += HEAD;
	for (size_t i = 0; i < p.l.arrow_count; i++) {
		struct layout_arrow *e = &p.l.arrows[i];

		e->label_y += HEAD;
		for (size_t k = 0; k < e->run_count; k++) {
			e->runs[k].top += HEAD;
			e->runs[k].bottom += HEAD;
		}
	}
	p.l.height += HEAD;
	p.width = wider(p.l.width, COMMAND_WIDTH) + 2 * MARGIN;
	p.shift = MARGIN + floor((p.width - 2 * MARGIN - p.l.width) / 2);
	p.height = p.l.height + 2 * MARGIN + commands_height(&p);
	add_page(&p);
	arena_free(&a);
	return out->full ? -1 : 0;
}
