/*
 * The same conversations in a world of the test's own: what is asked of it, what is
 * compared, and which files it is spared.
 */
#include <stdio.h>

#include "base/files.h"
#include "check.h"
#include "scenario.h"

#define OPENING                                                                                    \
	"> hi\n<~ full name\n> Asha\n<~ sector\n> 3\n<~ pincode\n> 400001\n<~ mobile\n"            \
	"> 9876543210\n<~ details\n"
enum { OPENING_LINES = 10 };

/* A world that says what the row has it say, in order, one text for each time it is heard. */
struct world {
	const char *const *texts; /* "" nothing; "+" in front: more may come */
	size_t next;
	struct str heard;
	const char *step;
	const char *cannot;
	struct buf seen; /* what was asked of it */
};

static const char *cannot_call(void *world, const struct scenario_call *call, struct arena *a)
{
	struct world *w = world;

	(void)a;
	(void)buf_addf(&w->seen, "%s=%s%s ", call->name, call->outcome ? call->outcome : "never",
		       call->held ? " held" : "");
	return w->cannot;
}

static int begin(void *world, const char *contact, const char *profile_name, struct err *err)
{
	struct world *w = world;

	(void)err;
	(void)buf_addf(&w->seen, "begin(%s,%s) ", contact, profile_name);
	return 0;
}

static int say(void *world, const struct inbound *message, const struct scenario_call *call,
	       struct err *err)
{
	struct world *w = world;

	(void)err;
	(void)buf_addf(&w->seen, "%s%s ", message->text, !call ? "" : call->held ? "!held" : "!");
	return 0;
}

static int end_call(void *world, const struct scenario_call *held, struct err *err)
{
	struct world *w = world;

	(void)err;
	(void)buf_addf(&w->seen, "end(%s at %s) ", held->outcome, held->step);
	return 0;
}

static int pass(void *world, int64_t ms, struct err *err)
{
	struct world *w = world;

	(void)err;
	(void)buf_addf(&w->seen, "pass(%lld) ", (long long)ms);
	return 0;
}

static int hear(void *world, const struct scenario_call *call, struct arena *a,
		struct scenario_heard *out, struct err *err)
{
	struct world *w = world;
	const char *text = w->texts[w->next];

	(void)call;
	(void)a;
	if (!text) {
		*out = (struct scenario_heard){ NULL, 0, false };
		return 0;
	}
	w->next++;
	if (strcmp(text, "broken") == 0)
		return err_set(err, ERR_TEMP, "nobody is there");
	w->heard = str_of(text + (*text == '+'));
	*out = (struct scenario_heard){ &w->heard, w->heard.n > 0, *text == '+' };
	return 0;
}

static int fact(void *world, const char *name, struct arena *a, const char **text_out,
		struct err *err)
{
	struct world *w = world;

	(void)a;
	(void)err;
	*text_out = strcmp(name, "step") == 0 ? w->step : "en";
	return *text_out != NULL;
}

static int finish(void *world, struct err *err)
{
	struct world *w = world;

	(void)err;
	(void)buf_adds(&w->seen, "finish");
	return 0;
}

static const struct scenario_world doors = { cannot_call, begin, say,  end_call,
					     pass,	  hear,	 fact, finish };

static struct flow *msme(struct arena *a)
{
	struct flow_faults faults = { .count = 0 };
	struct err err = { 0 };
	struct file_tree tree;
	struct flow *flow = NULL;

	if (file_tree_read("templates/msme", a, &tree, &err) < 0)
		fail_msg("%s", err.text);
	if (flow_load(&tree, &flow, &faults) < 0)
		fail_msg("%s", faults.list[0].what);
	flow_faults_free(&faults);
	return flow;
}

static const char *verdict(int ret, const struct scenario_fault *fault, struct arena *a)
{
	return ret < 0 ? arena_printf(a, "%u %.*s", fault->line, (int)strcspn(fault->what, "\n"),
				      fault->what)
		       : "";
}

/* ---- playing ---- */

