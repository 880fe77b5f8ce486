/*
 * test_broadcast_accept.c - what an admin asks for: orders taken and refused, times, quiet hours.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../src/broadcast/broadcast_private.h"

#define NOW INT64_C(1795167000000) /* 2026-11-20T09:30:00Z */
#define HX  "HX00000000000000000000000000000001"

static struct bot *bot;

static int load(void **state)
{
	struct flow_faults faults = { 0 };

	(void)state;
	return bot_load("templates", "msme", &bot, &faults, NULL);
}

static int unload(void **state)
{
	(void)state;
	bot_release(&bot);
	return 0;
}

static const struct value *env(struct arena *a)
{
	struct value *v = value_object(a);

	value_add_text(a, v, "WEB_APP_URL", str_of("https://example.com"));
	return v;
}

/* "%x" in a body stands for so many letters. */
static struct str body_of(const char *body, struct arena *a)
{
	const char *mark = strchr(body, '%');
	size_t n = mark ? (size_t)strtol(mark + 1, NULL, 10) : 0;
	char *many = arena_alloc(a, n + 1);

	if (!mark)
		return str_of(body);
	memset(many, 'x', n);
	return str_of(arena_printf(a, "%.*s%s%s", (int)(mark - body), body, many,
				   mark + 1 + strspn(mark + 1, "0123456789")));
}

