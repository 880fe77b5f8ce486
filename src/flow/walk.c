/*
 * walk.c - from step to step: conditions, actions, arriving, repeating.
 *
 * A loop, not a recursion, with a cap: a flow that goes round fails its turn,
 * not the server.
 */
#include "run_private.h"

#include <string.h>

#include "base/crypto.h"
#include "cover_private.h"

/* ---- what an action does before it leads on ---- */

/* Characters that people can read to each other: no I, L, O, U. */
static const char *readable_id(struct flow_run *r, const char *prefix, const char *type)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	bool call = r->input->kind == FLOW_INPUT_OUTCOME;
	const char *seed =
		arena_printf(r->a, "record/%s/%s/%u", call ? r->input->call_id : r->env->turn_id,
			     type, r->records++);
	uint8_t hash[SHA256_SIZE];
	char id[13];

	sha256(str_of(seed), hash);
	for (size_t i = 0; i < sizeof id - 1; i++)
		id[i] = digits[hash[i] & 31];
	id[sizeof id - 1] = '\0';
	return arena_printf(r->a, "%s%s", prefix ? prefix : "", id);
}

/* Written over as a whole when it is kept again: the store keeps when it was created. */
static const char *record_id(struct flow_run *r, const struct flow_action *act)
{
	const struct flow_record *rec = act->record;
	const char *kept = session_get(r->session, arena_printf(r->a, "record.%s", rec->name));

	if (!act->record_update || !kept)
		return readable_id(r, rec->id_prefix, rec->name);
	r->records++;
	return arena_strdup(r->a, kept);
}

static int keep_record(struct flow_run *r, const struct flow_action *act)
{
	const struct flow_record *rec = act->record;
	struct session_value *fields = arena_array(r->a, rec->field_count, sizeof *fields);
	const char *id;
	struct flow_effect *e;
	size_t n = 0;

	if (r->records == FLOW_MAX_RECORDS)
		return err_set(r->err, ERR_BUG, "more than %d records in one turn",
			       FLOW_MAX_RECORDS);
	id = record_id(r, act);
	for (size_t i = 0; i < rec->field_count; i++) {
		const char *text = strcmp(rec->fields[i], "language") == 0
					   ? r->session->language
					   : session_get(r->session, rec->fields[i]);

		if (text)
			fields[n++] = (struct session_value){ arena_strdup(r->a, rec->fields[i]),
							      arena_strdup(r->a, text) };
	}
	e = flow_run_effect(r, FLOW_RECORD);
	e->record_type = arena_strdup(r->a, rec->name);
	e->record_id = id;
	e->record_state = act->record_state ? act->record_state
			  : rec->states	    ? rec->states->options[0].id
					    : "new";
	e->fields = fields;
	e->field_count = n;
	return flow_run_set(r, arena_printf(r->a, "record.%s", rec->name), id);
}

static void speak(struct flow_run *r, size_t language)
{
	const char *code = r->flow->languages[language].code;

	r->language = language;
	memcpy(r->session->language, code, strlen(code) + 1); /* the loader bounds it */
}

static int say_all(struct flow_run *r, const struct flow_text **say, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (flow_run_say(r, say[i]) < 0)
			return -1;
	}
	return 0;
}

int flow_run_leave(struct flow_run *r, const struct flow_action *act, bool aloud)
{
	flow_cover_pass(r->env->cover, act);
	if (act->language >= 0)
		speak(r, (size_t)act->language);
	if (act->clear) {
		session_clear_values(r->session);
		r->session->trail = "";
	}
	for (size_t i = 0; i < r->flow->value_count; i++) {
		if (act->unset >> i & 1)
			session_unset(r->session, r->flow->values[i].name);
	}
	for (size_t i = 0; i < act->set_count; i++) {
		if (flow_run_assign(r, &act->sets[i]) < 0)
			return -1;
	}
	if (act->consent != CONSENT_NONE) {
		r->consent = act->consent;
		flow_run_effect(r, FLOW_CONSENT)->consent = act->consent;
	}
	if (act->record && keep_record(r, act) < 0)
		return -1;
	return aloud ? say_all(r, act->say, act->say_count) : 0;
}

static int perform(struct flow_run *r, const struct flow_action *act)
{
	return flow_run_leave(r, act, true);
}

/* ---- arriving ---- */

static void start_call(struct flow_run *r, const char *external_id)
{
	const char *seed =
		arena_printf(r->a, "call/%s/%s/%u", r->env->turn_id, r->step->name, r->steps);
	uint8_t hash[SHA256_SIZE];
	char id[2 * SHA256_SIZE + 1];

	sha256(str_of(seed), hash);
	hex_encode(hash, sizeof hash, id);
	r->session->call = (struct session_call){
		.id = arena_strndup(r->a, id, 32),
		.name = arena_strdup(r->a, r->step->call->name),
		.step = arena_strdup(r->a, r->step->name),
		.external_id = external_id,
		.started_ms = r->env->now_ms,
	};
	(void)flow_run_effect(r, FLOW_CALL);
}