static const struct {
	const char *name;
	const char *chat;
	const char *texts[6];
	const char *verdict; /* line and first line of what */
	const char *seen;
	size_t unseen;
} plays[] = {
	{ "it passes",
	  "contact whatsapp:+911\nprofile Asha\n> hi\n< a\n< b\npass 2m\n> x\n< ...\n",
	  { "a\n\nb", "c" },
	  "",
	  "begin(whatsapp:+911,Asha) hi pass(120000) x finish",
	  0 },
	{ "a line differs",
	  "> hi\n< a\n< b\n",
	  { "a\nc" },
	  "3 the reply differs",
	  "begin(whatsapp:+919812345678,) hi finish",
	  0 },
	{ "a line too many",
	  "> hi\n< a\n",
	  { "a\nc" },
	  "2 the reply goes on, and nobody expects it",
	  "begin(whatsapp:+919812345678,) hi finish",
	  0 },
	{ "it is away",
	  "> hi\n< a\n",
	  { "broken" },
	  "1 nobody is there",
	  "begin(whatsapp:+919812345678,) hi finish",
	  0 },
	{ "a text behind the last line",
	  "> hi\n< a\n",
	  { "a", "c" },
	  "1 the reply goes on, and nobody expects it",
	  "begin(whatsapp:+919812345678,) hi finish",
	  0 },
	{ "more comes, and fits",
	  "> hi\n< a\n< b\n",
	  { "+", "+a", "+a\nb" },
	  "",
	  "begin(whatsapp:+919812345678,) hi finish",
	  0 },
	{ "anything is something",
	  "> hi\n< ...\n",
	  { "+", "+a" },
	  "",
	  "begin(whatsapp:+919812345678,) hi finish",
	  0 },
	{ "more comes in vain",
	  "> hi\n< a\n",
	  { "+", "+b", "b" },
	  "2 the reply differs",
	  "begin(whatsapp:+919812345678,) hi finish",
	  0 },
	{ "the step",
	  "> hi\n< a\nexpect step name\nexpect language en\n",
	  { "a" },
	  "",
	  "begin(whatsapp:+919812345678,) hi finish",
	  0 },
	{ "another step",
	  "> hi\n< a\nexpect step phone\n",
	  { "a" },
	  "3 the step differs",
	  "begin(whatsapp:+919812345678,) hi finish",
	  0 },
	{ "what does not show",
	  "> hi\n< a\nexpect value name x\nexpect no record r\n"
	  "expect consent none\n",
	  { "a" },
	  "",
	  "begin(whatsapp:+919812345678,) hi finish",
	  3 },
};

static void a_file_is_played(void **state)
{
	struct arena a = { 0 };
	struct flow *flow = msme(&a);

	(void)state;
	for (size_t i = 0; i < COUNT(plays); i++) {
		struct world w = { .texts = plays[i].texts, .step = "name" };
		struct scenario_fault fault = { .what = "" };
		struct scenario *s;
		size_t unseen = 0;
		int ret;

		buf_init(&w.seen, 4096);
		ret = scenario_parse("f", str_of(plays[i].chat), &a, &s, &fault);
		if (ret == 0)
			ret = scenario_play(s, flow, &doors, &w, &a, &unseen, &fault);
		CHECK_SAME(verdict(ret, &fault, &a), plays[i].verdict, plays[i].name);
		CHECK_SAME(w.seen.data, plays[i].seen, plays[i].name);
		CHECK_CASE(unseen == plays[i].unseen, plays[i].name);
		buf_free(&w.seen);
	}
	flow_free(&flow);
	arena_free(&a);
}

