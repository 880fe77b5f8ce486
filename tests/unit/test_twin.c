/*
 * test_twin.c - the twin without HTTP: its demo Auth API, who may ask, lists, and how much is kept.
 *
 * test_twin_rest.c has the codes of the Messages resource, test_twin_parts.c the rest.
 */
#include "twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/crypto.h"

#define SID	 "AC00000000000000000000000000000001"
#define MESSAGES "/sandbox/twilio/2010-04-01/Accounts/" SID "/Messages"
#define ONE	 "To=whatsapp:%2B919876543210&From=whatsapp:%2B14155238886&Body=Hi"
#define OTP	 "/sandbox/auth/api/send-otp"

static struct clock clock_;
static struct twin *twin;
static struct buf body;
static char good[256]; /* Authorization */

static int ask_with(const char *method, const char *target, const char *text, const char *header,
		    const char *value)
{
	struct webhook w = { .method = method, .target = target, .body = str_of(text) };
	struct twin_reply reply;

	if (header)
		w.headers[w.header_count++] = (struct webhook_header){ header, value };
	buf_reset(&body);
	twin_answer(twin, &w, &body, &reply);
	if (reply.status != 204)
		assert_string_equal(reply.type, "application/json");
	assert_false(body.full);
	return reply.status;
}

static int ask(const char *method, const char *target, const char *text)
{
	return ask_with(method, target, text, "Authorization", good);
}

static int begin(void **state)
{
	static const char plain[] = SID ":new";
	const struct twin_settings set = { .account_sid = SID,
					   .auth_tokens = "new,old",
					   .clock = &clock_,
					   .sender = "whatsapp:+14155238886" };

	(void)state;
	clock_init_standing(&clock_, 1795000000000);
	memcpy(good, "Basic ", 6);
	base64_encode(plain, sizeof plain - 1, good + 6);
	buf_init(&body, 16 << 20);
	return twin_open(&set, &twin, NULL);
}

static int end(void **state)
{
	(void)state;
	twin_close(&twin);
	assert_null(twin);
	buf_free(&body);
	return 0;
}

static void test_who_asks(void **state)
{
	static const struct {
		const char *name;
		const char *user;
		int status;
	} rows[] = {
		{ "token", SID ":new", 200 },
		{ "old token", SID ":old", 200 },
		{ "both at once", SID ":new,old", 401 },
		{ "wrong token", SID ":nex", 401 },
		{ "no token", SID ":", 401 },
		{ "other account", "AC1:new", 401 },
	};
	char header[256] = "Basic ";

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int status;

		base64_encode(rows[i].user, strlen(rows[i].user), header + 6);
		status = ask_with("GET", MESSAGES ".json", "", "Authorization", header);
		if (status != rows[i].status)
			fail_msg("%s: %d", rows[i].name, status);
	}
	assert_int_equal(ask_with("GET", MESSAGES ".json", "", NULL, NULL), 401);
	assert_non_null(strstr(body.data, "\"code\":20003"));
	assert_int_equal(ask("GET", "/sandbox/twilio/2010-04-01/Accounts/AC2/Messages.json", ""),
			 404);
	assert_int_equal(ask("DELETE", MESSAGES ".json", ""), 405);
	assert_int_equal(ask("GET", "/sandbox/elsewhere", ""), 404);
}

static void send_to(const char *number, const char *text)
{
	char form[256];

	(void)snprintf(form, sizeof form,
		       "To=whatsapp:%%2B%s&From=whatsapp:%%2B14155238886&Body=%s", number, text);
	assert_int_equal(ask("POST", MESSAGES ".json", form), 201);
}

static size_t count_of(const char *needle)
{
	size_t n = 0;

	for (const char *p = body.data; (p = strstr(p, needle)) != NULL; p++)
		n++;
	return n;
}

static void test_list_and_fetch(void **state)
{
	char target[256], sid[35];

	(void)state;
	send_to("919876543210", "first");
	(void)sscanf(strstr(body.data, "\"sid\":\"") + 7, "%34[^\"]", sid);
	clock_advance(&clock_, 24 * 3600 * 1000);
	send_to("919876543210", "second");
	send_to("919876500000", "other");
	assert_int_equal(ask("GET", MESSAGES ".json?To=whatsapp%3A%2B919876543210", ""), 200);
	assert_int_equal(count_of("\"sid\":"), 2);
	assert_true(strstr(body.data, "second") < strstr(body.data, "first")); /* newest first */
	assert_int_equal(ask("GET", MESSAGES ".json?PageSize=1", ""), 200);
	assert_int_equal(count_of("\"sid\":"), 1);
	assert_int_equal(ask("GET", MESSAGES ".json?DateSent%3E=2026-11-19", ""), 200);
	assert_int_equal(count_of("\"sid\":"), 2);
	(void)snprintf(target, sizeof target, MESSAGES "/%s.json", sid);
	assert_int_equal(ask("GET", target, ""), 200);
	assert_non_null(strstr(body.data, "\"body\":\"first\""));
	assert_int_equal(ask("GET", MESSAGES "/SM0.json", ""), 404);
}

