/*
 * test_twin_twiml.c - TwiML as Twilio reads it: what is carried out, and which code a fault has.
 */
#include "../../src/twin/twiml_private.h"

#include <stdio.h>

#include "check.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

struct row {
	const char *name;
	const char *type;
	const char *body;
	int code;
	const char *why; /* part of the reason */
	size_t count;
	const char *first; /* text of the first message, or NULL */
};

static const struct row rows[] = {
	/* what is fine */
	{ "empty response", "text/xml", HEAD "<Response/>", 0, "", 0, NULL },
	{ "empty body", "text/xml", "", 0, "", 0, NULL },
	{ "no declaration", "text/xml", "<Response></Response>", 0, "", 0, NULL },
	{ "declaration and newline", "text/xml", HEAD "\n<Response></Response>\n", 0, "", 0, NULL },
	{ "byte order mark", "text/xml", "\xef\xbb\xbf" HEAD "<Response/>", 0, "", 0, NULL },
	{ "text", "text/xml", HEAD "<Response><Message>Hi</Message></Response>", 0, "", 1, "Hi" },
	{ "charset", "text/xml; charset=utf-8", "<Response><Message>Hi</Message></Response>", 0, "",
	  1, "Hi" },
	{ "application/xml", "application/xml", "<Response><Message>Hi</Message></Response>", 0, "",
	  1, "Hi" },
	{ "text/html", "text/html", "<Response><Message>Hi</Message></Response>", 0, "", 1, "Hi" },
	{ "Body", "text/xml", "<Response><Message><Body>Hi</Body></Message></Response>", 0, "", 1,
	  "Hi" },
	{ "text and Body are joined", "text/xml",
	  "<Response><Message>a<Body>b</Body>c</Message></Response>", 0, "", 1, "abc" },
	{ "blanks around are dropped", "text/xml",
	  "<Response>\n <Message>\n  Hi\n </Message>\n</Response>", 0, "", 1, "Hi" },
	{ "entities", "text/xml",
	  "<Response><Message>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&#x1F600;</Message></Response>",
	  0, "", 1, "<&>\"'AB\xf0\x9f\x98\x80" },
	{ "CDATA", "text/xml", "<Response><Message><![CDATA[<&]]></Message></Response>", 0, "", 1,
	  "<&" },
	{ "comment", "text/xml",
	  "<!-- a --><Response><!-- b --><Message>H<!-- c -->i</Message></Response><!-- d -->", 0,
	  "", 1, "Hi" },
	{ "instruction", "text/xml", "<?a b?><Response><Message>Hi</Message></Response>", 0, "", 1,
	  "Hi" },
	{ "line ends", "text/xml", "<Response><Message>a\r\nb\rc&#xD;d</Message></Response>", 0, "",
	  1, "a\nb\nc\rd" },
	{ "plain", "text/plain", "Just <this>", 0, "", 1, "Just <this>" },
	{ "all attributes", "text/xml",
	  "<Response><Message to='whatsapp:+919876543210' from=\"whatsapp:+14155238886\" "
	  "method='POST' statusCallback='https://a.example/s'>Hi</Message></Response>",
	  0, "", 1, "Hi" },
	{ "media only", "text/xml",
	  "<Response><Message><Media>https://a.example/x.png</Media></Message></Response>", 0, "",
	  1, "" },

	/* not well-formed */
	{ "nothing but a declaration", "text/xml", HEAD, 12100, "no element", 0, NULL },
	{ "not closed", "text/xml", "<Response><Message>Hi</Response>", 12100,
	  "</Response> closes <Message>", 0, NULL },
	{ "cut off", "text/xml", "<Response><Message>Hi</Message>", 12100,
	  "<Response> is not closed", 0, NULL },
	{ "cut inside a tag", "text/xml", "<Response><Message", 12100, "does not end", 0, NULL },
	{ "bare ampersand", "text/xml", "<Response><Message>a & b</Message></Response>", 12100,
	  "&amp;", 0, NULL },
	{ "unknown entity", "text/xml", "<Response><Message>&nbsp;</Message></Response>", 12100,
	  "entity", 0, NULL },
	{ "entity without an end", "text/xml", "<Response><Message>&amp</Message></Response>",
	  12100, "entity", 0, NULL },
	{ "reference to NUL", "text/xml", "<Response><Message>&#0;</Message></Response>", 12100,
	  "entity", 0, NULL },
	{ "reference to a control", "text/xml", "<Response><Message>&#x1;</Message></Response>",
	  12100, "entity", 0, NULL },
	{ "reference to a surrogate", "text/xml",
	  "<Response><Message>&#xD800;</Message></Response>", 12100, "entity", 0, NULL },
	{ "reference beyond", "text/xml", "<Response><Message>&#x110000;</Message></Response>",
	  12100, "entity", 0, NULL },
	{ "hex without digits", "text/xml", "<Response><Message>&#x;</Message></Response>", 12100,
	  "entity", 0, NULL },
	{ "control character", "text/xml", "<Response>\n<Message>\x01</Message></Response>", 12100,
	  "line 2: U+0001", 0, NULL },
	{ "U+FFFE", "text/xml", "<Response><Message>\xef\xbf\xbe</Message></Response>", 12100,
	  "U+FFFE", 0, NULL },
	{ "bad UTF-8", "text/xml", "<Response><Message>\xff</Message></Response>", 12100, "UTF-8",
	  0, NULL },
	{ "other encoding", "text/xml",
	  "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Response/>", 12100, "encoding", 0,
	  NULL },
	{ "no version", "text/xml", "<?xml encoding=\"UTF-8\"?><Response/>", 12100, "version", 0,
	  NULL },
	{ "declaration not first", "text/xml", "\n" HEAD "<Response/>", 12100, "very first", 0,
	  NULL },
	{ "two roots", "text/xml", "<Response/><Response/>", 12100, "behind the end", 0, NULL },
	{ "text behind", "text/xml", "<Response/>x", 12100, "outside", 0, NULL },
	{ "text only", "text/xml", "Hello", 12100, "outside", 0, NULL },
	{ "closing only", "text/xml", "</Response>", 12100, "closes nothing", 0, NULL },
	{ "document type", "text/xml", "<!DOCTYPE Response><Response/>", 12100, "document type", 0,
	  NULL },
	{ "double attribute", "text/xml",
	  "<Response><Message to='a' to='b'>Hi</Message></Response>", 12100, "twice", 0, NULL },
	{ "attribute without quotes", "text/xml", "<Response><Message to=a>Hi</Message></Response>",
	  12100, "quotes", 0, NULL },
	{ "attribute without value", "text/xml", "<Response><Message to>Hi</Message></Response>",
	  12100, "no value", 0, NULL },
	{ "attribute with <", "text/xml", "<Response><Message to='<'>Hi</Message></Response>",
	  12100, "does not end", 0, NULL },
	{ "no blank between attributes", "text/xml",
	  "<Response><Message to='a'from='b'>Hi</Message></Response>", 12100, "malformed", 0,
	  NULL },
	{ "-- in a comment", "text/xml", "<Response><!-- a -- b --></Response>", 12100, "\"--\"", 0,
	  NULL },
	{ "comment without an end", "text/xml", "<Response><!-- a </Response>", 12100, "comment", 0,
	  NULL },
	{ "]]> in text", "text/xml", "<Response><Message>]]></Message></Response>", 12100, "]]>", 0,
	  NULL },
	{ "CDATA without an end", "text/xml", "<Response><Message><![CDATA[a</Message></Response>",
	  12100, "CDATA", 0, NULL },
	{ "tag that begins with a digit", "text/xml", "<Response><1/></Response>", 12100,
	  "begins no tag", 0, NULL },
	{ "too deep", "text/xml",
	  "<Response><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></Response>", 12100, "deeply",
	  0, NULL },

	/* well-formed, and not TwiML */
	{ "other root", "text/xml", "<html/>", 12200, "root is <html>", 0, NULL },
	{ "lower case", "text/xml", "<response><Message>Hi</Message></response>", 12200, "root", 0,
	  NULL },
	{ "attribute of Response", "text/xml", "<Response a='1'><Message>Hi</Message></Response>",
	  12200, "\"a\"", 1, "Hi" },
	{ "verb of calls", "text/xml", "<Response><Say>x</Say><Message>Hi</Message></Response>",
	  12200, "<Say>", 1, "Hi" },
	{ "text in Response", "text/xml", "<Response>x<Message>Hi</Message></Response>", 12200,
	  "directly", 1, "Hi" },
	{ "unknown attribute", "text/xml", "<Response><Message To='x'>Hi</Message></Response>",
	  12200, "\"To\"", 1, "Hi" },
	{ "element in Message", "text/xml", "<Response><Message>Hi<b>bold</b></Message></Response>",
	  12200, "<b>", 1, "Hi" },
	{ "element in Body", "text/xml",
	  "<Response><Message><Body>Hi<b>x</b></Body></Message></Response>", 12200, "only text", 1,
	  "Hi" },
	{ "relative Media", "text/xml",
	  "<Response><Message>Hi<Media>/x.png</Media></Message></Response>", 12200, "Media", 1,
	  "Hi" },
	{ "underscore in a host", "text/xml",
	  "<Response><Message>Hi<Media>http://a_b/x</Media></Message></Response>", 12200, "Media",
	  1, "Hi" },
	{ "method", "text/xml", "<Response><Message method='PUT'>Hi</Message></Response>", 14104,
	  "PUT", 1, "Hi" },
	{ "empty Message", "text/xml", "<Response><Message/></Response>", 14103, "neither", 1, "" },
	{ "blank Message", "text/xml", "<Response><Message>  </Message></Response>", 14103,
	  "neither", 1, "" },
	{ "empty Redirect", "text/xml", "<Response><Redirect/></Response>", 12200, "Redirect", 0,
	  NULL },
	{ "JSON", "application/json", "{}", 12300, "application/json", 0, NULL },
	{ "no type", NULL, "<Response/>", 12300, "Content-Type", 0, NULL },
	{ "type that only begins so", "text/xmlx", "<Response/>", 12300, "text/xmlx", 0, NULL },
};

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct arena a = { 0 };
		struct twiml t;

		twiml_read(str_of(r->body), r->type, &a, &t);
		if (t.code != r->code || !strstr(t.why, r->why))
			fail_msg("%s: %d \"%s\"", r->name, t.code, t.why);
		CHECK_CASE(t.count == r->count, r->name);
		if (r->first)
			CHECK_SAME(t.messages[0].text, r->first, r->name);
		CHECK_SAME(t.verdict,
			   t.code == 0	     ? "ok"
			   : t.code == 12100 ? "invalid_xml"
					     : "invalid_twiml",
			   r->name);
		arena_free(&a);
	}
}