/* The reply to a message and to its call are one, at the line where each part stands. */
static void a_call_answers_its_message(void **state)
{
	static const struct {
		const char *name;
		const char *chat;
		const char *last[4]; /* behind the opening */
		const char *verdict;
		const char *seen; /* its end */
	} rows[] = {
		{ "at once",
		  "> yes\nexpect call {}\ncall send_otp -> 200\n< done\n",
		  { "done" },
		  "",
		  " yes! finish" },
		{ "at once, and wrong",
		  "> yes\ncall send_otp -> 200\n< done\n",
		  { "gone" },
		  "13 the reply differs",
		  " yes! finish" },
		{ "held by a message",
		  "> yes\n> x\n< wait\ncall send_otp -> 200\n< done\n",
		  { "wait", "done" },
		  "",
		  " yes!held x end(ok at otp) finish" },
		{ "held by the time",
		  "> yes\npass 1m\ncall send_otp -> timeout\n< done\n",
		  { "done" },
		  "",
		  " yes!held pass(60000) end(timeout at otp) finish" },
		{ "held by a look",
		  "> yes\nexpect step otp\ncall send_otp -> 200\n< done\n",
		  { "done" },
		  "",
		  " yes!held end(ok at otp) finish" },
		{ "given up",
		  "> yes\n> restart\n< again\n",
		  { "again" },
		  "",
		  " yes!held restart finish" },
		{ "never ended",
		  "> yes\n",
		  { "" },
		  "11 the file ends while the call send_otp is under way; add its answer: call "
		  "send_otp -> …",
		  "" },
	};
	static const char *const opening[] = { "full name", "sector", "pincode", "mobile",
					       "details" };
	struct arena a = { 0 };
	struct flow *flow = msme(&a);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *texts[COUNT(opening) + COUNT(rows[0].last)] = { NULL };
		struct world w = { .texts = texts, .step = "otp" };
		struct scenario_fault fault = { .what = "" };
		struct scenario *s;
		size_t unseen = 0;
		const char *chat = arena_printf(&a, "%s%s", OPENING, rows[i].chat);
		int ret;

		memcpy(texts, opening, sizeof opening);
		memcpy(texts + COUNT(opening), rows[i].last, sizeof rows[i].last - sizeof *texts);
		buf_init(&w.seen, 4096);
		ret = scenario_parse("f", str_of(chat), &a, &s, &fault);
		if (ret == 0)
			ret = scenario_play(s, flow, &doors, &w, &a, &unseen, &fault);
		CHECK_SAME(verdict(ret, &fault, &a), rows[i].verdict, rows[i].name);
		CHECK_CASE(w.seen.len >= strlen(rows[i].seen), rows[i].name);
		CHECK_SAME(w.seen.data + w.seen.len - strlen(rows[i].seen), rows[i].seen,
			   rows[i].name);
		buf_free(&w.seen);
	}
	flow_free(&flow);
	arena_free(&a);
}

/* ---- what cannot be played ---- */

static void what_cannot_be_is_told(void **state)
{
	static const struct {
		const char *name;
		const char *chat;
		const char *cannot;
		int can;
		unsigned line;
		const char *seen;
	} rows[] = {
		{ "it can", OPENING "> yes\ncall send_otp -> 503\n", NULL, 1, 0,
		  "send_otp=overloaded " },
		{ "the world cannot", OPENING "> yes\n> x\ncall send_otp -> 404\n", "not so", 0, 13,
		  "send_otp=failed held " },
		{ "it never ends", OPENING "> yes\n> restart\n", "not so", 0, 11,
		  "send_otp=never held " },
		{ "a setting", "# x\nsetting WEB_APP_URL b\nsetting PUBLIC_URL c\n> hi\n", NULL, 0,
		  2, "" },
		{ "a language", "language hi\n> hi\n", NULL, 0, 1, "" },
		{ "two at once",
		  OPENING "> yes\n> restart\n> Asha\n> 3\n> 400001\n> 9876543210\n> yes\n"
			  "call send_otp -> 200\ncall send_otp -> 200\n",
		  NULL, 0, OPENING_LINES + 9, "send_otp=ok held " },
		{ "no such call is under way", "> hi\ncall send_otp -> 200\n", NULL, -1, 2, "" },
	};
	struct arena a = { 0 };
	struct flow *flow = msme(&a);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w = { .cannot = rows[i].cannot };
		struct scenario_fault fault = { .what = "" };
		struct scenario *s;

		buf_init(&w.seen, 4096);
		assert_int_equal(scenario_parse("f", str_of(rows[i].chat), &a, &s, &fault), 0);
		CHECK_CASE(scenario_survey(s, flow, &doors, &w, &a, &fault) == rows[i].can,
			   rows[i].name);
		CHECK_CASE(fault.line == rows[i].line, rows[i].name);
		CHECK_CASE((*fault.what != '\0') == (rows[i].can != 1), rows[i].name);
		CHECK_SAME(w.seen.data, rows[i].seen, rows[i].name);
		buf_free(&w.seen);
	}
	flow_free(&flow);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_played),
		cmocka_unit_test(a_call_answers_its_message),
		cmocka_unit_test(what_cannot_be_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
