/*
 * run_private.h - one turn under way: the new session, the effects so far, what is being said.
 */
#ifndef SAMVAD_FLOW_RUN_PRIVATE_H
#define SAMVAD_FLOW_RUN_PRIVATE_H

#include "definition_private.h"

enum { FLOW_TEXT_BYTES_MAX = 65536 };

struct flow_run {
	const struct flow *flow;
	const struct flow_env *env;
	const struct flow_input *input;
	struct arena *a;
	struct err *err;
	struct session *session;
	const struct flow_step *step; /* where the session is */
	size_t language;
	enum consent consent;
	bool unstarted; /* new, or its step is gone: the next answer begins at `step` */
	const struct flow_text *notice; /* said before it begins, or NULL */
	unsigned steps;			/* taken in this turn */
	unsigned records;
	const char *exit;
	struct buf text;    /* the one that is being rendered */
	struct buf message; /* texts said in a row are paragraphs of one message */
	struct flow_effect *effects;
	size_t count;
	size_t cap;
};

/* ---- say.c ---- */

/* Renders a text and adds it to the message; a text that is empty says nothing. */
int flow_run_say(struct flow_run *r, const struct flow_text *text);
/* Makes what was said an effect. */
void flow_run_flush(struct flow_run *r);
/* Adds an effect behind what was said. */
struct flow_effect *flow_run_effect(struct flow_run *r, enum flow_effect_kind kind);
/* Appends the rendering without the white space around it. */
int flow_text_render(const struct template *t, const struct value *data, struct buf *out,
		     struct err *err);

/* ---- condition.c ---- */

/* The branch of an action whose condition holds, or NULL. */
const struct flow_action *flow_run_choose(const struct flow_run *r, const struct flow_action *act);

/* ---- assign.c ---- */

int flow_run_set(struct flow_run *r, const char *name, const char *text);
/* Gives a value what its source says; takes it away when there is nothing or it breaks the rule. */
int flow_run_assign(struct flow_run *r, const struct flow_assign *as);
int64_t flow_run_today(const struct flow_run *r);

/* ---- trail.c ---- */

/* The session asks at this step now. */
void flow_trail_note(struct flow_run *r, const struct flow_step *step);
/* Takes the present step off; the one before that still fits, or NULL. */
const struct flow_step *flow_trail_back(struct flow_run *r);

/* ---- walk.c ---- */

/* Does what a branch says and goes where it leads, until the flow waits. */
int flow_run_follow(struct flow_run *r, const struct flow_action *act);
/* Does what a branch says, and goes nowhere; `aloud`: with its texts. */
int flow_run_leave(struct flow_run *r, const struct flow_action *act, bool aloud);
/* Enters a step and goes on until the flow waits. */
int flow_run_go(struct flow_run *r, const struct flow_step *step, bool quiet);
/* Takes an exit of the step by its name, else the one for the rest. */
int flow_run_exit(struct flow_run *r, const char *name);
/* Says again what the session waits for; begins when it has not begun. */
int flow_run_repeat(struct flow_run *r);

/* ---- adopt.c ---- */

struct session *flow_session_new(const struct flow *flow, const struct flow_env *env,
				 struct arena *a);
/* Removes values that the flow does not know or whose rules they break. */
void flow_session_clean(const struct flow *flow, struct session *s, struct arena *a);
/* All that is surely set at the step is set. */
bool flow_session_fits(const struct flow *flow, const struct session *s,
		       const struct flow_step *step);

#endif
