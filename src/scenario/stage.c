/*
 * stage.c - the engine with a fake world: clock, ids, what is known of the contact, calls.
 *
 * Does what conversation/ does around a turn, as far as a person can notice:
 * the session expires, facts are remembered, a call's late answer comes back.
 */
#include "scenario_private.h"

#include <string.h>

enum {
	START_S = 1767603600, /* 2026-01-05 09:00 UTC */
	TURN_MS = 1000,
	SESSION_TTL_MS = 86400000,
	STAGE_MAX_TIMERS = 20,
};

/* What serve.c gives to packs, as it is when nobody sets anything: a test does not depend on the
 * machine it runs on. */
static const struct scenario_setting defaults[] = {
	{ "WEB_APP_URL", "http://localhost:3000", 0 },
	{ "AUTH_API_URL", "http://localhost:8001", 0 },
	{ "AUTH_API_OTP_PATH", "/api/send-otp", 0 },
	{ "AUTH_API_TIMEOUT_MS", "10000", 0 },
	{ "PUBLIC_URL", "", 0 },
	{ "TWILIO_WHATSAPP_NUMBER", "whatsapp:+14155238886", 0 },
};

static int check_settings(const struct scenario *s, const struct flow *flow, struct arena *a,
			  struct scenario_fault *fault)
{
	for (size_t i = 0; i < s->setting_count; i++) {
		if (!flow_has_setting(flow, s->settings[i].name))
			return scenario_fail(fault, a, s->file, s->settings[i].line,
					     "this pack sees no setting %s; WEB_APP_URL is one",
					     s->settings[i].name);
	}
	return 0;
}

static void add_settings(struct arena *a, struct value *all, const struct scenario_setting *list,
			 size_t count)
{
	for (size_t i = count; i-- > 0;) { /* of two with one name the later counts */
		if (!value_get(all, list[i].name))
			value_add_text(a, all, list[i].name, str_of(list[i].value));
	}
}

int stage_open(struct stage *st, const struct scenario *s, const struct flow *flow,
	       struct flow_cover *cover, struct arena *a, struct scenario_fault *fault)
{
	struct value *settings = value_object(a);

	add_settings(a, settings, s->settings, s->setting_count);
	add_settings(a, settings, defaults, sizeof defaults / sizeof *defaults);
	*st = (struct stage){ .scenario = s, .flow = flow, .a = a };
	memcpy(st->facts.language, s->language, strlen(s->language) + 1); /* parse.c bounds it */
	st->facts.known = *s->language != '\0';
	st->env = (struct flow_env){ .now_ms = (int64_t)START_S * 1000,
				     .contact = s->contact,
				     .facts = &st->facts,
				     .settings = settings,
				     .session_ttl_ms = SESSION_TTL_MS,
				     .cover = cover };
	return check_settings(s, flow, a, fault);
}

int stage_reload(struct stage *st, struct err *err)
{
	const struct session *s = st->session;
	struct session *loaded;
	struct buf stored;
	int ret = -1;

	if (!s)
		return 0;
	buf_init(&stored, SESSION_MAX_ENCODED);
	if (session_encode(s, &stored, err) < 0)
		goto out;
	loaded = arena_alloc(st->a, sizeof *loaded);
	*loaded = (struct session){ .flow = arena_strdup(st->a, s->flow),
				    .flow_version = s->flow_version,
				    .step = arena_strdup(st->a, s->step),
				    .shown_step = arena_strdup(st->a, s->shown_step),
				    .completed = s->completed,
				    .created_ms = s->created_ms,
				    .updated_ms = s->updated_ms,
				    .expires_ms = s->expires_ms,
				    .revision = s->revision };
	memcpy(loaded->language, s->language, sizeof loaded->language);
	ret = session_decode((struct str){ stored.data, stored.len }, st->a, loaded, err);
	st->session = loaded;
out:
	buf_free(&stored);
	return ret;
}

/* ---- what a turn leaves behind ---- */

static bool is_answered_next(const struct stage *st, const char *call)
{
	const struct act *next = st->next;

	return next && next->kind == ACT_CALL && strcmp(next->name, call) == 0;
}

