/*
 * UTF-8 validity and cleaning, folding, tidying, digits, scripts.
 */
#include "base_check.h"

#include <stdio.h>

#include "base/text.h"

#define BAD "\xef\xbf\xbd" /* U+FFFD */

static void test_clean(void **state)
{
	static const struct {
		const char *name;
		struct str text;
		bool utf8;
		const char *clean;
	} cases[] = {
		{ "empty", { NULL, 0 }, true, "" },
		{ "ASCII", BYTES("abc\t\r\n"), true, "abc\t\r\n" },
		{ "2, 3, 4 bytes",
		  BYTES("\xc2\x80\xdf\xbf\xe0\xa0\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), true,
		  "\xc2\x80\xdf\xbf\xe0\xa0\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
		{ "last before and first behind the surrogates", BYTES("\xed\x9f\xbf\xee\x80\x80"),
		  true, "\xed\x9f\xbf\xee\x80\x80" },
		{ "surrogate", BYTES("\xed\xa0\x80"), false, BAD BAD BAD },
		{ "overlong 2", BYTES("\xc0\xaf"), false, BAD BAD },
		{ "overlong 3", BYTES("\xe0\x80\xaf"), false, BAD BAD BAD },
		{ "overlong 4", BYTES("\xf0\x80\x80\xaf"), false, BAD BAD BAD BAD },
		{ "beyond U+10FFFF", BYTES("\xf4\x90\x80\x80"), false, BAD BAD BAD BAD },
		{ "never a lead", BYTES("\xf5\xff\xfe"), false, BAD BAD BAD },
		{ "lonely continuation", BYTES("a\x80z"), false, "a" BAD "z" },
		{ "maximal subparts are one", BYTES("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), false,
		  BAD BAD BAD BAD "A" },
		{ "cut at the end", BYTES("a\xe0\xa4"), false, "a" BAD },
		{ "cut at the end, 4", BYTES("\xf0\x9f\x98"), false, BAD },
		{ "Unicode's own example", BYTES("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"), false,
		  BAD BAD BAD BAD BAD BAD BAD BAD "A" },
		{ "NUL", BYTES("a\0b"), true, "a" BAD "b" },
		{ "controls XML forbids", BYTES("\x01\x08\x0b\x0c\x0e\x1f"), true,
		  BAD BAD BAD BAD BAD BAD },
		{ "controls XML allows", BYTES("\x7f\xc2\x85"), true, "\x7f\xc2\x85" },
		{ "U+FFFD, U+FFFE, U+FFFF", BYTES("\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf"), true,
		  BAD BAD BAD },
		{ "U+1FFFE is allowed", BYTES("\xf0\x9f\xbf\xbe"), true, "\xf0\x9f\xbf\xbe" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf b;

		buf_init(&b, 100);
		CHECK_CASE(text_is_utf8(cases[i].text) == cases[i].utf8, cases[i].name);
		CHECK_CASE(text_add_clean(&b, cases[i].text) == 0, cases[i].name);
		CHECK_SAME(b.data, cases[i].clean, cases[i].name);
		CHECK_CASE(text_is_utf8((struct str){ b.data, b.len }), cases[i].name);
		buf_free(&b);
	}
}

static void test_chars(void **state)
{
	static const struct {
		const char *text;
		size_t chars;
	} cases[] = { { "", 0 }, { "abc", 3 }, { "नमस्ते", 6 }, { "é😀", 2 } };
	int32_t cp;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_CASE(text_chars(str_of(cases[i].text)) == cases[i].chars, cases[i].text);
	assert_int_equal(text_next(str_of("😀a"), &cp), 4);
	assert_int_equal(cp, 0x1f600);
	assert_int_equal(text_next(str_of("\xe0\xa4!"), &cp), 1);
	assert_int_equal(cp, 0xfffd);
	assert_int_equal(text_next((struct str){ NULL, 0 }, &cp), 0);
	assert_int_equal(text_next((struct str)BYTES("\0"), &cp), 1);
	assert_int_equal(cp, 0);
}

static void test_folded_and_tidy(void **state)
{
	static const struct {
		const char *name;
		struct str text;
		const char *folded, *tidy;
	} cases[] = {
		{ "empty", { NULL, 0 }, "", "" },
		{ "ASCII", BYTES("  Hello \t\r\n World "), "hello world", "Hello World" },
		{ "blanks only", BYTES(" \n\t "), "", "" },
		{ "full width", BYTES("ＨＥＬＰ"), "help", "ＨＥＬＰ" },
		{ "sharp s", BYTES("Straße"), "strasse", "Straße" },
		{ "capital sharp s", BYTES("STRAẞE"), "strasse", "STRAẞE" },
		{ "final sigma", BYTES("ΟΔΟΣ"), "οδοσ", "ΟΔΟΣ" },
		{ "ligature", BYTES("ﬁn"), "fin", "ﬁn" },
		{ "Devanagari digits", BYTES("१२"), "12", "१२" },
		{ "Arabic digit", BYTES("٤"), "4", "٤" },
		{ "Persian, Bengali, Tamil digits", BYTES("۵৬௭"), "567", "۵৬௭" },
		{ "pincode", BYTES("४००००१"), "400001", "४००००१" },
		{ "mathematical digits", BYTES("𝟘𝟗𝟶"), "090", "𝟘𝟗𝟶" },
		{ "circled and raised digits", BYTES("①²"), "12", "①²" },
		{ "keycap", BYTES("3️⃣"), "3", "3️⃣" },
		{ "keycap without selector", BYTES("3⃣"), "3", "3⃣" },
		{ "keycap ten", BYTES("🔟"), "10", "🔟" },
		{ "two keycaps", BYTES("1️⃣2️⃣"), "12", "1️⃣2️⃣" },
		{ "digit with emoji selector only", BYTES("3\xef\xb8\x8f"), "3", "3\xef\xb8\x8f" },
		{ "dotted I", BYTES("İ"), "i\xcc\x87", "İ" },
		{ "combining and composed are equal", BYTES("E\xcc\x81"), "é", "É" },
		{ "composed", BYTES("É"), "é", "É" },
		{ "order of marks", BYTES("q\xcc\x87\xcc\xa3"), "q\xcc\xa3\xcc\x87",
		  "q\xcc\xa3\xcc\x87" },
		{ "variation selector", BYTES("❤\xef\xb8\x8f"), "❤", "❤\xef\xb8\x8f" },
		{ "joiners and soft hyphen", BYTES("क्\u200dष\u00ady\u200b"), "क्षy",
		  "क्\u200dष\u00ady\u200b" },
		{ "joined emoji", BYTES("👨‍👩‍👧"), "👨👩👧", "👨‍👩‍👧" },
		{ "direction marks", BYTES("\u200eHelp\u200f"), "help", "\u200eHelp\u200f" },
		{ "direction overrides", BYTES("\u202eA\u202c \u2067b\u2069"), "a b", "A b" },
		{ "only ignorables", BYTES("\u200b\ufeff"), "", "\u200b\ufeff" },
		{ "ignorable between blanks", BYTES("a \u200b b"), "a b", "a \u200b b" },
		{ "no-break and ideographic blanks", BYTES("\u00a0a\u3000\u00a0b\u2028c\u202f"),
		  "a b c", "a b c" },
		{ "blank out of NFKC", BYTES("a \u00a8"), "a \xcc\x88", "a \u00a8" },
		{ "vertical tab, form feed, next line",
		  BYTES("a\x0b\x0c"
			"b\xc2\x85"
			"c"),
		  "a b c", "a b c" },
		{ "controls",
		  BYTES("a\x01"
			"b\xc2\x80"
			"c"),
		  "a" BAD "b\xc2\x80"
		  "c",
		  "abc" },
		{ "control between letter and mark", BYTES("e\x01\xcc\x81"), "e" BAD "\xcc\x81",
		  "é" },
		{ "NUL", BYTES("a\0b"), "a" BAD "b", "ab" },
		{ "ill-formed",
		  BYTES("\xff"
			"A\xc3"),
		  BAD "a" BAD, BAD "A" BAD },
		{ "not a character", BYTES("a\xef\xbf\xbf"), "a" BAD, "a" BAD },
		{ "Hindi", BYTES(" हाँ  जी "), "हाँ जी", "हाँ जी" },
		{ "18 out of one", BYTES("ﷺ"), "صلى الله عليه وسلم", "ﷺ" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf b;

		buf_init(&b, 200);
		CHECK_CASE(text_add_folded(&b, cases[i].text) == 0, cases[i].name);
		CHECK_SAME(b.data, cases[i].folded, cases[i].name);
		buf_reset(&b);
		CHECK_CASE(text_add_tidy(&b, cases[i].text) == 0, cases[i].name);
		CHECK_SAME(b.data, cases[i].tidy, cases[i].name);
		buf_free(&b);
	}
}

static size_t encode(int32_t cp, char *to)
{
	if (cp < 0x80) {
		to[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		to[0] = (char)(0xc0 | cp >> 6);
		to[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		to[0] = (char)(0xe0 | cp >> 12);
		to[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		to[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | cp >> 18);
	to[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	to[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	to[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/* A key of a key is the key, for every character; so keys may be compared, stored and folded again.
 */
static void test_folding_is_stable(void **state)
{
	struct buf once, twice;

	(void)state;
	buf_init(&once, 200);
	buf_init(&twice, 200);
	for (int32_t cp = 0; cp < 0x110000; cp += cp < 0x30000 ? 1 : 0x101) {
		char text[8] = "A";
		size_t n = 1 + encode(cp, text + 1); /* surrogates are ill-formed: fine too */

		text[n++] = 'b';
		buf_reset(&once);
		buf_reset(&twice);
		if (text_add_folded(&once, (struct str){ text, n }) < 0 ||
		    text_add_folded(&twice, (struct str){ once.data, once.len }) < 0 ||
		    strcmp(once.data, twice.data) != 0)
			fail_msg("U+%04X: <%s> becomes <%s>", (unsigned)cp, once.data, twice.data);
	}
	buf_free(&once);
	buf_free(&twice);
}

static void test_ascii_digits(void **state)
{
	static const struct {
		const char *name;
		struct str text;
		const char *out;
	} cases[] = {
		{ "nothing to do", BYTES("a 12 É"), "a 12 É" },
		{ "mixed", BYTES("+९१ 98٧６"), "+91 9876" },
		{ "keycaps", BYTES("0️⃣ 9⃣ 🔟"), "0 9 10" },
		{ "hash keycap stays", BYTES("#️⃣"), "#️⃣" },
		{ "letter between digit and keycap", BYTES("3a⃣"), "3a⃣" },
		{ "letter with keycap stays", BYTES("a⃣"), "a⃣" },
		{ "circled digit stays", BYTES("①½"), "①½" },
		{ "white space stays", BYTES(" \n१\t"), " \n1\t" },
		{ "ill-formed stays", BYTES("\xff१\xc3"),
		  "\xff"
		  "1\xc3" },
		{ "digit at the end", BYTES("5"), "5" },
		{ "digit and selector at the end", BYTES("5\xef\xb8\x8f"), "5\xef\xb8\x8f" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf b;

		buf_init(&b, 100);
		CHECK_CASE(text_add_ascii_digits(&b, cases[i].text) == 0, cases[i].name);
		CHECK_SAME(b.data, cases[i].out, cases[i].name);
		buf_free(&b);
	}
}

static void test_full(void **state)
{
	static int (*const adders[])(struct buf *, struct str) = { text_add_clean, text_add_folded,
								   text_add_tidy,
								   text_add_ascii_digits };

	(void)state;
	for (size_t i = 0; i < COUNT(adders); i++) {
		struct buf b;

		buf_init(&b, 3);
		assert_int_equal(adders[i](&b, str_of("abcd")), -1);
		assert_true(b.full);
		buf_reset(&b);
		assert_int_equal(adders[i](&b, str_of("aé¢")), -1);
		buf_reset(&b);
		assert_int_equal(adders[i](&b, str_of("aé")), 0);
		buf_free(&b);
	}
}

static void test_script(void **state)
{
	static const struct {
		const char *text, *script;
		bool is;
	} cases[] = {
		{ "नमस्ते", "Deva", true },    { "नमस्ते", "Latn", false },
		{ "Hello", "Latn", true },   { "Hello", "Deva", false },
		{ "سلام", "Arab", true },    { "نام: Ali", "Arab", false },
		{ "हाँ OK", "Deva", false },  { "मेरा नाम Asha है", "Deva", true },
		{ "É ñ ß", "Latn", true },   { "ＡＢ", "Latn", true },
		{ "123 !?", "Latn", false }, { "१२", "Deva", false },
		{ "", "Deva", false },	     { "Привет", "Latn", false },
		{ "Hello", "Cyrl", false },  { "😀", "Latn", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_CASE(text_script_is(str_of(cases[i].text), cases[i].script) == cases[i].is,
			   cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),		cmocka_unit_test(test_chars),
		cmocka_unit_test(test_folded_and_tidy), cmocka_unit_test(test_folding_is_stable),
		cmocka_unit_test(test_ascii_digits),	cmocka_unit_test(test_full),
		cmocka_unit_test(test_script),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
