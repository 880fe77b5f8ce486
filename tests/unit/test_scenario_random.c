/*
 * test_scenario_random.c - flows that nobody wrote: what is generated of them passes, and what is
 * called out of reach is not reached by who talks at random either.
 */
#include "flow_garden.h"
#include "scenario.h"

enum { FLOWS = 40, TALKS = 30, TURNS = 30 };

struct subject {
	struct garden g;
	struct flow *flow;
	struct scenario_generation made;
	struct arena a;
};

static void open_subject(struct subject *s, uint64_t seed)
{
	struct flow_faults faults = { .count = 0 };
	struct err err = { 0 };

	*s = (struct subject){ .flow = NULL };
	buf_init(&s->g.json, GARDEN_JSON_MAX);
	made_flow_make(&s->g.f, seed);
	garden_write(&s->g);
	assert_int_equal(flow_load(&s->g.pack, &s->flow, &faults), 0);
	flow_faults_free(&faults);
	/* runs each file that it makes: one that does not pass is an error */
	if (scenario_generate(&s->g.pack, s->flow, &s->a, &s->made, &err) < 0)
		fail_msg("flow %llu: %s\n%s", (unsigned long long)seed, err.text, s->g.json.data);
	if (s->made.trouble)
		fail_msg("flow %llu: %s\n%s", (unsigned long long)seed, s->made.trouble,
			 s->g.json.data);
}

static void close_subject(struct subject *s)
{
	flow_cover_free(&s->made.cover);
	flow_free(&s->flow);
	buf_free(&s->g.json);
	arena_free(&s->g.a);
	arena_free(&s->a);
}

/* ---- somebody who talks at random ---- */

static struct session *turn(struct subject *s, const struct session *at, struct flow_env *env,
			    struct arena *a, unsigned n)
{
	static const char *const texts[] = { "1", "2", "3", "4", "menu", "Asha", "77", "stop" };
	static const char *const outcomes[] = { "ok", "timeout", "failed" };
	struct inbound message;
	struct flow_input input = { .kind = FLOW_INPUT_MESSAGE, .message = &message };
	struct flow_result result;
	struct err err = { 0 };

	inbound_init(&message);
	message.channel = "test";
	message.contact = env->contact;
	message.external_id = "SM1";
	message.text = texts[made_roll(&s->g.f, COUNT(texts))];
	if (at && *at->call.id && made_roll(&s->g.f, 4)) {
		input.kind = FLOW_INPUT_OUTCOME;
		input.call_id = at->call.id;
		input.outcome = outcomes[made_roll(&s->g.f, COUNT(outcomes))];
	} else if (at && at->wake_ms && !made_roll(&s->g.f, 6)) {
		input.kind = FLOW_INPUT_TIMER;
		env->now_ms = at->wake_ms;
	}
	env->now_ms += 1000;
	env->turn_id = arena_printf(a, "%032x", n + 1);
	if (flow_run(s->flow, at, &input, env, a, &result, &err) < 0)
		fail_msg("%s\n%s", err.text, s->g.json.data);
	return result.session;
}

static void talk_at_random(struct subject *s, struct flow_cover *cover)
{
	struct arena a = { 0 };
	struct contact_facts facts = { .known = false };
	struct flow_env env = { .now_ms = 1767603600000,
				.contact = "whatsapp:+919876543210",
				.facts = &facts,
				.settings = value_object(&a),
				.session_ttl_ms = 86400000,
				.cover = cover };
	struct session *at = NULL;

	for (unsigned n = 0; n < TURNS; n++)
		at = turn(s, at, &env, &a, n);
	arena_free(&a);
}

static void check_flow(uint64_t seed)
{
	struct subject s;
	struct flow_cover cover;

	open_subject(&s, seed);
	flow_cover_init(&cover, s.flow);
	for (int i = 0; i < TALKS; i++)
		talk_at_random(&s, &cover);
	for (size_t i = 0; i < cover.count && !s.made.limit; i++) {
		if (cover.list[i].passed && !s.made.cover.list[i].passed)
			fail_msg("flow %llu: %s/%s branch %u can be reached\n%s",
				 (unsigned long long)seed, cover.list[i].step, cover.list[i].exit,
				 cover.list[i].branch, s.g.json.data);
	}
	flow_cover_free(&cover);
	close_subject(&s);
}

static void what_is_out_of_reach_is_not_reached(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= FLOWS; seed++)
		check_flow(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_out_of_reach_is_not_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
