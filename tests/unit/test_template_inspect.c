/*
 * Values by hand, what checkers see of a template, how long it gets, limits of a rendering.
 */
#include <stdio.h>

#include "template_check.h"

static void test_values(void **state)
{
	struct arena a = { 0 };
	struct value *root = value_object(&a), *person, *list, *yes;

	(void)state;
	yes = value_add_bool(&a, root, "yes", true);
	assert_ptr_equal(value_get(root, "yes"), yes);
	(void)value_add_bool(&a, root, "no", false);
	person = value_add_object(&a, root, "person");
	(void)value_add_text(&a, person, "name", str_of("Asha"));
	list = value_add_list(&a, root, "list");
	(void)value_append_text(&a, list, str_of("one"));
	(void)value_add_text(&a, value_append_object(&a, list), "name", str_of("two"));
	assert_int_equal(value_get(root, "yes")->kind, VALUE_TRUE);
	assert_int_equal(value_get(root, "no")->kind, VALUE_FALSE);
	assert_true(str_is(value_get(value_get(root, "person"), "name")->text, "Asha"));
	assert_true(str_is(list->first->text, "one"));
	assert_true(str_is(value_get(list->first->next, "name")->text, "two"));
	assert_ptr_equal(list->last, list->first->next);
	assert_null(value_get(root, "nobody"));
	assert_null(value_get(list, "name"));
	assert_null(value_get(NULL, "name"));
	arena_free(&a);
}

static void test_bad_json(void **state)
{
	static const char *const cases[] = { "",      "{",	 "{\"a\":01}", "{\"a\":1,\"a\":2}",
					     "[1] 2", "\"\xFF\"" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a = { 0 };
		struct value *v = NULL;
		struct err err = { 0 };

		CHECK_CASE(value_from_json(&a, str_of(cases[i]), &v, &err) == -1, cases[i]);
		CHECK_CASE(err.kind == ERR_INPUT && err.text[0], cases[i]);
		arena_free(&a);
	}
}

static void see(void *arg, const struct template_use *use)
{
	static const char kinds[] = { '=', '#', '^' };
	struct buf *out = arg;

	(void)buf_addf(out, "%s:%u%c%s", use->file, use->line, kinds[use->kind], use->name);
	for (const struct template_use *o = use->outer; o; o = o->outer)
		(void)buf_addf(out, "<%s", o->name);
	if (use->section && strcmp(use->section, use->outer->name) != 0)
		fail_msg("section %s is not that of outer", use->section);
	(void)buf_adds(out, use->guarded ? "!\n" : "\n");
}

