/*
 * test_web.c - the pure parts of web/: routes, media types, request ids, answers.
 */
#include "../../src/web/web_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void test_routes(void **state)
{
	static const struct {
		const char *name;
		const char *method;
		const char *path;
		bool sandbox;
		enum web_match match;
		const char *route; /* path of the row that answers */
		const char *allow;
	} rows[] = {
		{ "webhook", "POST", "/webhook", false, MATCH_FOUND, "/webhook", "" },
		{ "GET is refused", "GET", "/webhook", false, MATCH_NO_METHOD, "/webhook", "POST" },
		{ "status", "POST", "/webhook/status", false, MATCH_FOUND, "/webhook/status", "" },
		{ "final slash is another path", "POST", "/webhook/", false, MATCH_NO_PATH, NULL,
		  "" },
		{ "case matters", "POST", "/Webhook", false, MATCH_NO_PATH, NULL, "" },
		{ "escaped is another path", "POST", "/%77ebhook", false, MATCH_NO_PATH, NULL, "" },
		{ "prefix is not enough", "GET", "/healthy", false, MATCH_NO_PATH, NULL, "" },
		{ "HEAD for GET", "HEAD", "/health", false, MATCH_FOUND, "/health", "" },
		{ "HEAD for POST", "HEAD", "/send-broadcast", false, MATCH_NO_METHOD,
		  "/send-broadcast", "POST" },
		{ "POST to GET", "POST", "/stats", false, MATCH_NO_METHOD, "/stats", "GET, HEAD" },
		{ "an id", "GET", "/broadcasts/0af3", false, MATCH_FOUND, "/broadcasts/{id}", "" },
		{ "no id", "GET", "/broadcasts/", false, MATCH_NO_PATH, NULL, "" },
		{ "no id before more", "GET", "/broadcasts//recipients", false, MATCH_NO_PATH, NULL,
		  "" },
		{ "behind an id", "GET", "/broadcasts/0af3/recipients", false, MATCH_FOUND,
		  "/broadcasts/{id}/recipients", "" },
		{ "an action", "POST", "/broadcasts/0af3/retry-failed", false, MATCH_FOUND,
		  "/broadcasts/{id}/retry-failed", "" },
		{ "GET of an action", "GET", "/broadcasts/0af3/pause", false, MATCH_NO_METHOD,
		  "/broadcasts/{id}/pause", "POST" },
		{ "POST to an id", "POST", "/broadcasts/0af3", false, MATCH_NO_METHOD,
		  "/broadcasts/{id}", "GET, HEAD" },
		{ "an unknown action", "POST", "/broadcasts/0af3/explode", false, MATCH_NO_PATH,
		  NULL, "" },
		{ "too deep", "GET", "/broadcasts/0af3/recipients/x", false, MATCH_NO_PATH, NULL,
		  "" },
		{ "final slash behind an id", "GET", "/broadcasts/0af3/", false, MATCH_NO_PATH,
		  NULL, "" },
		{ "sandbox off", "GET", "/sandbox/auth/health", false, MATCH_NO_PATH, NULL, "" },
		{ "page, sandbox off", "GET", "/sandbox", false, MATCH_NO_PATH, NULL, "" },
		{ "page", "GET", "/sandbox", true, MATCH_FOUND, "/sandbox", "" },
		{ "events", "GET", "/sandbox/events", true, MATCH_FOUND, "/sandbox/events", "" },
		{ "events, sandbox off", "GET", "/sandbox/events", false, MATCH_NO_PATH, NULL, "" },
		{ "session, sandbox off", "GET", "/sandbox/session", false, MATCH_NO_PATH, NULL,
		  "" },
		{ "sandbox on", "DELETE", "/sandbox/auth/health", true, MATCH_FOUND, "/sandbox/*",
		  "" },
		{ "root", "GET", "/", true, MATCH_NO_PATH, NULL, "" },
		{ "empty", "GET", "", true, MATCH_NO_PATH, NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct web_route *route = NULL;
		struct buf allow;
		enum web_match match;

		buf_init(&allow, 256);
		match = web_route_find(rows[i].method, rows[i].path, rows[i].sandbox, &route,
				       &allow);
		if (match != rows[i].match || !route != !rows[i].route ||
		    (route && strcmp(route->path, rows[i].route) != 0) ||
		    strcmp(allow.data, rows[i].allow) != 0)
			fail_msg("%s: match %d, allow \"%s\"", rows[i].name, match, allow.data);
		buf_free(&allow);
	}
}

static void test_ids_in_paths(void **state)
{
	static const struct {
		const char *path;
		const char *id;
	} rows[] = {
		{ "/broadcasts/0af3", "0af3" },
		{ "/broadcasts/0af3/recipients", "0af3" },
		{ "/broadcasts/%2e%2e", "%2e%2e" },
		{ "/stats", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct web_route *route = NULL;
		struct arena a = { 0 };
		struct buf allow;

		buf_init(&allow, 256);
		assert_int_equal(web_route_find("GET", rows[i].path, false, &route, &allow),
				 MATCH_FOUND);
		assert_string_equal(web_route_id(route, rows[i].path, &a), rows[i].id);
		buf_free(&allow);
		arena_free(&a);
	}
}

static void test_every_route_is_bounded(void **state)
{
	(void)state;
	for (size_t i = 0; i < web_route_count; i++) {
		const struct web_route *r = &web_routes[i];

		if (!r->handler || r->max_body > WEB_MAX_BODY || r->path[0] != '/')
			fail_msg("%s %s", r->method, r->path);
		if (strncmp(r->path, "/webhook", 8) == 0 && (r->who != WHO_SIGNED || !r->media))
			fail_msg("%s must be signed and of one media type", r->path);
	}
}

static void test_counting(void **state)
{
	struct metric *m = metric_counter("samvad_http_requests_total",
					  "route=\"/health\",status=\"200\"", "");
	struct metric *none =
		metric_counter("samvad_http_requests_total", "route=\"none\",status=\"404\"", "");
	struct metric *odd =
		metric_counter("samvad_http_requests_total", "route=\"none\",status=\"0\"", "");
	const struct web_route *route = NULL;
	struct buf allow;

	(void)state;
	buf_init(&allow, 64);
	assert_int_equal(web_route_find("GET", "/health", false, &route, &allow), MATCH_FOUND);
	web_route_count_answer(route, 200);
	web_route_count_answer(route, 200);
	web_route_count_answer(NULL, 404);
	web_route_count_answer(NULL, 418);
	assert_int_equal(metric_value(m), 2);
	assert_int_equal(metric_value(none), 1);
	assert_int_equal(metric_value(odd), 1);
	buf_free(&allow);
}

static void test_media(void **state)
{
	static const char form[] = "application/x-www-form-urlencoded";
	static const struct {
		const char *name;
		const char *header;
		bool fits;
	} rows[] = {
		{ "exact", "application/x-www-form-urlencoded", true },
		{ "charset", "application/x-www-form-urlencoded; charset=UTF-8", true },
		{ "blank before ;", "application/x-www-form-urlencoded ;charset=utf-8", true },
		{ "case", "Application/X-WWW-Form-Urlencoded", true },
		{ "longer", "application/x-www-form-urlencoded2", false },
		{ "json", "application/json", false },
		{ "multipart", "multipart/form-data; boundary=application/x-www-form-urlencoded",
		  false },
		{ "empty", "", false },
		{ "absent", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (web_media_is(rows[i].header, form) != rows[i].fits)
			fail_msg("%s", rows[i].name);
}

static void test_request_id(void **state)
{
	static const char longest[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static const struct {
		const char *name;
		const char *given;
		bool taken;
	} rows[] = {
		{ "word", "abc-DEF_1.2", true },
		{ "64 characters", longest, true },
		{ "65 characters",
		  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefX", false },
		{ "absent", NULL, false },
		{ "empty", "", false },
		{ "blank", "a b", false },
		{ "line break", "a\r\nSet-Cookie: x", false },
		{ "quote", "a\"b", false },
		{ "not ASCII", "é", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char id[WEB_REQUEST_ID_MAX + 1];

		web_request_id(rows[i].given, id);
		if (rows[i].taken != (rows[i].given && strcmp(id, rows[i].given) == 0))
			fail_msg("%s: became %s", rows[i].name, id);
		if (!rows[i].taken && (strlen(id) != 32 || strspn(id, "0123456789abcdef") != 32))
			fail_msg("%s: %s is not random hex", rows[i].name, id);
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *name;
		enum err_kind kind;
		int status;
		const char *code;
		bool tells; /* the error's own text may be shown */
	} rows[] = {
		{ "input", ERR_INPUT, 400, "malformed", true },
		{ "temporary", ERR_TEMP, 503, "unavailable", false },
		{ "full", ERR_FULL, 503, "no_space", false },
		{ "unsure", ERR_UNSURE, 503, "unavailable", false },
		{ "permanent", ERR_PERM, 500, "internal", false },
		{ "bug", ERR_BUG, 500, "internal", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct web_request rq = { .id = "r1" };
		struct err err = { .kind = rows[i].kind, .text = "the details" };
		struct web_answer an;
		char start[64];

		web_answer_init(&an);
		web_answer_err(&an, &rq, &err);
		(void)snprintf(start, sizeof start, "{\"error\":{\"code\":\"%s\",\"message\":\"",
			       rows[i].code);
		if (an.status != rows[i].status ||
		    strncmp(an.body.data, start, strlen(start)) != 0 ||
		    !strstr(an.body.data, "},\"request_id\":\"r1\"}") ||
		    !strstr(an.body.data, "the details") == rows[i].tells)
			fail_msg("%s: %d %s", rows[i].name, an.status, an.body.data);
		web_answer_free(&an);
	}
}

static void test_field_and_escapes(void **state)
{
	struct web_request rq = { .id = "r1" };
	struct web_answer an;

	(void)state;
	web_answer_init(&an);
	web_answer_error(&an, &rq, 400, "malformed", "target_step", "say \"%s\"", "a\nb");
	assert_string_equal(an.body.data,
			    "{\"error\":{\"code\":\"malformed\",\"message\":\"say \\\"a\\nb\\\"\","
			    "\"field\":\"target_step\"},\"request_id\":\"r1\"}");
	web_answer_free(&an);
}

static void test_wire(void **state)
{
	static const struct {
		const char *name;
		int status;
		bool with_body;
		bool close;
		const char *must;
		const char *must_not;
	} rows[] = {
		{ "plain", 200, true, false, "Content-Length: 5\r\n", "Connection" },
		{ "status line", 200, true, false, "HTTP/1.1 200 OK\r\nDate: ", "Server" },
		{ "id", 200, true, false, "\r\nX-Request-Id: r1\r\n", "WWW-Authenticate" },
		{ "nosniff", 200, true, false, "\r\nX-Content-Type-Options: nosniff\r\n", "Allow" },
		{ "no store", 200, true, false, "\r\nCache-Control: no-store\r\n", "Retry-After" },
		{ "body", 200, true, false, "\r\n\r\nhello", "\r\n\r\n\r\n" },
		{ "HEAD has the length only", 200, false, false, "Content-Length: 5\r\n", "hello" },
		{ "204 has no body", 204, true, false, "HTTP/1.1 204 No Content",
		  "Content-Length" },
		{ "closing", 413, true, true, "\r\nConnection: close\r\n", "Allow" },
		{ "try again", 503, true, false, "\r\nRetry-After: 5\r\n", "Allow" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct web_request rq = { .id = "r1" };
		struct web_answer an;
		struct buf wire;

		web_answer_init(&an);
		buf_init(&wire, 4096);
		an.status = rows[i].status;
		an.close = rows[i].close;
		an.type = "text/plain";
		(void)buf_adds(&an.body, "hello");
		assert_int_equal(web_answer_format(&an, &rq, rows[i].with_body, &wire), 0);
		if (!strstr(wire.data, rows[i].must) || strstr(wire.data, rows[i].must_not))
			fail_msg("%s: %s", rows[i].name, wire.data);
		buf_free(&wire);
		web_answer_free(&an);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_ids_in_paths),
		cmocka_unit_test(test_every_route_is_bounded),
		cmocka_unit_test(test_counting),
		cmocka_unit_test(test_media),
		cmocka_unit_test(test_request_id),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_field_and_escapes),
		cmocka_unit_test(test_wire),
	};

	return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
