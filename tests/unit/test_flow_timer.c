/*
 * test_flow_timer.c - silence: reminders, the end of waiting, and to whom nothing is said.
 */
#include "flow_pack.h"

static const struct pack_file texts[] = {
	{ "en/hello.txt", "Hello" },	 { "en/name.txt", "Name?" },
	{ "en/age.txt", "Age?" },	 { "en/wrong.txt", "wrong" },
	{ "en/there.txt", "There?" },	 { "en/last.txt", "Last call{{#name}}, {{name}}{{/name}}" },
	{ "en/over.txt", "Timed out" },	 { "en/bye.txt", "bye" },
	{ "en/stopped.txt", "stopped" }, { "en/expired.txt", "expired" },
	{ "en/own.txt", "Own" },
};

static const char json[] =
	"{\"flow\": \"t\", \"version\": 1, \"languages\": {\"en\": {}}, \"start\": \"hello\",\n"
	"\"values\": {\"name\": {\"type\": \"text\"}, \"age\": {\"type\": \"integer\"}},\n"
	"\"reminders\": [{\"after\": \"30m\", \"say\": \"there\", \"ask\": true},\n"
	" {\"after\": \"5h\", \"say\": \"last\"}],\n"
	"\"expiry\": {\"after\": \"10h\", \"do\": {\"clear\": true, \"say\": \"over\"}},\n"
	"\"calls\": {\"slow\": {\"method\": \"GET\", \"url\": \"http://x\", \"timeout_ms\": "
	"\"1000\", "
	"\"outcomes\": [{\"name\": \"ok\", \"status\": 200}]}},\n"
	"\"steps\": {\n"
	" \"hello\": {\"say\": \"hello\", \"next\": \"name\"},\n"
	" \"name\": {\"ask\": \"name\", \"save\": \"name\", \"wrong\": \"wrong\", \"next\": "
	"\"age\"},\n"
	" \"age\": {\"ask\": \"age\", \"save\": \"age\", \"wrong\": \"wrong\", \"next\": "
	"\"call\",\n"
	"  \"reminders\": [{\"after\": \"1h\", \"say\": \"own\"}]},\n"
	" \"call\": {\"call\": \"slow\", \"exits\": {\"otherwise\": \"done\"}},\n"
	" \"done\": {\"say\": \"bye\", \"end\": true, \"again\": \"bye\"}},\n"
	"\"commands\": {\"stop\": {\"words\": {\"en\": [\"stop\"]}, \"do\": {\"consent\": \"out\", "
	"\"say\": \"stopped\"}}},\n"
	"\"system\": {\"one_moment\": \"sys\", \"too_fast\": \"sys\", \"trouble\": \"sys\", "
	"\"still_working\": \"sys\", \"media_instead\": \"media\", \"way_out\": \"sys\", "
	"\"expired\": \"expired\", \"flow_changed\": \"sys\"}}";

static void run(const char *name, const char *chat)
{
	struct talk t;

	pack_open(&t, json, texts, COUNT(texts));
	pack_is_clean(&t);
	pack_plays(&t, name, chat);
	talk_close(&t);
}

#define BEGIN "> hi\n< Hello\n< Name?\n"

static void reminders_come_after_silence(void **state)
{
	(void)state;
	run("once each",
	    BEGIN "pass 29m\npass 2m\n< There?\n< Name?\npass 4h\npass 1h\n< Last call\n"
		  "pass 4h\n");
	run("both in one pass", BEGIN "pass 6h\n< There?\n< Name?\n< Last call\n");
	run("an answer begins anew", BEGIN "pass 31m\n< There?\n< Name?\n> Asha\n< Age?\npass 59m\n"
					   "pass 2m\n< Own\npass 8h\n");
	run("a wrong answer is heard as well",
	    BEGIN "> Asha\n< Age?\npass 50m\n> old\n< wrong\n< Age?\npass 50m\npass 11m\n< Own\n");
}

static void waiting_ends(void **state)
{
	(void)state;
	run("told, then begun anew", BEGIN "> Asha\n< Age?\npass 11h\n< Own\n< Timed out\n"
					   "expect no value name\nexpect step hello\n"
					   "> I am back\n< Hello\n< Name?\n");
	run("not told twice",
	    BEGIN "pass 11h\n< ...\n< Timed out\npass 30h\n> hi\n< Hello\n< Name?\n");
	run("an old session says so", "> hi\n< ...\n> stop\n< stopped\n> x\n< Age?\n> 5\n"
				      "pass 25h\n> hi\n< expired\n< Hello\n< Name?\n");
}