static int arrive(struct flow_run *r, const struct flow_step *step, bool quiet)
{
	const char *external_id = r->session->call.external_id;

	if (++r->steps > FLOW_STEP_CAP)
		return err_set(r->err, ERR_BUG, "more than %d steps in one turn, at step %s",
			       FLOW_STEP_CAP, step->name);
	if (r->input->kind == FLOW_INPUT_MESSAGE)
		external_id = arena_strdup(r->a, r->input->message->external_id);
	flow_cover_pass(r->env->cover, step);
	r->step = step;
	r->unstarted = false;
	r->session->step = arena_strdup(r->a, step->name);
	if (step->shown)
		r->session->shown_step = arena_strdup(r->a, step->shown);
	r->session->wrong_answers = 0;
	r->session->call =
		(struct session_call){ .id = "", .name = "", .step = "", .external_id = "" };
	r->session->completed = step->end;
	if (step->rule)
		flow_trail_note(r, step);
	if (!quiet && say_all(r, step->say, step->say_count) < 0)
		return -1;
	if (step->end)
		(void)flow_run_effect(r, FLOW_END);
	else if (step->call)
		start_call(r, external_id);
	else if (step->rule && !quiet)
		return flow_run_say(r, step->ask);
	return 0;
}

/* Where "@back" leads; without a way back to the beginning. */
static const struct flow_step *back_from(struct flow_run *r)
{
	const struct flow_step *back = flow_trail_back(r);

	return back ? back : r->flow->start;
}

int flow_run_go(struct flow_run *r, const struct flow_step *step, bool quiet)
{
	while (step) {
		const struct flow_action *act;

		if (arrive(r, step, quiet) < 0)
			return -1;
		if (!flow_step_passes(step))
			return 0;
		act = flow_run_choose(r, flow_exit_find(step, "next")->action);
		if (!r->exit)
			r->exit = arena_join(r->a, step->name, "/", "next");
		if (perform(r, act) < 0)
			return -1;
		quiet = act->quiet;
		step = act->to == GOTO_BACK   ? back_from(r)
		       : act->to == GOTO_SAME ? step
					      : act->target;
	}
	return 0;
}

int flow_run_follow(struct flow_run *r, const struct flow_action *act)
{
	const struct flow_step *back = NULL;

	if (perform(r, act) < 0)
		return -1;
	switch (act->to) {
	case GOTO_NONE:
		return 0;
	case GOTO_SAME:
		return flow_run_repeat(r);
	case GOTO_BACK:
		/* Where nothing is behind, the first question is asked again. */
		if (r->step->rule && !(back = flow_trail_back(r)))
			return flow_run_repeat(r);
		return flow_run_go(r, r->step->rule ? back : back_from(r), act->quiet);
	case GOTO_STEP:
		break;
	}
	return flow_run_go(r, act->target, act->quiet);
}

int flow_run_exit(struct flow_run *r, const char *name)
{
	const struct flow_step *s = r->step;
	const struct flow_exit *e = flow_exit_find(s, name);
	const struct flow_action *act;

	if (!e)
		e = flow_exit_find(s, s->call ? "otherwise" : "next");
	if (!e)
		return err_set(r->err, ERR_BUG, "step %s has no exit %s", s->name, name);
	r->exit = arena_join(r->a, s->name, "/", flow_exit_shown(e->name));
	r->session->wrong_answers = 0;
	act = flow_run_choose(r, e->action);
	if (!s->call || act->to != GOTO_SAME)
		return flow_run_follow(r, act);
	if (perform(r, act) < 0) /* the same call once more */
		return -1;
	return flow_run_go(r, s, act->quiet);
}

int flow_run_repeat(struct flow_run *r)
{
	const struct flow_step *s = r->step;
	const struct flow_text *notice = r->notice;

	r->notice = NULL;
	if (r->unstarted || flow_step_passes(s)) {
		if (notice && flow_run_say(r, notice) < 0)
			return -1;
		return flow_run_go(r, s, false);
	}
	/* The wait was given up from outside: nobody may sit here for ever. */
	if (s->call && !*r->session->call.id)
		return flow_run_exit(r, "failed");
	if (s->call) {
		flow_cover_pass(r->env->cover, &s->waiting);
		return flow_run_say(r, s->waiting ? s->waiting
						  : r->flow->system[SYSTEM_STILL_WORKING]);
	}
	if (!s->end)
		return flow_run_say(r, s->ask);
	if (!s->again) /* something is done then; its action leads away or says something */
		return flow_run_exit(r, FLOW_EXIT_AGAIN);
	flow_cover_pass(r->env->cover, &s->again);
	return flow_run_say(r, s->again);
}
