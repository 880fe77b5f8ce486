/*
 * test_flow_talk.c - the onboarding as conversations on the pure engine.
 */
#include "flow_talk.h"

struct line {
	const char *in;
	const char *step; /* shown step afterwards */
	const char *out;  /* part of what is said */
};

static void hold(struct talk *t, const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		(void)talk_write(t, lines[i].in);
		CHECK_SAME(t->session->shown_step, lines[i].step, lines[i].in);
		if (!talk_said(t, lines[i].out))
			fail_msg("after \"%s\": no \"%s\" in:\n%s", lines[i].in, lines[i].out,
				 t->said);
	}
}

static void whole_english(void **state)
{
	static const struct line lines[] = {
		{ "Hi", "name", "Welcome to MSMEBazaar" },
		{ "Asha Devi", "sector", "Nice to meet you, Asha Devi" },
		{ "food and beverage", "pincode", "pincode" },
		{ "400 001", "phone", "mobile number" },
		{ "098765 43210", "confirmation", "Sector: Food & Beverage" },
		{ "maybe", "confirmation", "*YES* or *NO*" },
		{ "yes", "confirmation", "" },
		{ "yes", "confirmation", "Still working" },
	};
	struct talk t;
	const struct flow_effect *record;

	(void)state;
	talk_open(&t);
	hold(&t, lines, COUNT(lines));
	assert_string_equal(t.session->step, "otp");
	assert_int_equal(talk_count(&t, FLOW_CALL), 0); /* a second YES asks for no second OTP */
	(void)talk_outcome(&t, "ok");
	assert_string_equal(t.session->shown_step, "completed");
	assert_true(t.session->completed);
	assert_true(
		talk_said(&t, "http://localhost:3000/login?phone=%2B919876543210&source=whatsapp"));
	record = talk_effect(&t, FLOW_RECORD);
	assert_non_null(record);
	assert_string_equal(record->record_type, "registration");
	assert_int_equal(strncmp(record->record_id, "REG-", 4), 0);
	assert_int_equal(record->field_count, 5);
	assert_string_equal(record->fields[1].text, "food_beverage");
	assert_true(talk_said(&t, record->record_id));
	assert_int_equal(talk_count(&t, FLOW_END), 1);
	(void)talk_write(&t, "thank you");
	assert_true(talk_said(&t, "already registered"));
	assert_int_equal(talk_count(&t, FLOW_END), 0);
	talk_close(&t);
}

static void whole_hindi(void **state)
{
	static const struct line lines[] = {
		{ "नमस्ते", "name", "स्वागत है" },
		{ "आशा देवी", "sector", "1. विनिर्माण" },
		{ "१०", "pincode", "पिनकोड" },
		{ "४००००१", "phone", "मोबाइल नंबर" },
		{ "९८७६५४३२१०", "confirmation", "क्षेत्र: वस्त्र उद्योग" },
		{ "हाँ", "confirmation", "" },
	};
	struct talk t;
	struct flow_call call;

	(void)state;
	talk_open(&t);
	hold(&t, lines, COUNT(lines));
	assert_int_equal(flow_call_describe(t.flow, t.session, &t.env, &t.a, &call, NULL), 1);
	assert_non_null(strstr(call.body.p, "\"sector\": \"Textile\""));
	assert_non_null(strstr(call.body.p, "\"name\": \"आशा देवी\""));
	(void)talk_outcome(&t, "ok");
	assert_true(talk_said(&t, "पंजीकरण सफल"));
	talk_close(&t);
}

static void one_message_for_one_turn(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	(void)talk_write(&t, "hello");
	assert_int_equal(talk_count(&t, FLOW_SAY), 1);
	assert_true(talk_said(&t, "Welcome"));
	assert_true(talk_said(&t, "full name"));
	talk_close(&t);
}

static void change_one_field(void **state)
{
	static const struct {
		const char *ask, *answer, *shows;
	} rows[] = {
		{ "name", "Ravi Kumar", "Name: Ravi Kumar" },
		{ "change sector", "12", "Sector: Other" },
		{ "pincode", "110001", "Pincode: 110001" },
		{ "6", "6123456789", "Mobile: +916123456789" },
	};
	struct talk t;

	(void)state;
	talk_open(&t);
	talk_at(&t, "confirmation");
	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)talk_write(&t, rows[i].ask);
		CHECK_CASE(!t.session->completed, rows[i].ask);
		(void)talk_write(&t, rows[i].answer);
		CHECK_SAME(t.session->step, "confirmation", rows[i].ask);
		CHECK_CASE(talk_said(&t, rows[i].shows), rows[i].ask);
	}
	/* what was not asked for stays */
	assert_true(talk_said(&t, "Name: Ravi Kumar"));
	assert_true(talk_said(&t, "Pincode: 110001"));
	talk_close(&t);
}

