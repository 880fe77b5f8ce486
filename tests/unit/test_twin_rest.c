/*
 * test_twin_rest.c - Twilio's side of the twin: every code of its table, and the life of what
 * was sent, on a clock that stands.
 */
#include "twin_check.h"

#include "../../src/twin/messages_private.h"

#define TO   "To=whatsapp:%2B919876543210"
#define FROM "&From=whatsapp:%2B14155238886"
#define GOOD TO FROM "&Body=Hi"
#define SERV "&MessagingServiceSid=" SERVICE
#define HX   "&ContentSid=HX00000000000000000000000000000001"
#define LATER                                                                                      \
	"&ScheduleType=fixed&SendAt=2026-11-20T00:00:00Z" /* the clock: 2026-11-18T11:06:40Z */

static void add_phone(void)
{
	ASK(201, "POST", PHONES, "{\"number\":\"+919876543210\"}");
}

/* The person writes, which opens the window. */
static void write_something(void)
{
	ASK(202, "POST", PHONES "/919876543210/messages", "{\"text\":\"hello\"}");
}

static void set_faults(const char *json)
{
	ASK(200, "PUT", "/sandbox/api/faults", json);
}

/* ---- codes in the answer ---- */

static const struct {
	const char *name;
	const char *form;
	int code; /* 0: accepted */
	const char *status;
} creates[] = {
	{ "good", GOOD, 0, "queued" },
	{ "to a scoped id", "To=whatsapp:IN.1349" FROM "&Body=Hi", 0, "queued" },
	{ "by a service", TO SERV "&Body=Hi", 0, "accepted" },
	{ "service and sender", GOOD SERV, 0, "accepted" },
	{ "media", TO FROM "&MediaUrl=https://a.example/x.png", 0, "queued" },
	{ "ten media",
	  TO FROM "&MediaUrl=http://a/1&MediaUrl=http://a/2&MediaUrl=http://a/3&MediaUrl=http://a/4"
		  "&MediaUrl=http://a/5&MediaUrl=http://a/6&MediaUrl=http://a/7&MediaUrl=http://a/8"
		  "&MediaUrl=http://a/9&MediaUrl=http://a/10",
	  0, "queued" },
	{ "template", TO FROM HX "&ContentVariables=%7B%221%22:%22Mo%22%7D", 0, "queued" },
	{ "scheduled", TO SERV "&Body=Hi" LATER, 0, "scheduled" },
	{ "scheduled by India's clock",
	  TO SERV "&Body=Hi&ScheduleType=fixed&SendAt=2026-11-18T16:42:00%2B05:30", 0,
	  "scheduled" },
	{ "too soon by India's clock",
	  TO SERV "&Body=Hi&ScheduleType=fixed&SendAt=2026-11-18T16:41:00%2B05:30", 35114, NULL },
	{ "malformed", "To=%zz", 20001, NULL },
	{ "no To", "From=whatsapp:%2B14155238886&Body=Hi", 21604, NULL },
	{ "To is no number", "To=whatsapp:98" FROM "&Body=Hi", 21211, NULL },
	{ "To is a word", "To=whatsapp:me" FROM "&Body=Hi", 21211, NULL },
	{ "no From", TO "&Body=Hi", 21603, NULL },
	{ "From is no number", TO "&From=whatsapp:me&Body=Hi", 21212, NULL },
	{ "From of SMS, To of SMS", "To=%2B919876543210&From=%2B14155238886&Body=Hi", 21606, NULL },
	{ "From of another account", TO "&From=whatsapp:%2B14155550000&Body=Hi", 63007, NULL },
	{ "From of SMS", TO "&From=%2B14155238886&Body=Hi", 21910, NULL },
	{ "To of SMS", "To=%2B919876543210" FROM "&Body=Hi", 21910, NULL },
	{ "to itself", "To=whatsapp:%2B14155238886" FROM "&Body=Hi", 63031, NULL },
	{ "service is no sid", TO "&MessagingServiceSid=MG1&Body=Hi", 21703, NULL },
	{ "unknown service", TO "&MessagingServiceSid=MG00000000000000000000000000000002&Body=Hi",
	  21701, NULL },
	{ "no body", TO FROM, 21602, NULL },
	{ "empty body", TO FROM "&Body=", 21602, NULL },
	{ "blank body", TO FROM "&Body=++%0A", 21619, NULL },
	{ "media is no address", TO FROM "&MediaUrl=x.png", 21620, NULL },
	{ "media with _ in its host", TO FROM "&MediaUrl=http://a_b/x", 21620, NULL },
	{ "eleven media",
	  TO FROM "&MediaUrl=http://a/1&MediaUrl=http://a/2&MediaUrl=http://a/3&MediaUrl=http://a/4"
		  "&MediaUrl=http://a/5&MediaUrl=http://a/6&MediaUrl=http://a/7&MediaUrl=http://a/8"
		  "&MediaUrl=http://a/9&MediaUrl=http://a/10&MediaUrl=http://a/11",
	  21623, NULL },
	{ "callback is no address", GOOD "&StatusCallback=here", 21609, NULL },
	{ "callback with _ in its host", GOOD "&StatusCallback=http://a_b/", 21609, NULL },
	{ "validity 0", GOOD "&ValidityPeriod=0", 21624, NULL },
	{ "validity too long", GOOD "&ValidityPeriod=36001", 21624, NULL },
	{ "validity is a word", GOOD "&ValidityPeriod=1h", 21624, NULL },
	{ "variables without content", GOOD "&ContentVariables=%7B%7D", 21654, NULL },
	{ "content is no sid", TO FROM "&ContentSid=HX1", 21655, NULL },
	{ "variables are no JSON", TO FROM HX "&ContentVariables=x", 21656, NULL },
	{ "variables are a list", TO FROM HX "&ContentVariables=%5B%5D", 21656, NULL },
	{ "variables are numbers", TO FROM HX "&ContentVariables=%7B%221%22:1%7D", 21656, NULL },
	{ "no SendAt", TO SERV "&Body=Hi&ScheduleType=fixed", 35111, NULL },
	{ "no ScheduleType", TO SERV "&Body=Hi&SendAt=2026-11-20T00:00:00Z", 35112, NULL },
	{ "SendAt is no time", TO SERV "&Body=Hi&ScheduleType=fixed&SendAt=tomorrow", 35113, NULL },
	{ "SendAt too soon", TO SERV "&Body=Hi&ScheduleType=fixed&SendAt=2026-11-18T11:11:00Z",
	  35114, NULL },
	{ "SendAt too late", TO SERV "&Body=Hi&ScheduleType=fixed&SendAt=2027-01-01T00:00:00Z",
	  35114, NULL },
	{ "schedule without a service", GOOD LATER, 35118, NULL },
};

