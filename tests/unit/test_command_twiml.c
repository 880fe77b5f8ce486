/*
 * test_command_twiml.c - what people read of a TwiML answer.
 */
#include "../../src/command/command_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void test_texts(void **state)
{
	static const struct {
		const char *name;
		const char *xml;
		size_t count;
		const char *last;
	} rows[] = {
		{ "empty answer", "<Response/>", 0, NULL },
		{ "plain", "<Response><Message>Hi</Message></Response>", 1, "Hi" },
		{ "body", "<Response><Message><Body>Hi</Body></Message></Response>", 1, "Hi" },
		{ "attributes", "<Message to=\"x\">Hi</Message>", 1, "Hi" },
		{ "two", "<Message>a</Message><Message>b</Message>", 2, "b" },
		{ "entities", "<Message>&lt;&amp;&gt;&quot;&apos;</Message>", 1, "<&>\"'" },
		{ "numbers", "<Message>&#233;&#x1F44B;&#65;</Message>", 1, "é👋A" },
		{ "once only", "<Message>&amp;lt;</Message>", 1, "&lt;" },
		{ "a lone ampersand", "<Message>a & b</Message>", 1, "a & b" },
		{ "number too large", "<Message>&#x110000;</Message>", 1, "&#x110000;" },
		{ "line breaks", "<Message>a\nb</Message>", 1, "a\nb" },
		{ "not closed", "<Message>a", 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena a = { 0 };
		const char *texts[TWIML_MAX_TEXTS];
		size_t count = twiml_texts(rows[i].xml, &a, texts);

		if (count != rows[i].count ||
		    (count && strcmp(texts[count - 1], rows[i].last) != 0))
			fail_msg("%s: %zu, \"%s\"", rows[i].name, count,
				 count ? texts[count - 1] : "");
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_texts) };

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
