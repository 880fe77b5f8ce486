/*
 * test_twin_parts.c - phones, faults, what people write, events, pages: the twin's small tables.
 */
#include "twin_check.h"

#include "../../src/twin/twin_private.h"

#define FAULTS "/sandbox/api/faults"
#define DEFAULT                                                                                    \
	"{\"duplicate\":1,\"delay_ms\":0,\"reorder\":false,\"drop_answer\":0,\"auth\":\"ok\","     \
	"\"auth_delay_ms\":0,\"rest\":\"ok\",\"rest_times\":0,\"rest_every\":1,"                   \
	"\"refused_code\":0,\"refused_every\":1,\"undelivered_code\":0,"                           \
	"\"undelivered_every\":1,\"callbacks\":\"ok\",\"sandbox_rate\":false}"

/* ---- phones ---- */

static void test_numbers(void **state)
{
	static const struct {
		const char *name;
		const char *json;
		int status;
		const char *says;
	} cases[] = {
		{ "plain", "{\"number\":\"+919876543210\"}", 201, "\"id\":\"919876543210\"" },
		{ "the same again", "{\"number\":\"+919876543210\"}", 200,
		  "\"id\":\"919876543210\"" },
		{ "as people write", "{\"number\":\"+44 (20) 7946-0000\"}", 201,
		  "\"address\":\"whatsapp:+442079460000\"" },
		{ "without +", "{\"number\":\"14155550100\"}", 201, "\"number\":\"+14155550100\"" },
		{ "letters", "{\"number\":\"call me\"}", 400, "\"field\":\"number\"" },
		{ "leading 0", "{\"number\":\"09876543210\"}", 400, "number" },
		{ "too short", "{\"number\":\"+12345\"}", 400, "number" },
		{ "sixteen digits", "{\"number\":\"+1234567890123456\"}", 400, "number" },
		{ "none", "{}", 201, "\"number\":\"+9198" },
		{ "no body", "", 201, "\"number\":\"+9198" },
		{ "scoped id", "{\"bsuid\":true}", 201, "\"address\":\"whatsapp:IN." },
		{ "name", "{\"profile_name\":\"Ann <&>\"}", 201, "\"profile_name\":\"Ann <&>\"" },
		{ "malformed", "{", 400, "malformed" },
	};
	char long_name[400];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int status = ask("POST", PHONES, cases[i].json);

		if (status != cases[i].status || !strstr(body.data, cases[i].says))
			fail_msg("%s: %d %s", cases[i].name, status, body.data);
	}
	(void)snprintf(long_name, sizeof long_name, "{\"profile_name\":\"%061d\"}", 7);
	ASK(400, "POST", PHONES, long_name);
	SAYS("profile_name");
}

static void test_state(void **state)
{
	(void)state;
	ASK(201, "POST", PHONES, "{\"number\":\"+919876543210\"}");
	ASK(201, "POST", PHONES, "{\"number\":\"+910000000001\"}");
	ASK(202, "POST", PHONES "/919876543210/messages", "{\"text\":\"hello\"}");
	ASK(200, "GET", "/sandbox/api/state", "");
	SAYS("{\"now_ms\":1795000000000,\"real_now_ms\":");
	SAYS("\"account_sid\":\"" SID
	     "\",\"webhook_url\":\"\",\"phones\":[{\"id\":\"919876543210\"");
	SAYS("\"window_until_ms\":1795086400000");
	SAYS("\"direction\":\"in\",\"text\":\"hello\",\"kind\":\"text\",\"status\":\"received\"");
	SAYS("\"faults\":" DEFAULT);
	assert_null(
		strstr(body.data, "\"phones\":[{\"id\":\"910000000001\"")); /* first made, first */
}

static void test_deleted_phone(void **state)
{
	(void)state;
	ASK(201, "POST", PHONES, "{\"number\":\"+919876543210\"}");
	ASK(202, "POST", PHONES "/919876543210/messages", "{\"text\":\"hello\"}");
	ASK(204, "DELETE", PHONES "/919876543210", "");
	ASK(404, "DELETE", PHONES "/919876543210", "");
	ASK(200, "GET", "/sandbox/api/state", "");
	SAYS("\"phones\":[],\"messages\":[]");
}

/* ---- what people write ---- */

