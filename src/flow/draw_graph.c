/*
 * draw_graph.c - a flow as boxes and arrows.
 *
 * All exits of a step that lead to the same step are one arrow. Commands can be given anywhere, so
 * they are a list and no arrows; what asks again or goes back to the question before is told in
 * the box.
 */
#include <string.h>

#include "draw_private.h"

enum { KEEP_CHARS = 30 };

struct drawing {
	struct draw_graph *g;
	const struct file_tree *pack;
	const struct flow_step *step;
	struct draw_node *node;
	size_t first; /* of this step's edges */
};

/* ---- boxes ---- */

static const char *note_of(const struct flow_step *s, struct arena *a)
{
	if (!s->shown)
		return "not shown";
	return strcmp(s->shown, s->name) == 0 ? "" : arena_printf(a, "shown as %s", s->shown);
}

static const char *call_tag(const struct flow_call_rule *c)
{
	static const char *const tags[] = { [FLOW_CALL_LIST] = "list records",
					    [FLOW_CALL_FIND] = "find record",
					    [FLOW_CALL_CHANGE] = "change record" };

	return c->kind == FLOW_CALL_HTTP ? c->method : tags[c->kind];
}

static void draw_step(struct drawing *d, const struct flow_step *s, struct draw_node *n)
{
	struct arena *a = d->g->a;
	const struct flow_text *t = s->ask ? s->ask : s->say_count ? s->say[0] : s->again;

	*n = (struct draw_node){ .kind = s->say_count ? DRAW_GOES_ON : DRAW_CROSSING,
				 .name = s->name,
				 .tag = "",
				 .note = note_of(s, a),
				 .stays = "",
				 .before = "" };
	if (s->rule) {
		n->kind = DRAW_ASKS;
		n->tag = flow_draw_rule(s->rule, a);
	} else if (s->call) {
		n->kind = DRAW_CALLS;
		n->tag = call_tag(s->call);
	} else if (s->end) {
		n->kind = DRAW_ENDS;
		n->tag = "end";
	}
	n->text = s->call ? s->call->name : flow_draw_first_line(d->g->flow, d->pack, t, a);
}

/* ---- arrows ---- */

static struct draw_edge *edge_to(struct drawing *d, size_t to)
{
	struct draw_graph *g = d->g;
	struct draw_edge *e;

	for (size_t i = d->first; i < g->edge_count; i++) {
		if (g->edges[i].to == to)
			return &g->edges[i];
	}
	e = &g->edges[g->edge_count++];
	*e = (struct draw_edge){ .from = (size_t)(d->step - g->flow->steps), .to = to };
	return e;
}

static void add_label(struct arena *a, struct draw_edge *e, const char *label)
{
	const char **labels;

	for (size_t i = 0; i < e->label_count; i++) {
		if (strcmp(e->labels[i], label) == 0)
			return;
	}
	labels = arena_array(a, e->label_count + 1, sizeof *labels);
	if (e->label_count)
		memcpy(labels, e->labels, e->label_count * sizeof *labels);
	labels[e->label_count++] = label;
	e->labels = labels;
}

static void add_keep(struct arena *a, struct draw_edge *e, const struct flow_action *act)
{
	const char *name = act->record->name;
	const char *text =
		act->record_state ? arena_printf(a, "%s: %s", name, act->record_state) : name;
	struct draw_keep *keeps;

	for (size_t i = 0; i < e->keep_count; i++) {
		if (strcmp(e->keeps[i].text, text) == 0)
			return;
	}
	keeps = arena_array(a, e->keep_count + 1, sizeof *keeps);
	if (e->keep_count)
		memcpy(keeps, e->keeps, e->keep_count * sizeof *keeps);
	keeps[e->keep_count++] = (struct draw_keep){ name, text };
	e->keeps = keeps;
}

static const char *exit_word(const struct flow_step *s, const struct flow_exit *e, struct arena *a)
{
	if (strcmp(e->name, FLOW_EXIT_STUCK) == 0)
		return arena_printf(a, "%u wrong answers", s->stuck_after);
	if (strcmp(e->name, FLOW_EXIT_AGAIN) == 0)
		return "a later message";
	if (strcmp(e->name, "next") != 0)
		return e->name;
	if (s->exit_count == 1 || (s->exit_count == 2 && s->stuck_after))
		return "";
	return s->rule && s->rule->type != RULE_CHOICE ? "an answer" : "any other";
}

/* Whether all branches lead to the same place, so that the conditions need no telling. */
static bool leads_one_way(const struct flow_action *act)
{
	for (const struct flow_action *b = act->otherwise; b; b = b->otherwise) {
		if (b->to != act->to || b->target != act->target)
			return false;
	}
	return true;
}

