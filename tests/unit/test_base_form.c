/*
 * Form bodies in and out, percent-encoding.
 */
#include "base_check.h"

#include "base/form.h"

/* Fields as "name=value;" with every byte outside printable ASCII as \xx. */
static void show(struct buf *out, const struct form *form)
{
	for (size_t i = 0; i < form->count; i++) {
		struct str parts[2] = { form->fields[i].name, form->fields[i].value };

		for (int p = 0; p < 2; p++) {
			for (size_t j = 0; j < parts[p].n; j++) {
				unsigned char c = (unsigned char)parts[p].p[j];

				(void)buf_addf(out, c < 0x20 || c > 0x7e ? "\\%02x" : "%c", c);
			}
			(void)buf_addc(out, p ? ';' : '=');
		}
	}
}

static void test_decode(void **state)
{
	static const struct {
		const char *name;
		struct str body;
		const char *fields; /* NULL: refused */
	} cases[] = {
		{ "nothing", { NULL, 0 }, "" },
		{ "one", BYTES("a=1"), "a=1;" },
		{ "order is kept", BYTES("b=2&a=1&b=1"), "b=2;a=1;b=1;" },
		{ "plus is a blank", BYTES("a+b=+c++"), "a b= c  ;" },
		{ "escapes of either case", BYTES("a=%c3%A9%2B"), "a=\\c3\\a9+;" },
		{ "escaped name", BYTES("%61%3D=%26"), "a==&;" },
		{ "escaped NUL", BYTES("a%00b=%00"), "a\\00b=\\00;" },
		{ "raw NUL and high bytes", BYTES("a=\0\xff"), "a=\\00\\ff;" },
		{ "no equals sign", BYTES("a"), "a=;" },
		{ "no value", BYTES("a="), "a=;" },
		{ "no name", BYTES("=b"), "=b;" },
		{ "only an equals sign", BYTES("="), "=;" },
		{ "second equals sign is value", BYTES("a=b=c"), "a=b=c;" },
		{ "only ampersands", BYTES("&&"), "" },
		{ "empty parts are skipped", BYTES("&a=1&&b=2&"), "a=1;b=2;" },
		{ "escape is decoded once", BYTES("a=%2541"), "a=%41;" },
		{ "not hex", BYTES("a=%zz"), NULL },
		{ "not hex in the second place", BYTES("a=%1z"), NULL },
		{ "escape cut by the end", BYTES("a=%4"), NULL },
		{ "escape cut by the length", { "a=%41", 4 }, NULL },
		{ "lonely percent", BYTES("%"), NULL },
		{ "escape does not reach over '&'", BYTES("a=%4&b"), NULL },
		{ "escape does not reach over '='", BYTES("a%=1"), NULL },
		{ "sign is no hex digit", BYTES("a=%+1"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a = { 0 };
		struct form form = { .count = 77 };
		struct err err = { 0 };
		struct buf shown;
		int ret = form_decode(cases[i].body, &a, &form, &err);

		CHECK_CASE((ret == 0) == (cases[i].fields != NULL), cases[i].name);
		buf_init(&shown, 1000);
		if (ret == 0) {
			show(&shown, &form);
			CHECK_SAME(shown.data, cases[i].fields, cases[i].name);
		} else {
			CHECK_CASE(err.kind == ERR_INPUT && err.text[0], cases[i].name);
			CHECK_CASE(form.count == 77, cases[i].name);
		}
		buf_free(&shown);
		arena_free(&a);
	}
}

static void test_field_limit(void **state)
{
	static const struct {
		const char *name;
		int fields, empty;
		int ret;
	} cases[] = {
		{ "200", 200, 0, 0 },
		{ "201", 201, 0, -1 },
		{ "200 and empty parts", 200, 50, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a = { 0 };
		struct err err = { 0 };
		struct form form = { 0 };
		struct buf body;

		buf_init(&body, 10000);
		for (int n = 0; n < cases[i].fields; n++)
			(void)buf_addf(&body, "f%d=%d&", n, n);
		for (int n = 0; n < cases[i].empty; n++)
			(void)buf_addc(&body, '&');
		CHECK_CASE(form_decode((struct str){ body.data, body.len }, &a, &form, &err) ==
				   cases[i].ret,
			   cases[i].name);
		if (cases[i].ret == 0) {
			CHECK_CASE(form.count == 200, cases[i].name);
			CHECK_CASE(str_is(form_get(&form, "f199"), "199"), cases[i].name);
		}
		buf_free(&body);
		arena_free(&a);
	}
}

/* What a signature is checked over before anybody is told what is wrong with it. */
static void test_read(void **state)
{
	static const struct {
		const char *name;
		const char *body;
		const char *fields;
		bool broken;
	} cases[] = {
		{ "whole", "a=%41+b&c", "a=A b;c=;", false },
		{ "lonely percent", "a=%", "a=%;", true },
		{ "not hex", "a=%zz%41", "a=%zzA;", true },
		{ "cut escapes", "a%4=%4&b=1", "a%4=%4;b=1;", true },
		{ "percent in front of an escape", "a=%%41", "a=%A;", true },
		{ "sign is no hex digit", "a=%+1", "a=% 1;", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a = { 0 };
		struct err err = { 0 };
		struct form form;
		struct buf shown;

		buf_init(&shown, 1000);
		CHECK_CASE(form_read(str_of(cases[i].body), &a, &form) == 0, cases[i].name);
		show(&shown, &form);
		CHECK_SAME(shown.data, cases[i].fields, cases[i].name);
		CHECK_CASE(form.broken == cases[i].broken, cases[i].name);
		for (size_t k = 0; k < form.count; k++)
			CHECK_CASE(form.fields[k].name.p[form.fields[k].name.n] == '\0' &&
					   form.fields[k].value.p[form.fields[k].value.n] == '\0',
				   cases[i].name);
		CHECK_CASE((form_check(&form, &err) < 0) == cases[i].broken, cases[i].name);
		CHECK_CASE((err.kind == ERR_INPUT) == cases[i].broken, cases[i].name);
		buf_free(&shown);
		arena_free(&a);
	}
}

static void test_read_limit(void **state)
{
	struct arena a = { 0 };
	struct form form;
	struct buf body;

	(void)state;
	buf_init(&body, 10000);
	for (int n = 0; n < FORM_MAX_READ; n++)
		assert_int_equal(buf_adds(&body, "a=1&"), 0);
	assert_int_equal(form_read((struct str){ body.data, body.len }, &a, &form), 0);
	assert_int_equal(form.count, FORM_MAX_READ);
	assert_int_equal(form_check(&form, NULL), -1);
	assert_int_equal(buf_adds(&body, "b"), 0);
	assert_int_equal(form_read((struct str){ body.data, body.len }, &a, &form), -1);
	buf_free(&body);
	arena_free(&a);
}

static void test_get(void **state)
{
	struct arena a = { 0 };
	struct form form;

	(void)state;
	assert_int_equal(form_decode(str_of("A=1&a=2&a=3&e=&f"), &a, &form, NULL), 0);
	assert_true(str_is(form_get(&form, "a"), "2"));
	assert_true(str_is(form_get(&form, "A"), "1"));
	assert_non_null(form_get(&form, "e").p);
	assert_non_null(form_get(&form, "f").p);
	assert_null(form_get(&form, "b").p);
	assert_null(form_get(&form, "").p);
	arena_free(&a);
}

static void test_encode(void **state)
{
	static const struct {
		const char *name;
		struct str text;
		const char *form, *percent;
	} cases[] = {
		{ "plain", BYTES("azAZ09"), "azAZ09", "azAZ09" },
		{ "marks", BYTES("-_.*~"), "-_.*%7E", "-_.%2A~" },
		{ "blank and plus", BYTES("a b+c"), "a+b%2Bc", "a%20b%2Bc" },
		{ "reserved", BYTES("&=%/?#:@"), "%26%3D%25%2F%3F%23%3A%40",
		  "%26%3D%25%2F%3F%23%3A%40" },
		{ "UTF-8", BYTES("\xc3\xa9"), "%C3%A9", "%C3%A9" },
		{ "NUL and line break", BYTES("\0\r\n"), "%00%0D%0A", "%00%0D%0A" },
		{ "empty", { NULL, 0 }, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;

		buf_init(&out, 1000);
		CHECK_CASE(form_add(&out, cases[i].text, str_of("")) == 0, cases[i].name);
		CHECK_CASE(out.data[out.len - 1] == '=', cases[i].name);
		out.data[--out.len] = '\0';
		CHECK_SAME(out.data, cases[i].form, cases[i].name);
		buf_reset(&out);
		CHECK_CASE(percent_encode(&out, cases[i].text) == 0, cases[i].name);
		CHECK_SAME(out.data, cases[i].percent, cases[i].name);
		buf_free(&out);
	}
}

static void test_add(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 12);
	assert_int_equal(form_add(&out, str_of("To"), str_of("a b")), 0);
	assert_int_equal(form_add(&out, str_of("x"), str_of("&")), 0);
	assert_string_equal(out.data, "To=a+b&x=%26");
	assert_int_equal(form_add(&out, str_of(""), str_of("")), -1);
	buf_reset(&out);
	assert_int_equal(percent_encode(&out, str_of("     ")), -1);
	assert_true(out.full);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode), cmocka_unit_test(test_field_limit),
		cmocka_unit_test(test_read),   cmocka_unit_test(test_read_limit),
		cmocka_unit_test(test_get),    cmocka_unit_test(test_encode),
		cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