static void refusals(void **state)
{
	static const struct {
		const char *name, *body, *field, *says;
	} rows[] = {
		{ "nothing", "", "", "not JSON" },
		{ "half of it", "{\"message\":", "", "not JSON" },
		{ "a list", "[]", "", "not an object" },
		{ "a member twice", "{\"message\":\"a\",\"message\":\"b\"}", "", "not JSON" },
		{ "no message", "{}", "message", "missing" },
		{ "null is absent", "{\"message\":null}", "message", "missing" },
		{ "an empty one", "{\"message\":\"\"}", "message", "empty" },
		{ "blanks", "{\"message\":\" \\n\\t\"}", "message", "empty" },
		{ "a number", "{\"message\":5}", "message", "not a text" },
		{ "false", "{\"message\":false}", "message", "not a text" },
		{ "a list for a text", "{\"message\":[\"a\"]}", "message", "not a text" },
		{ "1601 characters", "{\"message\":\"%1601\"}", "message", "1601" },
		{ "a tag without end", "{\"message\":\"a\\nDear {{name\"}", "message",
		  "message:2" },
		{ "a section without end", "{\"message\":\"{{#name}}\"}", "message", "message:1" },
		{ "an unknown value", "{\"message\":\"a\\n{{nmae}}\"}", "message", "\"nmae\"" },
		{ "its line", "{\"message\":\"a\\n{{nmae}}\"}", "message", "message:2" },
		{ "an unknown section", "{\"message\":\"{{#nmae}}x{{/nmae}}\"}", "message",
		  "nmae" },
		{ "a list of the pack", "{\"message\":\"{{#sectors}}x{{/sectors}}\"}", "message",
		  "sectors" },
		{ "an unknown setting", "{\"message\":\"{{env.ADMIN_TOKEN}}\"}", "message",
		  "ADMIN_TOKEN" },
		{ "a dot outside", "{\"message\":\"{{.}}\"}", "message", "\".\"" },
		{ "a partial", "{\"message\":\"{{> card}}\"}", "message", "includes" },
		{ "an unknown step", "{\"message\":\"a\",\"target_step\":\"x\"}", "target_step",
		  "welcome, name, sector" },
		{ "a step that is none", "{\"message\":\"a\",\"target_step\":1}", "target_step",
		  "not a text" },
		{ "a time that is none", "{\"message\":\"a\",\"send_at\":\"soon\"}", "send_at",
		  "ISO 8601" },
		{ "a time without zone", "{\"message\":\"a\",\"send_at\":\"2026-11-20T10:00:00\"}",
		  "send_at", "zone" },
		{ "a time that has passed",
		  "{\"message\":\"a\",\"send_at\":\"2026-11-20T09:28:59Z\"}", "send_at", "passed" },
		{ "a time far ahead", "{\"message\":\"a\",\"send_at\":\"2026-12-25T09:30:01Z\"}",
		  "send_at", "35 days" },
		{ "a short sid", "{\"content_sid\":\"HX12\"}", "content_sid", "32 hex" },
		{ "another sid", "{\"content_sid\":\"MG00000000000000000000000000000001\"}",
		  "content_sid", "32 hex" },
		{ "variables alone", "{\"message\":\"a\",\"content_variables\":{\"1\":\"b\"}}",
		  "content_variables", "content_sid" },
		{ "variables as text", "{\"content_sid\":\"" HX "\",\"content_variables\":\"{}\"}",
		  "content_variables", "object" },
		{ "a variable as number",
		  "{\"content_sid\":\"" HX "\",\"content_variables\":{\"1\":2}}",
		  "content_variables", "not a text" },
		{ "an empty variable",
		  "{\"content_sid\":\"" HX "\",\"content_variables\":{\"1\":\" \"}}",
		  "content_variables", "empty" },
		{ "a variable nobody has",
		  "{\"content_sid\":\"" HX "\",\"content_variables\":{\"1\":\"{{nmae}}\"}}",
		  "content_variables", "nmae" },
		{ "a variable without end",
		  "{\"content_sid\":\"" HX "\",\"content_variables\":{\"1\":\"{{name\"}}",
		  "content_variables", "1" },
		{ "dry_run as text", "{\"message\":\"a\",\"dry_run\":\"yes\"}", "dry_run", "true" },
		{ "another member", "{\"message\":\"a\",\"target\":\"name\"}", "target",
		  "target_step" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct broadcaster_order order;
		const char *field = NULL;
		struct err err = { 0 };
		struct arena a = { 0 };
		int got = broadcaster_read_order(body_of(rows[i].body, &a), bot->flow, env(&a), NOW,
						 &a, &order, &field, &err);

		CHECK_CASE(got == -1, rows[i].name);
		CHECK_CASE(err.kind == ERR_INPUT, rows[i].name);
		CHECK_SAME(field, rows[i].field, rows[i].name);
		if (!strstr(err.text, rows[i].says))
			fail_msg("%s: says <%s>", rows[i].name, err.text);
		arena_free(&a);
	}
}

static void orders(void **state)
{
	static const struct {
		const char *name, *body;
		struct broadcaster_order want;
	} rows[] = {
		{ "a text", "{\"message\":\"Hello\"}", { "Hello", "", "", "", 0, false, true } },
		{ "nulls are absent",
		  "{\"message\":\"a\",\"target_step\":null,\"send_at\":null,\"content_sid\":null,"
		  "\"content_variables\":null,\"dry_run\":null}",
		  { "a", "", "", "", 0, false, true } },
		{ "what is saved",
		  "{\"message\":\"{{name}} {{id.sector}} {{hi.sector}} {{url.phone}} {{language}} "
		  "{{record.registration}} {{env.WEB_APP_URL}}{{#name}}{{.}}{{/name}}\"}",
		  { "{{name}} {{id.sector}} {{hi.sector}} {{url.phone}} {{language}} "
		    "{{record.registration}} {{env.WEB_APP_URL}}{{#name}}{{.}}{{/name}}",
		    "", "", "", 0, false, true } },
		{ "all of it",
		  "{\"message\":\"a\",\"target_step\":\"sector\",\"dry_run\":true,"
		  "\"send_at\":\"2026-11-20T15:30:00+05:30\",\"content_sid\":\"" HX "\","
		  "\"content_variables\":{\"1\":\"{{name}}\",\"2\":\"b\"}}",
		  { "a", "sector", HX, "{\"1\":\"{{name}}\",\"2\":\"b\"}", NOW + 1800000, true,
		    true } },
		{ "a template only",
		  "{\"content_sid\":\"" HX "\"}",
		  { "", "", HX, "", 0, false, true } },
		{ "a little late",
		  "{\"message\":\"a\",\"send_at\":\"2026-11-20T09:29:01Z\"}",
		  { "a", "", "", "", NOW - 59000, false, true } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct broadcaster_order got;
		const char *field = NULL;
		struct err err = { 0 };
		struct arena a = { 0 };

		if (broadcaster_read_order(str_of(rows[i].body), bot->flow, env(&a), NOW, &a, &got,
					   &field, &err) < 0)
			fail_msg("%s: %s: %s", rows[i].name, field, err.text);
		CHECK_SAME(got.message, rows[i].want.message, rows[i].name);
		CHECK_SAME(got.target_step, rows[i].want.target_step, rows[i].name);
		CHECK_SAME(got.content_sid, rows[i].want.content_sid, rows[i].name);
		CHECK_SAME(got.content_variables, rows[i].want.content_variables, rows[i].name);
		CHECK_CASE(got.send_at_ms == rows[i].want.send_at_ms, rows[i].name);
		CHECK_CASE(got.dry_run == rows[i].want.dry_run, rows[i].name);
		CHECK_CASE(got.whole, rows[i].name);
		arena_free(&a);
	}
}

static void exactly_1600_characters_fit(void **state)
{
	struct broadcaster_order got;
	const char *field = NULL;
	struct arena a = { 0 };

	(void)state;
	assert_int_equal(broadcaster_read_order(body_of("{\"message\":\"%1600\"}", &a), bot->flow,
						NULL, NOW, &a, &got, &field, NULL),
			 0);
	arena_free(&a);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: none */
	} rows[] = {
		{ "2026-11-20T09:30:00Z", NOW },
		{ "2026-11-20T09:30Z", NOW },
		{ "2026-11-20T09:30:00.5Z", NOW + 500 },
		{ "2026-11-20T09:30:00.123456Z", NOW + 123 },
		{ "2026-11-20T15:00:00+05:30", NOW },
		{ "2026-11-20T15:00:00+0530", NOW },
		{ "2026-11-20T01:30:00-08", NOW },
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2024-02-29T00:00:00Z", INT64_C(1709164800000) },
		{ "2023-02-29T00:00:00Z", -1 },
		{ "2026-13-01T00:00:00Z", -1 },
		{ "2026-00-01T00:00:00Z", -1 },
		{ "2026-11-20T24:00:00Z", -1 },
		{ "2026-11-20T09:60:00Z", -1 },
		{ "2026-11-20T09:30:60Z", -1 },
		{ "2026-11-20 09:30:00Z", -1 },
		{ "2026-11-20T09:30:00", -1 },
		{ "2026-11-20T09:30:00z", -1 },
		{ "2026-11-20T09:30:00.Z", -1 },
		{ "2026-11-20T09:30:00+5:30", -1 },
		{ "2026-11-20T09:30:00+15:00", -1 },
		{ "2026-11-20T09:30:00+05:60", -1 },
		{ "2026-11-20T09:30:00Z ", -1 },
		{ "20261120T093000Z", -1 },
		{ "1795167000", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t ms = -1;
		int got = broadcaster_read_time(rows[i].text, &ms);

		CHECK_CASE(got == (rows[i].ms < 0 ? -1 : 0), rows[i].text);
		if (got == 0 && ms != rows[i].ms)
			fail_msg("%s: %lld", rows[i].text, (long long)ms);
	}
}

static void quiet_hours_are_read(void **state)
{
	static const struct {
		const char *text;
		struct quiet_hours want; /* from < 0: refused */
	} rows[] = {
		{ "", { 0, 0, 0 } },
		{ "21:00-09:00+05:30", { 1260, 540, 330 } },
		{ "22:30-08:15Z", { 1350, 495, 0 } },
		{ "01:00-02:00-08:00", { 60, 120, -480 } },
		{ "21:00-24:00Z", { 1260, 0, 0 } },
		{ "21:00-09:00", { -1, 0, 0 } },
		{ "21-09Z", { -1, 0, 0 } },
		{ "25:00-09:00Z", { -1, 0, 0 } },
		{ "21:60-09:00Z", { -1, 0, 0 } },
		{ "21:00-09:00+0530", { -1, 0, 0 } },
		{ "21:00-09:00+15:00", { -1, 0, 0 } },
		{ "21:00-09:00Zulu", { -1, 0, 0 } },
		{ "09:00-09:00Z", { -1, 0, 0 } },
		{ "off", { -1, 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct quiet_hours got;
		struct err err = { 0 };
		bool refused = rows[i].want.from_min < 0;

		CHECK_CASE(broadcaster_parse_quiet(rows[i].text, &got, &err) == (refused ? -1 : 0),
			   rows[i].text);
		if (refused) {
			CHECK_CASE(got.from_min == got.to_min, rows[i].text);
			CHECK_CASE(err.kind == ERR_INPUT && err.text[0], rows[i].text);
			continue;
		}
		CHECK_CASE(got.from_min == rows[i].want.from_min, rows[i].text);
		CHECK_CASE(got.to_min == rows[i].want.to_min, rows[i].text);
		CHECK_CASE(got.offset_min == rows[i].want.offset_min, rows[i].text);
	}
}

static void quiet_until(void **state)
{
	static const struct {
		const char *name, *quiet, *now, *until; /* until NULL: not quiet */
	} rows[] = {
		{ "none", "", "2026-11-20T23:00:00Z", NULL },
		{ "before", "21:00-09:00Z", "2026-11-20T20:59:59Z", NULL },
		{ "begins", "21:00-09:00Z", "2026-11-20T21:00:00Z", "2026-11-21T09:00:00Z" },
		{ "after midnight", "21:00-09:00Z", "2026-11-21T03:00:00Z",
		  "2026-11-21T09:00:00Z" },
		{ "ends", "21:00-09:00Z", "2026-11-21T09:00:00Z", NULL },
		{ "in one day", "12:00-14:00Z", "2026-11-20T13:00:00Z", "2026-11-20T14:00:00Z" },
		{ "in India", "21:00-09:00+05:30", "2026-11-20T15:30:00Z", "2026-11-21T03:30:00Z" },
		{ "not yet in India", "21:00-09:00+05:30", "2026-11-20T15:29:59Z", NULL },
		{ "west", "21:00-09:00-08:00", "2026-11-20T06:00:00Z", "2026-11-20T17:00:00Z" },
		{ "until midnight", "21:00-24:00Z", "2026-11-20T23:59:59Z",
		  "2026-11-21T00:00:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct quiet_hours quiet;
		int64_t now, until = 0;

		assert_int_equal(broadcaster_parse_quiet(rows[i].quiet, &quiet, NULL), 0);
		assert_int_equal(broadcaster_read_time(rows[i].now, &now), 0);
		if (rows[i].until)
			assert_int_equal(broadcaster_read_time(rows[i].until, &until), 0);
		CHECK_CASE(broadcaster_quiet_until(&quiet, now) == until, rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(orders),
		cmocka_unit_test(exactly_1600_characters_fit),
		cmocka_unit_test(times),
		cmocka_unit_test(quiet_hours_are_read),
		cmocka_unit_test(quiet_until),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