static void draw_branch(struct drawing *d, const struct flow_action *act, const char *label)
{
	struct arena *a = d->g->a;
	struct draw_node *n = d->node;
	const char **where = act->to == GOTO_BACK ? &n->before : &n->stays;
	struct draw_edge *e;

	if (act->to == GOTO_STEP && act->target != d->step) {
		e = edge_to(d, (size_t)(act->target - d->g->flow->steps));
		if (*label)
			add_label(a, e, label);
		if (act->record)
			add_keep(a, e, act);
		return;
	}
	if (act->to == GOTO_NONE) /* says something, and that is all */
		return;
	*where = arena_printf(a, "%s%s%s", *where, **where ? ", " : "",
			      *label ? label : "an answer");
}

static void draw_exit(struct drawing *d, const struct flow_exit *e)
{
	struct arena *a = d->g->a;
	const char *word = exit_word(d->step, e, a);
	bool plain = leads_one_way(e->action);

	for (const struct flow_action *act = e->action; act; act = act->otherwise) {
		const char *label = word;

		if (!plain) {
			const char *when = flow_draw_condition(d->g->flow, act->condition, a);

			label = *word ? arena_printf(a, "%s: %s", word, when) : when;
		}
		draw_branch(d, act, label);
	}
}

static size_t most_edges(const struct flow *flow)
{
	size_t n = 0;

	for (size_t i = 0; i < flow->step_count; i++) {
		for (size_t k = 0; k < flow->steps[i].exit_count; k++) {
			for (const struct flow_action *act = flow->steps[i].exits[k].action; act;
			     act = act->otherwise)
				n++;
		}
	}
	return n;
}

/* An arrow without words along another one is that one's second head. */
static void join_pairs(struct draw_graph *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->edge_count; i++) {
		struct draw_edge e = g->edges[i];
		bool joined = false;

		for (size_t k = 0; k < g->edge_count && !joined && !e.both; k++) {
			struct draw_edge *other = &g->edges[k];

			if (k == i || other->from != e.to || other->to != e.from || e.label_count ||
			    e.keep_count || (k >= kept && k < i))
				continue;
			other->both = joined = true;
		}
		if (!joined)
			g->edges[kept++] = e;
	}
	g->edge_count = kept;
}

/* ---- what can happen anywhere: commands, silence ---- */

static void add_command(struct draw_graph *g, const char *name, const char *words, const char *does)
{
	g->commands[g->command_count++] = (struct draw_command){ name, words, does };
}

static const char *silence(int64_t ms, struct arena *a)
{
	long long minutes = (long long)(ms / 60000);

	return minutes % 60 ? arena_printf(a, "after %lld min of silence", minutes)
			    : arena_printf(a, "after %lld h of silence", minutes / 60);
}

/* Of the flow, or of a step that has its own. */
static void draw_reminders(struct draw_graph *g, const struct flow_reminders *r, const char *where,
			   const struct file_tree *pack)
{
	for (size_t i = 0; i < r->count; i++)
		add_command(g,
			    arena_printf(g->a, "%s%s", silence(r->list[i].after_ms, g->a), where),
			    flow_draw_first_line(g->flow, pack, r->list[i].say, g->a),
			    r->list[i].ask ? "reminds, asks again" : "reminds");
}

static void draw_anywhere(struct draw_graph *g, const struct file_tree *pack)
{
	const struct flow *flow = g->flow;

	g->commands = arena_array(
		g->a, flow->command_count + 1 + FLOW_MAX_REMINDERS * (flow->step_count + 1),
		sizeof *g->commands);
	for (size_t i = 0; i < flow->command_count; i++)
		add_command(g, flow->commands[i].name, flow->commands[i].said,
			    flow_draw_does(flow, flow->commands[i].action, g->a));
	draw_reminders(g, &flow->reminders, "", pack);
	for (size_t i = 0; i < flow->step_count; i++) {
		if (flow->steps[i].reminders)
			draw_reminders(g, flow->steps[i].reminders,
				       arena_printf(g->a, " at %s", flow->steps[i].name), pack);
	}
	if (flow->expiry)
		add_command(g, silence(flow->expiry_ms, g->a), "the wait has expired",
			    flow_draw_does(flow, flow->expiry, g->a));
}

void flow_draw_graph(const struct flow *flow, const struct file_tree *pack, struct arena *a,
		     struct draw_graph *g_out)
{
	struct drawing d = { .g = g_out, .pack = pack };
	size_t most = most_edges(flow);

	*g_out = (struct draw_graph){ .a = a,
				      .flow = flow,
				      .nodes = arena_array(a, flow->step_count,
							   sizeof *g_out->nodes),
				      .node_count = flow->step_count,
				      .start = (size_t)(flow->start - flow->steps),
				      .edges = arena_array(a, most, sizeof *g_out->edges) };
	for (size_t i = 0; i < flow->step_count; i++) {
		d.step = &flow->steps[i];
		d.node = &g_out->nodes[i];
		d.first = g_out->edge_count;
		draw_step(&d, d.step, d.node);
		for (size_t k = 0; k < d.step->exit_count; k++)
			draw_exit(&d, &d.step->exits[k]);
	}
	join_pairs(g_out);
	draw_anywhere(g_out, pack);
}
