/*
 * test_store_legacy.c - sessions of the former Python bot, and boxes that are
 * not what they should be.
 */
#include "check.h"

#include "../../src/store/box_private.h"
#include "../../src/store/guard_private.h"

static void reads_what_the_bot_wrote(void **state)
{
	static const struct {
		const char *name;
		const char *json;
		int found;
		const char *step;
		size_t values;
		int64_t created_ms;
	} cases[] = {
		{ "whole",
		  "{\"current_step\": \"phone\", \"data\": {\"name\": \"Asha\", \"sector\": "
		  "\"Retail\", \"pincode\": \"400001\"}, \"created_at\": "
		  "\"2025-06-01T12:00:00.123456\", \"updated_at\": \"2025-06-01T12:05:00\"}",
		  1, "phone", 3, INT64_C(1748779200000) },
		{ "no data yet", "{\"current_step\":\"welcome\",\"data\":{}}", 1, "welcome", 0, 0 },
		{ "null and numbers are no answers",
		  "{\"current_step\":\"name\",\"data\":{\"name\":null,\"pincode\":400001}}", 1,
		  "name", 0, 0 },
		{ "unknown fields are left",
		  "{\"current_step\":\"name\",\"data\":{\"name\":\"A\",\"x\":\"y\"}}", 1, "name", 1,
		  0 },
		{ "a time of another shape",
		  "{\"current_step\":\"name\",\"created_at\":\"yesterday\"}", 1, "name", 0, 0 },
		{ "no step", "{\"data\":{}}", 0, NULL, 0, 0 },
		{ "a step that is no text", "{\"current_step\":7}", 0, NULL, 0, 0 },
		{ "not an object", "[1]", 0, NULL, 0, 0 },
		{ "not JSON", "{'current_step': 'name'}", 0, NULL, 0, 0 },
		{ "nothing", "", 0, NULL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct legacy_session l = { 0 };
		struct arena a = { 0 };

		CHECK_CASE(legacy_parse(str_of(cases[i].json), &a, &l) == cases[i].found,
			   cases[i].name);
		if (cases[i].found) {
			CHECK_CASE(strcmp(l.step, cases[i].step) == 0, cases[i].name);
			CHECK_CASE(l.value_count == cases[i].values, cases[i].name);
			CHECK_CASE(l.created_ms == cases[i].created_ms, cases[i].name);
		}
		arena_free(&a);
	}
}

/* Every prefix and every changed byte of a box is refused or read, never believed blindly. */
static void damaged_boxes_are_refused(void **state)
{
	const struct str texts[] = { { "hello", 5 }, { "", 0 }, { "world", 5 } };
	const struct reply reply = { .state = REPLY_INLINE, .texts = texts, .count = 3 };
	struct arena a = { 0 };
	struct reply back;
	struct record record;
	struct err err;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	box_put_reply(&reply, &b);
	assert_int_equal(box_get_reply((struct str){ b.data, b.len }, &a, &back, &err), 0);
	assert_int_equal(back.count, 3);
	assert_true(str_is(back.texts[2], "world"));
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(box_get_reply((struct str){ b.data, n }, &a, &back, &err), -1);
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 0x55;
		(void)box_get_reply((struct str){ b.data, b.len }, &a, &back, &err);
		b.data[i] ^= 0x55;
	}
	assert_int_equal(box_get_fields((struct str){ b.data, b.len }, &a, &record, &err), -1);
	(void)buf_addc(&b, 'x');
	assert_int_equal(box_get_reply((struct str){ b.data, b.len }, &a, &back, &err), -1);
	buf_free(&b);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_bot_wrote),
		cmocka_unit_test(damaged_boxes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