static void test_members(void **state)
{
	static const char doc[] =
		"<Response><Message to='whatsapp:+1' from=\"b\" statusCallback='https://s'>Hi"
		"<Media>http://a/1</Media><Media> http://a/2 </Media></Message>"
		"<Redirect "
		"method='get'>/next?a=1&amp;b=2</Redirect><Message>never</Message></Response>";
	struct arena a = { 0 };
	struct twiml t;

	(void)state;
	twiml_read(str_of(doc), "text/xml", &a, &t);
	assert_int_equal(t.code, 0);
	assert_int_equal(t.count, 1);
	assert_string_equal(t.messages[0].to, "whatsapp:+1");
	assert_string_equal(t.messages[0].from, "b");
	assert_string_equal(t.messages[0].status_callback, "https://s");
	assert_int_equal(t.messages[0].media_count, 2);
	assert_string_equal(t.messages[0].media[1], "http://a/2");
	assert_string_equal(t.next, "/next?a=1&b=2");
	assert_true(t.next_get);
	arena_free(&a);
}

static void test_action_ends_the_document(void **state)
{
	struct arena a = { 0 };
	struct twiml t;

	(void)state;
	twiml_read(
		str_of("<Response><Message action='/a'>1</Message><Message>2</Message></Response>"),
		"text/xml", &a, &t);
	assert_int_equal(t.count, 1);
	assert_string_equal(t.next, "/a");
	assert_false(t.next_get);
	arena_free(&a);
}