static void no_begins_again(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	talk_at(&t, "confirmation");
	(void)talk_write(&t, "no");
	assert_string_equal(t.session->step, "name");
	assert_int_equal(t.session->value_count, 0);
	assert_true(talk_said(&t, "begin again"));
	talk_close(&t);
}

static void each_outcome(void **state)
{
	static const struct {
		const char *outcome, *step, *exit, *said;
	} rows[] = {
		{ "bad_phone", "phone", "otp/bad_phone", "did not accept this mobile number" },
		{ "wait", "confirmation", "otp/wait", "wait a minute" },
		{ "limited", "confirmation", "otp/limited", "*SUPPORT*" },
		{ "declined", "confirmation", "otp/declined", "could not be sent" },
		{ "failed", "confirmation", "otp/failed", "could not be sent" },
		{ "timeout", "confirmation", "otp/timeout", "did not answer in time" },
		{ "refused", "confirmation", "otp/otherwise", "cannot reach" },
		{ "malformed", "confirmation", "otp/otherwise", "cannot reach" },
		{ "busy", "confirmation", "otp/otherwise", "cannot reach" },
		{ "unavailable", "confirmation", "otp/otherwise", "cannot reach" },
		{ "overloaded", "confirmation", "otp/otherwise", "cannot reach" },
		{ "a word nobody knows", "confirmation", "otp/otherwise", "cannot reach" },
	};
	struct talk t;

	(void)state;
	talk_open(&t);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *first;

		talk_at(&t, "otp");
		first = t.session->call.id;
		(void)talk_outcome(&t, rows[i].outcome);
		CHECK_SAME(t.session->step, rows[i].step, rows[i].outcome);
		CHECK_SAME(t.last.exit, rows[i].exit, rows[i].outcome);
		CHECK_CASE(talk_said(&t, rows[i].said), rows[i].outcome);
		CHECK_CASE(!*t.session->call.id, rows[i].outcome);
		CHECK_CASE(talk_count(&t, FLOW_RECORD) == 0, rows[i].outcome);
		if (strcmp(rows[i].step, "phone") == 0) {
			(void)talk_write(&t, "9876501234");
			CHECK_SAME(t.session->step, "confirmation", rows[i].outcome);
		}
		(void)talk_write(&t, "yes");
		CHECK_CASE(talk_count(&t, FLOW_CALL) == 1, rows[i].outcome);
		CHECK_CASE(strcmp(t.session->call.id, first) != 0, rows[i].outcome);
		CHECK_SAME(t.session->call.external_id, "SM1", rows[i].outcome);
	}
	talk_close(&t);
}

static void stale_outcomes(void **state)
{
	struct talk t;
	const char *old;

	(void)state;
	talk_open(&t);
	talk_at(&t, "otp");
	old = t.session->call.id;
	(void)talk_write(&t, "restart");
	assert_string_equal(t.session->step, "name");
	assert_string_equal(t.session->call.id, "");
	(void)talk_run(&t, &(struct flow_input){
				   .kind = FLOW_INPUT_OUTCOME, .call_id = old, .outcome = "ok" });
	assert_int_equal(t.last.effect_count, 0);
	assert_string_equal(t.session->step, "name");
	talk_at(&t, "otp"); /* another call is under way by now */
	(void)talk_run(&t, &(struct flow_input){
				   .kind = FLOW_INPUT_OUTCOME, .call_id = old, .outcome = "ok" });
	assert_int_equal(t.last.effect_count, 0);
	assert_string_equal(t.session->step, "otp");
	assert_string_not_equal(t.session->call.id, "");
	t.session = NULL;
	(void)talk_run(&t, &(struct flow_input){
				   .kind = FLOW_INPUT_OUTCOME, .call_id = old, .outcome = "ok" });
	assert_int_equal(t.last.effect_count, 0);
	assert_null(t.last.session);
	talk_close(&t);
}

