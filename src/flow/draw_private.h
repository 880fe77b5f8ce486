/*
 * draw_private.h - a flow as a picture: what is shown, where it stands, how it is written.
 *
 * draw_graph.c and draw_words.c make boxes and arrows out of a flow, draw_layout.c, draw_order.c
 * and draw_place.c give them places and know nothing of flows, draw_svg.c and draw_mermaid.c
 * write them down. Everything lives in the arena of the drawing.
 */
#ifndef SAMVAD_FLOW_DRAW_PRIVATE_H
#define SAMVAD_FLOW_DRAW_PRIVATE_H

#include "definition_private.h"

/* ---- what is shown ---- */

enum flow_draw_kind { DRAW_GOES_ON, DRAW_CROSSING, DRAW_ASKS, DRAW_CALLS, DRAW_ENDS };

enum { DRAW_LABEL_LINES = 4 };

struct draw_node { /* a step */
	enum flow_draw_kind kind;
	const char *name;
	const char *tag;    /* "text", "choice of 12", "POST" */
	const char *text;   /* the prompt's first line, or the call's name */
	const char *note;   /* "shown as confirmation", or "" */
	const char *stays;  /* exits that ask again, or "" */
	const char *before; /* exits that lead to the question before, or "" */
};

struct draw_keep {
	const char *record;
	const char *text; /* with its state, where one is given: "topup: done" */
};

struct draw_edge { /* all exits of one step that lead to the same step */
	size_t from;
	size_t to;
	bool both;	     /* and the unnamed exit of that step back to this one */
	const char **labels; /* exits and conditions */
	size_t label_count;
	struct draw_keep *keeps; /* records that are stored on the way */
	size_t keep_count;
};

struct draw_command { /* or what comes of silence */
	const char *name;
	const char *words; /* in the default language */
	const char *does;
};

struct draw_graph {
	struct arena *a;
	const struct flow *flow;
	struct draw_node *nodes; /* in the order of the file */
	size_t node_count;
	size_t start;
	struct draw_edge *edges;
	size_t edge_count;
	struct draw_command *commands;
	size_t command_count;
};

void flow_draw_graph(const struct flow *flow, const struct file_tree *pack, struct arena *a,
		     struct draw_graph *g_out);

/* ---- draw_words.c ---- */

/* The first line of a text of the default language as a person would read it; "" when none. */
const char *flow_draw_first_line(const struct flow *flow, const struct file_tree *pack,
				 const struct flow_text *t, struct arena *a);
/* "no name", "size = large", "cups < 5"; "else" for NULL. */
const char *flow_draw_condition(const struct flow *flow, const struct flow_condition *c,
				struct arena *a);
const char *flow_draw_rule(const struct flow_rule *rule, struct arena *a);
/* "forgets all, asks again, → details": what any branch does. */
const char *flow_draw_does(const struct flow *flow, const struct flow_action *act, struct arena *a);
/* At most max characters, the last one an ellipsis when something was cut. */
const char *flow_draw_cut(struct arena *a, const char *text, size_t max);
/* The labels side by side in lines of at most `chars` characters; how many lines there are. */
size_t flow_draw_wrap(struct arena *a, const char *const *labels, size_t count, size_t chars,
		      const char *lines_out[DRAW_LABEL_LINES]);

/* ---- where it stands ---- */

struct layout_box {
	double w, h;
	/* found */
	unsigned rank;
	double x, y; /* of the middle of its upper side */
};

struct layout_run { /* an arrow goes straight down (or up) here */
	double x, top, bottom;
};

struct layout_arrow {
	size_t from, to;
	bool both;   /* it has two heads */
	double w, h; /* of its label */
	/* found */
	bool back;	     /* it leads to where the flow has been */
	bool level;	     /* both ends stand beside each other: it leaves and comes from below */
	double from_x, to_x; /* on the sides of the boxes */
	struct layout_run *runs; /* from top to bottom, not in the arrow's direction */
	size_t run_count;
	double label_x, label_y; /* the middle of the label */
};

struct layout {
	struct arena *a;
	struct layout_box *boxes;
	size_t box_count;
	size_t start;
	struct layout_arrow *arrows;
	size_t arrow_count;
	/* found */
	double width, height;
};

void flow_draw_layout(struct layout *l);

/* ---- between draw_layout.c, draw_order.c and draw_place.c ---- */

struct layout_vertex { /* a box, or an arrow's place in a rank that it crosses */
	size_t box;    /* or SIZE_MAX */
	size_t arrow;  /* of a place */
	bool label;
	unsigned rank;
	double w, h;
	double x;
	double key;	 /* for sorting */
	size_t position; /* in its rank */
	size_t *up;	 /* vertices in the rank above that it is tied to */
	size_t up_count;
	size_t *down;
	size_t down_count;
};

struct layout_rank {
	size_t *list; /* from left to right */
	size_t count;
	double top, height;
	double tracks; /* of arrows between neighbours, the upper part of the height */
};

struct layout_work {
	struct layout *l;
	struct layout_vertex *vertices; /* the boxes first */
	size_t vertex_count;
	struct layout_rank *ranks;
	size_t rank_count;
	size_t **chains; /* of each arrow: its places from top to bottom */
	size_t *chain_counts;
};

/* Sorts each rank so that few arrows cross. */
void flow_draw_order(struct layout_work *w);
/* Gives places on the paper, and the way of each arrow. */
void flow_draw_place(struct layout_work *w);

#endif
