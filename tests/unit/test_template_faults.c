/*
 * What an author gets told: file, line, what is wrong, what to do.
 */
#include <stdio.h>

#include "template_check.h"

static void test_compile(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want;
	} cases[] = {
		{ "open tag", "a\n{{name",
		  "t.txt:2: a tag that begins with {{ is not closed; add }}" },
		{ "open three braces", "{{{name}}",
		  "t.txt:1: a tag that begins with {{{ is not closed; add }}}" },
		{ "open comment", "\n\n{{! ...",
		  "t.txt:3: a tag that begins with {{! is not closed; "
		  "add }}" },
		{ "open delimiters", "{{=<% %>}}",
		  "t.txt:1: a tag that begins with {{= is not closed; add =}}" },
		{ "open tag, other delimiters", "{{=<% %>=}}\n<%#a",
		  "t.txt:2: a tag that begins with <%# is not closed; add %>" },
		{ "open section", "a\n{{#one}}\n{{#two}}{{/two}}",
		  "t.txt:2: section 'one' is not closed; add {{/one}}" },
		{ "open inverted section", "{{^one}}",
		  "t.txt:1: section 'one' is not closed; add "
		  "{{/one}}" },
		{ "wrong close", "{{#one}}\n{{^two}}\n{{/one}}\n{{/two}}",
		  "t.txt:3: {{/one}} stands where section {{^two}} of line 2 ends; write "
		  "{{/two}}" },
		{ "close without section", "a\r\nb\r\n{{/one}}",
		  "t.txt:3: {{/one}} closes no section; remove it or open {{#one}} before it" },
		{ "no name", "{{}}", "t.txt:1: a tag without a name; write {{name}}" },
		{ "no name, blanks", "{{#  }}{{/}}",
		  "t.txt:1: a tag without a name; write {{name}}" },
		{ "no partial name", "{{>}}", "t.txt:1: a tag without a name; write {{name}}" },
		{ "blank in a name", "{{first name}}",
		  "t.txt:1: 'first name' is not a name; a name holds no blank and none of "
		  "{}()|\"'<>#^&$*=/" },
		{ "filter", "{{name|upper}}",
		  "t.txt:1: 'name|upper' is not a name; a name holds no blank and none of "
		  "{}()|\"'<>#^&$*=/" },
		{ "a brace is missing", "{{a} and {{b}}",
		  "t.txt:1: 'a} and {{b' is not a name; a name holds no blank and none of "
		  "{}()|\"'<>#^&$*=/" },
		{ "empty part", "{{a..b}}", "t.txt:1: 'a..b' has an empty part; write a.b" },
		{ "dot at the end", "{{a.}}", "t.txt:1: 'a.' has an empty part; write a.b" },
		{ "long name",
		  "{{nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
		  "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnn}}",
		  "t.txt:1: a name of 105 bytes, the most is 100; is a closing }} missing?" },
		{ "inheritance, parent", "{{<base}}{{/base}}",
		  "t.txt:1: {{< is inheritance, which is not supported; use a partial: {{> "
		  "name}}" },
		{ "inheritance, block", "{{$title}}{{/title}}",
		  "t.txt:1: {{$ is inheritance, which is not supported; use a partial: {{> "
		  "name}}" },
		{ "partial by a name in the data", "{{>*name}}",
		  "t.txt:1: '*name' is not a name; a name holds no blank and none of "
		  "{}()|\"'<>#^&$*=" },
		{ "partial above", "{{> ../x}}",
		  "t.txt:1: partial '../x' leaves the folder; name a file beside this one" },
		{ "partial from the root", "{{> /etc/x}}",
		  "t.txt:1: partial '/etc/x' leaves the folder; name a file beside this one" },
		{ "one delimiter", "{{=|=}}",
		  "t.txt:1: delimiters are set like {{=<% %>=}}; write two marks with a blank "
		  "between them and no '=' in them" },
		{ "three delimiters", "{{=a b c=}}",
		  "t.txt:1: delimiters are set like {{=<% %>=}}; write two marks with a blank "
		  "between them and no '=' in them" },
		{ "not UTF-8", "a\nb\xFF", "t.txt:2: not UTF-8; save the file as UTF-8" },
		{ "control character", "\x1b[1m",
		  "t.txt:1: the character U+001B cannot be sent; remove it" },
		{ "U+FFFF", "\n\xEF\xBF\xBF",
		  "t.txt:2: the character U+FFFF cannot be sent; remove it" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct template_set *set = template_set_new();
		struct err err = { 0 };
		int ret = template_set_add(set, "t.txt", str_of(cases[i].text), &err);

		CHECK_CASE(ret == -1 && err.kind == ERR_INPUT, cases[i].name);
		CHECK_SAME(err.text, cases[i].want, cases[i].name);
		CHECK_CASE(!template_set_get(set, "t.txt"), cases[i].name);
		template_set_free(&set);
	}
}

