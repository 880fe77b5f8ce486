/*
 * Answers by the rules of inputs: the engine takes each that is called valid, and refuses each
 * that is called wrong.
 */
#include "../../src/scenario/answers_private.h"
#include "../../src/scenario/sample_private.h"
#include "flow_pack.h"

static const char pack[] =
	"{\"flow\": \"one\", \"version\": 1, \"languages\": {\"en\": {}}, \"start\": \"v\","
	" \"utc_offset\": \"+05:30\","
	" \"values\": {\"v\": %s},"
	" \"lists\": {\"sizes\": [{\"id\": \"small\", \"label\": {\"en\": \"Small one\"}},"
	"  {\"id\": \"large\", \"label\": {\"en\": \"Large one\"}},"
	"  {\"id\": \"back\", \"label\": {\"en\": \"Go back\"}, \"number\": 0}]},"
	" \"steps\": {"
	"  \"v\": {\"ask\": \"ask\", \"save\": \"v\", \"wrong\": \"wrong\", \"next\": \"done\"%s},"
	"  \"done\": {\"end\": true, \"again\": \"done\"}},"
	" \"commands\": {\"restart\": {\"words\": {\"en\": [\"restart\"]},"
	"  \"do\": {\"clear\": true, \"goto\": \"v\"}}}, " PACK_SYSTEM "}";

static const struct pack_file texts[] = {
	{ "en/ask.txt", "ask" },
	{ "en/wrong.txt", "wrong" },
	{ "en/done.txt", "done" },
};

static const char also[] = ", \"also\": [{\"id\": \"skip\", \"label\": {\"en\": \"Skip\"}}],"
			   " \"exits\": {\"skip\": \"done\"}";

static const struct {
	const char *name;
	const char *rule;
	const char *more; /* of the step */
	size_t valid;
	size_t wrong;
} rows[] = {
	{ "a text", "{\"type\": \"text\"}", "", 3, 2 },
	{ "a name",
	  "{\"type\": \"text\", \"min\": 2, \"max\": 100, \"letters\": 1,"
	  " \"never\": {\"en\": [\"no\"]}}",
	  "", 3, 5 },
	{ "a long text", "{\"type\": \"text\", \"min\": 10, \"max\": 500}", "", 2, 3 },
	{ "a short text", "{\"type\": \"text\", \"min\": 1, \"max\": 5}", "", 1, 2 },
	{ "many letters", "{\"type\": \"text\", \"min\": 3, \"max\": 60, \"letters\": 8}", "", 2,
	  4 },
	{ "a choice", "{\"type\": \"choice\", \"list\": \"sizes\"}", "", 3, 3 },
	{ "buttons", "{\"type\": \"choice\", \"list\": \"sizes\", \"as\": \"buttons\"}", "", 3, 3 },
	{ "a pincode", "{\"type\": \"pattern\", \"pattern\": \"[1-9][0-9]{5}\", \"max\": 6}", "", 1,
	  4 },
	{ "a code",
	  "{\"type\": \"pattern\", \"pattern\": \"ORD[ -]?([0-9]{3,6})\", \"upper\": true,"
	  " \"normal\": \"ORD-$1\", \"max\": 12}",
	  "", 2, 4 },
	{ "either", "{\"type\": \"pattern\", \"pattern\": \"(?:AB|C)\\\\d+\"}", "", 2, 3 },
	{ "an Indian mobile", "{\"type\": \"phone\", \"country\": \"IN\"}", "", 2, 4 },
	{ "a Moroccan mobile", "{\"type\": \"phone\", \"country\": \"MA\"}", "", 2, 4 },
	{ "a number", "{\"type\": \"integer\", \"min\": 1, \"max\": 20}", "", 3, 4 },
	{ "any number", "{\"type\": \"integer\"}", "", 3, 3 },
	{ "below zero", "{\"type\": \"integer\", \"min\": -5, \"max\": -4}", "", 2, 4 },
	{ "a day", "{\"type\": \"date\"}", "", 2, 2 },
	{ "a day within a month",
	  "{\"type\": \"date\", \"from\": \"today\", \"to\": \"today+30\", \"order\": \"mdy\"}", "",
	  2, 4 },
	{ "a day of the past", "{\"type\": \"date\", \"to\": \"2020-02-29\", \"order\": \"ymd\"}",
	  "", 2, 3 },
	{ "a picture", "{\"type\": \"media\", \"kinds\": \"image\"}", "", 1, 2 },
	{ "any file", "{\"type\": \"media\"}", "", 1, 1 },
	{ "two kinds", "{\"type\": \"media\", \"kinds\": [\"audio\", \"application/pdf\"]}", "", 2,
	  2 },
	{ "a place", "{\"type\": \"location\"}", "", 2, 3 },
	{ "a text that may be skipped", "{\"type\": \"text\", \"min\": 4}", also, 4, 3 },
};

