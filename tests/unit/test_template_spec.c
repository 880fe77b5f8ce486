/*
 * What the Mustache spec asks for, rule by rule, with raw escape.
 */
#include "template_check.h"

struct row {
	const char *name;
	const char *text;
	const char *json;
	const char *want;
	const char *card; /* partial {{> card}} */
	const char *more; /* partial {{> more}} */
};

static void run(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *r = &rows[i];
		struct template_file files[TEMPLATE_FILES] = {
			{ "t/main.txt", r->text },
			{ r->card ? "t/card.txt" : NULL, r->card },
			{ r->more ? "t/more.txt" : NULL, r->more },
		};

		template_expect(r->name, files, r->json ? r->json : "{}", r->want);
	}
}

static void test_interpolation(void **state)
{
	static const struct row rows[] = {
		{ .name = "no tag", .text = "Namaste { you }\n", .want = "Namaste { you }\n" },
		{ .name = "empty text", .text = "", .want = "" },
		{ "one value", "Hi {{name}}!", "{\"name\":\"Asha\"}", "Hi Asha!", NULL, NULL },
		{ "not rendered twice", "{{a}}: {{b}}", "{\"a\":\"{{b}}\",\"b\":\"x\"}", "{{b}}: x",
		  NULL, NULL },
		{ "raw is raw", "{{a}}", "{\"a\":\"<&\\\"'>\"}", "<&\"'>", NULL, NULL },
		{ "three braces", "{{{a}}}", "{\"a\":\"<&>\"}", "<&>", NULL, NULL },
		{ "ampersand", "{{&a}}", "{\"a\":\"<&>\"}", "<&>", NULL, NULL },
		{ "a brace behind a value", "{{a}}}", "{\"a\":\"x\"}", "x}", NULL, NULL },
		{ "whole number", "{{n}} kg", "{\"n\":85}", "85 kg", NULL, NULL },
		{ "number as written", "{{n}}|{{m}}|{{k}}",
		  "{\"s\":\"9\",\"n\":1.210,\"7\":[],\"m\":-12345678901234567890,\"k\":1.50E+3}",
		  "1.210|-12345678901234567890|1.50E+3", NULL, NULL },
		{ "numbers in lists, quotes before", "{{#l}}{{.}};{{/l}}",
		  "{\"a\\\"1\":\"\\\\\",\"l\":[0,-0,1e2,\"3\"]}", "0;-0;1e2;3;", NULL, NULL },
		{ "true", "{{b}}", "{\"b\":true}", "true", NULL, NULL },
		{ "false, null, list, object", "({{a}}{{b}}{{c}}{{d}})",
		  "{\"a\":false,\"b\":null,\"c\":[1],\"d\":{\"x\":1}}", "()", NULL, NULL },
		{ .name = "missing", .text = "none ({{gone}}) here", .want = "none () here" },
		{ "dotted", "{{p.name}} == {{#p}}{{name}}{{/p}}", "{\"p\":{\"name\":\"Ravi\"}}",
		  "Ravi == Ravi", NULL, NULL },
		{ "five dots", "{{a.b.c.d.e}}", "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":\"Lila\"}}}}}",
		  "Lila", NULL, NULL },
		{ "dotted, broken chain", "({{a.b.c}})", "{\"a\":{}}", "()", NULL, NULL },
		{ "dotted, outer name does not help", "({{a.b.name}})",
		  "{\"a\":{\"b\":{}},\"c\":{\"name\":\"x\"},\"name\":\"y\"}", "()", NULL, NULL },
		{ "dotted, first part from outside", "{{#a}}{{b.c}}{{/a}}",
		  "{\"a\":{\"x\":1},\"b\":{\"c\":\"yes\"}}", "yes", NULL, NULL },
		{ "dotted, first part fixes the place", "({{#a}}{{b.c}}{{/a}})",
		  "{\"a\":{\"b\":{}},\"b\":{\"c\":\"ERROR\"}}", "()", NULL, NULL },
		{ "null inside hides the outer value", "({{#a}}{{b}}{{/a}})",
		  "{\"a\":{\"b\":null},\"b\":\"ERROR\"}", "()", NULL, NULL },
		{ "into a text", "({{a.b}})", "{\"a\":\"x\"}", "()", NULL, NULL },
		{ "implicit iterator at the top", "{{.}}", "\"pune\"", "pune", NULL, NULL },
		{ "blanks around stay", "| {{a}} |", "{\"a\":\"-\"}", "| - |", NULL, NULL },
		{ "alone on a line stays", "  {{a}}\n", "{\"a\":\"-\"}", "  -\n", NULL, NULL },
		{ "three braces alone on a line", "  {{{a}}}\n", "{\"a\":\"-\"}", "  -\n", NULL,
		  NULL },
		{ "ampersand alone on a line", "  {{&a}}\n", "{\"a\":\"-\"}", "  -\n", NULL, NULL },
		{ "padding", "|{{ a }}|{{{ a }}}|{{& a }}|{{\n\ta\n}}|", "{\"a\":\"-\"}",
		  "|-|-|-|-|", NULL, NULL },
		{ "a name beyond ASCII", "{{नाम}}", "{\"नाम\":\"आशा\"}", "आशा", NULL, NULL },
	};

	(void)state;
	run(rows, COUNT(rows));
}

