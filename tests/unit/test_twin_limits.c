/*
 * test_twin_limits.c - how large the twin is told to be, shares of faults, and its tally.
 */
#include "twin_check.h"

#define LIMITS "/sandbox/api/limits"
#define FAULTS "/sandbox/api/faults"
#define TALLY  "/sandbox/api/tally"

/* One message to the n-th person; returns the status. */
static int send_to(int n, const char *text)
{
	char form[256];

	(void)snprintf(form, sizeof form, "To=whatsapp%%3A%%2B9198%08d&From=%s&Body=%s", n,
		       "whatsapp%3A%2B14155238886", text);
	return ask("POST", MESSAGES ".json", form);
}

static void test_limits(void **state)
{
	static const struct {
		const char *name;
		const char *json;
		int status;
		const char *says;
	} cases[] = {
		{ "nothing", "{}", 200, "{\"rate\":80,\"messages\":10000,\"everyone\":false}" },
		{ "all", "{\"rate\":1000,\"messages\":20000,\"everyone\":true}", 200,
		  "{\"rate\":1000,\"messages\":20000,\"everyone\":true}" },
		{ "kept as they were", "{\"everyone\":false}", 200, "\"rate\":1000" },
		{ "no rate", "{\"rate\":0}", 400, "\"field\":\"rate\"" },
		{ "too fast", "{\"rate\":100001}", 400, "\"field\":\"rate\"" },
		{ "too few", "{\"messages\":9999}", 400, "\"field\":\"messages\"" },
		{ "too many", "{\"messages\":1000001}", 400, "\"field\":\"messages\"" },
		{ "fewer than before", "{\"messages\":10000}", 409, "cannot_shrink" },
		{ "no bool", "{\"everyone\":1}", 400, "\"field\":\"everyone\"" },
		{ "no JSON", "{", 400, "malformed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK_CASE(ask("PUT", LIMITS, cases[i].json) == cases[i].status, cases[i].name);
		CHECK_CASE(strstr(body.data, cases[i].says) != NULL, cases[i].name);
	}
}

/* What was kept is found again, and more than the usual number of messages fits. */
static void test_growing(void **state)
{
	char first[35];

	(void)state;
	assert_int_equal(send_to(1, "one"), 201);
	sid_of(first);
	ASK(200, "PUT", LIMITS, "{\"messages\":12000,\"rate\":100000,\"everyone\":true}");
	for (int i = 2; i <= 11000; i++)
		assert_int_equal(send_to(i, "more"), 201);
	ASK(200, "GET", TALLY, "");
	SAYS("\"messages\":11000,");
	SAYS("\"recipients\":11000,\"most\":1}");
	char target[160];
	(void)snprintf(target, sizeof target, MESSAGES "/%s.json", first);
	ASK(200, "GET", target, "");
	SAYS("\"body\":\"one\"");
}

static void test_tally(void **state)
{
	(void)state;
	ASK(200, "PUT", LIMITS, "{\"everyone\":true}");
	for (int i = 0; i < 5; i++)
		assert_int_equal(send_to(i, "a"), 201);
	pass(999);
	assert_int_equal(send_to(3, "b"), 201);
	pass(1);
	assert_int_equal(send_to(4, "b"), 201);
	ASK(200, "GET", TALLY, "");
	SAYS("{\"messages\":7,\"busiest_second\":6,");
	SAYS("\"recipients\":5,\"most\":2}");
	SAYS("{\"to\":\"whatsapp:+919800000003\",\"count\":2},"
	     "{\"to\":\"whatsapp:+919800000004\",\"count\":2}");
	ASK(200, "GET", TALLY "?text=b", "");
	SAYS("\"messages\":2,\"busiest_second\":2,");
	SAYS("\"repeated\":[]");
	ASK(200, "GET", TALLY "?since_ms=1795000000001", "");
	SAYS("\"messages\":2,");
	pass(10000);
	ASK(200, "GET", TALLY, "");
	SAYS("\"by_status\":{\"delivered\":7}");
}

/* A stranger has joined only if everyone has. */
static void test_everyone(void **state)
{
	char sid[35], target[160];

	(void)state;
	assert_int_equal(send_to(1, "x"), 201);
	sid_of(sid);
	(void)snprintf(target, sizeof target, MESSAGES "/%s.json", sid);
	pass(10000);
	ASK(200, "GET", target, "");
	SAYS("\"error_code\":63015");
}

static void test_shares(void **state)
{
	static const struct {
		const char *name;
		const char *json;
		int refused; /* of twelve */
	} cases[] = {
		{ "every third busy", "{\"rest\":\"429\",\"rest_every\":3}", 4 },
		{ "every fourth opted out", "{\"refused_code\":21610,\"refused_every\":4}", 3 },
		{ "all", "{\"refused_code\":21610}", 12 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int refused = 0;

		ASK(200, "DELETE", FAULTS, "");
		ASK(200, "PUT", FAULTS, cases[i].json);
		for (int n = 0; n < 12; n++)
			refused += send_to(n, "x") != 201;
		CHECK_CASE(refused == cases[i].refused, cases[i].name);
	}
	ASK(200, "DELETE", FAULTS, "");
	ASK(200, "PUT", LIMITS, "{\"everyone\":true}");
	ASK(200, "PUT", FAULTS, "{\"undelivered_code\":63016,\"undelivered_every\":3}");
	for (int n = 0; n < 12; n++)
		assert_int_equal(send_to(n, "y"), 201);
	pass(60000);
	ASK(200, "GET", TALLY "?text=y", "");
	SAYS("\"delivered\":8,\"undelivered\":4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_limits, begin, end),
		cmocka_unit_test_setup_teardown(test_growing, begin, end),
		cmocka_unit_test_setup_teardown(test_tally, begin, end),
		cmocka_unit_test_setup_teardown(test_everyone, begin, end),
		cmocka_unit_test_setup_teardown(test_shares, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
