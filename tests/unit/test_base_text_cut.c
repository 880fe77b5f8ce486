/*
 * Where long texts are cut.
 */
#include "base_check.h"

#include "base/text.h"

static void test_cut(void **state)
{
	static const struct {
		const char *name;
		struct str text;
		size_t max;
		const char *prefix;
		size_t skip;
	} cases[] = {
		{ "empty", { NULL, 0 }, 5, "", 0 },
		{ "fits", BYTES("abc"), 5, "abc", 0 },
		{ "fits exactly", BYTES("abcde"), 5, "abcde", 0 },
		{ "fits with its blanks", BYTES("ab c "), 5, "ab c ", 0 },
		{ "at a blank", BYTES("ab cd ef"), 7, "ab cd", 1 },
		{ "blank just behind the limit", BYTES("ab cd ef"), 5, "ab cd", 1 },
		{ "line before blank", BYTES("ab\ncd ef gh"), 9, "ab", 1 },
		{ "last line", BYTES("a\nb\nc d e"), 7, "a\nb", 1 },
		{ "line just behind the limit", BYTES("ab cd\nef"), 5, "ab cd", 1 },
		{ "run of blanks and lines", BYTES("ab \r\n\n cd"), 4, "ab", 5 },
		{ "run reaches over the limit", BYTES("ab      cd"), 4, "ab", 6 },
		{ "line late in the run", BYTES("a b   \nc"), 4, "a b", 4 },
		{ "no blank", BYTES("abcdef"), 4, "abcd", 0 },
		{ "blank only in front", BYTES(" abcdef"), 4, " abc", 0 },
		{ "all blanks", BYTES("      "), 4, "    ", 2 },
		{ "characters, not bytes", BYTES("éééé"), 3, "ééé", 0 },
		{ "no-break space is no place", BYTES("a b\u00a0cd"), 5, "a", 1 },
		{ "ideographic space", BYTES("ab\u3000cd"), 4, "ab", 3 },
		{ "line separator", BYTES("a b\u2028cd"), 5, "a b", 3 },
		{ "not before a combining mark", BYTES("abe\xcc\x81z"), 3, "ab", 0 },
		{ "not between CR and LF", BYTES("\r\n\r\n"), 3, "\r\n", 2 },
		{ "not inside a flag", BYTES("a🇮🇳🇮🇳"), 4, "a🇮🇳", 0 },
		{ "not inside a joined emoji", BYTES("ab👨‍👩‍👧"), 5, "ab", 0 },
		{ "not inside a skin tone", BYTES("ab👍🏽"), 3, "ab", 0 },
		{ "not inside a keycap", BYTES("ab3️⃣"), 4, "ab", 0 },
		{ "not before a vowel sign", BYTES("कखकि"), 3, "कख", 0 },
		{ "not inside a conjunct", BYTES("कखक्ष"), 4, "कख", 0 },
		{ "blank with a mark is no place", BYTES("a b \xcc\x81z"), 4, "a", 1 },
		{ "run stops before a blank with a mark", BYTES("ab   \xcc\x81z"), 3, "ab", 2 },
		{ "one cluster longer than the limit", BYTES("👨‍👩‍👧"), 3,
		  "👨‍👩", 0 },
		{ "many marks", BYTES("e\xcc\x81\xcc\x81\xcc\x81"), 2, "e\xcc\x81", 0 },
		{ "limit 1", BYTES("abc"), 1, "a", 0 },
		{ "limit 0 still goes on", BYTES("abc"), 0, "a", 0 },
		{ "ill-formed bytes", BYTES("\xff\xfe\xfd"), 2, "\xff\xfe", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t skip = 99;
		size_t n = text_cut(cases[i].text, cases[i].max, &skip);

		if (n != strlen(cases[i].prefix) || skip != cases[i].skip)
			fail_msg("%s: cut at %zu skip %zu, expected %zu skip %zu", cases[i].name, n,
				 skip, strlen(cases[i].prefix), cases[i].skip);
		CHECK_CASE(n == 0 || memcmp(cases[i].text.p, cases[i].prefix, n) == 0,
			   cases[i].name);
	}
}

/* Whatever the limit: parts stay within it, none is empty, nothing but white space is lost. */
static void test_all_parts(void **state)
{
	static const char text[] =
		"नमस्ते दुनिया\n\nक्षत्रिय "
		"👨‍👩‍👧‍👦 "
		"and "
		"🇮🇳🇮🇳 "
		"e\xcc\x81\xcc\x81 "
		"averyveryverylongword 3️⃣   end\r\nof\ttext\u00a0here\xff\xc3";

	(void)state;
	for (size_t max = 1; max < 90; max++) {
		struct str rest = str_of(text);
		struct buf joined, whole;
		size_t skip;

		buf_init(&joined, sizeof text);
		buf_init(&whole, sizeof text);
		while (rest.n) {
			size_t n = text_cut(rest, max, &skip);

			assert_true(n > 0 && n + skip <= rest.n);
			assert_true(text_chars((struct str){ rest.p, n }) <= max);
			assert_int_equal(buf_add(&joined, rest.p, n), 0);
			rest = (struct str){ rest.p + n + skip, rest.n - n - skip };
		}
		/* Without the blanks that may go at a cut, both must be equal. */
		for (size_t i = 0; i < sizeof text - 1; i++) {
			if (!strchr(" \n\r\t", text[i]))
				assert_int_equal(buf_addc(&whole, text[i]), 0);
		}
		for (size_t from = 0, to = 0;; from++) {
			if (from == joined.len) {
				joined.len = to;
				break;
			}
			if (!strchr(" \n\r\t", joined.data[from]))
				joined.data[to++] = joined.data[from];
		}
		assert_int_equal(joined.len, whole.len);
		assert_memory_equal(joined.data, whole.data, whole.len);
		buf_free(&joined);
		buf_free(&whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_all_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
