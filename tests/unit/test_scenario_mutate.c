/*
 * Changes of a pack: a conversation that looks notices them, one that does not is told which it
 * lets by.
 */
#include "flow_pack.h"
#include "scenario.h"

static const char json[] =
	"{\"flow\": \"tea\", \"version\": 1, \"languages\": {\"en\": {}}, \"start\": \"cups\",\n"
	" \"values\": {\n"
	"  \"cups\": {\"type\": \"integer\", \"min\": 1, \"max\": 20}},\n"
	" \"steps\": {\n"
	"  \"cups\": {\"ask\": \"ask\", \"save\": \"cups\", \"wrong\": \"wrong\", \"next\": [\n"
	"    {\"if\": {\"more\": {\"cups\": 9}}, \"say\": \"many\", \"goto\": \"sure\"},\n"
	"    {\"goto\": \"sure\"}]},\n"
	"  \"sure\": {\"ask\": \"sure\", \"wrong\": \"wrong\", \"input\": {\"type\": \"choice\",\n"
	"    \"options\": [{\"id\": \"yes\", \"label\": {\"en\": \"Yes\"}},\n"
	"      {\"id\": \"no\", \"label\": {\"en\": \"No\"}}]},\n"
	"   \"exits\": {\"yes\": \"done\",\n"
	"    \"no\": \"cups\"}},\n"
	"  \"done\": {\"say\": \"done\", \"end\": true, \"again\": \"done\"}},\n"
	" \"commands\": {\n"
	"  \"restart\": {\"words\": {\"en\": [\"restart\"]},\n"
	"   \"do\": {\"clear\": true, \"goto\": \"cups\"}}}, " PACK_SYSTEM "}";

#define FIRST_GO "> hi\n< How many?\n> 3\n< Sure?\n> 1\n< Thank you.\n"
#define ALL_BOUNDS                                                                                 \
	"> hi\n< How many?\n> 0\n< Please.\n< How many?\n> 21\n< Please.\n< How many?\n> 9\n"      \
	"< Sure?\n> no\n< How many?\n> 20\n< That is a lot.\n< Sure?\n> 3\n< Please.\n< Sure?\n"   \
	"> restart\n< How many?\nexpect no value cups\n> 3\nexpect value cups 3\n< Sure?\n> 2\n"   \
	"< How many?\n> 0\n< Please.\n< How many?\n> 0\n< Please.\n< How many?\n> 0\n< Please.\n"  \
	"< How many?\n< system\nmedia image/jpeg\n< no files\n< How many?\n< system\n> 10\n"       \
	"< That is a lot.\n< Sure?\n> 1\n< Thank you.\npass 25h\n> hi\n< How many?\n> 1\n"         \
	"< Sure?\npass 25h\n> hi\n< system\n< How many?\n"

struct heard {
	struct arena a;
	const char *survivors; /* a line each */
};

static void hear(void *arg, const struct scenario_change *c)
{
	struct heard *h = arg;
	const char *why = c->passed_by ? c->passed_by : c->may_pass ? "nobody" : "-";

	if (!c->noticed_by)
		h->survivors = arena_printf(&h->a, "%s%s:%u %s: %s (%s)\n", h->survivors, c->file,
					    c->line, c->where, c->what, why);
}

static int mutate(struct heard *h, const char *chat, struct scenario_changes *sums,
		  struct scenario_fault *fault)
{
	const struct pack_file files[] = {
		{ "en/ask.txt", "How many?" },	 { "en/wrong.txt", "Please." },
		{ "en/sure.txt", "Sure?" },	 { "en/many.txt", "That is a lot." },
		{ "en/done.txt", "Thank you." }, { "tests/one.chat", chat },
	};
	struct file_tree tree;

	*h = (struct heard){ .survivors = "" };
	tree = pack_tree(&h->a, json, files, COUNT(files));
	return scenario_mutate(&tree, hear, h, sums, &h->a, fault);
}

static void a_weak_conversation_lets_much_by(void **state)
{
	static const char *const lines[] = {
		"flow.json:11 step sure: the exits yes and no are swapped",
		"flow.json:12 step sure, exit no: leads to",
		"flow.json:6 step cups, next, branch 1: the condition always holds",
		"flow.json:6 step cups, next, branch 1: the condition never holds (nobody)",
		"flow.json:3 value cups: \"min\" is loosened (tests/one.chat)",
		"flow.json:3 value cups: \"max\" is loosened (tests/one.chat)",
		"flow.json:15 command restart: is dropped (nobody)",
		"flow.json:16 command restart: \"clear\" is dropped (nobody)",
		"en/many.txt:1 : is another text (-)",
		"en/ask.txt:1 : is another text",
	};
	static const bool let_by[] = {
		false, true, false, true, true, true, true, true, true, false
	};
	struct heard h;
	struct scenario_changes sums;
	struct scenario_fault fault = { .what = "" };

	(void)state;
	assert_int_equal(mutate(&h, FIRST_GO, &sums, &fault), 0);
	for (size_t i = 0; i < COUNT(lines); i++) {
		if ((strstr(h.survivors, lines[i]) != NULL) != let_by[i])
			fail_msg("%s: %s\n%s", let_by[i] ? "noticed" : "let by", lines[i],
				 h.survivors);
	}
	assert_true(sums.tried > sums.noticed && sums.noticed > 0 && sums.refused > 0);
	arena_free(&h.a);
}

static void a_strict_one_lets_nothing_by(void **state)
{
	struct heard h;
	struct scenario_changes sums;
	struct scenario_fault fault = { .what = "" };

	(void)state;
	if (mutate(&h, ALL_BOUNDS, &sums, &fault) < 0)
		fail_msg("%u: %s", fault.line, fault.what);
	CHECK_SAME(h.survivors, "", "survivors");
	assert_int_equal(sums.tried, sums.noticed);
	assert_false(sums.full);
	arena_free(&h.a);
}

static void a_failing_one_says_nothing(void **state)
{
	static const struct {
		const char *chat, *file;
		unsigned line;
	} rows[] = {
		{ "> hi\n< What?\n", "tests/one.chat", 2 },
		{ "huh\n", "tests/one.chat", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct heard h;
		struct scenario_changes sums;
		struct scenario_fault fault = { .what = "" };

		CHECK_CASE(mutate(&h, rows[i].chat, &sums, &fault) < 0, rows[i].chat);
		CHECK_SAME(fault.file, rows[i].file, rows[i].chat);
		CHECK_CASE(fault.line == rows[i].line, rows[i].chat);
		assert_int_equal(sums.tried, 0);
		arena_free(&h.a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_weak_conversation_lets_much_by),
		cmocka_unit_test(a_strict_one_lets_nothing_by),
		cmocka_unit_test(a_failing_one_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