static void test_sections(void **state)
{
	static const struct row rows[] = {
		{ "true", "\"{{#b}}shown{{/b}}\"", "{\"b\":true}", "\"shown\"", NULL, NULL },
		{ "false", "\"{{#b}}shown{{/b}}\"", "{\"b\":false}", "\"\"", NULL, NULL },
		{ "null", "\"{{#b}}shown{{/b}}\"", "{\"b\":null}", "\"\"", NULL, NULL },
		{ "missing", "\"{{#b}}shown{{/b}}\"", "{}", "\"\"", NULL, NULL },
		{ "empty list", "\"{{#b}}shown{{/b}}\"", "{\"b\":[]}", "\"\"", NULL, NULL },
		{ "empty text does not show", "\"{{#b}}shown{{/b}}\"", "{\"b\":\"\"}", "\"\"", NULL,
		  NULL },
		{ "zero is a text", "\"{{#b}}shown{{/b}}\"", "{\"b\":0}", "\"shown\"", NULL, NULL },
		{ "empty object shows", "\"{{#b}}shown{{/b}}\"", "{\"b\":{}}", "\"shown\"", NULL,
		  NULL },
		{ "object is the context", "{{#c}}Hi {{name}}.{{/c}}",
		  "{\"c\":{\"name\":\"Ravi\"}}", "Hi Ravi.", NULL, NULL },
		{ "outer names are seen", "{{#s}}{{a}}, {{b}}, {{c.d}}{{/s}}",
		  "{\"a\":\"x\",\"b\":\"no\",\"s\":{\"b\":\"y\"},\"c\":{\"d\":\"z\"}}", "x, y, z",
		  NULL, NULL },
		{ "variable test", "{{#x}}{{.}} is {{x}}{{/x}}", "{\"x\":\"y\"}", "y is y", NULL,
		  NULL },
		{ "names of all levels", "{{#l}}{{#m}}{{#b}}{{k}}{{t}}{{/b}}{{/m}}{{/l}}",
		  "{\"k\":\"K\",\"l\":[{\"t\":1,\"m\":[{\"b\":[{\"t\":2},{\"x\":0}]}]}]}", "K2K1",
		  NULL, NULL },
		{ "deep contexts",
		  "{{#a}}{{one}}\n{{#b}}{{one}}{{two}}{{one}}\n{{#c.d}}{{one}}{{two}}{{three}}\n"
		  "{{/c.d}}{{/b}}{{/a}}",
		  "{\"a\":{\"one\":1},\"b\":{\"two\":2},\"c\":{\"d\":{\"three\":3}}}",
		  "1\n121\n123\n", NULL, NULL },
		{ "list", "{{#list}}{{item}}{{/list}}",
		  "{\"list\":[{\"item\":1},{\"item\":2},{\"item\":3}]}", "123", NULL, NULL },
		{ "doubled", "{{#b}}\n- ek\n{{/b}}\n* {{two}}\n{{#b}}\n- teen\n{{/b}}\n",
		  "{\"b\":true,\"two\":\"do\"}", "- ek\n* do\n- teen\n", NULL, NULL },
		{ "nested", "1{{#b}} 2{{#b}} 3{{/b}} 4{{/b}} 5", "{\"b\":true}", "1 2 3 4 5", NULL,
		  NULL },
		{ "nested in what does not show", "1{{#b}} 2{{#b}} 3{{/b}} 4{{/b}} 5",
		  "{\"b\":false}", "1 5", NULL, NULL },
		{ "implicit iterator, texts", "{{#l}}({{.}}){{/l}}", "{\"l\":[\"a\",\"b\"]}",
		  "(a)(b)", NULL, NULL },
		{ "implicit iterator, numbers", "{{#l}}({{.}}){{/l}}", "{\"l\":[1.10,2]}",
		  "(1.10)(2)", NULL, NULL },
		{ "implicit iterator, lists", "{{#l}}({{#.}}{{.}}{{/.}}){{/l}}",
		  "{\"l\":[[1,2],[\"a\"],[]]}", "(12)(a)()", NULL, NULL },
		{ "implicit iterator, the whole data", "{{#.}}({{v}}){{/.}}",
		  "[{\"v\":\"a\"},{\"v\":\"b\"}]", "(a)(b)", NULL, NULL },
		{ "dotted", "{{#a.b.c}}Here{{/a.b.c}}", "{\"a\":{\"b\":{\"c\":true}}}", "Here",
		  NULL, NULL },
		{ "dotted, false", "({{#a.b.c}}Here{{/a.b.c}})", "{\"a\":{\"b\":{\"c\":false}}}",
		  "()", NULL, NULL },
		{ "dotted, broken chain", "({{#a.b.c}}Here{{/a.b.c}})", "{\"a\":{}}", "()", NULL,
		  NULL },
		{ "blanks around stay", " | {{#b}}\t|\t{{/b}} | \n", "{\"b\":true}",
		  " | \t|\t | \n", NULL, NULL },
		{ "blanks inside stay", " | {{#b}} {{! }}\n {{/b}} | \n", "{\"b\":true}",
		  " |  \n  | \n", NULL, NULL },
		{ "two on a line are not alone", " {{#b}}YES{{/b}}\n {{#b}}GOOD{{/b}}\n",
		  "{\"b\":true}", " YES\n GOOD\n", NULL, NULL },
		{ "open and close on one line", "a\n{{#b}}{{/b}}\nc\n", "{\"b\":true}", "a\n\nc\n",
		  NULL, NULL },
		{ "alone", "one\n{{#b}}\n|\n{{/b}}\ntwo\n", "{\"b\":true}", "one\n|\ntwo\n", NULL,
		  NULL },
		{ "alone, indented", "one\n  {{#b}}\n|\n \t{{/b}}  \ntwo\n", "{\"b\":true}",
		  "one\n|\ntwo\n", NULL, NULL },
		{ "alone, CR LF", "|\r\n{{#b}}\r\n{{/b}}\r\n|", "{\"b\":true}", "|\r\n|", NULL,
		  NULL },
		{ "a CR by itself ends no line", "|\n{{#b}}\r{{/b}}|", "{\"b\":true}", "|\n\r|",
		  NULL, NULL },
		{ "alone, no line before", "  {{#b}}\n#{{/b}}\n/", "{\"b\":true}", "#\n/", NULL,
		  NULL },
		{ "alone, no line behind", "#{{#b}}\n/\n  {{/b}}", "{\"b\":true}", "#\n/\n", NULL,
		  NULL },
		{ "alone in a list", "{{#l}}\n- {{.}}\n{{/l}}\n", "{\"l\":[1,2]}", "- 1\n- 2\n",
		  NULL, NULL },
		{ "padding", "|{{# b }}={{/ b }}|{{ #b }}={{ /b }}|", "{\"b\":true}", "|=|=|", NULL,
		  NULL },
	};

	(void)state;
	run(rows, COUNT(rows));
}

