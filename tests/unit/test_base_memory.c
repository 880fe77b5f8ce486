/*
 * mem, buf, arena and err: limits, overflow, ownership.
 */
#include "base_check.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

static void overflow_mem_array(void)
{
	free(mem_array(SIZE_MAX / 2, 4));
}

static void overflow_mem_grow(void)
{
	free(mem_grow(NULL, SIZE_MAX / 2, 4));
}

static void overflow_mem_strndup(void)
{
	free(mem_strndup("", SIZE_MAX));
}

static void overflow_arena_array(void)
{
	struct arena a = { 0 };

	(void)arena_array(&a, SIZE_MAX / 2, 4);
}

static void overflow_arena_alloc(void)
{
	struct arena a = { 0 };

	(void)arena_alloc(&a, SIZE_MAX - 8);
}

static void test_overflow_aborts(void **state)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = {
		{ "mem_array", overflow_mem_array },	 { "mem_grow", overflow_mem_grow },
		{ "mem_strndup", overflow_mem_strndup }, { "arena_array", overflow_arena_array },
		{ "arena_alloc", overflow_arena_alloc },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_CASE(aborts(cases[i].run), cases[i].name);
}

static void test_mem(void **state)
{
	unsigned char *zeroed = mem_array(10, 10);
	char *copy = mem_strndup("a\0bc", 3);
	void *none = mem_alloc(0);
	int *grown;

	(void)state;
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(zeroed[i], 0);
	assert_non_null(none);
	assert_memory_equal(copy, "a\0b", 4);
	assert_null(mem_strdup(NULL));
	grown = mem_grow(NULL, 1, sizeof *grown);
	grown[0] = 42;
	grown = mem_grow(grown, 1000, sizeof *grown);
	assert_int_equal(grown[0], 42);
	mem_wipe_free(NULL, 5);
	mem_wipe_free(mem_strdup("secret"), 6);
	free(grown);
	free(copy);
	free(none);
	free(zeroed);
}

static void test_buf_maximum(void **state)
{
	static const struct {
		const char *name;
		size_t max;
		const char *first, *second;
		int ret;
		const char *after;
	} cases[] = {
		{ "fits exactly", 6, "abc", "def", 0, "abcdef" },
		{ "one too many: nothing added", 5, "abc", "def", -1, "abc" },
		{ "maximum 0 takes nothing", 0, "", "a", -1, "" },
		{ "maximum 0 takes the empty text", 0, "", "", 0, "" },
		{ "grows", 1000, "abc",
		  "0123456789012345678901234567890123456789012345678901234567890123456789"
		  "0123456789012345678901234567890123456789012345678901234567890123456789",
		  0,
		  "abc0123456789012345678901234567890123456789012345678901234567890123456789"
		  "0123456789012345678901234567890123456789012345678901234567890123456789" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (int formatted = 0; formatted < 2; formatted++) {
			struct buf b;
			int ret;

			buf_init(&b, cases[i].max);
			CHECK_CASE(b.data && b.data[0] == '\0', cases[i].name);
			CHECK_CASE(buf_adds(&b, cases[i].first) == 0, cases[i].name);
			ret = formatted ? buf_addf(&b, "%s", cases[i].second)
					: buf_adds(&b, cases[i].second);
			CHECK_CASE(ret == cases[i].ret, cases[i].name);
			CHECK_CASE(b.full == (cases[i].ret < 0), cases[i].name);
			CHECK_SAME(b.data, cases[i].after, cases[i].name);
			CHECK_CASE(b.len == strlen(cases[i].after), cases[i].name);
			buf_free(&b);
			CHECK_CASE(!b.data, cases[i].name);
			buf_free(&b);
		}
	}
}

static void test_buf_stays_full(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	assert_int_equal(buf_adds(&b, "abcde"), -1);
	assert_int_equal(buf_addc(&b, 'a'), -1); /* would fit, but something is missing before it */
	assert_int_equal(buf_adds(&b, ""), -1);
	buf_reset(&b);
	assert_false(b.full);
	assert_int_equal(buf_add(&b, "a\0b", 3), 0);
	assert_int_equal(buf_addc(&b, '\0'), 0);
	assert_memory_equal(b.data, "a\0b\0", 5);
	assert_int_equal(buf_add(&b, NULL, 0), 0);
	buf_free(&b);
}

static void test_buf_numbers(void **state)
{
	static const struct {
		int64_t number;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 7, "7" },
		{ 10, "10" },
		{ -1, "-1" },
		{ 1700000000123, "1700000000123" },
		{ INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf b;

		buf_init(&b, strlen(cases[i].text));
		CHECK_CASE(buf_add_int(&b, cases[i].number) == 0, cases[i].text);
		CHECK_SAME(b.data, cases[i].text, cases[i].text);
		CHECK_CASE(buf_add_int(&b, 1) == -1 && b.full, cases[i].text);
		buf_free(&b);
	}
}

static void test_arena(void **state)
{
	static const size_t sizes[] = {
		0, 1, 7, 16, 17, 500, 511, 2048, 2049, 70000, 3, 200000, 1
	};
	struct arena a = { 0 };
	unsigned char *last = NULL;

	(void)state;
	arena_free(&a); /* empty is fine */
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < COUNT(sizes); i++) {
			unsigned char *p = arena_alloc(&a, sizes[i]);

			assert_ptr_not_equal(p, last);
			assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
			for (size_t j = 0; j < sizes[i]; j++)
				assert_int_equal(p[j], 0);
			memset(p, 0xff, sizes[i]);
			last = p;
		}
		if (round == 100) {
			assert_true(a.used > 100 * 275000);
			arena_free(&a);
			assert_int_equal(a.used, 0);
			last = NULL;
		}
	}
	assert_string_equal(arena_strdup(&a, "abc"), "abc");
	assert_memory_equal(arena_strndup(&a, "a\0bc", 3), "a\0b", 4);
	assert_string_equal(arena_strndup(&a, NULL, 0), "");
	assert_string_equal(arena_printf(&a, "%s-%d", "x", 7), "x-7");
	arena_free(&a);
}

