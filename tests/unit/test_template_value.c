/*
 * Looking into a tree of values: by path, and children that a source makes.
 */
#include "template_check.h"

static void test_path(void **state)
{
	static const char json[] =
		"{\"a\":{\"b\":\"x\",\"c\":{\"d\":\"y\"}},\"l\":[{\"b\":\"z\"}]}";
	static const struct {
		const char *name, *path, *text; /* NULL: nothing is there */
	} cases[] = {
		{ "child", "a.b", "x" },
		{ "grandchild", "a.c.d", "y" },
		{ "no such child", "a.x", NULL },
		{ "below a text", "a.b.c", NULL },
		{ "into a list", "l.b", NULL },
		{ "empty part", "a..b", NULL },
		{ "dot in front", ".a", NULL },
		{ "name too long",
		  "a234567890123456789012345678901234567890123456789012345678901234567890123456789"
		  "012345678901234567890123456789",
		  NULL },
	};
	struct arena a = { 0 };
	struct value *tree;

	(void)state;
	assert_int_equal(value_from_json(&a, str_of(json), &tree, NULL), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct value *v = value_at(tree, cases[i].path);

		CHECK_CASE((v != NULL) == (cases[i].text != NULL), cases[i].name);
		if (v)
			CHECK_SAME(v->text.p, cases[i].text, cases[i].name);
	}
	assert_ptr_equal(value_at(tree, ""), tree);
	assert_null(value_at(NULL, "a"));
	arena_free(&a);
}

struct counter {
	struct value_source source;
	struct value *object;
	struct arena *a;
	unsigned asked;
};

static const struct value *make_known(struct value_source *source, const char *name)
{
	struct counter *c = (struct counter *)source;

	c->asked++;
	if (strcmp(name, "unknown") == 0)
		return NULL;
	return value_add_text(c->a, c->object, "made", str_of("m"));
}

/* What is there is not asked for, and what was made is there. */
static void test_source(void **state)
{
	struct arena a = { 0 };
	struct counter c = { .source = { make_known }, .a = &a };

	(void)state;
	c.object = value_object(&a);
	c.object->source = &c.source;
	value_add_text(&a, c.object, "given", str_of("g"));
	assert_string_equal(value_get(c.object, "given")->text.p, "g");
	assert_int_equal(c.asked, 0);
	assert_string_equal(value_get(c.object, "made")->text.p, "m");
	assert_string_equal(value_get(c.object, "made")->text.p, "m");
	assert_int_equal(c.asked, 1);
	assert_null(value_get(c.object, "unknown"));
	assert_int_equal(c.asked, 2);
	assert_true(value_shows(c.object));
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