/* The conversation gave up the wait (our own trouble): nobody sits there for ever. */
static void a_wait_that_was_given_up(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	talk_at(&t, "otp");
	t.session->call = (struct session_call){ "", "", "", "", 0 };
	(void)talk_write(&t, "hello?");
	assert_string_equal(t.session->step, "confirmation");
	assert_true(talk_said(&t, "could not be sent"));
	assert_int_equal(talk_count(&t, FLOW_CALL), 0);
	talk_close(&t);
}

static void while_a_call_is_under_way(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	talk_at(&t, "otp");
	(void)talk_write(&t, "HELP");
	assert_true(talk_said(&t, "MSMEBazaar help"));
	(void)talk_write(&t, "status");
	assert_true(talk_said(&t, "not finished"));
	(void)talk_write(&t, "stop");
	assert_int_equal(talk_effect(&t, FLOW_CONSENT)->consent, CONSENT_OUT);
	(void)talk_write(&t, "no");
	assert_true(talk_said(&t, "Still working"));
	assert_string_not_equal(t.session->call.id, "");
	(void)talk_outcome(&t, "ok");
	assert_true(talk_said(&t, "successful"));
	talk_close(&t);
}

static void three_wrong_answers(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	talk_at(&t, "pincode");
	for (int i = 1; i <= 4; i++) {
		(void)talk_write(&t, "nowhere");
		assert_int_equal(talk_count(&t, FLOW_SAY), 1);
		assert_true(talk_said(&t, "not a valid pincode"));
		assert_true(talk_said(&t, "What is the *pincode*"));
		assert_int_equal(talk_said(&t, "Stuck?"), i >= 3);
	}
	(void)talk_write(&t, "400001");
	assert_int_equal(t.session->wrong_answers, 0);
	(void)talk_write(&t, "1234");
	assert_false(talk_said(&t, "Stuck?"));
	talk_close(&t);
}

static void media_instead_of_text(void **state)
{
	static const enum inbound_kind kinds[] = { INBOUND_MEDIA, INBOUND_LOCATION, INBOUND_OTHER };
	static const char *const steps[] = { "name", "sector", "pincode", "phone", "confirmation" };
	struct talk t;

	(void)state;
	talk_open(&t);
	for (size_t i = 0; i < COUNT(kinds) * COUNT(steps); i++) {
		const char *step = steps[i % COUNT(steps)];
		struct inbound in = talk_inbound(&t, "a caption");
		struct flow_input input = { .kind = FLOW_INPUT_MESSAGE, .message = &in };

		in.kind = kinds[i / COUNT(steps)];
		talk_at(&t, step);
		(void)talk_run(&t, &input);
		CHECK_SAME(t.session->step, step, step);
		CHECK_CASE(talk_said(&t, "only read text"), step);
		in.text = "stop"; /* a caption is no answer, but it may be a command */
		(void)talk_run(&t, &input);
		CHECK_CASE(talk_effect(&t, FLOW_CONSENT) != NULL, step);
	}
	talk_forget(&t);
	(void)talk_write(&t, "");
	assert_string_equal(t.session->step, "name");
	talk_close(&t);
}

static void values_are_rendered_once(void **state)
{
	static const char evil[] = "{{phone}}{{#sectors}}x{{/sectors}}{{{env.AUTH_API_URL}}}";
	struct talk t;

	(void)state;
	talk_open(&t);
	talk_at(&t, "confirmation");
	(void)talk_write(&t, "name");
	(void)talk_write(&t, evil);
	assert_true(talk_said(&t, evil));
	(void)talk_write(&t, "yes");
	(void)talk_outcome(&t, "ok");
	assert_true(talk_said(&t, evil));
	talk_close(&t);
}

static void who_comes_back(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	t.facts = (struct contact_facts){ .known = true, .unfinished = true, .language = "hi" };
	(void)talk_write(&t, "hello");
	assert_true(talk_said(&t, "समय पर पूरा नहीं"));
	assert_string_equal(t.session->language, "hi"); /* known is better than guessed */
	talk_forget(&t);
	t.facts = (struct contact_facts){ .known = true, .unfinished = true };
	(void)talk_write(&t, "anything");
	assert_true(talk_said(&t, "not finished in time"));
	assert_true(talk_said(&t, "Welcome"));
	assert_string_equal(t.session->step, "name");
	talk_forget(&t);
	t.facts = (struct contact_facts){ .known = true };
	(void)talk_write(&t, "hi");
	assert_false(talk_said(&t, "not finished in time"));
	talk_close(&t);
}