static void test_inverted(void **state)
{
	static const struct row rows[] = {
		{ "false", "({{^b}}shown{{/b}})", "{\"b\":false}", "(shown)", NULL, NULL },
		{ "true", "({{^b}}shown{{/b}})", "{\"b\":true}", "()", NULL, NULL },
		{ "null", "({{^b}}shown{{/b}})", "{\"b\":null}", "(shown)", NULL, NULL },
		{ "missing", "({{^b}}shown{{/b}})", "{}", "(shown)", NULL, NULL },
		{ "empty list", "({{^b}}shown{{/b}})", "{\"b\":[]}", "(shown)", NULL, NULL },
		{ "empty text", "({{^b}}shown{{/b}})", "{\"b\":\"\"}", "(shown)", NULL, NULL },
		{ "text", "({{^b}}shown{{/b}})", "{\"b\":\"x\"}", "()", NULL, NULL },
		{ "object", "({{^b}}shown{{/b}})", "{\"b\":{\"x\":1}}", "()", NULL, NULL },
		{ "list", "({{^b}}shown{{/b}})", "{\"b\":[{}]}", "()", NULL, NULL },
		{ "doubled", "{{^b}}\n- ek\n{{/b}}\n* {{two}}\n{{^b}}\n- teen\n{{/b}}\n",
		  "{\"b\":false,\"two\":\"do\"}", "- ek\n* do\n- teen\n", NULL, NULL },
		{ "nested", "1{{^b}} 2{{^b}} 3{{/b}} 4{{/b}} 5", "{\"b\":false}", "1 2 3 4 5", NULL,
		  NULL },
		{ "nested, not shown", "1{{^b}} 2{{^b}} 3{{/b}} 4{{/b}} 5", "{\"b\":true}", "1 5",
		  NULL, NULL },
		{ "context is as outside", "{{#o}}{{^no}}{{.}}{{/no}}{{/o}}", "{\"o\":\"x\"}", "x",
		  NULL, NULL },
		{ "dotted, true", "({{^a.b}}no{{/a.b}})", "{\"a\":{\"b\":true}}", "()", NULL,
		  NULL },
		{ "dotted, broken chain", "({{^a.b}}no{{/a.b}})", "{\"a\":{}}", "(no)", NULL,
		  NULL },
		{ "blanks around stay", " | {{^b}}\t|\t{{/b}} | \n", "{}", " | \t|\t | \n", NULL,
		  NULL },
		{ "alone", "one\n{{^b}}\n|\n{{/b}}\ntwo\n", "{}", "one\n|\ntwo\n", NULL, NULL },
		{ "alone, indented", "one\n  {{^b}}\n|\n  {{/b}}\ntwo\n", "{}", "one\n|\ntwo\n",
		  NULL, NULL },
		{ "alone, CR LF", "|\r\n{{^b}}\r\n{{/b}}\r\n|", "{}", "|\r\n|", NULL, NULL },
		{ "alone, no line before", "  {{^b}}\n^{{/b}}\n/", "{}", "^\n/", NULL, NULL },
		{ "alone, no line behind", "^{{^b}}\n/\n  {{/b}}", "{}", "^\n/\n", NULL, NULL },
		{ "padding", "|{{^ b }}={{/ b }}|", "{}", "|=|", NULL, NULL },
	};

	(void)state;
	run(rows, COUNT(rows));
}

