/*
 * play.c - act by act: do it, then compare; the first difference ends it.
 */
#include "scenario_private.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_LINES = 12, DIFF_MAX = 4194304 };

struct play {
	struct stage st;
	struct arena *a;
	struct scenario_fault *fault;
	unsigned last_line;
};

#define FAIL(pl, at, ...)                                                                          \
	scenario_fail((pl)->fault, (pl)->a, (pl)->st.scenario->file, at, __VA_ARGS__)

int scenario_fault_format(const struct scenario_fault *f, struct buf *out)
{
	return buf_addf(out, "%s:%u: %s", f->file, f->line, f->what);
}

/* ---- the reply ---- */

static bool is_empty(const char *line)
{
	return line[strspn(line, " \t\r")] == '\0';
}

/* The lines of all texts of the turn; empty ones do not count. */
static const char **reply_lines(struct play *pl, size_t *count_out)
{
	const struct flow_result *r = &pl->st.last;
	const char **lines;
	size_t most = 0, n = 0;

	for (size_t i = 0; i < r->effect_count; i++)
		most += r->effects[i].kind == FLOW_SAY ? r->effects[i].text.n + 1 : 0;
	lines = arena_array(pl->a, most, sizeof *lines);
	for (size_t i = 0; i < r->effect_count; i++) {
		char *text, *line;

		if (r->effects[i].kind != FLOW_SAY)
			continue;
		text = arena_strndup(pl->a, r->effects[i].text.p, r->effects[i].text.n);
		while ((line = strsep(&text, "\n")) != NULL) {
			if (!is_empty(line))
				lines[n++] = line;
		}
	}
	*count_out = n;
	return lines;
}

static void add_lines(struct buf *out, const char *label, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count && i < SHOWN_LINES; i++)
		(void)buf_addf(out, "\n    %-9s %s", i ? "" : label, lines[i]);
	if (count > SHOWN_LINES)
		(void)buf_addf(out, "\n              (and %zu lines more)", count - SHOWN_LINES);
}

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

static int differs(struct play *pl, const struct act *act, const struct mismatch *m,
		   const char *const *lines, size_t count)
{
	const struct expected *e =
		m->expected < act->reply_count ? &act->replies[m->expected] : NULL;
	bool searched = m->expected > 0 && act->replies[m->expected - 1].any;
	unsigned line = act->line;
	struct buf out;

	buf_init(&out, DIFF_MAX);
	if (e) {
		line = e->line;
		(void)buf_addf(&out, "\n    expected  %s", e->text);
		if (m->at == count)
			(void)buf_adds(&out, "\n    got       (no further line)");
		add_lines(&out, "got", lines + m->at, searched ? count - m->at : m->at < count);
	} else {
		line = act->reply_count ? act->replies[act->reply_count - 1].line : line;
		add_lines(&out, "got", lines + m->at, count - m->at);
	}
	(void)FAIL(pl, line, "%s%s",
		   e ? "the reply differs" : "the reply goes on, and nobody expects it", out.data);
	buf_free(&out);
	return -1;
}

static int compare_reply(struct play *pl, const struct act *act)
{
	struct mismatch m;
	size_t count;
	const char *const *lines = (const char *const *)reply_lines(pl, &count);

	if (scenario_reply_fits(act->replies, act->reply_count, lines, count, &m))
		return 0;
	return differs(pl, act, &m, lines, count);
}

/* ---- expectations ---- */

static const char *shown(struct arena *a, const struct value *v)
{
	if (!v)
		return "(no such field)";
	switch (v->kind) {
	case VALUE_TEXT:
		return arena_strndup(a, v->text.p, v->text.n);
	case VALUE_TRUE:
		return "true";
	case VALUE_FALSE:
		return "false or null";
	case VALUE_LIST:
		return "(a list, or one of another length)";
	case VALUE_OBJECT:
		break;
	}
	return "(an object)";
}

static int compare_fields(struct play *pl, const struct act *act, const struct value *got)
{
	struct field_mismatch m;
	const char *fact = scenario_fact_names[act->fact];

	if (!got)
		return FAIL(pl, act->line, "there is no %s%s%s", fact, act->name ? " " : "",
			    act->name ? act->name : "");
	if (scenario_fields_fit(act->fields, got, pl->a, &m))
		return 0;
	return FAIL(pl, act->line, "the %s differs in \"%s\"\n    expected  %s\n    got       %s",
		    fact, m.path, shown(pl->a, m.want), shown(pl->a, m.got));
}

static int compare_fact(struct play *pl, const struct act *act)
{
	const struct value *fields;
	const char *got = stage_fact(&pl->st, act->fact, act->name, &fields);
	const char *fact = scenario_fact_names[act->fact];

	if (act->none)
		return got ? FAIL(pl, act->line, "there is a %s %s: %s", fact, act->name, got) : 0;
	if (act->fields)
		return compare_fields(pl, act, fields);
	if (got && scenario_line_fits(act->text, got))
		return 0;
	return FAIL(pl, act->line, "the %s %s%sdiffers\n    expected  %s\n    got       %s", fact,
		    act->name ? act->name : "", act->name ? " " : "", act->text,
		    got ? got : "(nothing)");
}

/* ---- all ---- */

/* What differs is the doing of the exit that was taken last. */
static int name_exit(struct play *pl, int compared)
{
	const char *exit = compared < 0 ? exit_taken(pl) : "";

	if (*exit)
		pl->fault->what =
			arena_printf(pl->a, "%s\n    exit      %s", pl->fault->what, exit);
	return compared;
}

static int play_act(struct play *pl, const struct act *act)
{
	struct err err = { 0 };

	pl->last_line = act->reply_count ? act->replies[act->reply_count - 1].line : act->line;
	switch (act->kind) {
	case ACT_SAY:
		if (stage_say(&pl->st, &act->message, &err) < 0)
			return FAIL(pl, act->line, "%s", err.text);
		return name_exit(pl, compare_reply(pl, act));
	case ACT_CALL:
		if (stage_answer(&pl->st, act, &err) < 0)
			return FAIL(pl, act->line, "%s", err.text);
		return name_exit(pl, compare_reply(pl, act));
	case ACT_PASS:
		stage_pass(&pl->st, act->ms);
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
	pl->fault = fault;
	stage_open(&pl->st, s, flow, cover, a);
	for (size_t i = 0; i < s->act_count; i++) {
		if (stage_reload(&pl->st, &err) < 0)
			return FAIL(pl, s->acts[i].line, "the session cannot be kept: %s",
				    err.text);
		if (play_act(pl, &s->acts[i]) < 0)
			return -1;
	}
	if (pl->st.session && *pl->st.session->call.id)
		return FAIL(pl, pl->last_line,
			    "the file ends while the call %s is under way; add its answer: "
			    "call %s -> …",
			    pl->st.session->call.name, pl->st.session->call.name);
	return 0;
}