static const char *give(struct talk *t, struct inbound *in)
{
	struct err err = { 0 };
	const struct flow_input input = { .kind = FLOW_INPUT_MESSAGE, .message = in };

	in->channel = "test";
	in->contact = t->env.contact;
	in->external_id = "SM1";
	t->env.turn_id = arena_printf(&t->a, "%032x", ++t->turns);
	if (flow_run(t->flow, t->session, &input, &t->env, &t->a, &t->last, &err) < 0)
		fail_msg("%s", err.text);
	return t->last.session->step;
}

static void check_row(size_t row)
{
	struct talk t;
	struct arena a = { 0 };
	const char *json = arena_printf(&a, pack, rows[row].rule, rows[row].more);
	struct answers *all = arena_alloc(&a, sizeof *all);
	struct question q = { .language = "en" };
	struct node *root;
	struct inbound hello;
	size_t valid = 0;
	struct err err = { 0 };

	pack_open(&t, json, texts, COUNT(texts));
	assert_int_equal(scenario_source_read(str_of(json), &a, &root, &err), 0);
	q.root = root;
	q.rule = scenario_source_get(scenario_source_get(root, "values"), "v");
	q.step = scenario_source_get(scenario_source_get(root, "steps"), "v");
	q.now_ms = t.env.now_ms;
	scenario_answers(&q, &a, all);
	inbound_init(&hello);
	hello.text = "hello";
	CHECK_SAME(give(&t, &hello), "v", rows[row].name);
	t.session = t.last.session;
	for (size_t i = 0; i < all->count; i++) {
		struct answer *answer = &all->list[i];
		const char *step = give(&t, &answer->message);

		valid += answer->valid;
		if ((strcmp(step, "done") == 0) != answer->valid)
			fail_msg("%s: \"%s\" (%s) leads to %s", rows[row].name,
				 answer->message.text, answer->why, step);
	}
	if (valid != rows[row].valid || all->count - valid != rows[row].wrong)
		fail_msg("%s: %zu valid and %zu wrong ones", rows[row].name, valid,
			 all->count - valid);
	flow_free(&t.flow);
	arena_free(&t.a);
	arena_free(&a);
}

static void the_engine_agrees(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(i);
}

/* ---- patterns ---- */

static void patterns_have_samples(void **state)
{
	static const struct {
		const char *pattern;
		const char *brief;  /* NULL: beyond what is known */
		const char *longer; /* of at most 12 characters */
		size_t longest;
	} patterns[] = {
		{ "[1-9][0-9]{5}", "123456", "123456", 6 },
		{ "A|BC", "A", "A", 2 },
		{ "(AB|C)?x", "x", "Cx", 3 },
		{ "a{2,4}", "aa", "aaaa", 4 },
		{ "[^a-z0-9]", "A", "A", 1 },
		{ "\\d+\\.\\d", "1.2", "1234.5", SIZE_MAX },
		{ "é?ok", "ok", "éok", 3 },
		{ "^[A-Z]{3}$", "ABC", "ABC", 3 },
		{ "join [a-z]+-[a-z]+", "join a-b", "join abcd-ef", SIZE_MAX },
		{ "(?=x)x", NULL, NULL, 0 },
		{ "(a)\\1", NULL, NULL, 0 },
		{ "[[:alpha:]]", NULL, NULL, 0 },
		{ "a{3,1}", NULL, NULL, 0 },
		{ "(a", NULL, NULL, 0 },
	};
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(patterns); i++) {
		const char *name = patterns[i].pattern;
		const struct pattern *p = scenario_pattern_read(name, &a);

		CHECK_CASE((p != NULL) == (patterns[i].brief != NULL), name);
		if (!p)
			continue;
		CHECK_SAME(scenario_pattern_sample(p, false, 12, &a), patterns[i].brief, name);
		if (patterns[i].longest) {
			CHECK_SAME(scenario_pattern_sample(p, true, 12, &a), patterns[i].longer,
				   name);
			CHECK_CASE(scenario_pattern_longest(p) == patterns[i].longest, name);
		}
	}
	assert_null(scenario_pattern_read(NULL, &a));
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_engine_agrees),
		cmocka_unit_test(patterns_have_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
