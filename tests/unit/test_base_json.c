/*
 * JSON in: what is accepted, and where the first fault is; look-ups. JSON out: commas, escapes,
 * repair.
 */
#include "base_check.h"

#include <math.h>

#include "base/json.h"

#define DEEP_8(x)  x x x x x x x x
#define DEEP_64(x) DEEP_8(DEEP_8(x))

static void test_accepts(void **state)
{
	static const struct {
		const char *name;
		struct str text;
	} cases[] = {
		{ "object", BYTES("{}") },
		{ "array", BYTES("[]") },
		{ "string", BYTES("\"\"") },
		{ "words", BYTES("[true,false,null]") },
		{ "blanks", BYTES(" \t\r\n{ \"a\" :\n[ 1 , 2 ] } \n") },
		{ "numbers", BYTES("[0,-0,1.5,-1.5e10,1E+2,1e-2,123456789012345]") },
		{ "tiny number", BYTES("1e-400") },
		{ "63 digits",
		  BYTES("123456789012345678901234567890123456789012345678901234567890123") },
		{ "escapes", BYTES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"") },
		{ "surrogate pair", BYTES("\"\\ud83d\\uDE00\"") },
		{ "UTF-8", BYTES("\"\xf0\x9f\x98\x80\xe0\xa4\xa8\"") },
		{ "delete is allowed", BYTES("\"\x7f\"") },
		{ "64 deep", BYTES(DEEP_64("[") DEEP_64("]")) },
		{ "many side by side", BYTES("[" DEEP_64("[],") DEEP_64("[],") "[]]") },
		{ "same key in two objects", BYTES("[{\"a\":1},{\"a\":1}]") },
		{ "same key in child", BYTES("{\"a\":{\"a\":1}}") },
		{ "key differs in case", BYTES("{\"a\":1,\"A\":2}") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cJSON *root;
		struct err err = { 0 };

		if (json_parse(cases[i].text, &root, &err) < 0)
			fail_msg("%s: refused: %s", cases[i].name, err.text);
		CHECK_CASE(root != NULL, cases[i].name);
		json_free(&root);
		CHECK_CASE(root == NULL, cases[i].name);
	}
}

