/*
 * play.c - act by act on the engine: do it, then compare; the first difference ends it.
 */
#include "scenario_private.h"

#include <string.h>

struct play {
	struct stage st;
	struct witness witness;
	struct arena *a;
	unsigned last_line;
};

#define FAIL(pl, at, ...)                                                                          \
	scenario_fail((pl)->witness.fault, (pl)->a, (pl)->st.scenario->file, at, __VA_ARGS__)

/* "name/next, flow.json:90": of an exit with branches the first one's line. */
static const char *exit_taken(struct play *pl)
{
	const char *taken = pl->st.last.exit;
	struct flow_cover cover;
	unsigned line = 0;

	if (!taken) /* nothing was said yet */
		return "";
	flow_cover_init(&cover, pl->st.flow);
	for (size_t i = 0; i < cover.count && !line; i++) {
		const struct flow_place *p = &cover.list[i];

		if (p->kind == FLOW_PLACE_EXIT &&
		    strcmp(taken, arena_printf(pl->a, "%s/%s", *p->step ? p->step : "commands",
					       p->exit)) == 0)
			line = p->line;
	}
	flow_cover_free(&cover);
	return line ? arena_printf(pl->a, "%s, flow.json:%u", taken, line) : "";
}

static int compare_reply(struct play *pl, const struct act *act)
{
	const struct expectation e = { act->line, act->replies, act->reply_count };
	const struct flow_result *r = &pl->st.last;
	struct str *texts = arena_array(pl->a, r->effect_count, sizeof *texts);
	size_t count = 0;

	for (size_t i = 0; i < r->effect_count; i++) {
		if (r->effects[i].kind == FLOW_SAY)
			texts[count++] = r->effects[i].text;
	}
	return scenario_compare_reply(&pl->witness, &e, texts, count);
}

static int compare_fact(struct play *pl, const struct act *act)
{
	const struct value *fields;
	const char *got = stage_fact(&pl->st, act->fact, act->name, &fields);

	return scenario_compare_fact(&pl->witness, act, got, fields);
}

/* ---- all ---- */

/* What differs is the doing of the exit that was taken last. */
static int name_exit(struct play *pl, int compared)
{
	const char *exit = compared < 0 ? exit_taken(pl) : "";

	if (*exit)
		pl->witness.fault->what =
			arena_printf(pl->a, "%s\n    exit      %s", pl->witness.fault->what, exit);
	return compared;
}

static int play_act(struct play *pl, const struct act *act)
{
	struct err err = { 0 };

	pl->last_line = act->reply_count ? act->replies[act->reply_count - 1].line : act->line;
	if (stage_act(&pl->st, act, &err) < 0)
		return FAIL(pl, act->line, "%s", err.text);
	switch (act->kind) {
	case ACT_SAY:
	case ACT_CALL:
	case ACT_PASS:
		return name_exit(pl, compare_reply(pl, act));
	case ACT_RECORD:
		return 0;
	case ACT_EXPECT:
		return name_exit(pl, compare_fact(pl, act));
	}
	return 0;
}

int scenario_run(const struct scenario *s, const struct flow *flow, struct flow_cover *cover,
		 struct arena *a, struct scenario_fault *fault)
{
	struct play *pl = arena_alloc(a, sizeof *pl);
	struct err err = { 0 };

	pl->a = a;
	pl->witness = (struct witness){ s->file, a, fault };
	if (stage_open(&pl->st, s, flow, cover, a, fault) < 0)
		return -1;
	for (size_t i = 0; i < s->act_count; i++) {
		if (stage_reload(&pl->st, &err) < 0)
			return FAIL(pl, s->acts[i].line, "the session cannot be kept: %s",
				    err.text);
		pl->st.next = i + 1 < s->act_count ? &s->acts[i + 1] : NULL;
		if (play_act(pl, &s->acts[i]) < 0)
			return -1;
	}
	return stage_check_end(&pl->st, pl->last_line, fault);
}
