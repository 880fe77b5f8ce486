/*
 * test_flow_limits.c - flows that go round, sessions that grow, texts that do not fit.
 */
#include "flow_talk.h"

static const char system_texts[] =
	"\"system\":{\"one_moment\":\"a\",\"too_fast\":\"a\",\"trouble\":\"a\",\"still_working\":"
	"\"a\",\"media_instead\":\"a\",\"way_out\":\"a\",\"expired\":\"a\",\"flow_changed\":\"a\"}";

/* One language, one text "a", the given values, steps and more. */
static void open_pack(struct talk *t, const char *text, const char *values, const char *steps)
{
	struct file_tree tree = { .root = "", .files = arena_array(&t->a, 2, sizeof(struct file)) };

	tree.files[tree.count++] = (struct file){ "en/a.txt", str_of(text) };
	tree.files[tree.count++] = (struct file){
		"flow.json",
		str_of(arena_printf(&t->a,
				    "{\"flow\":\"l\",\"version\":1,\"languages\":{\"en\":{}},"
				    "\"start\":\"s\",\"values\":{%s},\"steps\":{%s},"
				    "\"records\":{\"r\":{\"fields\":[\"language\"]}},%s}",
				    values, steps, system_texts))
	};
	talk_open_tree(t, &tree);
}

static int run(struct talk *t, const char *words, struct err *err)
{
	struct inbound in = talk_inbound(t, words);
	struct flow_input input = { .kind = FLOW_INPUT_MESSAGE, .message = &in };

	t->env.turn_id = "0";
	return flow_run(t->flow, t->session, &input, &t->env, &t->a, &t->last, err);
}

static void a_flow_that_goes_round(void **state)
{
	static const char *const steps[] = {
		"\"s\":{\"next\":\"t\"},\"t\":{\"say\":\"a\",\"next\":\"s\"}",
		"\"s\":{\"next\":\"@same\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct talk t = { .turns = 0 };
		struct err err = { 0 };

		open_pack(&t, "round", "", steps[i]);
		assert_int_equal(run(&t, "go", &err), -1);
		assert_int_equal(err.kind, ERR_BUG);
		assert_non_null(strstr(err.text, "more than 100 steps"));
		assert_int_equal(t.last.effect_count, 0);
		assert_null(t.last.session);
		talk_close(&t);
	}
}

static void a_hundred_steps_are_enough(void **state)
{
	struct talk t = { .turns = 0 };
	const char *steps = "\"s\":{\"next\":\"t1\"}";

	(void)state;
	for (int i = 1; i < 99; i++)
		steps = arena_printf(&t.a, "%s,\"t%d\":{\"next\":\"t%d\"}", steps, i, i + 1);
	steps = arena_printf(&t.a, "%s,\"t99\":{\"end\":true,\"again\":\"a\"}", steps);
	open_pack(&t, "x", "", steps);
	(void)talk_write(&t, "go");
	assert_string_equal(t.session->step, "t99");
	talk_close(&t);
}

/* One text for a wrong answer and for the way out is said once, also the third time. */
static void a_way_out_that_was_said_already(void **state)
{
	struct talk t = { .turns = 0 };

	(void)state;
	open_pack(&t, "?", "\"v\":{\"type\":\"integer\"}",
		  "\"s\":{\"ask\":\"a\",\"wrong\":\"a\",\"save\":\"v\",\"next\":\"e\"},"
		  "\"e\":{\"end\":true,\"again\":\"a\"}");
	(void)talk_write(&t, "begin");
	for (int i = 1; i <= 4; i++) {
		(void)talk_write(&t, "x");
		assert_int_equal(t.session->wrong_answers, i);
		assert_string_equal(t.said, "?\n\n?\n--\n");
	}
	talk_close(&t);
}

/* Eight records in a turn are kept; a ninth fails it, and nothing is dropped in silence. */
static void records_in_one_turn(void **state)
{
	(void)state;
	for (int n = FLOW_MAX_RECORDS; n <= FLOW_MAX_RECORDS + 1; n++) {
		struct talk t = { .turns = 0 };
		struct err err = { 0 };
		const char *steps = "";
		size_t kept = 0;

		for (int i = 0; i < n; i++)
			steps = arena_printf(
				&t.a, "%s\"%s\":{\"next\":{\"record\":\"r\",\"goto\":\"t%d\"}},",
				steps, i ? arena_printf(&t.a, "t%d", i) : "s", i + 1);
		steps = arena_printf(&t.a, "%s\"t%d\":{\"end\":true,\"again\":\"a\"}", steps, n);
		open_pack(&t, "x", "\"v\":{\"type\":\"text\"}", steps);
		assert_int_equal(run(&t, "go", &err), n > FLOW_MAX_RECORDS ? -1 : 0);
		for (size_t i = 0; i < t.last.effect_count; i++)
			kept += t.last.effects[i].kind == FLOW_RECORD;
		assert_int_equal(kept, n > FLOW_MAX_RECORDS ? 0 : n);
		if (n > FLOW_MAX_RECORDS)
			assert_non_null(strstr(err.text, "more than 8 records"));
		talk_close(&t);
	}
}

