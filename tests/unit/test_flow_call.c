/*
 * test_flow_call.c - the OTP call as data, and what its answers mean.
 */
#include "flow_talk.h"

static void describe(struct talk *t, struct flow_call *call)
{
	struct err err = { 0 };

	if (flow_call_describe(t->flow, t->session, &t->env, &t->a, call, &err) != 1)
		fail_msg("%s", err.text);
}

static const char *header(const struct flow_call *call, const char *name)
{
	for (size_t i = 0; i < call->header_count; i++) {
		if (strcmp(call->headers[i].name, name) == 0)
			return call->headers[i].value;
	}
	return "";
}

static void the_request(void **state)
{
	struct talk t;
	struct flow_call call;
	struct value *body = NULL;
	const struct value *data;

	(void)state;
	talk_open(&t);
	talk_at(&t, "otp");
	describe(&t, &call);
	assert_string_equal(call.name, "send_otp");
	assert_string_equal(call.method, "POST");
	assert_string_equal(call.url, "http://localhost:8001/api/send-otp");
	assert_int_equal(strlen(call.id), 32);
	assert_string_equal(call.id, t.session->call.id);
	assert_string_equal(header(&call, "Idempotency-Key"), call.id);
	assert_string_equal(header(&call, "Content-Type"), "application/json");
	assert_int_equal(call.timeout_ms, 7000);
	assert_int_equal(call.attempts, 2);
	assert_int_equal(call.limit_count, 2);
	assert_string_equal(call.limits[0].key, "whatsapp:+919812345678");
	assert_string_equal(call.limits[1].key, "+919876543210");
	assert_int_equal(call.limits[1].window_ms, 3600000);
	assert_int_equal(value_from_json(&t.a, call.body, &body, NULL), 0);
	assert_true(str_is(value_get(body, "phone_number")->text, "+919876543210"));
	assert_true(str_is(value_get(body, "user_type")->text, "MSME"));
	data = value_get(value_get(body, "metadata"), "onboarding_data");
	assert_true(str_is(value_get(data, "name")->text, "Asha Devi"));
	assert_true(str_is(value_get(data, "sector")->text, "Textile"));
	assert_true(str_is(value_get(data, "pincode")->text, "400001"));
	assert_true(str_is(value_get(data, "phone")->text, "+919876543210"));
	talk_close(&t);
}

static void the_same_bytes_each_time(void **state)
{
	struct talk t;
	struct flow_call one, two;

	(void)state;
	talk_open(&t);
	talk_at(&t, "otp");
	describe(&t, &one);
	t.env.turn_id = "ffffffffffffffffffffffffffffffff";
	t.env.now_ms += 12345;
	t.session = talk_reload(&t, t.session);
	describe(&t, &two);
	assert_string_equal(one.id, two.id);
	assert_int_equal(one.body.n, two.body.n);
	assert_memory_equal(one.body.p, two.body.p, one.body.n);
	talk_close(&t);
}

static void a_name_cannot_break_out(void **state)
{
	static const char evil[] = "A\",\"admin\":true,\"x\":\"\\ {{phone}}";
	struct talk t;
	struct flow_call call;
	struct value *body = NULL;

	(void)state;
	talk_open(&t);
	talk_at(&t, "confirmation");
	(void)talk_write(&t, "name");
	(void)talk_write(&t, evil);
	(void)talk_write(&t, "yes");
	describe(&t, &call);
	assert_int_equal(value_from_json(&t.a, call.body, &body, NULL), 0);
	assert_null(value_get(body, "admin"));
	body = (struct value *)value_get(value_get(body, "metadata"), "onboarding_data");
	assert_true(str_is(value_get(body, "name")->text, evil));
	talk_close(&t);
}

static void none_waits(void **state)
{
	struct talk t;
	struct flow_call call;
	struct err err = { 0 };

	(void)state;
	talk_open(&t);
	talk_at(&t, "confirmation");
	assert_int_equal(flow_call_describe(t.flow, t.session, &t.env, &t.a, &call, &err), 0);
	talk_at(&t, "otp");
	t.session->call.name = "send_fax";
	assert_int_equal(flow_call_describe(t.flow, t.session, &t.env, &t.a, &call, &err), -1);
	assert_non_null(strstr(err.text, "send_fax"));
	talk_close(&t);
}