static void test_wishes(void **state)
{
	static const struct {
		const char *name;
		const char *json;
		int status;
		const char *says;
	} cases[] = {
		{ "text", "{\"text\":\"Hi\"}", 202, "\"sid\":\"SM" },
		{ "tap", "{\"payload\":\"a\",\"title\":\"A\"}", 202, "\"sid\":\"SM" },
		{ "tap without title", "{\"payload\":\"a\"}", 202, "\"sid\":\"SM" },
		{ "media", "{\"media_type\":\"image/png\"}", 202, "\"sid\":\"MM" },
		{ "place", "{\"latitude\":19.07,\"longitude\":-72.8}", 202, "\"sid\":\"SM" },
		{ "place as text", "{\"latitude\":\"19.07\",\"longitude\":\"72\"}", 202,
		  "\"sid\"" },
		{ "nothing", "{}", 400, "\"field\":\"text\"" },
		{ "empty", "{\"text\":\"\"}", 400, "\"field\":\"text\"" },
		{ "number for text", "{\"text\":1}", 400, "\"field\":\"text\"" },
		{ "empty tap", "{\"payload\":\"\"}", 400, "\"field\":\"payload\"" },
		{ "no media type", "{\"media_type\":\"png\"}", 400, "\"field\":\"media_type\"" },
		{ "media of a file", "{\"media_type\":\"a/b\",\"media_url\":\"file:///x\"}", 400,
		  "\"field\":\"media_url\"" },
		{ "half a place", "{\"latitude\":1}", 400, "\"field\":\"latitude\"" },
		{ "place off the earth", "{\"latitude\":1,\"longitude\":181}", 400, "latitude" },
		{ "place in words", "{\"latitude\":\"north\",\"longitude\":1}", 400, "latitude" },
		{ "unknown sid", "{\"sid\":\"SM1\"}", 404, "\"field\":\"sid\"" },
		{ "a list", "[]", 400, "text" },
	};

	(void)state;
	ASK(201, "POST", PHONES, "{\"number\":\"+919876543210\"}");
	for (size_t i = 0; i < COUNT(cases); i++) {
		int status = ask("POST", PHONES "/919876543210/messages", cases[i].json);

		if (status != cases[i].status || !strstr(body.data, cases[i].says))
			fail_msg("%s: %d %s", cases[i].name, status, body.data);
	}
}

/* Without a webhook URL a delivery ends at once, with nothing said. */
static void test_waiting(void **state)
{
	(void)state;
	ASK(201, "POST", PHONES, "{\"number\":\"+919876543210\"}");
	ASK(201, "POST", PHONES "/919876543210/messages", "{\"text\":\"Hi\",\"wait\":true}");
	SAYS("\"status\":\"received\",\"texts\":[]}");
}

/* ---- faults ---- */

static void test_faults(void **state)
{
	static const struct {
		const char *json;
		int status;
	} cases[] = {
		{ "{}", 200 },
		{ "{\"duplicate\":20}", 200 },
		{ "{\"duplicate\":0}", 400 },
		{ "{\"duplicate\":21}", 400 },
		{ "{\"duplicate\":\"2\"}", 400 },
		{ "{\"delay_ms\":600000}", 200 },
		{ "{\"delay_ms\":600001}", 400 },
		{ "{\"reorder\":true}", 200 },
		{ "{\"reorder\":1}", 400 },
		{ "{\"drop_answer\":1000}", 200 },
		{ "{\"drop_answer\":-1}", 400 },
		{ "{\"auth\":\"malformed\"}", 200 },
		{ "{\"auth\":\"418\"}", 400 },
		{ "{\"auth\":429}", 400 },
		{ "{\"auth_delay_ms\":60000}", 200 },
		{ "{\"auth_delay_ms\":60001}", 400 },
		{ "{\"rest\":\"lost\"}", 200 },
		{ "{\"rest\":\"slow\"}", 400 },
		{ "{\"refused_code\":21610}", 200 },
		{ "{\"refused_code\":63024}", 400 }, /* comes by callback only */
		{ "{\"refused_code\":63016}", 400 },
		{ "{\"rest_times\":1}", 200 },
		{ "{\"rest_times\":1.5}", 400 },
		{ "{\"undelivered_code\":63016}", 200 },
		{ "{\"undelivered_code\":100000}", 400 },
		{ "{\"callbacks\":\"doubled\"}", 200 },
		{ "{\"callbacks\":\"\"}", 400 },
		{ "{\"sandbox_rate\":false}", 200 },
		{ "{\"sandbox_rate\":null}", 400 },
		{ "{\"other\":1}", 400 },
		{ "{\"duplicate\":2,\"other\":1}", 400 },
		{ "[]", 400 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int status;

		ASK(200, "DELETE", FAULTS, "");
		SAYS(DEFAULT);
		status = ask("PUT", FAULTS, cases[i].json);
		if (status != cases[i].status)
			fail_msg("%s: %d %s", cases[i].json, status, body.data);
		ASK(200, "GET", FAULTS, "");
		if (status != 200)
			CHECK_SAME(body.data, DEFAULT, cases[i].json);
	}
	ASK(200, "PUT", FAULTS, "{\"duplicate\":3}");
	ASK(200, "PUT", FAULTS, "{\"rest\":\"429\"}"); /* the other stays */
	SAYS("\"duplicate\":3");
	ASK(405, "POST", FAULTS, "{}");
	SAYS("use GET, PUT, DELETE");
	assert_string_equal(reply.headers, "Allow: GET, PUT, DELETE\r\n");
}

static void test_faults_of_auth(void **state)
{
	static const struct {
		const char *word;
		int status;
	} cases[] = { { "400", 400 }, { "422", 422 }, { "429", 429 },
		      { "500", 500 }, { "503", 503 }, { "ok", 200 } };
	char json[64];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(json, sizeof json, "{\"auth\":\"%s\"}", cases[i].word);
		ASK(200, "PUT", FAULTS, json);
		ASK(cases[i].status, "POST", "/sandbox/auth/api/send-otp",
		    "{\"phone_number\":\"+919876543210\"}");
	}
	ASK(200, "PUT", FAULTS, "{\"auth\":\"malformed\"}");
	ASK(200, "POST", "/sandbox/auth/api/send-otp", "{\"phone_number\":\"+919876543211\"}");
	assert_string_equal(reply.type, "text/html");
	ASK(404, "GET", "/sandbox/auth/sms?phone=%2B919876543211", "");
}