static bool met[128]; /* which rows of twin_codes some test saw */

static void meet(int code)
{
	for (size_t i = 0; i < twin_code_count; i++)
		met[i] |= twin_codes[i].code == code;
}

/* The answer is Twilio's error with this code, as its table has it. */
static void check_error(int status, int code, const char *name)
{
	const struct twin_code *known = twin_code_find(code);
	char part[128];

	CHECK_CASE(known, name);
	(void)snprintf(part, sizeof part, "{\"code\":%d,\"message\":\"", code);
	if (status != known->status || strncmp(body.data, part, strlen(part)) != 0)
		fail_msg("%s: %d %s", name, status, body.data);
	(void)snprintf(part, sizeof part,
		       "\"more_info\":\"https://www.twilio.com/docs/errors/%d\",\"status\":%d}",
		       code, status);
	CHECK_CASE(strstr(body.data, part), name);
	CHECK_CASE(strstr(body.data, known->message), name);
	meet(code);
}

static void test_creates(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(creates); i++) {
		int status = ask("POST", MESSAGES ".json", creates[i].form);
		char part[64];

		if (creates[i].code) {
			check_error(status, creates[i].code, creates[i].name);
			continue;
		}
		(void)snprintf(part, sizeof part, "\"status\":\"%s\"", creates[i].status);
		if (status != 201 || !strstr(body.data, part))
			fail_msg("%s: %d %s", creates[i].name, status, body.data);
		CHECK_CASE(strstr(reply.headers, "Twilio-Request-Id: RQ"), creates[i].name);
	}
}

static void test_body_limit(void **state)
{
	char form[8192];
	size_t n;

	(void)state;
	n = (size_t)snprintf(form, sizeof form, "%s&Body=", TO FROM);
	for (int i = 0; i < 1600; i++, n += 2)
		memcpy(form + n, "é", 3);
	ASK(201, "POST", MESSAGES ".json", form);
	memcpy(form + n, "x", 2);
	check_error(ask("POST", MESSAGES ".json", form), 21617, "1601 characters");
}