static void test_each_use(void **state)
{
	static const struct {
		const char *name;
		struct template_file files[TEMPLATE_FILES];
		const char *want;
	} cases[] = {
		{ "nothing", { { "a.txt", "text {{! comment }}" } }, "" },
		{ "values",
		  { { "a.txt", "{{a}}\n{{{b.c}}}{{&d}}{{.}}" } },
		  "a.txt:1=a\na.txt:2=b.c\na.txt:2=d\na.txt:2=.\n" },
		{ "guarded by its section",
		  { { "a.txt", "{{#a}}{{a}}{{b}}{{.}}{{/a}}" } },
		  "a.txt:1#a\na.txt:1=a<a!\na.txt:1=b<a\na.txt:1=.<a!\n" },
		{ "an inverted section guards nothing",
		  { { "a.txt", "{{^a}}{{a}}{{.}}{{/a}}" } },
		  "a.txt:1^a\na.txt:1=a<a\na.txt:1=.<a\n" },
		{ "guarded from further out",
		  { { "a.txt", "{{#a.b}}\n{{^c}}{{a.b}}{{/c}}\n{{/a.b}}" } },
		  "a.txt:1#a.b\na.txt:2^c<a.b\na.txt:2=a.b<c<a.b!\n" },
		{ "through partials",
		  { { "f/a.txt", "{{#a}}\n  {{> b}}\n{{/a}}\n{{> b}}" },
		    { "f/b.txt", "\n{{a}}\n" } },
		  "f/a.txt:1#a\nf/b.txt:2=a<a!\nf/b.txt:2=a\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct template_set *set = template_set_new();
		struct err err = { 0 };
		struct buf out;

		buf_init(&out, 4096);
		if (template_load(set, cases[i].files, &err) < 0)
			fail_msg("%s: %s", cases[i].name, err.text);
		template_each_use(template_set_get(set, cases[i].files[0].name), see, &out);
		CHECK_SAME(out.data, cases[i].want, cases[i].name);
		buf_free(&out);
		template_set_free(&set);
	}
}

/* A value is as long as its name says: "v7" has at most 7 characters. */
static size_t limit(void *arg, const struct template_use *use)
{
	(void)arg;
	return strcmp(use->name, "huge") == 0 ? SIZE_MAX / 2 : (size_t)(use->name[1] - '0');
}

/* Sections named l3 are lists of 3, others no lists. */
static size_t repeat(void *arg, const struct template_use *use)
{
	(void)arg;
	return use->name[0] == 'l' ? (size_t)(use->name[1] - '0') : 1;
}

static void test_longest(void **state)
{
	static const struct {
		const char *name;
		struct template_file files[TEMPLATE_FILES];
		size_t want;
	} cases[] = {
		{ "empty", { { "a.txt", "" } }, 0 },
		{ "code points, not bytes", { { "a.txt", "नमस्ते 🙏" } }, 8 },
		{ "value", { { "a.txt", "ab{{v7}}" } }, 9 },
		{ "XML text", { { "a.xml", "{{v2}}" } }, 10 },
		{ "XML attribute", { { "a.xml", "<M a=\"{{v2}}\"/>" } }, 21 },
		{ "JSON", { { "a.json", "\"{{v2}}\"" } }, 6 },
		{ "section", { { "a.txt", "{{#s}}12{{v3}}{{/s}}" } }, 5 },
		{ "list", { { "a.txt", "{{#l3}}- {{v3}}\n{{/l3}}" } }, 18 },
		{ "list in list", { { "a.txt", "{{#l3}}a{{#l2}}{{v1}}{{/l2}}{{/l3}}" } }, 9 },
		{ "either or, first longer",
		  { { "a.txt", "{{#s}}1234{{/s}}{{^s}}12{{/s}}." } },
		  5 },
		{ "either or, second longer",
		  { { "a.txt", "{{#s}}12{{/s}}-{{^s}}1234{{/s}}" } },
		  5 },
		{ "either or, several",
		  { { "a.txt", "{{^s}}1{{/s}}{{#s}}12{{/s}}{{^s}}12{{/s}}" } },
		  3 },
		{ "two names", { { "a.txt", "{{#s}}12{{/s}}{{^t}}123{{/t}}" } }, 5 },
		{ "not side by side",
		  { { "a.txt", "{{#u}}{{#s}}12{{/s}}{{/u}}{{^s}}123{{/s}}" } },
		  5 },
		{ "partials and their indentation",
		  { { "a.txt", "  {{> b}}\n{{> b}}" }, { "b.txt", "{{v3}}\n" } },
		  10 },
		{ "too long for a number", { { "a.txt", "{{huge}}{{huge}}{{huge}}" } }, SIZE_MAX },
		{ "too often for a number", { { "a.txt", "{{#l9}}{{huge}}{{/l9}}x" } }, SIZE_MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct template_set *set = template_set_new();
		struct err err = { 0 };
		size_t got;

		if (template_load(set, cases[i].files, &err) < 0)
			fail_msg("%s: %s", cases[i].name, err.text);
		got = template_longest(template_set_get(set, cases[i].files[0].name), limit, repeat,
				       NULL);
		if (got != cases[i].want)
			fail_msg("%s: got %zu, expected %zu", cases[i].name, got, cases[i].want);
		template_set_free(&set);
	}
}

static void test_full(void **state)
{
	static const struct template_file files[TEMPLATE_FILES] = { { "a.txt", "12\n{{x}}45" } };
	struct template_set *set = template_set_new();
	struct arena a = { 0 };
	struct value *data = value_object(&a);
	struct err err = { 0 };

	(void)state;
	(void)value_add_text(&a, data, "x", str_of("\xC3\xA9"));
	assert_int_equal(template_load(set, files, &err), 0);
	for (size_t max = 0; max <= 11; max++) {
		struct buf out;
		int ret;

		buf_init(&out, max);
		(void)buf_adds(&out, "head");
		if (max < 4)
			buf_reset(&out);
		ret = template_render(template_set_get(set, "a.txt"), data, &out, &err);
		assert_int_equal(ret, max == 11 ? 0 : -1);
		assert_string_equal(out.data, max == 11	 ? "head12\n\xC3\xA9"
							   "45"
					      : max >= 4 ? "head"
							 : "");
		if (ret < 0)
			assert_int_equal(err.kind, ERR_FULL);
		buf_free(&out);
	}
	assert_string_equal(err.text, "a.txt:2: the text is longer than the 10 bytes it may have; "
				      "shorten it");
	arena_free(&a);
	template_set_free(&set);
}

static void test_refusals_at_rendering(void **state)
{
	static const struct template_file files[TEMPLATE_FILES] = {
		{ "a.txt",
		  "{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}"
		  "{{/l}}{{/l}}" }
	};
	struct template_set *set = template_set_new();
	struct arena a = { 0 };
	struct value *data = NULL;
	struct err err = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_int_equal(template_load(set, files, &err), 0);
	assert_int_equal(value_from_json(&a, str_of("{\"l\":[0,1,2,3,4,5,6,7,8,9]}"), &data, &err),
			 0);
	assert_int_equal(template_render(template_set_get(set, "a.txt"), data, &out, &err), -1);
	assert_int_equal(err.kind, ERR_FULL);
	assert_string_equal(err.text, "a.txt:1: more than 1000000 steps in one text; shorten the "
				      "lists");
	assert_int_equal(template_set_add(set, "b.txt", str_of("{{> a}}"), &err), 0);
	assert_int_equal(template_render(template_set_get(set, "b.txt"), NULL, &out, &err), -1);
	assert_int_equal(err.kind, ERR_BUG);
	assert_int_equal(template_set_link(set, &err), 0);
	assert_int_equal(template_render(template_set_get(set, "b.txt"), NULL, &out, &err), 0);
	assert_string_equal(out.data, "");
	buf_free(&out);
	arena_free(&a);
	template_set_free(&set);
}

static void test_many_names(void **state)
{
	struct template_set *set = template_set_new();
	struct err err = { 0 };
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof name, "%u.txt", i * 37 % 100);
		assert_int_equal(template_set_add(set, name, str_of(name), &err), 0);
	}
	for (unsigned i = 0; i < 100; i++) {
		struct buf out;

		(void)snprintf(name, sizeof name, "%u.txt", i);
		buf_init(&out, 100);
		assert_int_equal(template_render(template_set_get(set, name), NULL, &out, &err), 0);
		assert_string_equal(out.data, name);
		buf_free(&out);
	}
	assert_null(template_set_get(set, "100.txt"));
	assert_null(template_set_get(set, ""));
	template_set_free(&set);
	assert_null(set);
	template_set_free(&set);
}

