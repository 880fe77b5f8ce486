/*
 * engine.c - one turn: a message or the end of a call, to a new session and effects.
 *
 * Order for a message: what the provider has answered already, commands (they
 * win everywhere, also while a call is under way), then the answer to the
 * open question. What is wrong changes nothing but the count of wrong answers.
 */
#include <string.h>

#include "base/text.h"
#include "cover_private.h"
#include "input_private.h"
#include "run_private.h"
#include "timer_private.h"
#include "words_private.h"

enum { MESSAGE_BYTES_MAX = 65536 };

/* ---- where the session is ---- */

static const struct flow_text *system_text(const struct flow_run *r, enum flow_system_text t)
{
	return r->flow->system[t];
}

static bool same_flow(const struct flow_run *r)
{
	return r->session->flow_version == r->flow->version &&
	       strcmp(r->session->flow, r->flow->name) == 0;
}

static void begin_again(struct flow_run *r, const struct flow_text *notice)
{
	struct session *s = r->session;

	r->step = r->flow->start;
	r->unstarted = true;
	r->notice = notice;
	s->completed = false;
	s->call = (struct session_call){ .id = "", .name = "", .step = "", .external_id = "" };
	s->step = arena_strdup(r->a, r->step->name);
	s->shown_step = r->step->shown ? arena_strdup(r->a, r->step->shown) : "";
}

/* After an edit a session goes on at its step, if that is still there and all that it needs is;
 * else it begins again, keeps the answers that still hold, and is told. Who comes from another
 * bot begins, and nothing of that one is known here. */
static void find_step(struct flow_run *r)
{
	struct session *s = r->session;
	bool other = strcmp(s->flow, r->flow->name) != 0, edited = !same_flow(r);

	if (edited) {
		s->trail = "";
		if (other)
			session_clear_values(s);
		flow_session_clean(r->flow, s, r->a);
		s->flow = arena_strdup(r->a, r->flow->name);
		s->flow_version = r->flow->version;
	}
	r->step = flow_step_find(r->flow, s->step);
	if (!other && r->step && !(edited && !flow_session_fits(r->flow, s, r->step)))
		r->unstarted = s->fresh;
	else
		begin_again(r, other ? NULL : system_text(r, SYSTEM_FLOW_CHANGED));
}

static void open_session(struct flow_run *r, const struct session *session)
{
	if (session) {
		r->session = session_copy(session, r->a);
		find_step(r);
	} else {
		r->session = flow_session_new(r->flow, r->env, r->a);
		r->step = r->flow->start;
		r->unstarted = true;
		if (r->env->facts && r->env->facts->known && r->env->facts->unfinished)
			r->notice = system_text(r, SYSTEM_EXPIRED);
	}
	r->language = flow_language_or_default(r->flow, r->session->language);
}

static int language_of_script(const struct flow *flow, struct str text)
{
	for (size_t i = 0; i < flow->language_count; i++) {
		const char *script = flow->languages[i].script;

		if (script && text_script_is(text, script))
			return (int)i;
	}
	return -1;
}

const char *flow_guess_language(const struct flow *flow, struct str text)
{
	int language = language_of_script(flow, text);

	return flow->languages[language < 0 ? 0 : language].code;
}

/* A new person is answered in the script they write. */
static void guess_language(struct flow_run *r)
{
	const struct contact_facts *facts = r->env->facts;
	int language = facts ? flow_language_find(r->flow, facts->language) : -1;

	if (language < 0)
		language = language_of_script(r->flow, str_of(r->input->message->text));
	r->language = language < 0 ? 0 : (size_t)language;
	memcpy(r->session->language, r->flow->languages[r->language].code,
	       strlen(r->flow->languages[r->language].code) + 1);
}

static void touch(struct flow_run *r)
{
	const struct inbound *m = r->input->message;

	r->session->updated_ms = r->env->now_ms;
	r->session->expires_ms = r->env->now_ms + r->env->session_ttl_ms;
	r->session->heard_ms = r->env->now_ms;
	r->session->reminded = 0;
	if (m->receiver && *m->receiver)
		r->session->receiver = arena_strdup(r->a, m->receiver);
	if (m->account && *m->account)
		r->session->account = arena_strdup(r->a, m->account);
}

