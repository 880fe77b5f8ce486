/*
 * draw_mermaid.c - a drawing as the text of a Mermaid flowchart.
 *
 * Ids get "s_" before them: "end" and others are words of that language.
 */
#include <string.h>

#include "base/text.h"
#include "draw_private.h"

enum { TEXT_CHARS = 40, LABEL_CHARS = 30, WORDS_CHARS = 50, ESCAPED_MAX = 8192 };

/* What stands between quotes: entities, as that language writes them. */
static void add_quoted(struct buf *out, const char *text)
{
	struct buf clean;

	buf_init(&clean, ESCAPED_MAX);
	(void)text_add_clean(&clean, str_of(text));
	for (const char *p = clean.data; *p; p++) {
		if (strchr("#&<>\"`\\;\n\r\t", *p))
			(void)buf_addf(out, "#%d;", *p);
		else
			(void)buf_addc(out, *p);
	}
	buf_free(&clean);
}

static void add_line(struct buf *out, struct arena *a, const char *text)
{
	if (!*text)
		return;
	(void)buf_adds(out, "<br/>");
	add_quoted(out, flow_draw_cut(a, text, TEXT_CHARS));
}

static void add_node(const struct draw_graph *g, const struct draw_node *n, struct buf *out)
{
	static const char *const shapes[][2] = { [DRAW_GOES_ON] = { "(", ")" },
						 [DRAW_CROSSING] = { "{{", "}}" },
						 [DRAW_ASKS] = { "[", "]" },
						 [DRAW_CALLS] = { "[[", "]]" },
						 [DRAW_ENDS] = { "([", "])" } };

	(void)buf_addf(out, "  s_%s%s\"", n->name, shapes[n->kind][0]);
	add_quoted(out, *n->tag ? arena_printf(g->a, "%s (%s)", n->name, n->tag) : n->name);
	add_line(out, g->a, n->text);
	add_line(out, g->a, n->note);
	if (*n->stays)
		add_line(out, g->a, arena_printf(g->a, "%s: again", n->stays));
	if (*n->before)
		add_line(out, g->a, arena_printf(g->a, "%s: the question before", n->before));
	(void)buf_addf(out, "\"%s\n", shapes[n->kind][1]);
}

static void add_edge(const struct draw_graph *g, const struct draw_edge *e, struct buf *out)
{
	const char *lines[DRAW_LABEL_LINES];
	size_t n = flow_draw_wrap(g->a, e->labels, e->label_count, LABEL_CHARS, lines);

	(void)buf_addf(out, "  s_%s %s", g->nodes[e->from].name, e->both ? "<-->" : "-->");
	if (n + e->keep_count) {
		const char *between = "";

		(void)buf_adds(out, "|\"");
		for (size_t i = 0; i < n; i++) {
			(void)buf_adds(out, between);
			add_quoted(out, lines[i]);
			between = "<br/>";
		}
		for (size_t i = 0; i < e->keep_count; i++) {
			(void)buf_addf(out, "%sstores %s", between, e->keeps[i].text);
			between = "<br/>";
		}
		(void)buf_adds(out, "\"|");
	}
	(void)buf_addf(out, " s_%s\n", g->nodes[e->to].name);
}

static void add_records(const struct draw_graph *g, struct buf *out)
{
	for (size_t i = 0; i < g->edge_count; i++) {
		const struct draw_edge *e = &g->edges[i];

		for (size_t k = 0; k < e->keep_count; k++)
			(void)buf_addf(out, "  s_%s -.-> r_%s[(\"%s\")]\n", g->nodes[e->from].name,
				       e->keeps[k].record, e->keeps[k].record);
	}
}

static void add_commands(const struct draw_graph *g, struct buf *out)
{
	if (g->command_count == 0)
		return;
	(void)buf_adds(out, "  subgraph commands [\"Commands, at every step\"]\n");
	for (size_t i = 0; i < g->command_count; i++) {
		const struct draw_command *c = &g->commands[i];

		(void)buf_addf(out, "    c_%zu[\"", i);
		add_quoted(out, c->name);
		(void)buf_adds(out, "<br/>");
		add_quoted(out, flow_draw_cut(g->a, c->words, WORDS_CHARS));
		(void)buf_adds(out, "<br/>");
		add_quoted(out, flow_draw_cut(g->a, c->does, WORDS_CHARS));
		(void)buf_adds(out, "\"]\n");
	}
	(void)buf_adds(out, "  end\n");
}

int flow_draw_mermaid(const struct flow *flow, const struct file_tree *pack, struct buf *out)
{
	struct arena a = { 0 };
	struct draw_graph g;

	flow_draw_graph(flow, pack, &a, &g);
	(void)buf_adds(out, "flowchart TD\n");
	(void)buf_addf(out, "  start((\" \")) --> s_%s\n", g.nodes[g.start].name);
	for (size_t i = 0; i < g.node_count; i++)
		add_node(&g, &g.nodes[i], out);
	for (size_t i = 0; i < g.edge_count; i++)
		add_edge(&g, &g.edges[i], out);
	add_records(&g, out);
	add_commands(&g, out);
	arena_free(&a);
	return out->full ? -1 : 0;
}