/* ---- once ---- */

static int find(void *arg, const char *name, struct str *text_out, struct err *err)
{
	const struct template_file *file = arg;

	if (strcmp(name, "f/unreadable.txt") == 0)
		return err_set(err, ERR_PERM, "%s: not yours", name);
	for (; file->name; file++) {
		if (strcmp(file->name, name) == 0) {
			*text_out = str_of(file->text);
			return 1;
		}
	}
	return 0;
}

static void test_once(void **state)
{
	static const enum template_escape raw = TEMPLATE_RAW, xml = TEMPLATE_XML;
	static struct template_file others[] = {
		{ "f/card.txt", "[{{x}}{{> more}}]" },
		{ "f/more.txt", "+" },
		{ "f/broken.txt", "{{" },
		{ "f/card.xml", "<{{/}}" },
		{ NULL, NULL },
	};
	static const struct {
		const char *name;
		struct template_file file;
		const enum template_escape *escape;
		const char *json;
		const char *want;
	} cases[] = {
		{ "partials that it reaches",
		  { "f/a.txt", "{{> card}}" },
		  NULL,
		  "{\"x\":1.0}",
		  "[1.0+]" },
		{ "escape given", { "f/a.txt", "{{> card}}" }, &xml, "{\"x\":\"<\"}", "[&lt;+]" },
		{ "any ending with escape given",
		  { "f/a.md", "{{x}}" },
		  &raw,
		  "{\"x\":\"<\"}",
		  "<" },
		{ "escape by ending",
		  { "a.json", "\"{{x}}\"" },
		  NULL,
		  "{\"x\":\"\\\"\"}",
		  "\"\\\"\"" },
		{ "unknown ending",
		  { "a.md", "" },
		  NULL,
		  "{}",
		  "a.md: the ending says nothing about escaping; name it .txt, .xml or .json" },
		{ "broken partial",
		  { "f/a.txt", "{{> broken}}" },
		  NULL,
		  "{}",
		  "f/broken.txt:1: a tag that begins with {{ is not closed; add }}" },
		{ "no such partial",
		  { "f/a.txt", "\n{{> none}}" },
		  NULL,
		  "{}",
		  "f/a.txt:2: there is no partial f/none.txt; add the file or correct the name" },
		{ "finding fails",
		  { "f/a.txt", "{{> unreadable}}" },
		  NULL,
		  "{}",
		  "f/unreadable.txt: not yours" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct template_finder finder = { find, others };
		struct err err = { 0 };
		struct buf out;

		buf_init(&out, 1000);
		if (template_render_once(cases[i].file.name, str_of(cases[i].file.text),
					 cases[i].escape, &finder, str_of(cases[i].json), &out,
					 &err) < 0)
			(void)buf_adds(&out, err.text);
		CHECK_SAME(out.data, cases[i].want, cases[i].name);
		buf_free(&out);
	}
}

static void test_once_bad_data(void **state)
{
	const struct template_finder finder = { find, NULL };
	struct err err = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_int_equal(
		template_render_once("a.txt", str_of("x"), NULL, &finder, str_of("{"), &out, &err),
		-1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_memory_equal(err.text, "data: ", 6);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	      cmocka_unit_test(test_bad_json),
		cmocka_unit_test(test_each_use),      cmocka_unit_test(test_longest),
		cmocka_unit_test(test_full),	      cmocka_unit_test(test_refusals_at_rendering),
		cmocka_unit_test(test_many_names),    cmocka_unit_test(test_once),
		cmocka_unit_test(test_once_bad_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
