/*
 * flow_talk.h - talking to a flow in tests: one line in, one text out.
 *
 * Between two messages the session is encoded and read back: what does not
 * survive a restart is not there in the next turn.
 */
#ifndef SAMVAD_TESTS_FLOW_TALK_H
#define SAMVAD_TESTS_FLOW_TALK_H

#include <stdio.h>

#include "check.h"
#include "flow.h"

struct talk {
	struct arena a;
	struct flow *flow;
	struct session *session;
	struct contact_facts facts;
	struct flow_env env;
	struct flow_result last;
	const char *said; /* all texts of the last turn, each followed by a line "--" */
	unsigned turns;
};

static inline int talk_count(const struct talk *t, enum flow_effect_kind kind)
{
	int n = 0;

	for (size_t i = 0; i < t->last.effect_count; i++)
		n += t->last.effects[i].kind == kind;
	return n;
}

static inline const struct flow_effect *talk_effect(const struct talk *t, enum flow_effect_kind k)
{
	for (size_t i = 0; i < t->last.effect_count; i++) {
		if (t->last.effects[i].kind == k)
			return &t->last.effects[i];
	}
	return NULL;
}

static inline void talk_print_faults(const struct flow_faults *faults)
{
	for (size_t i = 0; i < faults->count; i++) {
		struct buf b;

		buf_init(&b, 8192);
		(void)flow_fault_format(&faults->list[i], &b);
		print_message("%s\n", b.data);
		buf_free(&b);
	}
}

static inline void talk_open_tree(struct talk *t, const struct file_tree *tree)
{
	struct flow_faults faults = { .count = 0 };
	struct value *settings;

	if (flow_load(tree, &t->flow, &faults) < 0)
		talk_print_faults(&faults);
	assert_non_null(t->flow);
	flow_faults_free(&faults);
	settings = value_object(&t->a);
	value_add_text(&t->a, settings, "WEB_APP_URL", str_of("http://localhost:3000"));
	value_add_text(&t->a, settings, "AUTH_API_URL", str_of("http://localhost:8001"));
	value_add_text(&t->a, settings, "AUTH_API_OTP_PATH", str_of("/api/send-otp"));
	value_add_text(&t->a, settings, "AUTH_API_TIMEOUT_MS", str_of("7000"));
	t->env = (struct flow_env){ .now_ms = 1700000000000,
				    .contact = "whatsapp:+919812345678",
				    .facts = &t->facts,
				    .settings = settings,
				    .session_ttl_ms = 86400000 };
}

static inline void talk_open(struct talk *t)
{
	struct file_tree tree;
	struct err err = { 0 };

	*t = (struct talk){ .turns = 0 };
	if (file_tree_read("templates/msme", &t->a, &tree, &err) < 0)
		fail_msg("%s", err.text);
	talk_open_tree(t, &tree);
}

static inline void talk_close(struct talk *t)
{
	flow_free(&t->flow);
	arena_free(&t->a);
}

/* Forgets the session, not the contact. */
static inline void talk_forget(struct talk *t)
{
	t->session = NULL;
	t->facts = (struct contact_facts){ .known = false };
}

static inline struct session *talk_reload(struct talk *t, const struct session *s)
{
	struct session *loaded = arena_alloc(&t->a, sizeof *loaded);
	struct err err = { 0 };
	struct buf b;

	buf_init(&b, 2 * SESSION_MAX_ENCODED);
	if (session_encode(s, &b, &err) < 0)
		fail_msg("%s", err.text);
	*loaded = (struct session){ .flow = s->flow,
				    .flow_version = s->flow_version,
				    .step = s->step,
				    .shown_step = s->shown_step,
				    .completed = s->completed,
				    .created_ms = s->created_ms,
				    .updated_ms = s->updated_ms,
				    .expires_ms = s->expires_ms,
				    .revision = s->revision + 1 };
	memcpy(loaded->language, s->language, sizeof loaded->language);
	if (session_decode((struct str){ b.data, b.len }, &t->a, loaded, &err) < 0)
		fail_msg("%s", err.text);
	buf_free(&b);
	return loaded;
}

static inline const char *talk_run(struct talk *t, const struct flow_input *input)
{
	struct err err = { 0 };

	t->env.turn_id = arena_printf(&t->a, "%032x", ++t->turns);
	t->env.now_ms += 1000;
	if (flow_run(t->flow, t->session, input, &t->env, &t->a, &t->last, &err) < 0)
		fail_msg("flow_run: %s", err.text);
	t->said = "";
	for (size_t i = 0; i < t->last.effect_count; i++) {
		const struct flow_effect *e = &t->last.effects[i];

		if (e->kind == FLOW_SAY)
			t->said = arena_printf(&t->a, "%s%s\n--\n", t->said, e->text.p);
		if (e->kind == FLOW_CONSENT)
			t->facts.consent = e->consent;
	}
	if (t->last.session)
		t->session = talk_reload(t, t->last.session);
	return t->said;
}

static inline struct inbound talk_inbound(const struct talk *t, const char *text)
{
	struct inbound in;

	inbound_init(&in);
	in.channel = "test";
	in.contact = t->env.contact;
	in.receiver = "whatsapp:+14155238886";
	in.account = "AC1";
	in.external_id = "SM1";
	in.text = text;
	return in;
}

static inline const char *talk_write(struct talk *t, const char *text)
{
	struct inbound in = talk_inbound(t, text);

	return talk_run(t, &(struct flow_input){ .kind = FLOW_INPUT_MESSAGE, .message = &in });
}

static inline const char *talk_tap(struct talk *t, const char *text, const char *payload)
{
	struct inbound in = talk_inbound(t, text);

	in.kind = INBOUND_CHOICE;
	in.payload = payload;
	return talk_run(t, &(struct flow_input){ .kind = FLOW_INPUT_MESSAGE, .message = &in });
}

static inline const char *talk_outcome(struct talk *t, const char *outcome)
{
	return talk_run(t, &(struct flow_input){ .kind = FLOW_INPUT_OUTCOME,
						 .call_id = t->session->call.id,
						 .outcome = outcome });
}

/* Puts the session at a step of the onboarding, with all earlier answers. */
static inline void talk_at(struct talk *t, const char *step)
{
	static const struct session_value all[] = {
		{ "name", "Asha Devi" },
		{ "sector", "Textile" },
		{ "pincode", "400001" },
		{ "phone", "9876543210" },
	};
	static const char *const steps[] = { "name", "sector", "pincode", "phone" };
	size_t n = 0;

	while (n < 4 && strcmp(step, steps[n]) != 0)
		n++;
	if (strcmp(step, "welcome") == 0)
		n = 0;
	t->facts = (struct contact_facts){ .known = true, .unfinished = true };
	t->session = flow_adopt(t->flow, strcmp(step, "otp") == 0 ? "confirmation" : step, all, n,
				&t->env, &t->a);
	if (strcmp(step, "otp") == 0)
		(void)talk_write(t, "yes");
	assert_string_equal(t->session->step, step);
}

static inline bool talk_said(const struct talk *t, const char *part)
{
	return strstr(t->said, part) != NULL;
}

#endif