/* ---- answers ---- */

/* A bot may have one text for both: the way out is not said a second time then. */
static int wrong(struct flow_run *r, const struct flow_text *why)
{
	const struct flow_text *way_out = system_text(r, SYSTEM_WAY_OUT);
	const struct flow_step *s = r->step;

	r->session->wrong_answers++;
	if (s->stuck_after && r->session->wrong_answers >= s->stuck_after)
		return flow_run_exit(r, FLOW_EXIT_STUCK);
	flow_cover_pass(r->env->cover, &s->wrong);
	if (flow_run_say(r, why) < 0 || flow_run_say(r, s->ask) < 0)
		return -1;
	if (r->session->wrong_answers < FLOW_WAY_OUT_AFTER || way_out == why)
		return 0;
	return flow_run_say(r, way_out);
}

/* The option that is taken beside the rule, or NULL: "skip". */
static const struct flow_option *beside(const struct flow_run *r, const struct inbound *m)
{
	const struct flow_list *also = r->step->also;
	const struct flow_option *o = NULL;
	int i;

	if (!also)
		return NULL;
	if (m->kind == INBOUND_CHOICE)
		o = flow_option_find(also, m->payload);
	if (o || (m->kind != INBOUND_TEXT && m->kind != INBOUND_CHOICE))
		return o;
	i = flow_words_get(&also->words, flow_word_key(r->a, str_of(m->text)));
	return i >= 0 ? &also->options[i] : NULL;
}

/* What is stored of the message, or NULL. */
static const char *accept(const struct flow_run *r, const struct inbound *m)
{
	const struct flow_rule *rule = r->step->rule;
	const struct flow_asked asked = { r->flow, r->session, flow_run_today(r) };
	const char *stored = NULL;

	if (m->kind == INBOUND_CHOICE)
		stored = flow_rule_accept_tap(rule, &asked, m->payload, r->a);
	/* A button of an older question is no text, but may name an option of this one. */
	if (!stored &&
	    (m->kind == INBOUND_TEXT || (m->kind == INBOUND_CHOICE && rule->type == RULE_CHOICE)))
		stored = flow_rule_accept(rule, &asked, str_of(m->text), r->a);
	return stored ? stored : flow_rule_accept_other(rule, m, r->a);
}

static int answer(struct flow_run *r)
{
	const struct inbound *m = r->input->message;
	const struct flow_rule *rule = r->step->rule;
	const struct flow_option *o = beside(r, m);
	const char *stored;

	if (o)
		return flow_run_exit(r, o->id);
	stored = accept(r, m);
	if (!stored && m->kind != INBOUND_TEXT && m->kind != INBOUND_CHOICE &&
	    !flow_rule_takes(rule, m->kind) && rule->type != RULE_MEDIA &&
	    rule->type != RULE_LOCATION)
		return wrong(r, system_text(r, SYSTEM_MEDIA_INSTEAD));
	if (!stored)
		return wrong(r, r->step->wrong);
	if (r->step->save >= 0 && flow_run_set(r, r->flow->values[r->step->save].name, stored) < 0)
		return -1;
	return flow_run_exit(r, rule->type == RULE_CHOICE && rule->list ? stored : "next");
}

/* ---- a turn ---- */

/* A tap gives a command by one of its words or by its name, unless the open question has an option
 * of that id. A caption is no command to who is asked for a file. */
static const struct flow_command *command_of(struct flow_run *r)
{
	const struct inbound *m = r->input->message;
	const struct flow_rule *rule = r->unstarted ? NULL : r->step->rule;
	const struct flow_asked asked = { r->flow, r->session, 0 };
	const struct flow_command *c = NULL;

	if (m->kind == INBOUND_CHOICE) {
		if (rule && (flow_rule_accept_tap(rule, &asked, m->payload, r->a) ||
			     (r->step->also && flow_option_find(r->step->also, m->payload))))
			return NULL;
		c = flow_command_of(r->flow, str_of(m->payload), r->a);
		for (size_t i = 0; !c && i < r->flow->command_count; i++) {
			if (strcmp(r->flow->commands[i].name, m->payload) == 0)
				c = &r->flow->commands[i];
		}
	}
	if (c || (rule && flow_rule_takes(rule, m->kind)))
		return c;
	return flow_command_of(r->flow, str_of(m->text), r->a);
}