/* Twenty answers of a thousand four-byte characters: more than a session holds. */
static void a_session_that_grows(void **state)
{
	struct talk t = { .turns = 0 };
	const char *values = "\"v0\":{\"type\":\"text\",\"max\":1000}", *steps = "";
	char answer[4 * 1000 + 1];
	struct err err = { 0 };
	int ret = 0;

	(void)state;
	for (size_t i = 0; i < sizeof answer - 1; i++)
		answer[i] = "𝒜"[i % 4];
	answer[sizeof answer - 1] = '\0';
	for (int i = 0; i < 20; i++) {
		if (i > 0)
			values = arena_printf(&t.a, "%s,\"v%d\":{\"type\":\"text\",\"max\":1000}",
					      values, i);
		steps = arena_printf(
			&t.a,
			"%s\"%s\":{\"ask\":\"a\",\"wrong\":\"a\",\"save\":\"v%d\",\"next\":"
			"\"%s\"},",
			steps, i ? arena_printf(&t.a, "s%d", i) : "s", i,
			i < 19 ? arena_printf(&t.a, "s%d", i + 1) : "e");
	}
	steps = arena_printf(&t.a, "%s\"e\":{\"end\":true,\"again\":\"a\"}", steps);
	open_pack(&t, "?", values, steps);
	(void)talk_write(&t, "begin");
	for (int i = 0; i < 20 && ret == 0; i++) {
		ret = run(&t, answer, &err);
		if (ret == 0)
			t.session = talk_reload(&t, t.last.session); /* it could be stored */
	}
	assert_int_equal(ret, -1);
	assert_int_equal(err.kind, ERR_BUG);
	assert_non_null(strstr(err.text, "outgrows"));
	talk_close(&t);
}

static void texts_that_do_not_fit(void **state)
{
	struct talk t = { .turns = 0 };
	char text[901];

	(void)state;
	memset(text, 'x', 900);
	text[900] = '\0';
	open_pack(&t, text, "",
		  "\"s\":{\"say\":[\"a\",\"a\"],\"next\":\"e\"},\"e\":{\"say\":\"a\",\"end\":true,"
		  "\"again\":\"a\"}");
	(void)talk_write(&t, "go");
	assert_int_equal(talk_count(&t, FLOW_SAY), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(t.last.effects[i].text.n, 900);
	assert_int_equal(t.last.effects[3].kind, FLOW_END);
	talk_close(&t);
}

static void silence(void **state)
{
	struct talk t = { .turns = 0 };

	(void)state;
	open_pack(&t, " \n ", "",
		  "\"s\":{\"say\":\"a\",\"next\":\"e\"},\"e\":{\"end\":true,\"again\":\"a\"}");
	(void)talk_write(&t, "go");
	assert_int_equal(talk_count(&t, FLOW_SAY), 0);
	assert_true(t.session->completed);
	talk_close(&t);
}

static void a_very_long_message(void **state)
{
	static const char *const steps[] = { "name", "sector", "pincode", "phone", "confirmation" };
	struct talk t;
	char text[50001];

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = "ab 1"[i % 4];
	text[sizeof text - 1] = '\0';
	talk_open(&t);
	for (size_t i = 0; i < COUNT(steps); i++) {
		talk_at(&t, steps[i]);
		(void)talk_write(&t, text);
		CHECK_SAME(t.session->step, steps[i], steps[i]);
		CHECK_CASE(t.session->wrong_answers == 1, steps[i]);
		CHECK_CASE(strlen(t.said) < 1600, steps[i]);
	}
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_that_goes_round),
		cmocka_unit_test(a_hundred_steps_are_enough),
		cmocka_unit_test(a_way_out_that_was_said_already),
		cmocka_unit_test(records_in_one_turn),
		cmocka_unit_test(a_session_that_grows),
		cmocka_unit_test(texts_that_do_not_fit),
		cmocka_unit_test(silence),
		cmocka_unit_test(a_very_long_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