static void outcomes(void **state)
{
	static const struct {
		int status;
		const char *json; /* NULL: none */
		const char *outcome;
		bool repeatable;
	} rows[] = {
		{ 200, "{\"success\":true}", "ok", false },
		{ 200, "{\"message\":\"OTP sent\"}", "ok", false },
		{ 200, NULL, "ok", false },
		{ 201, "{}", "ok", false },
		{ 204, NULL, "ok", false },
		{ 200, "{\"success\":\"false\"}", "ok", false },
		{ 200, "[]", "ok", false },
		{ 200, "{\"success\":false}", "declined", false },
		{ 200, "{\"success\":false,\"can_resend_in\":60}", "wait", false },
		{ 200, "{\"success\":false,\"can_resend_in\":null}", "declined", false },
		{ 400, "{}", "bad_phone", false },
		{ 422, "{\"detail\":\"x\"}", "bad_phone", false },
		{ 422, NULL, "bad_phone", false },
		{ 429, "{}", "wait", false },
		{ 500, NULL, "unavailable", false },
		{ 502, NULL, "unavailable", false },
		{ 503, NULL, "overloaded", true },
		{ 404, NULL, "failed", false },
		{ 401, NULL, "failed", false },
		{ 302, NULL, "failed", false },
		{ 0, NULL, "failed", false },
		{ 700, NULL, "failed", false },
	};
	static const struct {
		const char *word;
		bool repeatable;
	} fixed[] = { { "refused", true },  { "timeout", false }, { "malformed", false },
		      { "busy", false },    { "limited", false }, { "failed", false },
		      { "nonsense", false } };
	struct talk t;

	(void)state;
	talk_open(&t);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *name = arena_printf(&t.a, "%d %s", rows[i].status,
						rows[i].json ? rows[i].json : "(none)");
		struct value *answer = NULL;
		const char *got;

		if (rows[i].json)
			CHECK_CASE(!value_from_json(&t.a, str_of(rows[i].json), &answer, NULL),
				   name);
		got = flow_call_outcome(t.flow, "send_otp", rows[i].status, answer);
		CHECK_SAME(got, rows[i].outcome, name);
		CHECK_CASE(flow_call_repeatable(t.flow, "send_otp", got) == rows[i].repeatable,
			   name);
	}
	for (size_t i = 0; i < COUNT(fixed); i++)
		CHECK_CASE(flow_call_repeatable(t.flow, "send_otp", fixed[i].word) ==
				   fixed[i].repeatable,
			   fixed[i].word);
	assert_string_equal(flow_call_outcome(t.flow, "no such call", 200, NULL), "failed");
	talk_close(&t);
}

static void system_texts(void **state)
{
	static const struct {
		const char *name, *language, *said;
	} rows[] = {
		{ "one_moment", "en", "⏳ One moment please, I am working on it." },
		{ "one_moment", "hi", "⏳ कृपया एक पल रुकें, काम चल रहा है।" },
		{ "one_moment", "fr", "⏳ One moment please, I am working on it." },
		{ "one_moment", "", "⏳ One moment please, I am working on it." },
	};
	struct talk t;
	struct err err = { 0 };
	struct buf out;

	(void)state;
	talk_open(&t);
	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_reset(&out);
		assert_int_equal(flow_render_system(t.flow, rows[i].name, rows[i].language,
						    t.env.settings, &out, &err),
				 0);
		CHECK_SAME(out.data, rows[i].said, rows[i].language);
	}
	assert_int_equal(flow_render_system(t.flow, "poem", "en", NULL, &out, &err), -1);
	assert_int_equal(err.kind, ERR_BUG);
	buf_free(&out);
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_request),
		cmocka_unit_test(the_same_bytes_each_time),
		cmocka_unit_test(a_name_cannot_break_out),
		cmocka_unit_test(none_waits),
		cmocka_unit_test(outcomes),
		cmocka_unit_test(system_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
