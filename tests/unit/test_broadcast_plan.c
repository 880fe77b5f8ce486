/*
 * test_broadcast_plan.c - who is written to and what: rows, skips, texts; numbers that add up.
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

/* ---- numbers ---- */

static void outcomes(void **state)
{
	static const struct {
		const char *name;
		enum outbound_state state;
		enum outbound_reason reason;
		enum status status;
		int code;
		bool cancelled;
		enum broadcaster_outcome want;
	} rows[] = {
		{ "waits", OUTBOUND_WAITING, 0, 0, 0, false, OUTCOME_WAITING },
		{ "waits for ever", OUTBOUND_WAITING, 0, 0, 0, true, OUTCOME_CANCELLED },
		{ "on its way", OUTBOUND_CLAIMED, 0, 0, 0, true, OUTCOME_SENDING },
		{ "perhaps", OUTBOUND_UNSURE, 0, 0, 0, false, OUTCOME_UNSURE },
		{ "accepted", OUTBOUND_ACCEPTED, 0, STATUS_QUEUED, 0, false, OUTCOME_ACCEPTED },
		{ "sent", OUTBOUND_ACCEPTED, 0, STATUS_SENT, 0, false, OUTCOME_ACCEPTED },
		{ "delivered", OUTBOUND_ACCEPTED, 0, STATUS_DELIVERED, 0, true, OUTCOME_DELIVERED },
		{ "read", OUTBOUND_ACCEPTED, 0, STATUS_READ, 0, false, OUTCOME_READ },
		{ "failed later", OUTBOUND_ACCEPTED, 0, STATUS_FAILED, 0, false, OUTCOME_FAILED },
		{ "undelivered", OUTBOUND_ACCEPTED, 0, STATUS_UNDELIVERED, 0, false,
		  OUTCOME_FAILED },
		{ "parked", OUTBOUND_PARKED, 0, 0, 0, false, OUTCOME_PARKED },
		{ "refused", OUTBOUND_DEAD, OUTBOUND_FAILED, 0, 0, false, OUTCOME_FAILED },
		{ "refused after a STOP there", OUTBOUND_DEAD, OUTBOUND_FAILED, 0, 21610, false,
		  OUTCOME_SKIPPED },
		{ "undelivered after a STOP there", OUTBOUND_ACCEPTED, 0, STATUS_UNDELIVERED, 21610,
		  false, OUTCOME_SKIPPED },
		{ "untold", OUTBOUND_DEAD, OUTBOUND_UNTOLD, 0, 0, false, OUTCOME_UNSURE },
		{ "skipped", OUTBOUND_DEAD, OUTBOUND_OPTED_OUT, 0, 0, true, OUTCOME_SKIPPED },
		{ "too long", OUTBOUND_DEAD, OUTBOUND_TOO_LONG, 0, 0, false, OUTCOME_SKIPPED },
		{ "replaced", OUTBOUND_DEAD, OUTBOUND_REPLACED, STATUS_FAILED, 0, false,
		  OUTCOME_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct broadcast_count c = { rows[i].state, rows[i].reason, rows[i].status,
						   rows[i].code, 1 };

		CHECK_CASE(broadcaster_outcome_of(&c, rows[i].cancelled) == rows[i].want,
			   rows[i].name);
	}
}

static void counts_add_up(void **state)
{
	static const struct broadcast_count list[] = {
		{ OUTBOUND_WAITING, 0, 0, 0, 7 },
		{ OUTBOUND_CLAIMED, 0, 0, 0, 2 },
		{ OUTBOUND_UNSURE, 0, 0, 0, 1 },
		{ OUTBOUND_ACCEPTED, 0, STATUS_SENT, 0, 10 },
		{ OUTBOUND_ACCEPTED, 0, STATUS_DELIVERED, 0, 20 },
		{ OUTBOUND_ACCEPTED, 0, STATUS_READ, 0, 30 },
		{ OUTBOUND_ACCEPTED, 0, STATUS_UNDELIVERED, 63024, 4 },
		{ OUTBOUND_ACCEPTED, 0, STATUS_FAILED, 63016, 5 },
		{ OUTBOUND_DEAD, OUTBOUND_FAILED, 0, 21211, 3 },
		{ OUTBOUND_DEAD, OUTBOUND_FAILED, 0, 21610, 6 },
		{ OUTBOUND_DEAD, OUTBOUND_UNTOLD, 0, 0, 1 },
		{ OUTBOUND_DEAD, OUTBOUND_OPTED_OUT, 0, 0, 8 },
		{ OUTBOUND_DEAD, OUTBOUND_NO_VALUE, 0, 0, 9 },
		{ OUTBOUND_DEAD, OUTBOUND_REPLACED, STATUS_FAILED, 63016, 100 },
		{ OUTBOUND_PARKED, 0, 0, 0, 11 },
	};
	struct broadcaster_progress p;
	int64_t sum = 0;

	(void)state;
	broadcaster_count_up(list, COUNT(list), false, &p);
	for (int o = 0; o < OUTCOME_COUNT; o++)
		sum += p.outcomes[o];
	assert_int_equal(p.audience, 117);
	assert_int_equal(sum, p.audience);
	assert_int_equal(p.outcomes[OUTCOME_FAILED], 12);
	assert_int_equal(p.outcomes[OUTCOME_UNSURE], 2);
	assert_int_equal(p.outcomes[OUTCOME_SKIPPED], 23);
	assert_int_equal(p.skipped[OUTBOUND_OPTED_OUT], 14); /* 6 of them said it to the provider */
	assert_int_equal(p.skipped[OUTBOUND_NO_VALUE], 9);
	/* neither closed windows nor opt-outs say that something is wrong */
	assert_int_equal(p.failed, 7);
	assert_int_equal(p.finished, 67);
	assert_int_equal(p.code, 63024);
	assert_int_equal(p.open, 10); /* an untold one is over, as far as anybody can tell */
}

static void failing(void **state)
{
	static const struct {
		const char *name;
		int64_t failed, finished;
		bool want;
	} rows[] = {
		{ "none", 0, 0, false },	{ "all of a few", 24, 24, false },
		{ "enough", 25, 80, true },	{ "not more than the share", 30, 100, false },
		{ "just more", 31, 100, true }, { "many, but few of them", 1000, 100000, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK_CASE(broadcaster_is_failing(rows[i].failed, rows[i].finished) == rows[i].want,
			   rows[i].name);
}

static void finish(void **state)
{
	static const struct {
		const char *name, *quiet, *from;
		int64_t messages;
		double rate;
		const char *want;
	} rows[] = {
		{ "at once", "", "2026-11-20T09:30:00Z", 0, 10, "2026-11-20T09:30:00.000Z" },
		{ "a minute", "", "2026-11-20T09:30:00Z", 600, 10, "2026-11-20T09:31:00.000Z" },
		{ "before the night", "21:00-09:00Z", "2026-11-20T20:59:00Z", 600, 10,
		  "2026-11-20T21:00:00.000Z" },
		{ "over the night", "21:00-09:00Z", "2026-11-20T20:59:00Z", 1200, 10,
		  "2026-11-21T09:01:00.000Z" },
		{ "from the night", "21:00-09:00Z", "2026-11-20T23:00:00Z", 600, 10,
		  "2026-11-21T09:01:00.000Z" },
		{ "two nights", "21:00-09:00Z", "2026-11-20T09:00:00Z", 90000, 1,
		  "2026-11-22T10:00:00.000Z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct quiet_hours quiet;
		char got[CLOCK_ISO_SIZE];
		int64_t from;

		assert_int_equal(broadcaster_parse_quiet(rows[i].quiet, &quiet, NULL), 0);
		assert_int_equal(broadcaster_read_time(rows[i].from, &from), 0);
		clock_format_iso(
			broadcaster_finish_ms(rows[i].messages, rows[i].rate, from, &quiet), got);
		CHECK_SAME(got, rows[i].want, rows[i].name);
	}
}

static void retried(void **state)
{
	static const struct {
		const char *name;
		enum outbound_state state;
		enum outbound_reason reason;
		enum status status;
		int64_t created_ms;
		bool want;
	} rows[] = {
		{ "refused", OUTBOUND_DEAD, OUTBOUND_FAILED, 0, NOW - 1, true },
		{ "failed later", OUTBOUND_ACCEPTED, 0, STATUS_FAILED, NOW - 1, true },
		{ "undelivered", OUTBOUND_ACCEPTED, 0, STATUS_UNDELIVERED, NOW - 1, true },
		{ "of this round", OUTBOUND_DEAD, OUTBOUND_FAILED, 0, NOW, false },
		{ "untold", OUTBOUND_DEAD, OUTBOUND_UNTOLD, 0, NOW - 1, false },
		{ "perhaps", OUTBOUND_UNSURE, 0, 0, NOW - 1, false },
		{ "skipped", OUTBOUND_DEAD, OUTBOUND_OPTED_OUT, 0, NOW - 1, false },
		{ "replaced", OUTBOUND_DEAD, OUTBOUND_REPLACED, STATUS_FAILED, NOW - 1, false },
		{ "delivered", OUTBOUND_ACCEPTED, 0, STATUS_DELIVERED, NOW - 1, false },
		{ "waits", OUTBOUND_WAITING, 0, 0, NOW - 1, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct outbound row = { .state = rows[i].state,
					      .reason = rows[i].reason,
					      .status = rows[i].status,
					      .created_ms = rows[i].created_ms };

		CHECK_CASE(broadcaster_is_retried(&row, NOW) == rows[i].want, rows[i].name);
	}
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
		cmocka_unit_test(outcomes),
		cmocka_unit_test(counts_add_up),
		cmocka_unit_test(failing),
		cmocka_unit_test(finish),
		cmocka_unit_test(retried),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
