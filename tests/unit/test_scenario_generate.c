/*
 * Conversations made from a flow: they pass all that can be passed, say what cannot, and are the
 * same each time.
 */
#include "base/files.h"
#include "flow_pack.h"
#include "scenario.h"

static const struct pack_file texts[] = {
	{ "en/menu.txt", "menu" },     { "en/again.txt", "again?" }, { "en/ask.txt", "ask" },
	{ "en/wrong.txt", "wrong" },   { "en/call.txt", "call us" }, { "en/none.txt", "none" },
	{ "en/done.txt", "done" },     { "en/kept.txt", "kept" },    { "en/which.txt", "which" },
	{ "en/there.txt", "there?" },  { "en/gone.txt", "gone" },    { "en/few.txt", "few" },
	{ "en/told.txt", "{{ref}}." },
};

/* A piece of everything: a menu, numbers that are compared, a photo that may be skipped, a call
 * whose answer is kept, a look-up to choose from, silence. */
#define EVERYTHING                                                                                 \
	"{\"flow\": \"all\", \"version\": 1, \"languages\": {\"en\": {}}, \"start\": \"menu\","    \
	" \"values\": {\"cups\": {\"type\": \"integer\", \"min\": 1, \"max\": 20},"                \
	"  \"photo\": {\"type\": \"media\", \"kinds\": \"image\"},"                                \
	"  \"ref\": {\"type\": \"pattern\", \"pattern\": \"R-[0-9]{4}\"},"                         \
	"  \"open\": {\"type\": \"items\", \"max\": 5, \"label\": \"cups\","                       \
	"   \"fields\": {\"id\": 40, \"cups\": 20}},"                                              \
	"  \"order\": {\"type\": \"choice\", \"from\": \"open\"}},"                                \
	" \"records\": {\"order\": {\"fields\": [\"cups\"], \"states\": ["                         \
	"  {\"id\": \"placed\", \"label\": {\"en\": \"placed\"}},"                                 \
	"  {\"id\": \"gone\", \"label\": {\"en\": \"gone\"}}]}},"                                  \
	" \"calls\": {"                                                                            \
	"  \"pay\": {\"method\": \"GET\", \"url\": \"https://pay.invalid\","                       \
	"   \"timeout_ms\": \"5000\", \"outcomes\": ["                                             \
	"    {\"name\": \"ok\", \"status\": \"2xx\", \"unless\": {\"success\": false}},"           \
	"    {\"name\": \"later\", \"status\": 200, \"when\": {\"a.wait\": \"*\"}},"               \
	"    {\"name\": \"poor\", \"status\": [402, 403]}]},"                                      \
	"  \"mine\": {\"records\": \"order\", \"do\": \"list\", \"state\": \"placed\"},"           \
	"  \"cancel\": {\"records\": \"order\", \"do\": \"change\", \"id\": \"{{id.order}}\","     \
	"   \"to\": \"gone\", \"from\": \"placed\"}},"                                             \
	" \"reminders\": [{\"after\": \"30m\", \"say\": \"there\"}],"                              \
	" \"expiry\": {\"after\": \"3h\", \"do\": {\"clear\": true, \"say\": \"gone\","            \
	"  \"goto\": \"menu\"}},"                                                                  \
	" \"steps\": {"                                                                            \
	"  \"menu\": {\"ask\": \"menu\", \"wrong\": \"wrong\", \"input\": {\"type\": \"choice\","  \
	"   \"options\": [{\"id\": \"buy\", \"label\": {\"en\": \"Buy\"}},"                        \
	"    {\"id\": \"list\", \"label\": {\"en\": \"My orders\"}}]},"                            \
	"   \"exits\": {\"buy\": \"cups\", \"list\": \"mine\"}},"                                  \
	"  \"cups\": {\"ask\": \"ask\", \"save\": \"cups\", \"wrong\": \"wrong\","                 \
	"   \"stuck\": {\"say\": \"call\", \"goto\": \"menu\"},"                                   \
	"   \"next\": [{\"if\": {\"at_least\": {\"cups\": 20}}, \"say\": \"few\","                 \
	"     \"goto\": \"@same\"}, " IMPOSSIBLE " {\"goto\": \"photo\"}]},"                       \
	"  \"photo\": {\"ask\": \"ask\", \"save\": \"photo\", \"wrong\": \"wrong\","               \
	"   \"also\": [{\"id\": \"skip\", \"label\": {\"en\": \"Skip\"}}],"                        \
	"   \"exits\": {\"skip\": \"pay\"}, \"next\": \"pay\"},"                                   \
	"  \"pay\": {\"call\": \"pay\", \"exits\": {"                                              \
	"   \"ok\": {\"set\": {\"ref\": {\"answer\": \"data.ref\"}}, \"goto\": \"paid\"},"         \
	"   \"later\": \"menu\", \"poor\": \"menu\", \"timeout\": \"menu\","                       \
	"   \"otherwise\": \"menu\"}},"                                                            \
	"  \"paid\": {\"shown\": false, \"next\": [{\"if\": {\"set\": \"ref\"},"                   \
	"    \"record\": \"order\", \"say\": \"told\", \"goto\": \"done\"},"                       \
	"   {\"record\": \"order\", \"say\": \"kept\", \"goto\": \"done\"}]},"                     \
	"  \"mine\": {\"call\": \"mine\", \"exits\": {"                                            \
	"   \"found\": {\"set\": {\"open\": {\"answer\": \"items\"}}, \"goto\": \"any\"},"         \
	"   \"none\": {\"say\": \"none\", \"goto\": \"menu\"},"                                    \
	"   \"failed\": {\"say\": \"call\", \"goto\": \"menu\"}}},"                                \
	"  \"any\": {\"shown\": false, \"next\": [{\"if\": {\"set\": \"open\"},"                   \
	"   \"goto\": \"which\"}, \"menu\"]},"                                                     \
	"  \"which\": {\"ask\": \"which\", \"save\": \"order\", \"wrong\": \"wrong\","             \
	"   \"next\": \"cancel\"},"                                                                \
	"  \"cancel\": {\"call\": \"cancel\", \"exits\": {\"changed\": \"menu\","                  \
	"   \"unchanged\": \"menu\", \"otherwise\": \"menu\"}},"                                   \
	"  \"done\": {\"end\": true, \"again\": {\"say\": \"again\", \"goto\": \"menu\"}}},"       \
	" \"commands\": {"                                                                         \
	"  \"menu\": {\"words\": {\"en\": [\"menu\"]}, \"do\": \"menu\"},"                         \
	"  \"back\": {\"words\": {\"en\": [\"back\"]}, \"do\": \"@back\"},"                        \
	"  \"stop\": {\"words\": {\"en\": [\"stop\"]}, \"do\": [{\"if\": {\"consent\": \"out\"},"  \
	"    \"say\": \"none\"}, {\"consent\": \"out\", \"say\": \"gone\"}]},"                     \
	"  \"code\": {\"words\": {\"en\": [\"hi\"]}, \"do\": \"@same\"}}, " PACK_SYSTEM "}"