/* The program was away, or the message is a moment ahead of the timer. */
static void a_message_comes_before_the_timer(void **state)
{
	struct talk t;

	(void)state;
	pack_open(&t, json, texts, COUNT(texts));
	(void)talk_write(&t, "hi");
	(void)talk_write(&t, "Asha");
	assert_string_equal(session_get(t.session, "name"), "Asha");
	t.env.now_ms += 11 * 3600000;
	assert_string_equal(talk_write(&t, "42"), "Timed out\n\nHello\n\nName?\n--\n");
	assert_null(session_get(t.session, "name"));
	assert_null(session_get(t.session, "age"));
	talk_close(&t);
}

/* A question of its own after the pause, whose answer leads to where one was. */
static void the_wait_is_taken_up_again(void **state)
{
	static const char resume[] =
		"{\"flow\": \"t\", \"version\": 1, \"languages\": {\"en\": {}}, \"start\": "
		"\"name\", \"values\": {\"name\": {\"type\": \"text\"}, \"age\": {\"type\": "
		"\"integer\"}}, \"expiry\": {\"after\": \"1h\", \"do\": {\"say\": \"over\", "
		"\"goto\": \"resume\"}}, \"steps\": {\"name\": {\"ask\": \"name\", \"save\": "
		"\"name\", \"wrong\": \"wrong\", \"next\": \"age\"}, \"age\": {\"ask\": "
		"\"age\", \"save\": \"age\", \"wrong\": \"wrong\", \"next\": \"done\"}, "
		"\"resume\": {\"ask\": \"there\", \"wrong\": \"wrong\", \"input\": {\"type\": "
		"\"choice\", \"options\": [{\"id\": \"on\", \"label\": {\"en\": \"Go on\"}}, "
		"{\"id\": \"anew\", \"label\": {\"en\": \"Anew\"}}]}, \"exits\": {\"on\": "
		"\"@back\", \"anew\": {\"clear\": true, \"goto\": \"name\"}}}, \"done\": "
		"{\"end\": true, \"again\": \"bye\"}}, " PACK_SYSTEM "}";
	static const char chat[] = "> hi\n< Name?\n> Asha\n< Age?\npass 2h\n< Timed out\n"
				   "expect value name Asha\n> hello\n< There?\n> go on\n< Age?\n"
				   "pass 2h\n< Timed out\n> 7\n< There?\n> anew\n< Name?\n"
				   "expect no value name\n";
	struct talk t;

	(void)state;
	pack_open(&t, resume, texts, COUNT(texts));
	pack_plays(&t, "resume", chat);
	talk_close(&t);
}

static void nothing_is_said(void **state)
{
	(void)state;
	run("after STOP", BEGIN "> stop\n< stopped\npass 6h\npass 6h\nexpect step hello\n");
	run("during a call",
	    BEGIN "> Asha\n< Age?\n> 5\npass 20h\ncall slow -> ok\n< bye\npass 20h\n");
	run("after the end", BEGIN "> Asha\n< Age?\n> 5\ncall slow -> ok\n< bye\npass 23h\n");
}

static const char *timer(struct talk *t, int64_t after_ms)
{
	t->env.now_ms += after_ms - 1000;
	return talk_run(t, &(struct flow_input){ .kind = FLOW_INPUT_TIMER });
}

#define MIN INT64_C(60000)

static void when_it_wakes(void **state)
{
	struct talk t;
	int64_t heard;

	(void)state;
	pack_open(&t, json, texts, COUNT(texts));
	(void)talk_run(&t, &(struct flow_input){ .kind = FLOW_INPUT_TIMER });
	assert_null(t.session); /* nobody is there */
	(void)talk_write(&t, "hi");
	heard = t.env.now_ms;
	assert_int_equal(t.session->wake_ms, heard + 30 * MIN);
	(void)timer(&t, 29 * MIN); /* too early */
	assert_string_equal(t.said, "");
	assert_int_equal(t.session->wake_ms, heard + 30 * MIN);
	(void)timer(&t, 2 * MIN);
	assert_string_equal(t.said, "There?\n\nName?\n--\n");
	assert_int_equal(t.session->wake_ms, heard + 300 * MIN);
	assert_int_equal(t.session->heard_ms, heard);
	(void)timer(&t, MIN); /* once more: it was said */
	assert_string_equal(t.said, "");
	(void)timer(&t, 600 * MIN);
	assert_string_equal(t.said, "Timed out\n--\n");
	assert_int_equal(t.session->wake_ms, 0);
	assert_true(t.session->fresh);
	(void)talk_write(&t, "hi");
	assert_string_equal(t.said, "Hello\n\nName?\n--\n");
	assert_false(t.session->fresh);
	talk_close(&t);
}