static void test_comments(void **state)
{
	static const struct row rows[] = {
		{ .name = "inline", .text = "123{{! a {comment} }}456", .want = "123456" },
		{ .name = "several lines", .text = "12{{!\n more\n}}34\n", .want = "1234\n" },
		{ .name = "alone",
		  .text = "above\n{{! here }}\nbelow\n",
		  .want = "above\nbelow\n" },
		{ .name = "alone, indented",
		  .text = "above\n  {{! here }}\nbelow\n",
		  .want = "above\nbelow\n" },
		{ .name = "alone, CR LF", .text = "|\r\n{{! here }}\r\n|", .want = "|\r\n|" },
		{ .name = "alone, no line before", .text = "  {{! x }}\n!", .want = "!" },
		{ .name = "alone, no line behind", .text = "!\n  {{! x }}", .want = "!\n" },
		{ .name = "alone, several lines",
		  .text = "above\n{{!\nmore\n}}\nbelow\n",
		  .want = "above\nbelow\n" },
		{ .name = "alone, several lines, indented",
		  .text = "above\n  {{!\n    more\n  }}\nbelow\n",
		  .want = "above\nbelow\n" },
		{ .name = "not alone, indented", .text = "  12 {{! 34 }}\n", .want = "  12 \n" },
		{ .name = "blanks around stay", .text = "12345 {{! x }} 67", .want = "12345  67" },
		{ "no value", "({{! name }})", "{\"! name\":1,\"name\":2}", "()", NULL, NULL },
		{ .name = "no name at all", .text = "({{!}})", .want = "()" },
	};

	(void)state;
	run(rows, COUNT(rows));
}