static void test_one_message_calls(void **state)
{
	char target[256], sid[35];

	(void)state;
	ASK(201, "POST", MESSAGES ".json", TO SERV "&Body=Hi" LATER);
	SAYS("\"from\":null");
	SAYS("\"num_segments\":\"0\"");
	sid_of(sid);
	(void)snprintf(target, sizeof target, MESSAGES "/%s.json", sid);
	ASK(200, "GET", target, "");
	SAYS("\"direction\":\"outbound-api\"");
	ASK(200, "POST", target, "Status=canceled");
	SAYS("\"status\":\"canceled\"");
	check_error(ask("POST", target, "Status=canceled"), 30409, "cancel twice");
	ASK(200, "POST", target, "Body=");
	SAYS("\"body\":\"\"");
	check_error(ask("POST", target, "Body=other"), 20001, "other text");
	check_error(ask("PUT", target, ""), 20004, "PUT");
	ASK(204, "DELETE", target, "");
	assert_null(reply.type);
	check_error(ask("GET", target, ""), 20404, "removed");
	ASK(200, "GET", MESSAGES ".json", "");
	SAYS("\"messages\":[]");
	check_error(ask("PUT", MESSAGES ".json", ""), 20004, "PUT of the list");
	check_error(ask("GET", "/sandbox/twilio/2010-04-01/Accounts/AC2/Messages.json", ""), 20404,
		    "other account");
	check_error(ask("GET", "/sandbox/twilio/2010-04-01/Accounts/" SID "/Calls.json", ""), 20404,
		    "other resource");
}

static void test_media_list(void **state)
{
	char target[256], sid[35];

	(void)state;
	ASK(201, "POST", MESSAGES ".json", TO FROM "&MediaUrl=https://a.example/x.png");
	SAYS("\"sid\":\"MM");
	SAYS("\"num_media\":\"1\"");
	sid_of(sid);
	(void)snprintf(target, sizeof target, MESSAGES "/%s/Media.json", sid);
	ASK(200, "GET", target, "");
	SAYS("\"media_list\":[{\"sid\":\"ME");
}

static void test_pages(void **state)
{
	char next[512];
	const char *at;
	size_t seen = 0;

	(void)state;
	for (int i = 0; i < 7; i++)
		ASK(201, "POST", MESSAGES ".json", GOOD);
	(void)snprintf(next, sizeof next, "%s",
		       MESSAGES ".json?PageSize=3&To=whatsapp%3A%2B919876543210");
	for (int page = 0; page < 3; page++) {
		ASK(200, "GET", next, "");
		for (at = body.data; (at = strstr(at, "\"sid\":")) != NULL; at++)
			seen++;
		at = strstr(body.data, "\"next_page_uri\":\"");
		assert_int_equal(at != NULL, page < 2);
		if (at) {
			memcpy(next, "/sandbox/twilio", 16);
			(void)sscanf(at + 17, "%400[^\"]", next + 15);
		}
		ASK(201, "POST", MESSAGES ".json", GOOD); /* a newer one shifts nothing */
	}
	assert_int_equal(seen, 7);
}

static void test_faults_of_rest(void **state)
{
	static const struct {
		const char *word;
		int code;
	} cases[] = { { "429", 20429 }, { "500", 20500 }, { "503", 20503 } };
	char json[96];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(json, sizeof json, "{\"rest\":\"%s\",\"rest_times\":2}",
			       cases[i].word);
		set_faults(json);
		for (int k = 0; k < 2; k++)
			check_error(ask("POST", MESSAGES ".json", GOOD), cases[i].code,
				    cases[i].word);
		ASK(201, "POST", MESSAGES ".json", GOOD);
	}
	set_faults("{\"rest\":\"lost\"}");
	ASK(201, "POST", MESSAGES ".json", GOOD);
	assert_true(reply.dropped);
	set_faults("{\"rest\":\"ok\"}");
	ASK(201, "POST", MESSAGES ".json", GOOD);
	assert_false(reply.dropped);
	ASK(200, "GET", MESSAGES ".json", ""); /* the lost one is there */
}

static void test_who_asks(void **state)
{
	struct webhook w = { .method = "GET", .target = MESSAGES ".json", .body = { "", 0 } };

	(void)state;
	buf_reset(&body);
	twin_answer(twin, &w, &body, &reply);
	check_error(reply.status, 20003, "nobody");
}

/* ---- what comes later ---- */