/* A look-up is answered at once, from what was kept, unless the file says how it ends. */
static int note_call(struct stage *st, struct err *err)
{
	const struct session_call *call = &st->session->call;
	struct flow_call request;
	struct value *body = NULL;

	if (st->call_count == STAGE_MAX_CALLS)
		return err_set(err, ERR_INPUT, "more than %d calls in one file", STAGE_MAX_CALLS);
	if (flow_call_describe(st->flow, st->session, &st->env, st->a, &request, err) < 0)
		return -1;
	if (request.kind != FLOW_CALL_HTTP && !is_answered_next(st, call->name)) {
		st->lookup = arena_alloc(st->a, sizeof *st->lookup);
		*st->lookup = request;
		return 0;
	}
	st->calls[st->call_count++] = (struct stage_call){ .name = call->name,
							   .id = call->id,
							   .url = request.url ? request.url : "",
							   .step = st->session->step,
							   .attempts = request.attempts };
	if (request.body.n && value_from_json(st->a, request.body, &body, err) < 0)
		return err_prefix(err, "the body of the call %s is no JSON", call->name);
	st->call_body = body;
	return 0;
}

static int note_record(struct stage *st, const struct flow_effect *e, struct err *err)
{
	struct value *fields = value_object(st->a);
	int64_t created_ms = st->env.now_ms;
	size_t i = 0;

	while (i < st->record_count && (strcmp(st->records[i].id, e->record_id) != 0 ||
					strcmp(st->records[i].type, e->record_type) != 0))
		i++;
	if (i == STAGE_MAX_RECORDS)
		return err_set(err, ERR_INPUT, "more than %d records", STAGE_MAX_RECORDS);
	for (size_t k = 0; k < e->field_count; k++)
		value_add_text(st->a, fields, e->fields[k].name, str_of(e->fields[k].text));
	if (!value_get(fields, "state"))
		value_add_text(st->a, fields, "state", str_of(e->record_state));
	if (i < st->record_count) /* kept again */
		created_ms = st->records[i].created_ms;
	else
		st->record_count++;
	st->records[i] = (struct stage_record){ .type = e->record_type,
						.id = e->record_id,
						.state = e->record_state,
						.created_ms = created_ms,
						.stored = e->fields,
						.count = e->field_count,
						.fields = fields };
	return 0;
}

static int note_effects(struct stage *st, struct err *err)
{
	for (size_t i = 0; i < st->last.effect_count; i++) {
		const struct flow_effect *e = &st->last.effects[i];

		if (e->kind == FLOW_CONSENT)
			st->facts.consent = e->consent;
		if (e->kind == FLOW_CALL && note_call(st, err) < 0)
			return -1;
		if (e->kind == FLOW_RECORD && note_record(st, e, err) < 0)
			return -1;
	}
	return 0;
}

static int run_once(struct stage *st, const struct flow_input *input, struct err *err)
{
	st->env.turn_id = arena_printf(st->a, "%032x", ++st->turns);
	st->lookup = NULL;
	if (flow_run(st->flow, st->session, input, &st->env, st->a, &st->last, err) < 0)
		return -1;
	if (!st->last.session) /* a call's answer when there is no session any more */
		return 0;
	st->session = st->last.session;
	st->session->revision++;
	st->facts.known = true;
	memcpy(st->facts.language, st->session->language, sizeof st->facts.language);
	st->facts.unfinished = !st->session->completed && !st->session->fresh;
	return note_effects(st, err);
}

/* The effects of both, as one turn's. */
static void join_effects(struct stage *st, const struct flow_result *before)
{
	size_t n = before->effect_count + st->last.effect_count;
	struct flow_effect *all = arena_array(st->a, n, sizeof *all);

	if (before->effect_count)
		memcpy(all, before->effects, before->effect_count * sizeof *all);
	if (st->last.effect_count)
		memcpy(all + before->effect_count, st->last.effects,
		       st->last.effect_count * sizeof *all);
	st->last.effects = all;
	st->last.effect_count = n;
}

/* A turn with the look-ups that it begins. */
static int run(struct stage *st, const struct flow_input *input, struct err *err)
{
	st->env.now_ms += TURN_MS;
	if (st->session && st->session->expires_ms <= st->env.now_ms)
		st->session = NULL;
	if (run_once(st, input, err) < 0)
		return -1;
	for (unsigned i = 0; st->lookup; i++) {
		const struct flow_result before = st->last;
		struct flow_input found = { .kind = FLOW_INPUT_OUTCOME,
					    .call_id = st->session->call.id };

		if (i == STAGE_MAX_LOOKUPS)
			return err_set(err, ERR_INPUT, "look-ups follow each other without end");
		found.outcome = stage_look(st, st->lookup, &found.answer);
		if (stage_reload(st, err) < 0)
			return -1;
		found.call_id = st->session->call.id;
		if (run_once(st, &found, err) < 0)
			return -1;
		join_effects(st, &before);
	}
	return 0;
}

/* ---- what can happen ---- */