static void test_refuses(void **state)
{
	static const struct {
		const char *name;
		struct str text;
		const char *place;
	} cases[] = {
		{ "nothing", { NULL, 0 }, "line 1, column 1:" },
		{ "blanks only", BYTES(" \n "), "line 2, column 2:" },
		{ "NUL", BYTES("\0"), "line 1, column 1:" },
		{ "byte order mark", BYTES("\xef\xbb\xbf{}"), "line 1, column 1:" },
		{ "two values", BYTES("{} {}"), "line 1, column 4:" },
		{ "NUL behind", BYTES("{}\0"), "line 1, column 3:" },
		{ "no end", BYTES("{\"a\":[1,\n2"), "line 2, column 2:" },
		{ "comma before the end", BYTES("[1,]"), "line 1, column 4:" },
		{ "comma before '}'", BYTES("{\"a\":1,}"), "line 1, column 8:" },
		{ "no comma", BYTES("[1 2]"), "line 1, column 4:" },
		{ "no colon", BYTES("{\"a\" 1}"), "line 1, column 6:" },
		{ "key is no string", BYTES("{a:1}"), "line 1, column 2:" },
		{ "wrong closer", BYTES("[1}"), "line 1, column 3:" },
		{ "single quotes", BYTES("'a'"), "line 1, column 1:" },
		{ "comment", BYTES("// x\n1"), "line 1, column 1:" },
		{ "word in capitals", BYTES("True"), "line 1, column 1:" },
		{ "word cut", BYTES("tru"), "line 1, column 1:" },
		{ "word too long", BYTES("nulls"), "line 1, column 5:" },
		{ "leading zero", BYTES("[01]"), "line 1, column 3:" },
		{ "leading plus", BYTES("[+1]"), "line 1, column 2:" },
		{ "minus alone", BYTES("[-]"), "line 1, column 3:" },
		{ "minus zero one", BYTES("-01"), "line 1, column 3:" },
		{ "point without digits", BYTES("[1.]"), "line 1, column 4:" },
		{ "point first", BYTES("[.5]"), "line 1, column 2:" },
		{ "exponent without digits", BYTES("[1e]"), "line 1, column 4:" },
		{ "hex number", BYTES("0x10"), "line 1, column 2:" },
		{ "NaN", BYTES("NaN"), "line 1, column 1:" },
		{ "infinite", BYTES("[1e999]"), "line 1, column 7:" },
		{ "64 digits",
		  BYTES("1234567890123456789012345678901234567890123456789012345678901234"),
		  "line 1, column 65:" },
		{ "line break in a string", BYTES("\"a\nb\""), "line 1, column 3:" },
		{ "tab in a string", BYTES("\"\t\""), "line 1, column 2:" },
		{ "NUL in a string", BYTES("\"\0\""), "line 1, column 2:" },
		{ "bad UTF-8", BYTES("\"\xc3\xa9\xff\""), "line 1, column 3:" },
		{ "surrogate as UTF-8", BYTES("\"\xed\xa0\x80\""), "line 1, column 2:" },
		{ "unknown escape", BYTES("\"\\x41\""), "line 1, column 3:" },
		{ "escape at the end", BYTES("\"\\"), "line 1, column 3:" },
		{ "escape of NUL byte", BYTES("\"\\\0\""), "line 1, column 3:" },
		{ "short \\u", BYTES("\"\\u12\""), "line 1, column 4:" },
		{ "\\u0000", BYTES("\"\\u0000\""), "line 1, column 8:" },
		{ "high surrogate alone", BYTES("\"\\ud83d\""), "line 1, column 8:" },
		{ "low surrogate alone", BYTES("\"\\ude00\""), "line 1, column 8:" },
		{ "two high surrogates", BYTES("\"\\ud83d\\ud83d\""), "line 1, column 14:" },
		{ "65 deep", BYTES(DEEP_64("[") "[]" DEEP_64("]")), "line 1, column 65:" },
		{ "duplicate key", BYTES("{\"a\":1,\n \"b\":2,\n  \"a\":3}"), "line 3, column 3:" },
		{ "duplicate by escape", BYTES("{\"a\":1,\"\\u0061\":3}"), "line 1, column 8:" },
		{ "duplicate far inside",
		  BYTES("{\"x\":{\"y\":1},\"z\":[{\"k\":{\"q\":0},\"k\":0}]}"),
		  "line 1, column 32:" },
		{ "duplicate empty key", BYTES("{\"\":1,\"\":2}"), "line 1, column 7:" },
		{ "columns are characters", BYTES("{\"\xe0\xa4\xa8\": x}"), "line 1, column 7:" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cJSON *root;
		struct err err = { 0 };

		CHECK_CASE(json_parse(cases[i].text, &root, &err) == -1, cases[i].name);
		CHECK_CASE(root == NULL && err.kind == ERR_INPUT, cases[i].name);
		if (strncmp(err.text, cases[i].place, strlen(cases[i].place)) != 0)
			fail_msg("%s: got <%s>, expected %s", cases[i].name, err.text,
				 cases[i].place);
	}
}

/* The length counts, not a NUL: what lies behind the text must not be read. */
static void test_length(void **state)
{
	struct cJSON *root;

	(void)state;
	assert_int_equal(json_parse((struct str){ "123}", 3 }, &root, NULL), 0);
	json_free(&root);
	assert_int_equal(json_parse((struct str){ "{\"a\":12}", 7 }, &root, NULL), -1);
	json_free(&root);
}

static void test_look_ups(void **state)
{
	static const struct {
		const char *key;
		const char *text;
		bool truth;
		int64_t number;
		bool ok;
	} cases[] = {
		{ "text", "yes", true, 7, false },
		{ "true", "-", true, 7, false },
		{ "false", "-", false, 7, false },
		{ "null", "-", true, 7, false },
		{ "int", "-", true, 42, true },
		{ "whole", "-", true, 300, true },
		{ "real", "-", true, 7, false },
		{ "max", "-", true, 9007199254740992, true },
		{ "min", "-", true, -9007199254740992, true },
		{ "huge", "-", true, 7, false },
		{ "absent", "-", true, 7, true },
		{ "TEXT", "-", true, 7, true },
		{ "object", "-", true, 7, false },
	};
	const char text[] =
		"{\"text\":\"yes\",\"true\":true,\"false\":false,\"null\":null,\"int\":42,"
		"\"whole\":3e2,\"real\":1.5,\"max\":9007199254740992,"
		"\"min\":-9007199254740992,\"huge\":1e300,\"object\":{\"int\":1}}";
	struct cJSON *root;

	(void)state;
	assert_int_equal(json_parse(str_of(text), &root, NULL), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool ok;

		CHECK_SAME(json_text(root, cases[i].key, "-"), cases[i].text, cases[i].key);
		CHECK_CASE(json_bool(root, cases[i].key, true) == cases[i].truth, cases[i].key);
		CHECK_CASE(json_int(root, cases[i].key, 7, &ok) == cases[i].number, cases[i].key);
		CHECK_CASE(ok == cases[i].ok, cases[i].key);
	}
	assert_int_equal(json_int(json_get(root, "object"), "int", 7, NULL), 1);
	assert_null(json_get(json_get(root, "text"), "int"));
	assert_null(json_get(NULL, "int"));
	json_free(&root);
}

static void test_writer(void **state)
{
	struct json_writer w;
	struct cJSON *root;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	json_begin(&w, &b);
	json_object(&w, NULL);
	json_add_text(&w, "text", "a\"b\\\n");
	json_add_text(&w, "none", NULL);
	json_add_str(&w, "str", (struct str)BYTES("x\0y"));
	json_array(&w, "list");
	json_add_int(&w, NULL, INT64_MIN);
	json_add_real(&w, NULL, 0.1);
	json_add_real(&w, NULL, 1.0 / 3);
	json_add_real(&w, NULL, INFINITY);
	json_object(&w, NULL);
	json_end(&w);
	json_array(&w, NULL);
	json_end(&w);
	json_end(&w);
	json_add_bool(&w, "yes", true);
	json_add_bool(&w, "no", false);
	json_add_null(&w, "null");
	json_end(&w);
	assert_string_equal(b.data,
			    "{\"text\":\"a\\\"b\\\\\\n\",\"none\":null,\"str\":\"x\\u0000y\","
			    "\"list\":[-9223372036854775808,0.1,0.33333333333333331,null,{},"
			    "[]],\"yes\":true,\"no\":false,\"null\":null}");
	assert_false(b.full);
	buf_reset(&b);
	json_begin(&w, &b);
	json_add_text(&w, NULL, "top");
	assert_string_equal(b.data, "\"top\"");
	assert_int_equal(json_parse((struct str){ b.data, b.len }, &root, NULL), 0);
	json_free(&root);
	buf_free(&b);
}

static void test_writer_full(void **state)
{
	struct json_writer w;
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	json_begin(&w, &b);
	json_array(&w, NULL);
	json_add_int(&w, NULL, 123456);
	json_end(&w);
	assert_true(b.full);
	buf_free(&b);
}

static void key_in_array(void)
{
	struct json_writer w;
	struct buf b;

	buf_init(&b, 100);
	json_begin(&w, &b);
	json_array(&w, NULL);
	json_add_null(&w, "key");
}

static void no_key_in_object(void)
{
	struct json_writer w;
	struct buf b;

	buf_init(&b, 100);
	json_begin(&w, &b);
	json_object(&w, NULL);
	json_add_null(&w, NULL);
}

static void two_at_the_top(void)
{
	struct json_writer w;
	struct buf b;

	buf_init(&b, 100);
	json_begin(&w, &b);
	json_add_null(&w, NULL);
	json_add_null(&w, NULL);
}

static void one_end_too_many(void)
{
	struct json_writer w;
	struct buf b;

	buf_init(&b, 100);
	json_begin(&w, &b);
	json_end(&w);
}

static void too_deep(void)
{
	struct json_writer w;
	struct buf b;

	buf_init(&b, 100);
	json_begin(&w, &b);
	for (int i = 0; i < 17; i++)
		json_array(&w, NULL);
}

static void sixteen_deep(void)
{
	struct json_writer w;
	struct buf b;

	buf_init(&b, 100);
	json_begin(&w, &b);
	for (int i = 0; i < 16; i++)
		json_array(&w, NULL);
	json_add_null(&w, NULL);
	for (int i = 0; i < 16; i++)
		json_end(&w);
	buf_free(&b);
}

static void test_writer_bugs_assert(void **state)
{
	static const struct {
		const char *name;
		void (*run)(void);
		bool aborts;
	} cases[] = {
		{ "key in array", key_in_array, true },
		{ "no key in object", no_key_in_object, true },
		{ "two values at the top", two_at_the_top, true },
		{ "one end too many", one_end_too_many, true },
		{ "17 deep", too_deep, true },
		{ "16 deep", sixteen_deep, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_CASE(aborts(cases[i].run) == cases[i].aborts, cases[i].name);
}

static void test_escape(void **state)
{
	static const struct {
		const char *name;
		struct str text;
		const char *escaped;
	} cases[] = {
		{ "plain", BYTES("abc"), "abc" },
		{ "quotes", BYTES("\"a\"\\"), "\\\"a\\\"\\\\" },
		{ "controls", BYTES("\x01\t\n\r\x1f\x7f"), "\\u0001\\t\\n\\r\\u001f\\u007f" },
		{ "NUL", BYTES("a\0b"), "a\\u0000b" },
		{ "UTF-8", BYTES("\xe0\xa4\xa8\xf0\x9f\x98\x80"), "\xe0\xa4\xa8\xf0\x9f\x98\x80" },
		{ "ill-formed", BYTES("a\xff\xc3"), "a\xef\xbf\xbd\xef\xbf\xbd" },
		{ "empty", { NULL, 0 }, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf b;

		buf_init(&b, 100);
		CHECK_CASE(json_escape(&b, cases[i].text) == 0, cases[i].name);
		CHECK_SAME(b.data, cases[i].escaped, cases[i].name);
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts), cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_length),	cmocka_unit_test(test_look_ups),
		cmocka_unit_test(test_writer),	cmocka_unit_test(test_writer_full),
		cmocka_unit_test(test_escape),	cmocka_unit_test(test_writer_bugs_assert),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