static void check_status(const char *sid, const char *status, int code, const char *name)
{
	char target[256], part[96];

	(void)snprintf(target, sizeof target, MESSAGES "/%s.json", sid);
	ASK(200, "GET", target, "");
	if (code) {
		(void)snprintf(part, sizeof part, "\"error_code\":%d", code);
		meet(code);
	} else {
		(void)snprintf(part, sizeof part, "\"error_code\":null");
	}
	CHECK_CASE(strstr(body.data, part), name);
	(void)snprintf(part, sizeof part, "\"status\":\"%s\"", status);
	if (!strstr(body.data, part))
		fail_msg("%s: not %s: %s", name, status, body.data);
}

static void test_life(void **state)
{
	char sid[35];

	(void)state;
	add_phone();
	write_something();
	ASK(201, "POST", MESSAGES ".json", GOOD);
	sid_of(sid);
	check_status(sid, "queued", 0, "at once");
	pass(149);
	check_status(sid, "queued", 0, "before its time");
	pass(1);
	check_status(sid, "sent", 0, "sent");
	pass(300);
	check_status(sid, "delivered", 0, "delivered");
	ASK(200, "POST", PHONES "/919876543210/read", "");
	SAYS("{\"read\":1}");
	check_status(sid, "read", 0, "read");
	pass(3600000);
	check_status(sid, "read", 0, "for ever");
}

static void test_service_is_accepted_first(void **state)
{
	char sid[35];

	(void)state;
	add_phone();
	write_something();
	ASK(201, "POST", MESSAGES ".json", TO SERV "&Body=Hi");
	sid_of(sid);
	check_status(sid, "accepted", 0, "at once");
	pass(50);
	check_status(sid, "queued", 0, "queued");
	pass(150);
	check_status(sid, "sent", 0, "sent");
}

static void test_schedule(void **state)
{
	char sid[35];

	(void)state;
	add_phone();
	ASK(201, "POST", MESSAGES ".json", TO SERV LATER HX);
	sid_of(sid);
	pass(36L * 3600 * 1000);
	check_status(sid, "scheduled", 0, "not yet");
	pass(1L * 3600 * 1000);
	check_status(sid, "delivered", 0, "on time");
}

static void test_later_codes(void **state)
{
	static const struct {
		const char *name;
		const char *faults;
		const char *form;
		bool joined;
		bool wrote;
		bool opted_out;
		long wait_ms; /* between the person's message and ours */
		const char *status;
		int code;
	} cases[] = {
		{ "within the window", "{}", GOOD, true, true, false, 86399000, "delivered", 0 },
		{ "window over", "{}", GOOD, true, true, false, 86400000, "undelivered", 63016 },
		{ "never wrote", "{}", GOOD, true, false, false, 0, "undelivered", 63016 },
		{ "a template needs no window", "{}", TO FROM HX, true, false, false, 0,
		  "delivered", 0 },
		{ "has not joined", "{}", GOOD, false, false, false, 0, "undelivered", 63015 },
		{ "opted out, by a service", "{}", TO SERV "&Body=Hi", true, true, true, 0,
		  "failed", 21610 },
		{ "as the fault says", "{\"undelivered_code\":63003}", GOOD, true, true, false, 0,
		  "undelivered", 63003 },
		{ "validity over", "{}", GOOD "&ValidityPeriod=1", true, true, false, 0,
		  "delivered", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char sid[35];

		ASK(200, "DELETE", "/sandbox/api/faults", "");
		set_faults(cases[i].faults);
		(void)ask("DELETE", PHONES "/919876543210", "");
		if (cases[i].joined)
			add_phone();
		if (cases[i].wrote)
			write_something();
		if (cases[i].opted_out)
			ASK(200, "PATCH", PHONES "/919876543210", "{\"opted_out\":true}");
		pass(cases[i].wait_ms);
		ASK(201, "POST", MESSAGES ".json", cases[i].form);
		sid_of(sid);
		pass(900);
		check_status(sid, cases[i].status, cases[i].code, cases[i].name);
	}
}

static void test_opted_out_without_a_service(void **state)
{
	(void)state;
	add_phone();
	ASK(200, "PATCH", PHONES "/919876543210", "{\"opted_out\":true}");
	SAYS("\"opted_out\":true");
	check_error(ask("POST", MESSAGES ".json", GOOD), 21610, "opted out");
	ASK(200, "PATCH", PHONES "/919876543210", "{\"opted_out\":false}");
	ASK(201, "POST", MESSAGES ".json", GOOD);
}

static void test_who_writes_stop(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		int code; /* of what is sent then; 0: accepted */
	} cases[] = {
		{ "stop", "STOP", 21610 },
		{ "another word changes nothing", "Hi", 21610 },
		{ "a sentence changes nothing", "START me up", 21610 },
		{ "start, any case", " start\\n", 0 },
		{ "a sentence with stop in it", "stop that", 0 },
		{ "unsubscribe", "Unsubscribe", 21610 },
		{ "unstop", "UNSTOP", 0 },
		{ "an answer of conversations", "CANCEL", 0 },
	};

	(void)state;
	add_phone();
	for (size_t i = 0; i < COUNT(cases); i++) {
		char said[100];

		(void)snprintf(said, sizeof said, "{\"text\":\"%s\"}", cases[i].text);
		ASK(202, "POST", PHONES "/919876543210/messages", said);
		if (cases[i].code)
			check_error(ask("POST", MESSAGES ".json", GOOD), cases[i].code,
				    cases[i].name);
		else
			ASK(201, "POST", MESSAGES ".json", GOOD);
	}
}