static void the_provider_has_answered(void **state)
{
	static const struct {
		enum opt_out_type type;
		enum consent consent;
	} rows[] = { { OPT_OUT_STOP, CONSENT_OUT },
		     { OPT_OUT_START, CONSENT_IN },
		     { OPT_OUT_HELP, CONSENT_NONE } };
	struct talk t;

	(void)state;
	talk_open(&t);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct inbound in = talk_inbound(&t, "whatever");

		in.opt_out = rows[i].type;
		talk_at(&t, "pincode");
		(void)talk_run(&t,
			       &(struct flow_input){ .kind = FLOW_INPUT_MESSAGE, .message = &in });
		assert_int_equal(talk_count(&t, FLOW_SAY), 0);
		assert_int_equal(talk_count(&t, FLOW_CONSENT), rows[i].consent != CONSENT_NONE);
		if (rows[i].consent != CONSENT_NONE)
			assert_int_equal(talk_effect(&t, FLOW_CONSENT)->consent, rows[i].consent);
		assert_string_equal(t.session->step, "pincode");
		assert_int_equal(t.session->wrong_answers, 0);
	}
	talk_close(&t);
}

static void stop_and_start(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	talk_at(&t, "pincode");
	(void)talk_write(&t, "Stop.");
	assert_int_equal(t.facts.consent, CONSENT_OUT);
	assert_false(talk_said(&t, "What is the *pincode*"));
	(void)talk_write(&t, "400001"); /* who writes is answered */
	assert_string_equal(t.session->step, "phone");
	(void)talk_write(&t, "start");
	assert_int_equal(t.facts.consent, CONSENT_IN);
	assert_true(talk_said(&t, "Welcome back"));
	assert_true(talk_said(&t, "mobile number"));
	(void)talk_write(&t, "start"); /* now only a greeting */
	assert_int_equal(talk_count(&t, FLOW_CONSENT), 0);
	assert_true(talk_said(&t, "mobile number"));
	talk_close(&t);
}

static void a_language_is_guessed_by_script(void **state)
{
	static const struct {
		const char *text, *language;
	} rows[] = {
		{ "नमस्ते", "hi" },  { "hello", "en" }, { "", "en" },
		{ "12345", "en" }, { "مرحبا", "en" },
	};
	struct talk t;

	(void)state;
	talk_open(&t);
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK_SAME(flow_guess_language(t.flow, str_of(rows[i].text)), rows[i].language,
			   rows[i].text);
	talk_close(&t);
}

static void the_caller_keeps_the_old_session(void **state)
{
	struct talk t;
	struct session *before;
	struct buf was, is;

	(void)state;
	talk_open(&t);
	talk_at(&t, "sector");
	before = t.session;
	buf_init(&was, SESSION_MAX_ENCODED);
	buf_init(&is, SESSION_MAX_ENCODED);
	assert_int_equal(session_encode(before, &was, NULL), 0);
	(void)talk_write(&t, "textile");
	assert_int_equal(session_encode(before, &is, NULL), 0);
	assert_string_equal(before->step, "sector");
	assert_int_equal(was.len, is.len);
	assert_memory_equal(was.data, is.data, was.len);
	assert_string_equal(t.session->receiver, "whatsapp:+14155238886");
	buf_free(&was);
	buf_free(&is);
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_english),
		cmocka_unit_test(whole_hindi),
		cmocka_unit_test(one_message_for_one_turn),
		cmocka_unit_test(change_one_field),
		cmocka_unit_test(no_begins_again),
		cmocka_unit_test(each_outcome),
		cmocka_unit_test(stale_outcomes),
		cmocka_unit_test(a_wait_that_was_given_up),
		cmocka_unit_test(while_a_call_is_under_way),
		cmocka_unit_test(three_wrong_answers),
		cmocka_unit_test(media_instead_of_text),
		cmocka_unit_test(values_are_rendered_once),
		cmocka_unit_test(who_comes_back),
		cmocka_unit_test(the_provider_has_answered),
		cmocka_unit_test(stop_and_start),
		cmocka_unit_test(a_language_is_guessed_by_script),
		cmocka_unit_test(the_caller_keeps_the_old_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