static int say(struct stage *st, const struct inbound *message, struct err *err)
{
	struct inbound in = *message;

	in.channel = "scenario";
	in.contact = st->env.contact;
	in.receiver = "whatsapp:+14155238886";
	in.external_id = arena_printf(st->a, "SM%032x", st->turns + 1);
	in.profile_name = st->scenario->profile_name;
	in.received_ms = st->env.now_ms;
	return run(st, &(struct flow_input){ .kind = FLOW_INPUT_MESSAGE, .message = &in }, err);
}

/* Ends the oldest call of that name that has no answer yet: also one nobody waits for any more. */
static int answer(struct stage *st, const struct act *call, struct err *err)
{
	struct flow_input input = { .kind = FLOW_INPUT_OUTCOME, .answer = call->answer };
	size_t i = 0;

	while (i < st->call_count &&
	       (st->calls[i].end || strcmp(st->calls[i].name, call->name) != 0))
		i++;
	if (i == st->call_count)
		return err_set(err, ERR_INPUT, "no call %.60s is under way", call->name);
	if (!call->status && !flow_call_has_outcome(st->flow, call->name, call->outcome))
		return err_set(err, ERR_INPUT, "the call %.60s has no outcome \"%.60s\"",
			       call->name, call->outcome);
	st->calls[i].end = call;
	input.call_id = st->calls[i].id;
	input.outcome =
		call->status ? flow_call_outcome(st->flow, call->name, call->status, call->answer)
			     : call->outcome;
	st->calls[i].outcome = input.outcome;
	return run(st, &input, err);
}

/* Somebody else changes the state of the record kept last of a type. */
static int change_record(struct stage *st, const struct act *act, struct err *err)
{
	for (size_t i = st->record_count; i-- > 0;) {
		if (strcmp(st->records[i].type, act->name) == 0) {
			stage_record_state(&st->records[i], act->outcome);
			return 0;
		}
	}
	return err_set(err, ERR_INPUT, "there is no record %.60s", act->name);
}

static bool wakes(const struct stage *st, int64_t until_ms)
{
	const struct session *s = st->session;

	return s && s->wake_ms > 0 && s->wake_ms <= until_ms && s->wake_ms < s->expires_ms;
}

/* Time goes by: what the flow does on its own is in st->last. */
static int pass(struct stage *st, int64_t ms, struct err *err)
{
	const struct flow_input timer = { .kind = FLOW_INPUT_TIMER };
	int64_t until = st->env.now_ms + ms;

	st->last = (struct flow_result){ .exit = "" };
	for (unsigned i = 0; wakes(st, until); i++) {
		const struct flow_result before = st->last;

		if (i == STAGE_MAX_TIMERS)
			return err_set(err, ERR_BUG, "the flow wakes up again and again");
		if (st->env.now_ms < st->session->wake_ms)
			st->env.now_ms = st->session->wake_ms;
		if (stage_reload(st, err) < 0 || run_once(st, &timer, err) < 0)
			return -1;
		join_effects(st, &before);
	}
	st->env.now_ms = until;
	return 0;
}

int stage_act(struct stage *st, const struct act *act, struct err *err)
{
	switch (act->kind) {
	case ACT_SAY:
		return say(st, &act->message, err);
	case ACT_CALL:
		return answer(st, act, err);
	case ACT_PASS:
		return pass(st, act->ms, err);
	case ACT_RECORD:
		return change_record(st, act, err);
	case ACT_EXPECT:
		break;
	}
	return 0;
}

int stage_check_end(const struct stage *st, unsigned last_line, struct scenario_fault *fault)
{
	const char *name = st->session ? st->session->call.name : "";

	if (!st->session || !*st->session->call.id)
		return 0;
	return scenario_fail(fault, st->a, st->scenario->file, last_line,
			     "the file ends while the call %s is under way; add its answer: "
			     "call %s -> …",
			     name, name);
}

/* ---- what is known ---- */

const char *stage_fact(const struct stage *st, enum fact fact, const char *name,
		       const struct value **fields_out)
{
	*fields_out = NULL;
	switch (fact) {
	case FACT_STEP:
		return st->session ? st->session->step : NULL;
	case FACT_LANGUAGE:
		return *st->facts.language ? st->facts.language : NULL;
	case FACT_VALUE:
		return st->session ? session_get(st->session, name) : NULL;
	case FACT_CONSENT:
		return consent_name(st->facts.consent);
	case FACT_RECORD:
		for (size_t i = 0; i < st->record_count; i++) {
			if (strcmp(st->records[i].type, name) == 0)
				*fields_out = st->records[i].fields;
		}
		break;
	case FACT_CALL:
		*fields_out = st->call_body;
		break;
	case FACT_COUNT:
		break;
	}
	return *fields_out ? "" : NULL;
}