#define IMPOSSIBLE ""
static const char everything[] = EVERYTHING;
#undef IMPOSSIBLE
#define IMPOSSIBLE "{\"if\": {\"less\": {\"cups\": 1}}, \"goto\": \"menu\"},"
static const char impossible[] = EVERYTHING;

struct made {
	struct arena a;
	struct flow *flow;
	struct scenario_generation all;
};

static void make(struct made *m, const struct file_tree *tree)
{
	struct flow_faults faults = { .count = 0 };
	struct err err = { 0 };

	if (flow_load(tree, &m->flow, &faults) < 0)
		talk_print_faults(&faults);
	assert_non_null(m->flow);
	flow_faults_free(&faults);
	if (scenario_generate(tree, m->flow, &m->a, &m->all, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < m->all.unreached_count; i++)
		print_message("not reached: flow.json:%u: %s/%s: %s\n",
			      m->all.unreached[i].place->line, m->all.unreached[i].place->step,
			      m->all.unreached[i].place->exit, m->all.unreached[i].why);
	assert_true(m->all.unreached_count || !m->all.limit); /* then all is tried */
	assert_null(m->all.trouble);
	assert_true(m->all.count > 0);
}

static void make_of(struct made *m, const char *json)
{
	struct file_tree tree;

	*m = (struct made){ .flow = NULL };
	tree = pack_tree(&m->a, json, texts, COUNT(texts));
	make(m, &tree);
}

static void drop(struct made *m)
{
	flow_cover_free(&m->all.cover);
	flow_free(&m->flow);
	arena_free(&m->a);
}

/* The files themselves pass, and pass what they are said to. */
static void run_files(struct made *m)
{
	struct flow_cover cover;

	flow_cover_init(&cover, m->flow);
	for (size_t i = 0; i < m->all.count; i++) {
		const struct scenario_made *f = &m->all.files[i];
		struct scenario *s;
		struct scenario_fault fault = { .what = "" };

		if (scenario_parse(f->name, f->text, &m->a, &s, &fault) < 0 ||
		    scenario_run(s, m->flow, &cover, &m->a, &fault) < 0)
			fail_msg("%s:%u: %s", f->name, fault.line, fault.what);
	}
	for (size_t i = 0; i < cover.count; i++)
		CHECK_CASE(!cover.list[i].passed == !m->all.cover.list[i].passed,
			   cover.list[i].step);
	flow_cover_free(&cover);
}

static void all_of_a_flow_is_passed(void **state)
{
	struct made m;

	(void)state;
	make_of(&m, everything);
	assert_int_equal(m.all.unreached_count, 0);
	run_files(&m);
	drop(&m);
}

static void what_cannot_be_reached_is_told(void **state)
{
	struct made m;

	(void)state;
	make_of(&m, impossible);
	assert_int_equal(m.all.unreached_count, 1);
	assert_string_equal(m.all.unreached[0].place->step, "cups");
	assert_int_equal(m.all.unreached[0].place->branch, 2);
	assert_string_equal(m.all.unreached[0].why,
			    "its condition never held, or an earlier one always did");
	run_files(&m);
	drop(&m);
}

static void the_onboarding_is_passed_twice_the_same(void **state)
{
	struct made one = { .flow = NULL }, other = { .flow = NULL };
	struct file_tree tree;
	struct err err = { 0 };

	(void)state;
	if (file_tree_read("templates/msme", &one.a, &tree, &err) < 0)
		fail_msg("%s", err.text);
	make(&one, &tree);
	make(&other, &tree);
	assert_int_equal(one.all.unreached_count, 0);
	run_files(&one);
	assert_int_equal(one.all.count, other.all.count);
	for (size_t i = 0; i < one.all.count; i++) {
		CHECK_SAME(one.all.files[i].name, other.all.files[i].name, "name");
		CHECK_SAME(one.all.files[i].text.p, other.all.files[i].text.p,
			   one.all.files[i].name);
	}
	drop(&other);
	drop(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_flow_is_passed),
		cmocka_unit_test(what_cannot_be_reached_is_told),
		cmocka_unit_test(the_onboarding_is_passed_twice_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
