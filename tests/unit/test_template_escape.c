/*
 * How values go out: raw, XML text, XML attributes, JSON strings; and where a tag may stand.
 */
#include "template_check.h"

#include "base/json.h"
#include "base/text.h"

static void render_value(const char *file, const char *text, struct str value, struct buf *out)
{
	struct template_set *set = template_set_new();
	struct arena a = { 0 };
	struct value *data = value_object(&a);
	struct err err = { 0 };

	(void)value_add_text(&a, data, "x", value);
	if (template_set_add(set, file, str_of(text), &err) < 0 ||
	    template_set_link(set, &err) < 0 ||
	    template_render(template_set_get(set, file), data, out, &err) < 0)
		(void)buf_addf(out, "%s", err.text);
	arena_free(&a);
	template_set_free(&set);
}

#define HOSTILE "<a href=\"x\">&'\\\r\n\t</a>]]>&amp;"

static void test_value(void **state)
{
	static const struct {
		const char *name;
		const char *file;
		const char *text;
		struct str value;
		const char *want;
	} cases[] = {
		{ "raw", "a.txt", "{{x}}", BYTES(HOSTILE), HOSTILE },
		{ "XML text", "a.xml", "<B>{{x}}</B>", BYTES(HOSTILE),
		  "<B>&lt;a href=\"x\"&gt;&amp;'\\&#xD;\n\t&lt;/a&gt;]]&gt;&amp;amp;</B>" },
		{ "XML attribute", "a.xml", "<B a=\"{{x}}\"/>", BYTES(HOSTILE),
		  "<B a=\"&lt;a "
		  "href=&quot;x&quot;>&amp;'\\&#xD;&#xA;&#x9;&lt;/a>]]>&amp;amp;\"/>" },
		{ "XML, no element at all", "a.xml", "{{x}}", BYTES("a\"<"), "a\"&lt;" },
		{ "JSON string", "a.json", "{\"a\":\"{{x}}\"}", BYTES(HOSTILE),
		  "{\"a\":\"<a href=\\\"x\\\">&'\\\\\\r\\n\\t</a>]]>&amp;\"}" },
		{ "emoji and Devanagari", "a.xml", "{{x}}", BYTES("नमस्ते 🙏&"), "नमस्ते 🙏&amp;" },
		{ "controls, raw", "a.txt", "{{x}}", BYTES("a\0b\x01\x08\x0b\x0c\x1f\x7f\t"),
		  "a\xEF\xBF\xBD"
		  "b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\x7f\t" },
		{ "controls, JSON", "a.json", "\"{{x}}\"", BYTES("\x1b\"\x0b"),
		  "\"\xEF\xBF\xBD\\\"\xEF\xBF\xBD\"" },
		{ "U+FFFE and U+FFFF", "a.xml", "{{x}}", BYTES("\xEF\xBF\xBE|\xEF\xBF\xBF"),
		  "\xEF\xBF\xBD|\xEF\xBF\xBD" },
		{ "a surrogate", "a.txt", "{{x}}", BYTES("\xED\xA0\x80."),
		  "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD." },
		{ "a cut sequence", "a.txt", "{{x}}", BYTES("\xE0\xA4"), "\xEF\xBF\xBD" },
		{ "two halves in two tags", "a.txt", "{{x}}{{x}}", BYTES("\xC3"),
		  "\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "cut by a special byte", "a.xml", "{{x}}", BYTES("\xE0\xA4&\xA8"),
		  "\xEF\xBF\xBD&amp;\xEF\xBF\xBD" },
		{ "overlong", "a.xml", "{{x}}", BYTES("\xC0\xBC"), "\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "unescaped is cleaned", "a.txt", "{{{x}}}{{&x}}", BYTES("\x02"),
		  "\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "byte order mark is no text", "a.txt", "\xEF\xBB\xBFhi", BYTES(""), "hi" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;

		buf_init(&out, 4096);
		render_value(cases[i].file, cases[i].text, cases[i].value, &out);
		CHECK_SAME(out.data, cases[i].want, cases[i].name);
		CHECK_CASE(text_is_utf8((struct str){ out.data, out.len }), cases[i].name);
		buf_free(&out);
	}
}

static void test_place(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want; /* with x = a"<  */
	} cases[] = {
		{ "text behind an attribute", "<M to=\"{{x}}\">{{x}}</M>",
		  "<M to=\"a&quot;&lt;\">a\"&lt;</M>" },
		{ "second attribute", "<M a='\"' b=\"{{x}}\"/>", "<M a='\"' b=\"a&quot;&lt;\"/>" },
		{ "'>' in an attribute", "<M a=\">\" b=\"{{x}}\">{{x}}</M>",
		  "<M a=\">\" b=\"a&quot;&lt;\">a\"&lt;</M>" },
		{ "quotes in text", "say \"{{x}}\"", "say \"a\"&lt;\"" },
		{ "declaration, comment, CDATA before",
		  "<?xml version=\"1.0\"?><!-- \" > --><![CDATA[<\"]]>{{x}}",
		  "<?xml version=\"1.0\"?><!-- \" > --><![CDATA[<\"]]>a\"&lt;" },
		{ "optional attribute", "<M{{#x}} to=\"{{x}}\"{{/x}}{{^x}} no=\"\"{{/x}}>-</M>",
		  "<M to=\"a&quot;&lt;\">-</M>" },
		{ "section in a name", "<M{{#x}}a{{/x}}>",
		  "t.xml:1: 'x': a tag inside the name of an element; write the name out" },
		{ "optional attribute behind a blank", "<M {{#x}}to=\"{{x}}\"{{/x}}>-</M>",
		  "<M to=\"a&quot;&lt;\">-</M>" },
		{ "optional attribute on its own line", "<M\n{{#x}}\nto=\"{{x}}\"\n{{/x}}\n/>",
		  "<M\nto=\"a&quot;&lt;\"\n/>" },
		{ "section in an attribute", "<M a=\"{{#x}}{{.}}{{/x}}{{^x}}-{{/x}}\"/>",
		  "<M a=\"a&quot;&lt;\"/>" },
		{ "comment in markup", "<M{{! why }} a=\"\"/>", "<M a=\"\"/>" },
		{ "element name", "<{{x}}/>",
		  "t.xml:1: 'x': a tag inside the name of an element; write the name out" },
		{ "closing element name", "<a></{{x}}>",
		  "t.xml:1: 'x': a tag inside the name of an element; write the name out" },
		{ "attribute name", "<M\n{{x}}=\"1\"/>",
		  "t.xml:2: 'x': a value between < and > outside quotes; write "
		  "name=\"{{value}}\"" },
		{ "attribute without quotes", "<M a={{x}}/>",
		  "t.xml:1: 'x': a value between < and > outside quotes; write "
		  "name=\"{{value}}\"" },
		{ "attribute in apostrophes", "<M a='{{x}}'/>",
		  "t.xml:1: 'x': a tag in an attribute between apostrophes; use quotes: "
		  "name=\"{{value}}\"" },
		{ "in a comment", "<!-- {{x}} -->",
		  "t.xml:1: 'x': a tag inside an XML comment; use {{! ... }} for comments" },
		{ "in CDATA", "<![CDATA[{{x}}]]>",
		  "t.xml:1: 'x': a tag inside CDATA, where nothing can be escaped; use plain "
		  "text" },
		{ "in an instruction", "<?xml version=\"{{x}}\"?>",
		  "t.xml:1: 'x': a tag inside <? ... ?> or <! ... >; move it into text or an "
		  "attribute value" },
		{ "in a declaration", "<!DOCTYPE {{x}}>",
		  "t.xml:1: 'x': a tag inside <? ... ?> or <! ... >; move it into text or an "
		  "attribute value" },
		{ "partial in an attribute", "<M a=\"{{> x}}\"/>",
		  "t.xml:1: 'x': a partial inside an attribute value; write its text here" },
		{ "partial between attributes", "<M {{> x}}/>",
		  "t.xml:1: 'x': a value between < and > outside quotes; write "
		  "name=\"{{value}}\"" },
		{ "section over a quote", "<M a=\"{{#x}}\"{{/x}}/>",
		  "t.xml:1: section 'x' of line 1 begins and ends in different places of the "
		  "markup; close every element, < and quote inside it" },
		{ "section that opens an element", "{{#x}}\n<M{{/x}}>",
		  "t.xml:2: section 'x' of line 1 begins and ends in different places of the "
		  "markup; close every element, < and quote inside it" },
		{ "section over an element", "<R>\n{{#x}}<M>{{/x}}</R>",
		  "t.xml:2: section 'x' of line 2 begins and ends in different places of the "
		  "markup; close every element, < and quote inside it" },
		{ "section that closes what was open before", "<R>\n{{#x}}</R><R>{{/x}}</R>",
		  "t.xml:2: an end tag that fits no element opened here; close the elements in "
		  "order, and in the section that opened them" },
		{ "end tags in the wrong order", "<R><M>\n</R></M>",
		  "t.xml:2: an end tag that fits no element opened here; close the elements in "
		  "order, and in the section that opened them" },
		{ "end tag of another element", "<Message>{{x}}</Mess>",
		  "t.xml:1: an end tag that fits no element opened here; close the elements in "
		  "order, and in the section that opened them" },
		{ "element never closed", "<?xml?>\n<R a=\"/\"><M/><N b='>' />",
		  "t.xml:2: element 'R' is not closed; add </R>" },
		{ "a quote is missing", "a\n<M a=\"1>\n{{x}}</M>",
		  "t.xml:2: '<' inside an attribute value; write &lt;, or close the quotes" },
		{ "'>' is missing", "<a>\n<M <b/>",
		  "t.xml:2: '<' inside a tag; close the tag before it with '>'" },
		{ "open to the end", "<a>\n<M a=\"{{x}}",
		  "t.xml:2: the markup that begins here is not closed; look for a missing > or "
		  "quote" },
		{ "three braces", "{{{x}}}",
		  "t.xml:1: 'x' would go out unescaped; write {{x}}, this file type escapes by "
		  "itself" },
		{ "ampersand", "\n{{&x}}",
		  "t.xml:2: 'x' would go out unescaped; write {{x}}, this file type escapes by "
		  "itself" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;

		buf_init(&out, 4096);
		render_value("t.xml", cases[i].text, str_of("a\"<"), &out);
		CHECK_SAME(out.data, cases[i].want, cases[i].name);
		buf_free(&out);
	}
}

/* The envelope of a reply: exactly the bytes that the canonical form has. */
static void test_envelope(void **state)
{
	static const struct template_file files[TEMPLATE_FILES] = {
		{ "twiml/reply.xml",
		  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
		  "<Response>"
		  "{{#messages}}<Message{{#to}} to=\"{{to}}\"{{/to}}>{{> body}}</Message>"
		  "{{/messages}}</Response>" },
		{ "twiml/body.xml",
		  "<Body>{{text}}</Body>{{#media}}<Media>{{.}}</Media>{{/media}}" },
	};

	(void)state;
	template_expect("two messages", files,
			"{\"messages\":[{\"to\":\"whatsapp:+91\\\"\",\"text\":\"a < \\\"b\\\"\"},"
			"{\"text\":\"c\",\"media\":[\"https://x/?a=1&b=2\"]}]}",
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>"
			"<Message to=\"whatsapp:+91&quot;\"><Body>a &lt; \"b\"</Body></Message>"
			"<Message><Body>c</Body><Media>https://x/?a=1&amp;b=2</Media></Message>"
			"</Response>");
}

static void test_allowed_unescaped(void **state)
{
	struct template_set *set = template_set_new();
	struct arena a = { 0 };
	struct value *data;
	struct err err;
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	template_set_allow_unescaped(set);
	assert_int_equal(
		template_set_add(set, "a.json", str_of("{\"n\":{{{n}}},\"t\":\"{{t}}\"}"), &err),
		0);
	assert_int_equal(template_set_link(set, &err), 0);
	assert_int_equal(value_from_json(&a, str_of("{\"n\":1.50,\"t\":\"\\\"\"}"), &data, &err),
			 0);
	assert_int_equal(template_render(template_set_get(set, "a.json"), data, &out, &err), 0);
	assert_string_equal(out.data, "{\"n\":1.50,\"t\":\"\\\"\"}");
	buf_free(&out);
	arena_free(&a);
	template_set_free(&set);
}

/* Any bytes at all in a JSON string must parse, and come back the same when they are clean. */
static void test_json_parses(void **state)
{
	char bytes[256];
	struct cJSON *root = NULL;
	struct err err = { 0 };
	struct buf out, clean;

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)i;
	buf_init(&out, 4096);
	buf_init(&clean, 4096);
	render_value("a.json", "{\"a\":\"{{x}}\"}", (struct str){ bytes, sizeof bytes }, &out);
	assert_int_equal(text_add_clean(&clean, (struct str){ bytes, sizeof bytes }), 0);
	if (json_parse((struct str){ out.data, out.len }, &root, &err) < 0)
		fail_msg("%s: %s", out.data, err.text);
	assert_string_equal(json_text(root, "a", ""), clean.data);
	json_free(&root);
	buf_free(&out);
	buf_free(&clean);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value),	    cmocka_unit_test(test_place),
		cmocka_unit_test(test_envelope),    cmocka_unit_test(test_allowed_unescaped),
		cmocka_unit_test(test_json_parses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