static int obey(struct flow_run *r, const struct flow_command *c)
{
	const struct flow_action *act = flow_run_choose(r, c->action);

	if (!act)
		return 0;
	r->exit = arena_join(r->a, "commands", "/", c->name);
	return flow_run_follow(r, act);
}

/* The provider has answered STOP, START or HELP itself: a second answer would be one too many. */
static void note_opt_out(struct flow_run *r, enum opt_out_type type)
{
	if (type != OPT_OUT_STOP && type != OPT_OUT_START)
		return;
	r->consent = type == OPT_OUT_STOP ? CONSENT_OUT : CONSENT_IN;
	flow_run_effect(r, FLOW_CONSENT)->consent = r->consent;
}

static int run_message(struct flow_run *r, const struct session *session)
{
	const struct inbound *m = r->input->message;
	const struct flow_command *command;

	open_session(r, session);
	if (!session || strcmp(session->flow, r->flow->name) != 0)
		guess_language(r);
	if (flow_timer_overtaken(r) < 0)
		return -1;
	touch(r);
	if (m->opt_out != OPT_OUT_NONE) {
		note_opt_out(r, m->opt_out);
		return 0;
	}
	command = command_of(r);
	if (command)
		return obey(r, command);
	if (r->unstarted || !r->step->rule)
		return flow_run_repeat(r);
	return answer(r);
}

static int run_outcome(struct flow_run *r, const struct session *session)
{
	if (!session)
		return 0;
	if (!*session->call.id || !r->input->call_id ||
	    strcmp(session->call.id, r->input->call_id) != 0) {
		r->session = session_copy(session, r->a);
		return 0;
	}
	open_session(r, session);
	r->session->updated_ms = r->env->now_ms;
	if (r->unstarted || !r->step->call || strcmp(r->step->name, session->call.step) != 0)
		return flow_run_repeat(r);
	r->session->call.id = ""; /* over: whatever the exit does, nothing waits for it */
	return flow_run_exit(r, r->input->outcome);
}

/* After an edit nobody is spoken to unasked: the next message finds out what still fits. */
static int run_timer(struct flow_run *r, const struct session *session)
{
	if (!session)
		return 0;
	r->session = session_copy(session, r->a);
	if (!same_flow(r)) {
		r->session->wake_ms = 0;
		return 0;
	}
	open_session(r, session);
	return flow_timer_run(r);
}

static int run(struct flow_run *r, const struct session *session)
{
	switch (r->input->kind) {
	case FLOW_INPUT_MESSAGE:
		return run_message(r, session);
	case FLOW_INPUT_OUTCOME:
		return run_outcome(r, session);
	case FLOW_INPUT_TIMER:
		return run_timer(r, session);
	}
	return 0;
}

int flow_run(const struct flow *flow, const struct session *session, const struct flow_input *input,
	     const struct flow_env *env, struct arena *a, struct flow_result *result_out,
	     struct err *err)
{
	struct flow_run r = {
		.flow = flow,
		.env = env,
		.input = input,
		.a = a,
		.err = err,
		.consent = env->facts ? env->facts->consent : CONSENT_NONE,
	};
	int ret;

	*result_out = (struct flow_result){ .exit = "" };
	buf_init(&r.text, FLOW_TEXT_BYTES_MAX);
	buf_init(&r.message, MESSAGE_BYTES_MAX);
	ret = run(&r, session);
	if (ret == 0) {
		if (r.step) { /* it was looked at */
			r.session->fresh = r.unstarted;
			flow_timer_set(&r);
		}
		flow_run_flush(&r);
		*result_out = (struct flow_result){
			.session = r.session,
			.effects = r.effects,
			.effect_count = r.count,
			.exit = r.exit ? r.exit : "",
		};
	}
	buf_free(&r.message);
	buf_free(&r.text);
	return ret;
}