static void test_set(void **state)
{
	static const struct {
		const char *name;
		struct template_file files[TEMPLATE_FILES];
		const char *want;
	} cases[] = {
		{ "unknown ending",
		  { { "en/a.md", "" } },
		  "en/a.md: the ending says nothing about escaping; name it .txt, .xml or .json" },
		{ "no ending",
		  { { "a.txt/b", "" } },
		  "a.txt/b: the ending says nothing about escaping; name it .txt, .xml or .json" },
		{ "twice",
		  { { "a.txt", "" }, { "a.txt", "" } },
		  "a.txt: there is one of this name already; rename one" },
		{ "partial that is not there",
		  { { "en/a.txt", "x\n{{> card}}" }, { "card.txt", "" } },
		  "en/a.txt:2: there is no partial en/card.txt; add the file or correct the name" },
		{ "partial of another ending",
		  { { "a.txt", "{{> b}}" }, { "b.xml", "" } },
		  "a.txt:1: there is no partial b.txt; add the file or correct the name" },
		{ "itself",
		  { { "a.txt", "{{> a}}" } },
		  "a.txt:1: partial a.txt leads back to itself and would never end; take one of "
		  "the "
		  "partial tags out" },
		{ "a circle, under a section and indented",
		  { { "a.txt", "{{> b}}" },
		    { "b.txt", "\n{{#x}}\n  {{> c}}\n{{/x}}" },
		    { "c.txt", "{{> b}}" } },
		  "c.txt:1: partial b.txt leads back to itself and would never end; take one of "
		  "the "
		  "partial tags out" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct template_set *set = template_set_new();
		struct err err = { 0 };

		CHECK_CASE(template_load(set, cases[i].files, &err) == -1, cases[i].name);
		CHECK_CASE(err.kind == ERR_INPUT, cases[i].name);
		CHECK_SAME(err.text, cases[i].want, cases[i].name);
		template_set_free(&set);
	}
}

static void test_mixed_escape(void **state)
{
	struct template_set *set = template_set_new();
	struct err err = { 0 };

	(void)state;
	assert_int_equal(template_set_add_as(set, "a", str_of("{{> b}}"), TEMPLATE_XML, &err), 0);
	assert_int_equal(template_set_add_as(set, "b", str_of("{{x}}"), TEMPLATE_RAW, &err), 0);
	assert_int_equal(template_set_link(set, &err), -1);
	assert_string_equal(err.text, "a:1: partial b escapes in another way; use a partial of the "
				      "same file type");
	template_set_free(&set);
}

/* Two partial tags per file, 20 deep: a million copies of the last. */
static void test_too_large(void **state)
{
	struct template_set *set = template_set_new();
	struct err err = { 0 };

	(void)state;
	for (int i = 0; i <= 20; i++) {
		char name[32], text[96];

		(void)snprintf(name, sizeof name, "p%d.txt", i);
		(void)snprintf(text, sizeof text, "{{> p%d}}{{> p%d}}", i + 1, i + 1);
		assert_int_equal(template_set_add(set, name, str_of(i < 20 ? text : "x"), &err), 0);
	}
	assert_int_equal(template_set_link(set, &err), -1);
	assert_non_null(strstr(err.text, "larger than 1048576 bytes with its partials; use fewer"));
	template_set_free(&set);
}

/* 5,000 blanks before each of 1,000 lines. */
static void test_too_much_indentation(void **state)
{
	static char tag[5020], lines[2001];
	const struct template_file files[TEMPLATE_FILES] = { { "a.txt", tag }, { "b.txt", lines } };
	struct template_set *set = template_set_new();
	struct err err = { 0 };

	(void)state;
	(void)snprintf(tag, sizeof tag, "%5000s{{> b}}", "");
	for (size_t i = 0; i < 1000; i++)
		memcpy(lines + 2 * i, "x\n", 2);
	assert_int_equal(template_load(set, files, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text,
			    "b.txt: used as a partial with too much indentation in front; "
			    "indent the partial tags less");
	template_set_free(&set);
}

/* One partial tag per file; the file names sort so that the end is met first or last. */
static void test_depth(void **state)
{
	for (int backward = 0; backward < 2; backward++) {
		for (int length = 31; length <= 34; length++) {
			struct template_set *set = template_set_new();
			struct err err = { 0 };
			int ret;

			for (int i = 0; i <= length; i++) {
				char name[32], text[64];
				int at = backward ? length - i : i,
				    next = backward ? at - 1 : at + 1;

				(void)snprintf(name, sizeof name, "p%02d.txt", at);
				(void)snprintf(text, sizeof text, i < length ? "{{> p%02d}}" : "%d",
					       next);
				assert_int_equal(template_set_add(set, name, str_of(text), &err),
						 0);
			}
			ret = template_set_link(set, &err);
			if (ret != (length <= 32 ? 0 : -1))
				fail_msg("%d partials, backward %d: %s", length, backward,
					 err.text);
			if (ret < 0)
				assert_non_null(strstr(err.text, "partials nest deeper than 32"));
			template_set_free(&set);
		}
	}
	(void)state;
}

static void test_section_depth(void **state)
{
	for (int depth = 32; depth <= 33; depth++) {
		struct template_set *set = template_set_new();
		struct err err = { 0 };
		struct buf text;

		buf_init(&text, 1 << 16);
		for (int i = 0; i < depth; i++)
			(void)buf_adds(&text, "{{#a}}");
		for (int i = 0; i < depth; i++)
			(void)buf_adds(&text, "{{/a}}");
		assert_int_equal(
			template_set_add(set, "a.txt", (struct str){ text.data, text.len }, &err),
			depth == 32 ? 0 : -1);
		if (depth > 32)
			assert_string_equal(err.text,
					    "a.txt:1: sections nest deeper than 32; use a partial");
		buf_free(&text);
		template_set_free(&set);
	}
	(void)state;
}

static void test_file_limits(void **state)
{
	struct template_set *set = template_set_new();
	struct err err = { 0 };
	struct buf text;

	(void)state;
	buf_init(&text, 2 << 20);
	for (int i = 0; i < 20001; i++)
		(void)buf_adds(&text, "{{a}}");
	assert_int_equal(template_set_add(set, "a.txt", (struct str){ text.data, text.len }, &err),
			 -1);
	assert_string_equal(err.text, "a.txt:1: more than 20000 pieces of text and tags; split the "
				      "file with partials");
	while (text.len <= 1 << 20)
		(void)buf_adds(&text, "0123456789abcdef");
	assert_int_equal(template_set_add(set, "b.txt", (struct str){ text.data, text.len }, &err),
			 -1);
	assert_string_equal(err.text, "b.txt: larger than 1048576 bytes; split it");
	buf_free(&text);
	template_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compile),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_mixed_escape),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_too_much_indentation),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_section_depth),
		cmocka_unit_test(test_file_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