static void test_ten_messages(void **state)
{
	(void)state;
	for (int n = 9; n <= 12; n++) {
		struct arena a = { 0 };
		struct twiml t;
		struct buf doc;

		buf_init(&doc, 65536);
		(void)buf_adds(&doc, "<Response>");
		for (int i = 0; i < n; i++)
			(void)buf_addf(&doc, "<Message>%d</Message>", i);
		(void)buf_adds(&doc, "</Response>");
		twiml_read(str_of(doc.data), "text/xml", &a, &t);
		assert_int_equal(t.code, n > 10 ? 14109 : 0);
		assert_int_equal(t.count, n > 10 ? 10 : n);
		assert_false(t.fatal);
		buf_free(&doc);
		arena_free(&a);
	}
}

static void test_length(void **state)
{
	(void)state;
	for (int n = 1599; n <= 1601; n++) {
		struct arena a = { 0 };
		struct twiml t;
		struct buf doc;

		buf_init(&doc, 65536);
		(void)buf_adds(&doc, "<Response><Message>");
		for (int i = 0; i < n; i++)
			(void)buf_adds(&doc, "\xf0\x9f\x98\x80");
		(void)buf_adds(&doc, "</Message><Message>short</Message></Response>");
		twiml_read(str_of(doc.data), "text/xml", &a, &t);
		assert_int_equal(t.code, n > 1600 ? 21617 : 0);
		assert_int_equal(t.messages[0].error_code, n > 1600 ? 21617 : 0);
		assert_int_equal(t.messages[1].error_code, 0);
		buf_free(&doc);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_action_ends_the_document),
		cmocka_unit_test(test_ten_messages),
		cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests_name("twin_twiml", tests, NULL, NULL);
}