static void test_partials(void **state)
{
	static const struct row rows[] = {
		{ "basic", "\"{{>card}}\"", "{}", "\"card text\"", "card text", NULL },
		{ "sees the context", "\"{{>card}}\"", "{\"text\":\"content\"}", "\"*content*\"",
		  "*{{text}}*", NULL },
		{ "sees the section", "{{#l}}{{> card}}{{/l}}", "{\"l\":[{\"v\":1},{\"v\":2}]}",
		  "<1><2>", "<{{v}}>", NULL },
		{ "nested", "{{>card}}", "{\"a\":\"asha\",\"b\":\"pune\"}", "*asha pune!*",
		  "*{{a}} {{>more}}*", "{{b}}!" },
		{ "blanks around stay", "| {{>card}} |", "{}", "| \t|\t |", "\t|\t", NULL },
		{ "not alone: not indented", "  {{d}}  {{> card}}\n", "{\"d\":\"|\"}",
		  "  |  >\n>\n", ">\n>", NULL },
		{ "alone, CR LF", "|\r\n{{>card}}\r\n|", "{}", "|\r\n>|", ">", NULL },
		{ "alone, no line before", "  {{>card}}\n>", "{}", "  >\n  >>", ">\n>", NULL },
		{ "alone, no line behind", ">\n  {{>card}}", "{}", ">\n  >\n  >", ">\n>", NULL },
		{ "indents lines, not values", "\\\n {{>card}}\n/\n", "{\"v\":\"<\\n->\"}",
		  "\\\n |\n <\n->\n |\n/\n", "|\n{{{v}}}\n|\n", NULL },
		{ "indents with tabs", "\t{{>card}}\n", "{}", "\ta\n\tb\n", "a\nb\n", NULL },
		{ "indentation adds up", " {{>card}}\n", "{}", " a\n   x\n   y\n b\n",
		  "a\n  {{>more}}\nb\n", "x\ny\n" },
		{ "indentation, then inside a line", " {{>card}}\n", "{}", " a x\ny\n",
		  "a {{>more}}\n", "x\ny" },
		{ "two indentations of one partial", " {{>card}}\n  {{>card}}\n{{>card}}\n", "{}",
		  " a\n  a\na\n", "a\n", NULL },
		{ "alone in an indented partial", " {{>card}}\n", "{\"b\":true}", " a\n b\n",
		  "{{#b}}\na\n{{/b}}\n{{! c }}\nb\n", NULL },
		{ "padding", "|{{> card }}|", "{}", "|[]|", "[]", NULL },
		{ "a partial's end needs no line", "a\n{{>card}}\nb\n", "{}", "a\nxb\n", "x",
		  NULL },
		{ "delimiters do not go in", "{{=<% %>=}}<%>card%>{{x}}", "{\"x\":1}", "1{{x}}",
		  "{{x}}", NULL },
		{ "delimiters do not come out", "{{>card}}{{x}}<%x%>", "{\"x\":1}", "11<%x%>",
		  "{{=<% %>=}}<%x%>", NULL },
	};

	(void)state;
	run(rows, COUNT(rows));
}

