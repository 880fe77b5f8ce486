/*
 * generate_write.c - a way through the flow as a file: what is said, what comes, how it stands
 * at the end.
 */
#include <string.h>

#include "generate_private.h"

enum {
	FILE_MAX = 1 << 20,
	MAX_CLOSING = 5, /* calls that begin when another one ends */
	MAX_VALUE_SHOWN = 120,
	COMMENT_CHARS = 100,
};

struct telling {
	struct generator *g;
	struct scenario_event *events;
	size_t count;
	size_t cap;
};

static struct scenario_event *tell(struct telling *t, enum scenario_event_kind kind)
{
	struct scenario_event *e;

	if (t->count == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		struct scenario_event *events = arena_array(t->g->a, cap, sizeof *events);

		if (t->count)
			memcpy(events, t->events, t->count * sizeof *events);
		t->events = events;
		t->cap = cap;
	}
	e = &t->events[t->count++];
	*e = (struct scenario_event){ .kind = kind };
	return e;
}

static void note(struct telling *t, const char *line)
{
	tell(t, SCENARIO_NOTED)->text = str_of(line);
}

/* ---- one line and its reply ---- */

static void tell_act(struct telling *t, const struct move *move)
{
	const struct act *act = move->act;
	struct arena *a = t->g->a;
	struct scenario_event *e;

	switch (act->kind) {
	case ACT_SAY:
		e = tell(t, SCENARIO_SAID);
		e->message = &act->message;
		e->text = str_of(move->comment);
		break;
	case ACT_CALL:
		e = tell(t, SCENARIO_CALLED);
		e->name = act->name;
		e->status = act->status;
		e->outcome = act->status ? NULL : act->outcome;
		e->text = str_of(act->text ? act->text : "");
		break;
	case ACT_PASS:
		note(t, arena_printf(a, "\npass %s", act->text));
		break;
	case ACT_RECORD:
		note(t, arena_printf(a, "\nrecord %s -> %s", act->name, act->outcome));
		break;
	case ACT_EXPECT:
		break;
	}
}

static void tell_replies(struct telling *t)
{
	const struct flow_result *r = &t->g->stage->last;

	for (size_t i = 0; i < r->effect_count; i++) {
		if (r->effects[i].kind == FLOW_SAY)
			tell(t, SCENARIO_REPLIED)->text =
				(struct str){ arena_strndup(t->g->a, r->effects[i].text.p,
							    r->effects[i].text.n),
					      r->effects[i].text.n };
	}
}

static int step_on(struct telling *t, const struct move *move, const struct act *next,
		   struct way *way, struct err *err)
{
	if (scenario_state_act(t->g, move, next, err) < 0)
		return -1;
	tell_act(t, move);
	if (move->act->kind != ACT_RECORD)
		tell_replies(t);
	for (size_t i = 0; i < t->g->words; i++)
		way->passed[i] |= t->g->passed[i];
	return 0;
}

/* A file may not end while a call is under way. */
static int close_calls(struct telling *t, struct way *way, struct err *err)
{
	const struct stage *st = t->g->stage;

	for (int i = 0; i < MAX_CLOSING && st->session && *st->session->call.id; i++) {
		struct moves ends = { .key = "" };
		const struct node *step = scenario_source_get(
			scenario_source_get(t->g->root, "steps"), st->session->step);

		scenario_moves_of_call(t->g, &ends, step, st->session->language);
		for (size_t k = 0; !ends.count || *st->session->call.id; k++) {
			if (k >= ends.count)
				return err_set(err, ERR_BUG, "the call %s does not end",
					       st->session->call.name);
			if (step_on(t, &ends.list[k], NULL, way, err) < 0)
				return -1;
			if (strcmp(st->session->call.name, ends.list[k].act->name) != 0)
				break;
		}
	}
	return 0;
}

/* ---- how it stands at the end ---- */

static bool is_plain(const char *text)
{
	return *text && strlen(text) <= MAX_VALUE_SHOWN && !strpbrk(text, "\r\n{}[]") &&
	       strchr(" \t", text[strlen(text) - 1]) == NULL && *text != ' ';
}

/* Ids of records differ from run to run in nothing, but mean nothing to a reader. */
static void tell_end(struct telling *t)
{
	const struct session *s = t->g->stage->session;
	const struct node *values = scenario_source_get(t->g->root, "values");
	if (!s)
		return;
	note(t, arena_printf(t->g->a, "\nexpect step %s", s->step));
	for (size_t i = 0; i < s->value_count; i++) {
		const struct node *v = scenario_source_get(values, s->values[i].name);

		if (v && !scenario_source_get(v, "from") && is_plain(s->values[i].text))
			note(t, arena_printf(t->g->a, "expect value %s %s", v->key,
					     s->values[i].text));
	}
}

/* ---- the top of the file ---- */