static void test_arena_join(void **state)
{
	struct arena a = { 0 };

	(void)state;
	assert_string_equal(arena_join(&a, "ask", "/", "next"), "ask/next");
	assert_string_equal(arena_join(&a, "", "", "next"), "next");
	assert_string_equal(arena_join(&a, "ask", "/", ""), "ask/");
	assert_string_equal(arena_join(&a, "", "", ""), "");
	arena_free(&a);
}

/* What an arena holds outlives it in another one, whatever that held before. */
static void test_arena_take(void **state)
{
	static const size_t before[] = { 0, 1, 70000 }, taken[] = { 0, 1, 3 };

	(void)state;
	for (size_t i = 0; i < COUNT(before) * COUNT(taken); i++) {
		size_t n = taken[i % COUNT(taken)], used;
		struct arena to = { 0 }, from = { 0 };
		char *kept[3], *own = NULL;

		if (before[i / COUNT(taken)])
			own = memset(arena_alloc(&to, before[i / COUNT(taken)]), 'o', 1);
		for (size_t k = 0; k < n; k++)
			kept[k] = memset(arena_alloc(&from, 1500), 'a' + (int)k, 1500);
		used = to.used + from.used;
		arena_take(&to, &from);
		assert_int_equal(from.used, 0);
		assert_int_equal(to.used, used);
		memset(arena_alloc(&from, 1500), 'x', 1500);
		memset(arena_alloc(&to, 1500), 'y', 1500);
		arena_free(&from);
		for (size_t k = 0; k < n; k++)
			assert_true(kept[k][0] == 'a' + (int)k && kept[k][1499] == kept[k][0]);
		assert_true(!own || *own == 'o');
		arena_free(&to);
	}
}

static void test_err(void **state)
{
	char big[600], euros[601] = "";
	struct err e;

	(void)state;
	assert_int_equal(err_set(NULL, ERR_BUG, "x"), -1);
	assert_int_equal(err_prefix(NULL, "x"), -1);
	assert_int_equal(err_set(&e, ERR_TEMP, "no %s", "answer"), -1);
	assert_int_equal(e.kind, ERR_TEMP);
	assert_int_equal(err_prefix(&e, "call %d", 7), -1);
	assert_string_equal(e.text, "call 7: no answer");
	assert_int_equal(e.kind, ERR_TEMP);
	(void)err_set(&e, ERR_INPUT, "again: %s", e.text);
	assert_string_equal(e.text, "again: call 7: no answer");

	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	(void)err_set(&e, ERR_INPUT, "%s", big);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
	assert_string_equal(e.text + sizeof e.text - 5, "x...");
	(void)err_prefix(&e, "flow.json");
	assert_memory_equal(e.text, "flow.json: xxx", 14);
	assert_string_equal(e.text + sizeof e.text - 5, "x...");
	(void)err_prefix(&e, "%s", big);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);

	for (int i = 0; i < 200; i++)
		memcpy(euros + 3 * i, "\xe2\x82\xac", 4);
	for (int shift = 0; shift < 3; shift++) { /* no character is cut in two */
		(void)err_set(&e, ERR_INPUT, "%.*s%s", shift, "ab", euros);
		assert_memory_equal(e.text + strlen(e.text) - 6, "\xe2\x82\xac...", 6);
	}
}

static void test_err_kind_names(void **state)
{
	static const struct {
		enum err_kind kind;
		const char *name;
	} cases[] = {
		{ ERR_NONE, "none" }, { ERR_INPUT, "input" },
		{ ERR_TEMP, "temp" }, { ERR_PERM, "perm" },
		{ ERR_FULL, "full" }, { ERR_UNSURE, "unsure" },
		{ ERR_BUG, "bug" },   { (enum err_kind)99, "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_SAME(err_kind_name(cases[i].kind), cases[i].name, cases[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overflow_aborts),
		cmocka_unit_test(test_mem),
		cmocka_unit_test(test_buf_maximum),
		cmocka_unit_test(test_buf_stays_full),
		cmocka_unit_test(test_buf_numbers),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_arena_join),
		cmocka_unit_test(test_arena_take),
		cmocka_unit_test(test_err),
		cmocka_unit_test(test_err_kind_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