/* The program was away: one reminder, not all that were missed; none at all after 24 hours. */
static void late_timers(void **state)
{
	struct talk t;

	(void)state;
	pack_open(&t, json, texts, COUNT(texts));
	(void)talk_write(&t, "hi");
	(void)timer(&t, 400 * MIN);
	assert_string_equal(t.said, "Last call\n--\n");
	(void)talk_write(&t, "Asha");
	(void)timer(&t, 24 * 60 * MIN);
	assert_string_equal(t.said, ""); /* it ends in silence */
	assert_string_equal(t.session->step, "hello");
	talk_close(&t);
}

static void an_edit_silences(void **state)
{
	struct talk t;

	(void)state;
	pack_open(&t, json, texts, COUNT(texts));
	(void)talk_write(&t, "hi");
	t.session->flow_version = 0;
	(void)timer(&t, 40 * MIN);
	assert_string_equal(t.said, "");
	assert_int_equal(t.session->wake_ms, 0);
	talk_close(&t);
}

static void faults(void **state)
{
	static const struct {
		const char *old, *new, *says;
	} rows[] = {
		{ "\"30m\"", "\"24h\"",
		  "flow.json:3: field reminders.0.after: is too late for the 24 hours in which a "
		  "text "
		  "may be sent; write at most 23h: later only an approved template may be sent\n" },
		{ "\"30m\"", "\"30 min\"",
		  "flow.json:3: field reminders.0.after: is no time; write \"30m\", \"2h\" or the "
		  "like, at least a minute\n" },
		{ "\"5h\"", "\"10m\"",
		  "flow.json:4: field reminders.1.after: is not later than the reminder before; "
		  "put "
		  "them in the order of time\n" },
		{ "\"after\": \"5h\", \"say\": \"last\"", "\"after\": \"5h\"",
		  "flow.json:4: field reminders.1.say: is missing; name the text\n" },
		{ "\"clear\": true, \"say\": \"over\"", "\"say\": \"over\", \"goto\": \"@back\"",
		  "flow.json:5: field expiry.do: cannot wait there; name a step, or leave \"goto\" "
		  "out: the beginning\n" },
		{ "\"after\": \"10h\", \"do\"", "\"after\": \"30h\", \"do\"",
		  "flow.json:5: field expiry.after: is too late for the 24 hours in which a text "
		  "may "
		  "be sent; write at most 23h: later only an approved template may be sent\n" },
		{ "{\"after\": \"1h\", \"say\": \"own\"}",
		  "{\"after\": \"1h\", \"say\": \"age\", "
		  "\"x\": 1}",
		  "flow.json:11: step age, field reminders.0.x: unknown key; use one of: after, "
		  "say, "
		  "ask\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		pack_edit_says(json, texts, COUNT(texts), rows[i].old, rows[i].new, rows[i].says);
}

static void a_reminder_may_use_what_is_sure(void **state)
{
	struct arena a = { 0 };
	struct pack_file files[COUNT(texts)];

	(void)state;
	memcpy(files, texts, sizeof texts);
	files[4].text = "There, {{name}}?";
	if (!strstr(pack_faults(&a, json, files, COUNT(files)),
		    "en/there.txt:1: step name, field reminders: {{name}} is not set on every way "
		    "here"))
		fail_msg("%s", pack_faults(&a, json, files, COUNT(files)));
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reminders_come_after_silence),
		cmocka_unit_test(waiting_ends),
		cmocka_unit_test(a_message_comes_before_the_timer),
		cmocka_unit_test(the_wait_is_taken_up_again),
		cmocka_unit_test(nothing_is_said),
		cmocka_unit_test(when_it_wakes),
		cmocka_unit_test(late_timers),
		cmocka_unit_test(an_edit_silences),
		cmocka_unit_test(faults),
		cmocka_unit_test(a_reminder_may_use_what_is_sure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
