/*
 * test_broadcast_plan.c - who is written to and what: rows, skips, texts.
 */
#include "check.h"

#include <stdio.h>

#include "../../src/broadcast/broadcast_private.h"

#define NOW  INT64_C(1795167000000)
#define HOUR INT64_C(3600000)
#define WHO  "whatsapp:+919876543210"
#define HX   "HX00000000000000000000000000000001"

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

/* ---- one row ---- */

static struct session *a_session(struct arena *a, const char *name, const char *sector)
{
	struct session *s = arena_alloc(a, sizeof *s);

	s->flow = "msme";
	s->step = s->shown_step = "sector";
	(void)snprintf(s->language, sizeof s->language, "en");
	s->receiver = s->account = "";
	if (name)
		assert_int_equal(session_set(s, a, "name", name, NULL), 0);
	if (sector)
		assert_int_equal(session_set(s, a, "sector", sector, NULL), 0);
	return s;
}

struct person {
	const char *name;
	const char *sector;
	int64_t hours_ago;
	bool opted_out;
	int trouble;
};

static struct outbound plan(const struct broadcast *b, const struct person *p, bool sandbox,
			    struct arena *a)
{
	const struct session *session = a_session(a, p->name, p->sector);
	const struct audience_member m = {
		.contact = WHO,
		.facts = { .known = true,
			   .last_in_ms = NOW - p->hours_ago * HOUR,
			   .consent = p->opted_out ? CONSENT_OUT : CONSENT_IN,
			   .trouble_code = p->trouble,
			   .trouble_ms = p->trouble ? NOW - 1000 : 0 },
		.session = session,
	};
	struct broadcaster_letter letter;
	struct broadcaster_plan plan = { .broadcast = b,
					 .letter = &letter,
					 .flow = bot->flow,
					 .channel = "twilio",
					 .sandbox_sender = sandbox,
					 .now_ms = NOW };
	struct outbound row;
	const char *field;

	assert_int_equal(broadcaster_letter_open(b->message, b->content_variables, NULL, NULL, a,
						 &letter, &field, NULL),
			 0);
	broadcaster_plan_row(&plan, &m, a, &row);
	broadcaster_letter_close(&letter);
	return row;
}

static struct broadcast a_broadcast(const char *message, const char *sid, const char *variables)
{
	return (struct broadcast){ .id = "0123456789abcdef0123456789abcdef",
				   .message = message,
				   .content_sid = sid,
				   .content_variables = variables,
				   .target_step = "",
				   .cursor = "" };
}