static const char *owner_of(const struct flow_place *p)
{
	if (*p->step)
		return p->step;
	return strcmp(p->exit, "reminders") == 0 || strcmp(p->exit, "expiry") == 0 ? "flow"
										   : "command";
}

static const char *place_text(struct generator *g, const struct flow_place *p)
{
	const char *branch = p->branch ? arena_printf(g->a, " %u", p->branch) : "";

	if (p->kind == FLOW_PLACE_STEP)
		return p->step;
	return arena_printf(g->a, "%s/%s%s", owner_of(p), p->exit, branch);
}

struct list_line { /* of names, in lines of a readable length */
	struct telling *t;
	const char *text;
};

static void list_name(struct list_line *l, const char *name)
{
	if (strlen(l->text) + strlen(name) > COMMENT_CHARS) {
		note(l->t, l->text);
		l->text = "#  ";
	}
	l->text = arena_printf(l->t->g->a, "%s %s;", l->text, name);
}

/* "# passes: welcome; name; name/next;" what no file before it does; else the questions whose
 * answers it tries. */
static void tell_top(struct telling *t, const struct way *way)
{
	const struct generator *g = t->g;
	struct list_line line = { t, "# passes:" };
	const char *before = "";
	size_t named = 0;

	for (size_t i = 0; i < g->cover.count; i++) {
		if (!place_in(way->fresh, i))
			continue;
		list_name(&line, place_text(t->g, &g->cover.list[i]));
		named++;
	}
	if (!named)
		line.text = "# answers:";
	for (size_t i = 0; i < g->goals && !named; i++) {
		if (!place_in(way->fresh, g->cover.count + i) ||
		    strcmp(before, g->goal_steps[i]) == 0)
			continue;
		before = g->goal_steps[i];
		list_name(&line, before);
	}
	note(t, line.text);
}

const char *scenario_way_write(struct generator *g, struct way *way, struct err *err)
{
	struct telling t = { .g = g };
	const char *text = NULL;
	struct buf out;

	buf_init(&out, FILE_MAX);
	scenario_state_enter(g, 0, g->a);
	tell_top(&t, way);
	for (size_t i = 0; i < way->count; i++) {
		const struct act *next = i + 1 < way->count ? way->moves[i + 1]->act : NULL;

		if (step_on(&t, way->moves[i], next, way, err) < 0)
			goto out;
	}
	if (close_calls(&t, way, err) < 0)
		goto out;
	tell_end(&t);
	if (scenario_write(&(struct scenario_record){ .title = "Made by samvad test --generate",
						      .events = t.events,
						      .event_count = t.count },
			   &out, err) == 0)
		text = arena_strndup(g->a, out.data, out.len);
out:
	buf_free(&out);
	return text;
}

const char *scenario_way_name(struct generator *g, const struct way *way, size_t number)
{
	const struct flow_place *p;
	const char *branch;

	if (way->aim >= g->cover.count)
		return arena_printf(g->a, "%02zu-%s-answers.chat", number,
				    g->goal_steps[way->aim - g->cover.count]);
	p = &g->cover.list[way->aim];
	branch = p->branch ? arena_printf(g->a, "-%u", p->branch) : "";
	if (p->kind == FLOW_PLACE_STEP)
		return arena_printf(g->a, "%02zu-%s.chat", number, p->step);
	return arena_printf(g->a, "%02zu-%s-%s%s.chat", number, owner_of(p), p->exit, branch);
}

/* ---- what is left out ---- */

static bool step_passed(const struct flow_cover *cover, const char *step)
{
	for (size_t i = 0; i < cover->count; i++) {
		if (cover->list[i].kind == FLOW_PLACE_STEP && cover->list[i].passed &&
		    strcmp(cover->list[i].step, step) == 0)
			return true;
	}
	return false;
}

static bool other_branch_passed(const struct flow_cover *cover, const struct flow_place *place)
{
	for (size_t i = 0; i < cover->count; i++) {
		const struct flow_place *p = &cover->list[i];

		if (p->branch && p->passed && strcmp(p->step, place->step) == 0 &&
		    strcmp(p->exit, place->exit) == 0)
			return true;
	}
	return false;
}

const char *scenario_why_not(const struct generator *g, const struct flow_cover *cover,
			     const struct flow_place *place)
{
	const struct node *step =
		scenario_source_get(scenario_source_get(g->root, "steps"), place->step);

	if (*place->step && !step_passed(cover, place->step))
		return "no way leads to the step";
	if (place->kind == FLOW_PLACE_STEP)
		return "no way leads to it";
	if (place->branch && other_branch_passed(cover, place))
		return "its condition never held, or an earlier one always did";
	if (strcmp(place->exit, "reminders") == 0 || strcmp(place->exit, "expiry") == 0)
		return "no silence was long enough while a question was open";
	if (strcmp(place->exit, "wrong") == 0)
		return "no answer that was tried is wrong there";
	if (scenario_source_get(step, "call"))
		return "no end of the call that was tried leads there";
	return "no answer that was tried leads there";
}
