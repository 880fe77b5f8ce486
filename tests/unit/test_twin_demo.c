/*
 * test_twin_demo.c - the packs' demo APIs: which route answers, what it sees, and the faults.
 */
#include "twin_check.h"

#define SHOP "/sandbox/demo/shop"

static int ask_as(const char *key, const char *text)
{
	struct webhook w = { .method = "POST", .target = SHOP "/orders", .body = str_of(text) };

	w.headers[w.header_count++] = (struct webhook_header){ "Idempotency-Key", key };
	buf_reset(&body);
	twin_answer(twin, &w, &body, &reply);
	return reply.status;
}

static void routes(void **state)
{
	static const struct {
		const char *name, *method, *path, *body;
		int status;
		const char *says;
	} rows[] = {
		{ "all of everybody's", "GET", SHOP "/orders?phone=%2B1", "", 200,
		  "{\"orders\":[{\"id\":\"O-1\",\"owner\":\"*\",\"due\":\"2026-11-17\"}]}" },
		{ "and one's own", "GET", SHOP "/orders?phone=%2B919876543210", "", 200,
		  "{\"id\":\"O-2\",\"owner\":\"+919876543210\"}]}" },
		{ "a query decides", "GET", SHOP "/orders?state=late", "", 200, "{\"orders\":[]}" },
		{ "one", "GET", SHOP "/orders/O%2d1?phone=x", "", 200, "{\"id\":\"O-1\"" },
		{ "somebody else's", "GET", SHOP "/orders/O-2?phone=x", "", 404, "not_found" },
		{ "nobody's", "GET", SHOP "/orders/O-3?phone=x", "", 404, "not_found" },
		{ "a quote is no way out", "GET", SHOP "/orders/%22,%22x", "", 404, "not_found" },
		{ "a member decides", "POST", SHOP "/orders", "{\"cups\":{\"big\":20}}", 409,
		  "{\"error\":\"sold_out\"}" },
		{ "the request is seen, once", "POST", SHOP "/orders",
		  "{\"name\":\"{{counter}} \\\"x\\\"\"}", 201,
		  "\"name\":\"{{counter}} \\\"x\\\"\",\"ready\":\"2026-11-19\",\"n\":2,\"ok\":true,"
		  "\"none\":null}" },
		{ "no JSON", "POST", SHOP "/orders", "cups=20", 400, "malformed" },
		{ "no route", "GET", SHOP "/nothing", "", 404, "no route" },
		{ "another method", "DELETE", SHOP "/orders", "", 404, "no route" },
		{ "no list", "GET", SHOP "/bad/list", "", 500, "has no list" },
		{ "no status", "GET", SHOP "/bad/status", "", 500, "200 to 599" },
		{ "no template", "GET", SHOP "/bad/text", "", 500, "demo_fault" },
		{ "no JSON in the file", "GET", "/sandbox/demo/broken/x", "", 500, "demo.json" },
		{ "no pack", "GET", "/sandbox/demo/none/x", "", 404, "no demo.json" },
		{ "no way up", "GET", "/sandbox/demo/../x", "", 404, "no pack" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int status = ask(rows[i].method, rows[i].path, rows[i].body);

		if (status != rows[i].status || !strstr(body.data, rows[i].says))
			fail_msg("%s: %d %s", rows[i].name, status, body.data);
	}
}

static void a_repeat_gets_the_same_answer(void **state)
{
	(void)state;
	assert_int_equal(ask_as("k1", "{\"name\":\"a\"}"), 201);
	SAYS("\"id\":\"O-1\"");
	assert_int_equal(ask_as("k2", "{\"name\":\"b\"}"), 201);
	SAYS("\"id\":\"O-2\"");
	assert_int_equal(ask_as("k1", "{\"name\":\"a\"}"), 201);
	SAYS("\"id\":\"O-1\"");
}

static void faults_spoil_it(void **state)
{
	(void)state;
	ASK(200, "PUT", "/sandbox/api/faults", "{\"auth\":\"503\"}");
	assert_int_equal(ask_as("k1", "{}"), 503);
	ASK(200, "PUT", "/sandbox/api/faults", "{\"auth\":\"malformed\"}");
	assert_int_equal(ask_as("k1", "{}"), 200);
	SAYS("<html>");
	ASK(200, "DELETE", "/sandbox/api/faults", "");
	assert_int_equal(ask_as("k1", "{}"), 201);
}

static void the_next_answer_can_be_told(void **state)
{
	(void)state;
	ASK(400, "PUT", "/sandbox/api/demo", "{\"status\":200}");
	ASK(400, "PUT", "/sandbox/api/demo", "{\"status\":20,\"body\":{}}");
	ASK(204, "PUT", "/sandbox/api/demo",
	    "{\"status\":503,\"times\":2,\"body\":{\"a\":[1,\"{{now}}\"]}}");
	assert_int_equal(ask_as("k1", "{}"), 503);
	SAYS("{\"a\":[1,\"{{now}}\"]}");
	assert_int_equal(ask_as("k1", "{}"), 503);
	assert_int_equal(ask_as("k1", "{}"), 201);
	ASK(204, "PUT", "/sandbox/api/demo", "{\"status\":200,\"body\":{}}");
	ASK(204, "DELETE", "/sandbox/api/demo", "");
	ASK(404, "GET", SHOP "/orders/O-3", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(routes, begin, end),
		cmocka_unit_test_setup_teardown(a_repeat_gets_the_same_answer, begin, end),
		cmocka_unit_test_setup_teardown(faults_spoil_it, begin, end),
		cmocka_unit_test_setup_teardown(the_next_answer_can_be_told, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