static void rows_and_skips(void **state)
{
	static const struct {
		const char *name;
		const char *message, *sid, *variables;
		struct person person;
		bool sandbox;
		int64_t in_hours; /* send_at */
		enum outbound_reason reason;
		bool as_template;
	} rows[] = {
		{ "in the window",
		  "Hi",
		  "",
		  "",
		  { "Asha", NULL, 1, false, 0 },
		  false,
		  0,
		  0,
		  false },
		{ "opted out",
		  "Hi",
		  "",
		  "",
		  { "Asha", NULL, 1, true, 0 },
		  false,
		  0,
		  OUTBOUND_OPTED_OUT,
		  false },
		{ "opted out, with a template",
		  "",
		  HX,
		  "",
		  { "Asha", NULL, 1, true, 0 },
		  false,
		  0,
		  OUTBOUND_OPTED_OUT,
		  false },
		{ "the window is closed",
		  "Hi",
		  "",
		  "",
		  { "Asha", NULL, 25, false, 0 },
		  false,
		  0,
		  OUTBOUND_OUTSIDE_WINDOW,
		  false },
		{ "closed, with a template",
		  "Hi",
		  HX,
		  "",
		  { "Asha", NULL, 25, false, 0 },
		  false,
		  0,
		  0,
		  true },
		{ "open, with a template",
		  "Hi",
		  HX,
		  "",
		  { "Asha", NULL, 1, false, 0 },
		  false,
		  0,
		  0,
		  false },
		{ "only a template", "", HX, "", { "Asha", NULL, 1, false, 0 }, false, 0, 0, true },
		{ "blocked",
		  "Hi",
		  "",
		  "",
		  { "Asha", NULL, 1, false, 63024 },
		  false,
		  0,
		  OUTBOUND_BLOCKED,
		  false },
		{ "membership has ended",
		  "Hi",
		  "",
		  "",
		  { "Asha", NULL, 73, false, 0 },
		  true,
		  0,
		  OUTBOUND_NOT_JOINED,
		  false },
		{ "ended, with a template",
		  "Hi",
		  HX,
		  "",
		  { "Asha", NULL, 73, false, 0 },
		  true,
		  0,
		  OUTBOUND_NOT_JOINED,
		  false },
		{ "still a member",
		  "Hi",
		  HX,
		  "",
		  { "Asha", NULL, 71, false, 0 },
		  true,
		  0,
		  0,
		  true },
		{ "a sender of our own",
		  "Hi",
		  HX,
		  "",
		  { "Asha", NULL, 73, false, 0 },
		  false,
		  0,
		  0,
		  true },
		{ "later: the window may open",
		  "Hi",
		  "",
		  "",
		  { "Asha", NULL, 25, false, 0 },
		  false,
		  5,
		  0,
		  false },
		{ "later: they may join",
		  "Hi",
		  "",
		  "",
		  { "Asha", NULL, 73, false, 0 },
		  true,
		  5,
		  0,
		  false },
		{ "later, but opted out",
		  "Hi",
		  "",
		  "",
		  { "Asha", NULL, 1, true, 0 },
		  false,
		  5,
		  OUTBOUND_OPTED_OUT,
		  false },
		{ "no name",
		  "Hi {{name}}",
		  "",
		  "",
		  { NULL, NULL, 1, false, 0 },
		  false,
		  0,
		  OUTBOUND_NO_VALUE,
		  false },
		{ "no name for the template",
		  "",
		  HX,
		  "{\"1\":\"{{name}}\"}",
		  { NULL, NULL, 1, false, 0 },
		  false,
		  0,
		  OUTBOUND_NO_VALUE,
		  false },
		{ "opted out says more than no name",
		  "Hi {{name}}",
		  "",
		  "",
		  { NULL, NULL, 1, true, 0 },
		  false,
		  0,
		  OUTBOUND_OPTED_OUT,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = { 0 };
		struct broadcast b = a_broadcast(rows[i].message, rows[i].sid,
						 rows[i].variables ? rows[i].variables : "");
		struct outbound row;

		b.send_at_ms = rows[i].in_hours ? NOW + rows[i].in_hours * HOUR : 0;
		row = plan(&b, &rows[i].person, rows[i].sandbox, &a);
		CHECK_SAME(outbound_reason_name(row.reason), outbound_reason_name(rows[i].reason),
			   rows[i].name);
		CHECK_CASE(row.state == (rows[i].reason ? OUTBOUND_DEAD : OUTBOUND_WAITING),
			   rows[i].name);
		CHECK_CASE(row.as_template == rows[i].as_template, rows[i].name);
		CHECK_CASE(row.due_ms == (b.send_at_ms ? b.send_at_ms : NOW), rows[i].name);
		CHECK_CASE(row.kind == OUTBOUND_BROADCAST, rows[i].name);
		CHECK_SAME(row.broadcast, b.id, rows[i].name);
		CHECK_SAME(row.text, rows[i].reason ? "" : rows[i].message, rows[i].name);
		arena_free(&a);
	}
}

static void planning_twice_makes_the_same_row(void **state)
{
	const struct broadcast b = a_broadcast("Hi {{name}}", "", "");
	const struct person asha = { "Asha", NULL, 1, false, 0 };
	struct arena a = { 0 };
	struct outbound one = plan(&b, &asha, false, &a);
	struct outbound two = plan(&b, &asha, false, &a);

	(void)state;
	assert_string_equal(one.id, two.id);
	assert_int_equal(strlen(one.id), ID_HEX_SIZE - 1);
	assert_string_equal(one.text, two.text);
	arena_free(&a);
}

/* ---- texts ---- */

static void texts(void **state)
{
	static const struct {
		const char *name, *message;
		struct person person;
		const char *want; /* NULL: no value */
	} rows[] = {
		{ "plain", "Hello", { NULL, NULL, 0, false, 0 }, "Hello" },
		{ "a name", "Dear {{name}}", { "Asha", NULL, 0, false, 0 }, "Dear Asha" },
		{ "a label",
		  "{{sector}}",
		  { NULL, "food_beverage", 0, false, 0 },
		  "Food & Beverage" },
		{ "its id",
		  "{{id.sector}}",
		  { NULL, "food_beverage", 0, false, 0 },
		  "food_beverage" },
		{ "in Hindi", "{{hi.sector}}", { NULL, "textile", 0, false, 0 }, "वस्त्र उद्योग" },
		{ "no rendering twice",
		  "{{name}}",
		  { "{{phone}}", NULL, 0, false, 0 },
		  "{{phone}}" },
		{ "nothing", "Dear {{name}}", { NULL, NULL, 0, false, 0 }, NULL },
		{ "only in its section",
		  "Hi{{#name}} {{name}}{{/name}}",
		  { NULL, NULL, 0, false, 0 },
		  "Hi" },
		{ "or a word for it",
		  "{{#name}}{{.}}{{/name}}{{^name}}friend{{/name}}",
		  { NULL, NULL, 0, false, 0 },
		  "friend" },
		{ "needed where another is there",
		  "Hi {{#sector}}{{name}}{{/sector}}",
		  { NULL, "textile", 0, false, 0 },
		  NULL },
		{ "not needed where it is not",
		  "Hi{{#sector}} {{name}}{{/sector}}",
		  { NULL, NULL, 0, false, 0 },
		  "Hi" },
		{ "needed where another is missing",
		  "Hi {{^sector}}{{name}}{{/sector}}",
		  { NULL, NULL, 0, false, 0 },
		  NULL },
		{ "not needed there",
		  "Hi{{^sector}} {{name}}{{/sector}}",
		  { NULL, "textile", 0, false, 0 },
		  "Hi" },
		{ "nothing is left", "{{#name}}Hi{{/name}}\n", { NULL, NULL, 0, false, 0 }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = { 0 };
		const struct broadcast b = a_broadcast(rows[i].message, "", "");
		struct outbound row = plan(&b, &rows[i].person, false, &a);

		CHECK_CASE(row.reason == (rows[i].want ? OUTBOUND_NO_REASON : OUTBOUND_NO_VALUE),
			   rows[i].name);
		CHECK_SAME(row.text, rows[i].want ? rows[i].want : "", rows[i].name);
		arena_free(&a);
	}
}

static void variables(void **state)
{
	const struct broadcast b = a_broadcast(
		"", HX, "{\"1\":\" {{name}}\\n\\tof   {{sector}} \",\"2\":\"{{language}}\"}");
	const struct person asha = { "Asha \"A\"", "textile", 1, false, 0 };
	struct arena a = { 0 };
	struct outbound row = plan(&b, &asha, false, &a);

	(void)state;
	assert_string_equal(row.content_variables,
			    "{\"1\":\"Asha \\\"A\\\" of Textile\",\"2\":\"en\"}");
	assert_true(row.as_template);
	arena_free(&a);
}

static void a_text_that_outgrows_a_message_is_a_skip(void **state)
{
	struct arena a = { 0 };
	char *message = arena_alloc(&a, 1601);
	const struct person asha = { "Asha Rao", NULL, 1, false, 0 };
	struct broadcast b;

	(void)state;
	memset(message, 'x', 1592);
	memcpy(message + 1592, "{{name}}", 9);
	b = a_broadcast(message, "", "");
	assert_int_equal(plan(&b, &asha, false, &a).reason, OUTBOUND_NO_REASON);
	message[0] = 'y';
	b.message = arena_printf(&a, "x%s", message);
	assert_int_equal(plan(&b, &asha, false, &a).reason, OUTBOUND_TOO_LONG);
	arena_free(&a);
}

static void sessions_of_another_flow_have_no_values(void **state)
{
	struct arena a = { 0 };
	struct session *s = a_session(&a, "Asha", NULL);

	(void)state;
	assert_non_null(value_get(flow_session_values(bot->flow, s, NULL, &a), "name"));
	s->flow = "another";
	assert_null(value_get(flow_session_values(bot->flow, s, NULL, &a), "name"));
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_and_skips),
		cmocka_unit_test(planning_twice_makes_the_same_row),
		cmocka_unit_test(texts),
		cmocka_unit_test(variables),
		cmocka_unit_test(a_text_that_outgrows_a_message_is_a_skip),
		cmocka_unit_test(sessions_of_another_flow_have_no_values),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