static void test_delimiters(void **state)
{
	static const struct row rows[] = {
		{ "pair", "{{=<% %>=}}(<%t%>)", "{\"t\":\"namaste\"}", "(namaste)", NULL, NULL },
		{ "one character", "({{=[ ]=}}[t])", "{\"t\":\"chai\"}", "(chai)", NULL, NULL },
		{ "beyond ASCII", "{{=« »=}}«t»", "{\"t\":\"x\"}", "x", NULL, NULL },
		{ "the same twice", "{{=| |=}}|t|", "{\"t\":\"x\"}", "x", NULL, NULL },
		{ "and back", "{{=| |=}}|t||={{ }}=|{{t}}|t|", "{\"t\":\"x\"}", "xx|t|", NULL,
		  NULL },
		{ "in sections",
		  "[\n{{#s}}\n  {{d}}\n  |d|\n{{/s}}\n\n{{= | | =}}\n|#s|\n  {{d}}\n  "
		  "|d|\n|/s|\n]\n",
		  "{\"s\":true,\"d\":\"ok\"}", "[\n  ok\n  |d|\n\n  {{d}}\n  ok\n]\n", NULL, NULL },
		{ "over the end of a section", "{{#s}}{{=<% %>=}}<%d%><%/s%>{{d}}<%d%>",
		  "{\"s\":true,\"d\":1}", "1{{d}}1", NULL, NULL },
		{ "in inverted sections", "{{^s}}{{=| |=}}|d|{{d}}|/s|", "{\"d\":1}", "1{{d}}",
		  NULL, NULL },
		{ "three braces with other delimiters", "{{=<% %>=}}<%{t}%>", "{\"t\":\"x\"}", "x",
		  NULL, NULL },
		{ "blanks around stay", "| {{=@ @=}} |", "{}", "|  |", NULL, NULL },
		{ "blanks around stay, line", " | {{=@ @=}}\n", "{}", " | \n", NULL, NULL },
		{ "alone", "above\n{{=@ @=}}\nbelow\n", "{}", "above\nbelow\n", NULL, NULL },
		{ "alone, indented", "above\n  {{=@ @=}}\nbelow\n", "{}", "above\nbelow\n", NULL,
		  NULL },
		{ "alone, CR LF", "|\r\n{{= @ @ =}}\r\n|", "{}", "|\r\n|", NULL, NULL },
		{ "alone, no line before", "  {{=@ @=}}\n=", "{}", "=", NULL, NULL },
		{ "alone, no line behind", "=\n  {{=@ @=}}", "{}", "=\n", NULL, NULL },
		{ "padding", "|{{= @   @ =}}|", "{}", "||", NULL, NULL },
	};

	(void)state;
	run(rows, COUNT(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interpolation), cmocka_unit_test(test_sections),
		cmocka_unit_test(test_inverted),      cmocka_unit_test(test_comments),
		cmocka_unit_test(test_partials),      cmocka_unit_test(test_delimiters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
