/*
 * test_flow_adopt.c - sessions of the former bot, and of another version of the flow.
 */
#include "flow_talk.h"

static void from_the_former_bot(void **state)
{
	static const struct {
		const char *name, *step;
		struct session_value values[4];
		const char *then; /* step */
		const char *sector;
	} rows[] = {
		{ "fresh", "welcome", { { NULL, NULL } }, "welcome", NULL },
		{ "asked for the name", "name", { { NULL, NULL } }, "name", NULL },
		{ "named", "sector", { { "name", "Asha" } }, "sector", NULL },
		{ "sector by its label",
		  "pincode",
		  { { "name", "Asha" }, { "sector", "Food & Beverage" } },
		  "pincode",
		  "food_beverage" },
		{ "all there",
		  "confirmation",
		  { { "name", "Asha" },
		    { "sector", "Textile" },
		    { "pincode", "400001" },
		    { "phone", "+919876543210" } },
		  "confirmation",
		  "textile" },
		{ "done",
		  "completed",
		  { { "name", "Asha" },
		    { "sector", "Textile" },
		    { "pincode", "400001" },
		    { "phone", "+919876543210" } },
		  "completed",
		  "textile" },
		{ "a greeting for a name", "sector", { { "name", "hi" } }, "name", NULL },
		{ "a command for a name", "sector", { { "name", "SUPPORT" } }, "name", NULL },
		{ "a no for a name", "sector", { { "name", "NO" } }, "name", NULL },
		{ "a pincode of zeros",
		  "phone",
		  { { "name", "Asha" }, { "sector", "Other" }, { "pincode", "000000" } },
		  "pincode",
		  "other" },
		{ "a step nobody knows",
		  "payment",
		  { { "name", "Asha" }, { "colour", "red" } },
		  "sector",
		  NULL },
		{ "done, but the phone is lost",
		  "completed",
		  { { "name", "Asha" }, { "sector", "Textile" }, { "pincode", "400001" } },
		  "phone",
		  "textile" },
	};
	struct talk t;

	(void)state;
	talk_open(&t);
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = 0;
		const char *sector;

		while (n < 4 && rows[i].values[n].name)
			n++;
		t.session = talk_reload(
			&t, flow_adopt(t.flow, rows[i].step, rows[i].values, n, &t.env, &t.a));
		CHECK_SAME(t.session->step, rows[i].then, rows[i].name);
		CHECK_SAME(t.session->shown_step, rows[i].then, rows[i].name);
		CHECK_CASE(t.session->completed == !strcmp(rows[i].then, "completed"),
			   rows[i].name);
		CHECK_CASE(!session_get(t.session, "colour"), rows[i].name);
		sector = session_get(t.session, "sector");
		CHECK_CASE(!sector == !rows[i].sector, rows[i].name);
		CHECK_CASE(!sector || !strcmp(sector, rows[i].sector), rows[i].name);
	}
	talk_close(&t);
}

static void an_edit_keeps_the_step(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	talk_at(&t, "pincode");
	t.session->flow_version = 0;
	(void)talk_write(&t, "400001");
	assert_string_equal(t.session->step, "phone");
	assert_int_equal(t.session->flow_version, flow_version(t.flow));
	assert_false(talk_said(&t, "improved"));
	talk_close(&t);
}

static void an_edit_that_removed_the_step(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	talk_at(&t, "pincode");
	t.session->flow_version = 0;
	t.session->step = "district";
	(void)talk_write(&t, "Mumbai");
	assert_true(talk_said(&t, "improved"));
	assert_string_equal(t.session->step, "pincode"); /* name and sector are still good */
	(void)talk_write(&t, "400001");
	assert_false(talk_said(&t, "improved"));
	assert_string_equal(t.session->step, "phone");
	/* commands win there as well */
	t.session->flow_version = 0;
	t.session->step = "district";
	(void)talk_write(&t, "stop");
	assert_int_equal(t.facts.consent, CONSENT_OUT);
	assert_false(talk_said(&t, "improved"));
	talk_close(&t);
}

static void an_edit_that_broke_an_answer(void **state)
{
	struct talk t;
	struct err err = { 0 };

	(void)state;
	talk_open(&t);
	talk_at(&t, "confirmation");
	t.session->flow_version = 0;
	assert_int_equal(session_set(t.session, &t.a, "sector", "mining", &err), 0);
	(void)talk_write(&t, "yes");
	assert_true(talk_said(&t, "improved"));
	assert_string_equal(t.session->step, "sector");
	assert_int_equal(talk_count(&t, FLOW_CALL), 0);
	talk_close(&t);
}

static void an_edit_under_a_call(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	talk_at(&t, "otp");
	t.session->flow_version = 0;
	(void)talk_outcome(&t, "ok");
	assert_string_equal(t.session->step, "completed");
	talk_at(&t, "otp");
	t.session->flow_version = 0;
	t.session->step = t.session->call.step = "send_code";
	(void)talk_outcome(&t, "ok");
	assert_true(talk_said(&t, "improved"));
	assert_string_equal(t.session->step, "confirmation");
	assert_string_equal(t.session->call.id, "");
	talk_close(&t);
}

static void a_session_of_another_flow(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	talk_at(&t, "pincode");
	t.session->flow = "wafr";
	(void)memcpy(t.session->language, "fr", sizeof "fr");
	(void)talk_write(&t, "400001");
	assert_false(talk_said(&t, "improved"));
	assert_true(talk_said(&t, "Welcome"));
	assert_string_equal(t.session->flow, "msme");
	assert_string_equal(t.session->language, "en");
	assert_string_equal(t.session->step, "name");
	assert_int_equal(t.session->value_count, 0);
	talk_close(&t);
}

static void shown_steps(void **state)
{
	static const char *const names[] = { "welcome", "name",		"sector",   "pincode",
					     "phone",	"confirmation", "completed" };
	struct talk t;
	const char *const *shown;

	(void)state;
	talk_open(&t);
	shown = flow_shown_steps(t.flow);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(shown[i], names[i]);
	assert_null(shown[COUNT(names)]);
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_the_former_bot),
		cmocka_unit_test(an_edit_keeps_the_step),
		cmocka_unit_test(an_edit_that_removed_the_step),
		cmocka_unit_test(an_edit_that_broke_an_answer),
		cmocka_unit_test(an_edit_under_a_call),
		cmocka_unit_test(a_session_of_another_flow),
		cmocka_unit_test(shown_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
