/*
 * test_flow_random_talk.c - what samvad check proves holds when people talk: in flows that nobody
 * wrote no text lacks a value, no turn goes round, every message gets an answer, whatever is
 * written, tapped, waited for or answered by a service.
 */
#include "base/text.h"
#include "flow_garden.h"

enum { TALKS = 1000, TURNS = 40, MINUTE_MS = 60000 };

struct chat {
	struct garden g;
	struct flow *flow;
	struct arena turn[2]; /* the session lives in one, the next in the other */
	struct session *session;
	struct flow_env env;
	struct contact_facts facts;
	uint64_t seed;
	unsigned turns;
};

static void open_chat(struct chat *c, uint64_t seed)
{
	struct flow_faults faults = { .count = 0 };

	c->seed = seed;
	made_flow_make(&c->g.f, seed);
	garden_write(&c->g);
	assert_int_equal(flow_load(&c->g.pack, &c->flow, &faults), 0);
	flow_faults_free(&faults);
	c->facts = (struct contact_facts){ .known = false };
	c->env = (struct flow_env){ .now_ms = 1700000000000,
				    .contact = "whatsapp:+919876543210",
				    .facts = &c->facts,
				    .settings = value_object(&c->g.a),
				    .session_ttl_ms = 86400000 };
	c->session = NULL;
	c->turns = 0;
}

static void close_chat(struct chat *c)
{
	flow_free(&c->flow);
	arena_free(&c->turn[0]);
	arena_free(&c->turn[1]);
	arena_free(&c->g.a);
}

static void check_result(struct chat *c, const struct flow_result *result, bool must_speak)
{
	size_t said = 0;

	for (size_t i = 0; i < result->effect_count; i++) {
		const struct flow_effect *e = &result->effects[i];

		if (e->kind != FLOW_SAY)
			continue;
		said++;
		if (strstr(e->text.p, "<>") || text_chars(e->text) > 1600)
			fail_msg("flow %llu, turn %u: <%s>\n%s", (unsigned long long)c->seed,
				 c->turns, e->text.p, c->g.json.data);
	}
	if (must_speak && !said)
		fail_msg("flow %llu, turn %u: no answer\n%s", (unsigned long long)c->seed, c->turns,
			 c->g.json.data);
}

static void run(struct chat *c, const struct flow_input *input, bool must_speak)
{
	struct arena *a = &c->turn[++c->turns % 2];
	struct flow_result result;
	struct err err = { 0 };
	char id[33];

	arena_free(a);
	(void)snprintf(id, sizeof id, "%032llx", (unsigned long long)(c->seed * 1000 + c->turns));
	c->env.turn_id = id;
	if (flow_run(c->flow, c->session, input, &c->env, a, &result, &err) < 0)
		fail_msg("flow %llu, turn %u: %s\n%s", (unsigned long long)c->seed, c->turns,
			 err.text, c->g.json.data);
	check_result(c, &result, must_speak);
	if (result.session)
		c->session = result.session;
}

static void write_something(struct chat *c)
{
	static const char *const words[] = { "1",    "2",     "3",	 "7",	  "98", "Asha",
					     "help", "menu",  "restart", "hello", "४",	"यह एक नाम",
					     "मेनू",   "फिर से", "option",	 "-1",	  "o1" };
	struct inbound m = { .kind = INBOUND_TEXT,
			     .external_id = "SM1",
			     .text = words[made_roll(&c->g.f, COUNT(words))],
			     .payload = "",
			     .contact = c->env.contact };
	struct flow_input input = { .kind = FLOW_INPUT_MESSAGE, .message = &m };

	if (made_roll(&c->g.f, 6) == 0) {
		m.kind = INBOUND_CHOICE;
		m.payload = m.text;
	} else if (made_roll(&c->g.f, 12) == 0) {
		m.kind = INBOUND_OTHER;
		m.text = "";
	}
	run(c, &input, true);
}

static void end_call(struct chat *c)
{
	static const char *const outcomes[] = { "ok", "timeout", "busy", "failed", "limited" };
	struct flow_input input = { .kind = FLOW_INPUT_OUTCOME,
				    .call_id = c->session->call.id,
				    .outcome = outcomes[made_roll(&c->g.f, COUNT(outcomes))] };
	struct flow_call call;
	struct err err = { 0 };

	if (flow_call_describe(c->flow, c->session, &c->env, &c->g.a, &call, &err) != 1)
		fail_msg("flow %llu: no call: %s", (unsigned long long)c->seed, err.text);
	run(c, &input, false);
}

static void wait(struct chat *c)
{
	struct flow_input input = { .kind = FLOW_INPUT_TIMER };

	c->env.now_ms += MINUTE_MS * (int64_t)(1 + made_roll(&c->g.f, 700));
	if (c->session->wake_ms && c->session->wake_ms <= c->env.now_ms)
		run(c, &input, false);
	if (c->session->expires_ms <= c->env.now_ms)
		c->session = NULL;
}

static void talk(struct chat *c)
{
	for (size_t i = 0; i < TURNS; i++) {
		bool calls = c->session && *c->session->call.id;

		if (calls && made_roll(&c->g.f, 4))
			end_call(c);
		else if (c->session && made_roll(&c->g.f, 8) == 0)
			wait(c);
		else
			write_something(c);
	}
}

static void nobody_is_left_without_an_answer(void **state)
{
	struct chat c = { .turns = 0 };

	(void)state;
	buf_init(&c.g.json, GARDEN_JSON_MAX);
	for (uint64_t seed = 1; seed <= TALKS; seed++) {
		open_chat(&c, seed);
		talk(&c);
		close_chat(&c);
	}
	buf_free(&c.g.json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_left_without_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