static void test_sms_finds_its_phone(void **state)
{
	(void)state;
	ASK(201, "POST", PHONES, "{\"number\":\"+14155550100\"}");
	ASK(202, "POST", PHONES "/14155550100/messages", "{\"text\":\"98765 43210\"}");
	ASK(202, "POST", PHONES "/14155550100/messages", "{\"text\":\"call 9876543211 now\"}");
	ASK(200, "POST", "/sandbox/auth/api/send-otp", "{\"phone_number\":\"+919876543210\"}");
	ASK(200, "POST", "/sandbox/auth/api/send-otp", "{\"phone_number\":\"+919876543211\"}");
	ASK(200, "GET", "/sandbox/api/state", "");
	SAYS("\"phone\":\"14155550100\",\"direction\":\"sms\",\"text\":\"Your OTP is ");
	SAYS("\"phone\":\"919876543211\",\"direction\":\"sms\""); /* a sentence is no number */
}

/* ---- events ---- */

static void test_events(void **state)
{
	struct webhook w = { .method = "GET", .target = "/sandbox/events?since=1" };
	uint64_t since;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	since = twin_events_from(twin, &w);
	assert_int_equal(since, 1);
	ASK(201, "POST", PHONES, "{\"number\":\"+919876543210\"}");
	ASK(200, "PUT", FAULTS, "{\"duplicate\":2}");
	assert_int_equal(twin_events_read(twin, &since, 0, &out), 0);
	assert_int_equal(
		strncmp(out.data, "id: 2\ndata: {\"type\":\"faults\",\"duplicate\":2,", 43), 0);
	assert_int_equal(since, 2);
	buf_reset(&out);
	assert_int_equal(twin_events_read(twin, &since, 0, &out), 0);
	assert_int_equal(out.len, 0);
	since = 3;
	assert_int_equal(twin_events_read(twin, &since, 0, &out), 0);
	assert_string_equal(out.data, "id: 2\ndata: {\"type\":\"reset\"}\n\n");
	twin_stop(twin);
	assert_int_equal(twin_events_read(twin, &since, 60000, &out), -1);
	buf_free(&out);
}

static void test_where_a_stream_begins(void **state)
{
	static const struct {
		const char *name;
		const char *target;
		const char *last; /* Last-Event-ID */
		uint64_t want;
	} cases[] = {
		{ "since", "/sandbox/events?since=5", NULL, 5 },
		{ "nothing said: from now on", "/sandbox/events", NULL, 1 },
		{ "no number", "/sandbox/events?since=x", NULL, 1 },
		{ "negative", "/sandbox/events?since=-1", NULL, 1 },
		{ "too long", "/sandbox/events?since=9999999999999999999", NULL, 1 },
		{ "connected again", "/sandbox/events?since=5", "7", 7 },
		{ "malformed query", "/sandbox/events?since=%", NULL, 1 },
	};

	(void)state;
	ASK(201, "POST", PHONES, "{}");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct webhook w = { .method = "GET", .target = cases[i].target };

		if (cases[i].last)
			w.headers[w.header_count++] =
				(struct webhook_header){ "Last-Event-ID", cases[i].last };
		CHECK_CASE(twin_events_from(twin, &w) == cases[i].want, cases[i].name);
	}
}