static void test_memory_is_bounded(void **state)
{
	(void)state;
	for (int i = 0; i < 10000; i++)
		send_to("919876543210", i == 0 ? "old" : "kept");
	/* every one is on its way: the queue is full */
	assert_int_equal(ask("POST", MESSAGES ".json", ONE), 400);
	assert_non_null(strstr(body.data, "\"code\":21611"));
	assert_int_equal(ask("POST", "/sandbox/api/clock", "{\"advance_ms\":3600000}"), 200);
	send_to("919876543210", "new");
	assert_int_equal(ask("GET", MESSAGES ".json?PageSize=1000&Page=9", ""), 200);
	assert_int_equal(count_of("\"sid\":"), 1000);
	assert_int_equal(count_of("\"body\":\"old\""), 0);
	assert_non_null(strstr(body.data, "\"next_page_uri\":null"));
}

static int otp(const char *phone, const char *key)
{
	char text[128];

	(void)snprintf(text, sizeof text, "{\"phone_number\":\"%s\",\"user_type\":\"MSME\"}",
		       phone);
	return ask_with("POST", OTP, text, key ? "Idempotency-Key" : NULL, key);
}

static void test_otp_checks(void **state)
{
	static const struct {
		const char *name;
		const char *phone;
		int status;
	} rows[] = {
		{ "good", "+919876543210", 200 },	   { "another", "+916000000000", 200 },
		{ "starts with 5", "+915876543210", 422 }, { "no +91", "9876543210", 422 },
		{ "short", "+91987654321", 422 },	   { "long", "+9198765432100", 422 },
		{ "letters", "+9198765432ab", 422 },	   { "empty", "", 422 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int status = otp(rows[i].phone, NULL);

		if (status != rows[i].status)
			fail_msg("%s: %d %s", rows[i].name, status, body.data);
		if (!strstr(body.data, status == 200 ? "\"success\":true" : "\"success\":false"))
			fail_msg("%s: %s", rows[i].name, body.data);
	}
	assert_int_equal(ask_with("POST", OTP, "no json", NULL, NULL), 422);
	assert_int_equal(ask_with("GET", OTP, "", NULL, NULL), 405);
	assert_int_equal(ask("GET", "/sandbox/auth/health", ""), 200);
}

static void test_otp_is_sent_once(void **state)
{
	static const char sms[] = "/sandbox/auth/sms?phone=%2B919876543210";
	char first[512];

	(void)state;
	assert_int_equal(ask("GET", sms, ""), 404);
	assert_int_equal(otp("+919876543210", "key-1"), 200);
	assert_null(strstr(body.data, "otp\"")); /* the caller is not told */
	assert_int_equal(ask("GET", sms, ""), 200);
	(void)snprintf(first, sizeof first, "%s", body.data);
	assert_int_equal(otp("+919876543210", "key-1"), 200); /* a repeat */
	assert_int_equal(ask("GET", sms, ""), 200);
	assert_string_equal(body.data, first);
	assert_int_equal(otp("+916876543210", "key-1"), 422); /* not a repeat */
	assert_int_equal(otp("+919876543210", "key-2"), 429);
	assert_non_null(strstr(body.data, "\"can_resend_in\":60"));
	clock_advance(&clock_, 60000);
	assert_int_equal(otp("+919876543210", "key-2"), 200);
	assert_int_equal(ask("GET", sms, ""), 200);
	assert_non_null(strstr(body.data, "\"number\":2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_who_asks, begin, end),
		cmocka_unit_test_setup_teardown(test_list_and_fetch, begin, end),
		cmocka_unit_test_setup_teardown(test_memory_is_bounded, begin, end),
		cmocka_unit_test_setup_teardown(test_otp_checks, begin, end),
		cmocka_unit_test_setup_teardown(test_otp_is_sent_once, begin, end),
	};

	return cmocka_run_group_tests_name("twin", tests, NULL, NULL);
}