static void test_sandbox_rate(void **state)
{
	char first[35], second[35], third[35];

	(void)state;
	add_phone();
	write_something();
	set_faults("{\"sandbox_rate\":true}");
	ASK(201, "POST", MESSAGES ".json", GOOD);
	sid_of(first);
	pass(1000);
	ASK(201, "POST", MESSAGES ".json", GOOD);
	sid_of(second);
	pass(2000);
	ASK(201, "POST", MESSAGES ".json", GOOD);
	sid_of(third);
	pass(1000);
	check_status(first, "delivered", 0, "first");
	check_status(second, "failed", 63018, "too soon");
	check_status(third, "delivered", 0, "three seconds after the first");
}

/* 80 messages a second leave; the others wait, and one that waits too long is over. */
static void test_pace(void **state)
{
	char last[35], late[35];

	(void)state;
	add_phone();
	write_something();
	for (int i = 0; i < 800; i++)
		ASK(201, "POST", MESSAGES ".json", GOOD);
	sid_of(last);
	ASK(201, "POST", MESSAGES ".json", GOOD "&ValidityPeriod=5");
	sid_of(late);
	pass(9000);
	check_status(last, "queued", 0, "the 800th after 9 s");
	pass(1500);
	check_status(last, "delivered", 0, "the 800th after 10.5 s");
	check_status(late, "failed", 30036, "waited longer than it may");
}

static void test_queue_is_four_hours(void **state)
{
	int accepted = 0;

	(void)state;
	add_phone();
	write_something();
	while (ask("POST", MESSAGES ".json", GOOD) == 201 && accepted < 20000)
		accepted++;
	check_error(reply.status, 21611, "queue full");
	assert_in_range(accepted, 9000,
			10000); /* what is remembered is less than four hours' worth */
}

/* Last: every code of the table was met by a test above, except those of TwiML and other tests. */
static void test_every_code_was_met(void **state)
{
	static const int elsewhere[] = { 14103 /* test_twin_twiml.c */ };

	(void)state;
	for (size_t i = 0; i < COUNT(elsewhere); i++)
		meet(elsewhere[i]);
	assert_true(twin_code_count <= COUNT(met));
	for (size_t i = 0; i < twin_code_count; i++)
		if (!met[i])
			fail_msg("no test met %d", twin_codes[i].code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_creates, begin, end),
		cmocka_unit_test_setup_teardown(test_body_limit, begin, end),
		cmocka_unit_test_setup_teardown(test_one_message_calls, begin, end),
		cmocka_unit_test_setup_teardown(test_media_list, begin, end),
		cmocka_unit_test_setup_teardown(test_pages, begin, end),
		cmocka_unit_test_setup_teardown(test_faults_of_rest, begin, end),
		cmocka_unit_test_setup_teardown(test_who_asks, begin, end),
		cmocka_unit_test_setup_teardown(test_life, begin, end),
		cmocka_unit_test_setup_teardown(test_service_is_accepted_first, begin, end),
		cmocka_unit_test_setup_teardown(test_schedule, begin, end),
		cmocka_unit_test_setup_teardown(test_later_codes, begin, end),
		cmocka_unit_test_setup_teardown(test_opted_out_without_a_service, begin, end),
		cmocka_unit_test_setup_teardown(test_who_writes_stop, begin, end),
		cmocka_unit_test_setup_teardown(test_sandbox_rate, begin, end),
		cmocka_unit_test_setup_teardown(test_pace, begin, end),
		cmocka_unit_test_setup_teardown(test_queue_is_four_hours, begin, end),
		cmocka_unit_test(test_every_code_was_met),
	};

	return cmocka_run_group_tests_name("twin_rest", tests, NULL, NULL);
}