static void test_a_small_reader_gets_all(void **state)
{
	uint64_t since = 0;
	struct buf out;
	size_t rounds = 0;

	(void)state;
	for (int i = 0; i < 40; i++)
		ASK(201, "POST", PHONES, "{}");
	buf_init(&out, 1000);
	while (since < 40 && rounds++ < 100) {
		buf_reset(&out);
		assert_int_equal(twin_events_read(twin, &since, 0, &out), 0);
		assert_false(out.full);
		assert_true(out.len > 0);
	}
	assert_int_equal(since, 40);
	assert_true(rounds > 5);
	buf_free(&out);
}

static void test_events_are_bounded(void **state)
{
	(void)state;
	ASK(201, "POST", PHONES, "{\"number\":\"+919876543210\"}");
	for (int i = 0; i < 5000; i++)
		ASK(200, "PATCH", PHONES "/919876543210", "{}");
	assert_int_equal(twin->event_count, 5001);
	assert_int_equal(twin->event_count - twin->event_first + 1, TWIN_MAX_EVENTS);
	assert_true(twin->event_bytes <= TWIN_MAX_EVENT_BYTES);
}

/* ---- pages, routes, time ---- */

static void test_routes(void **state)
{
	static const struct {
		const char *method;
		const char *target;
		int status;
	} cases[] = {
		{ "GET", "/sandbox/page/none.js", 404 },
		{ "GET", "/sandbox/page/..%2fx.js", 404 },
		{ "GET", "/sandbox/page/../x.js", 404 },
		{ "GET", "/sandbox/page/.js", 404 },
		{ "GET", "/sandbox/page/a.txt", 404 },
		{ "GET", "/sandbox/page/", 404 },
		{ "GET", "/sandbox/page", 404 },
		{ "POST", "/sandbox/page/a.js", 405 },
		{ "GET", "/sandbox/api", 404 },
		{ "GET", "/sandbox/api/phones", 405 },
		{ "GET", "/sandbox/api/phones//messages", 404 },
		{ "GET", "/sandbox/api/messages/SM1/inspection", 404 },
		{ "GET", "/sandbox/api/state?x=%", 400 },
		{ "HEAD", "/sandbox/api/state", 200 },
		{ "GET", "/sandbox/auth/health", 200 },
		{ "GET", "/sandbox/auth", 200 },
		{ "GET", "/sandbox/authentic", 404 },
		{ "POST", "/sandbox/api/clock", 400 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		ASK(cases[i].status, cases[i].method, cases[i].target, "");
}

static void test_clock(void **state)
{
	(void)state;
	ASK(200, "POST", "/sandbox/api/clock", "{\"advance_ms\":3600000}");
	assert_string_equal(body.data, "{\"now_ms\":1795003600000}");
	assert_int_equal(clock_now_ms(&clock_), 1795003600000);
	ASK(400, "POST", "/sandbox/api/clock", "{\"advance_ms\":-1}");
	ASK(400, "POST", "/sandbox/api/clock", "{\"advance_ms\":31622400001}");
	assert_int_equal(clock_now_ms(&clock_), 1795003600000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_numbers, begin, end),
		cmocka_unit_test_setup_teardown(test_state, begin, end),
		cmocka_unit_test_setup_teardown(test_deleted_phone, begin, end),
		cmocka_unit_test_setup_teardown(test_wishes, begin, end),
		cmocka_unit_test_setup_teardown(test_waiting, begin, end),
		cmocka_unit_test_setup_teardown(test_faults, begin, end),
		cmocka_unit_test_setup_teardown(test_faults_of_auth, begin, end),
		cmocka_unit_test_setup_teardown(test_sms_finds_its_phone, begin, end),
		cmocka_unit_test_setup_teardown(test_events, begin, end),
		cmocka_unit_test_setup_teardown(test_where_a_stream_begins, begin, end),
		cmocka_unit_test_setup_teardown(test_a_small_reader_gets_all, begin, end),
		cmocka_unit_test_setup_teardown(test_events_are_bounded, begin, end),
		cmocka_unit_test_setup_teardown(test_routes, begin, end),
		cmocka_unit_test_setup_teardown(test_clock, begin, end),
	};

	return cmocka_run_group_tests_name("twin_parts", tests, NULL, NULL);
}
