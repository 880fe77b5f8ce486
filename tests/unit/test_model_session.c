/*
 * The session's values with their limits, and its encoded part: round trips,
 * every truncation, every garbled byte.
 */
#include <limits.h>
#include <stdlib.h>

#include "check.h"
#include "model/session.h"

static char *repeated(struct arena *a, char c, size_t n)
{
	char *text = arena_alloc(a, n + 1);

	memset(text, c, n);
	return text;
}

static struct session typical(struct arena *a)
{
	struct session s = {
		.flow = "msme",
		.flow_version = 3,
		.step = "confirm",
		.shown_step = "confirmation",
		.language = "hi",
		.created_ms = 1700000000000,
		.updated_ms = 1700000001000,
		.expires_ms = 1700086400000,
		.revision = 7,
		.wrong_answers = 2,
		.call = { "0123abcd", "send_otp", "otp", "SM0001", 1700000000500 },
		.pace_tokens_milli = -1500,
		.pace_at_ms = 1700000000900,
		.repeat_hash = UINT64_MAX,
		.repeat_count = 4,
		.repeat_since_ms = 1700000000100,
		.receiver = "whatsapp:+14155238886",
		.account = "AC00",
		.trail = "menu/name/confirm",
		.fresh = true,
		.heard_ms = 1700000000900,
		.wake_ms = 1700001800900,
		.reminded = 1,
	};

	assert_int_equal(session_set(&s, a, "name", "श्रेया <&\"'> 🙂", NULL), 0);
	assert_int_equal(session_set(&s, a, "sector", "", NULL), 0);
	assert_int_equal(session_set(&s, a, "pincode", "400001", NULL), 0);
	return s;
}

static bool same_text(const char *x, const char *y)
{
	return strcmp(x ? x : "", y ? y : "") == 0;
}

static bool same_encoded_part(const struct session *x, const struct session *y)
{
	if (x->value_count != y->value_count)
		return false;
	for (size_t i = 0; i < x->value_count; i++)
		if (!same_text(x->values[i].name, y->values[i].name) ||
		    !same_text(x->values[i].text, y->values[i].text))
			return false;
	return x->wrong_answers == y->wrong_answers && same_text(x->call.id, y->call.id) &&
	       same_text(x->call.name, y->call.name) && same_text(x->call.step, y->call.step) &&
	       same_text(x->call.external_id, y->call.external_id) &&
	       x->call.started_ms == y->call.started_ms &&
	       x->pace_tokens_milli == y->pace_tokens_milli && x->pace_at_ms == y->pace_at_ms &&
	       x->repeat_hash == y->repeat_hash && x->repeat_count == y->repeat_count &&
	       x->repeat_since_ms == y->repeat_since_ms && same_text(x->receiver, y->receiver) &&
	       same_text(x->account, y->account) && same_text(x->trail, y->trail) &&
	       x->fresh == y->fresh && x->heard_ms == y->heard_ms && x->wake_ms == y->wake_ms &&
	       x->reminded == y->reminded;
}

static void check_round_trip(const struct session *s, const char *name)
{
	struct arena a = { 0 };
	struct session back = { .flow = "f", .step = "s", .revision = 9 };
	struct buf out, again;

	buf_init(&out, SESSION_MAX_ENCODED);
	buf_init(&again, SESSION_MAX_ENCODED);
	CHECK_CASE(session_encode(s, &out, NULL) == 0, name);
	CHECK_CASE(session_decode((struct str){ out.data, out.len }, &a, &back, NULL) == 0, name);
	CHECK_CASE(same_encoded_part(s, &back), name);
	CHECK_CASE(same_text(back.flow, "f") && back.revision == 9, name);
	CHECK_CASE(session_encode(&back, &again, NULL) == 0, name);
	CHECK_CASE(out.len == again.len && memcmp(out.data, again.data, out.len) == 0, name);
	buf_free(&again);
	buf_free(&out);
	arena_free(&a);
}

static void test_round_trips(void **state)
{
	struct arena a = { 0 };
	struct session_value filled[SESSION_MAX_VALUES];
	struct session extreme = {
		.wrong_answers = UINT_MAX,
		.call.started_ms = INT64_MIN,
		.pace_tokens_milli = INT64_MAX,
		.pace_at_ms = -1,
		.repeat_hash = 1ULL << 63,
		.repeat_count = UINT_MAX,
		.repeat_since_ms = INT64_MIN + 1,
	};
	struct session full = { .values = filled, .value_count = SESSION_MAX_VALUES };
	const struct {
		const char *name;
		struct session s;
	} cases[] = {
		{ "zeroed", { 0 } },
		{ "typical", typical(&a) },
		{ "extreme numbers", extreme },
		{ "all values", full },
	};

	(void)state;
	for (size_t i = 0; i < SESSION_MAX_VALUES; i++) {
		filled[i].name = arena_printf(&a, "value_%zu", i);
		filled[i].text = repeated(&a, 'x', 120 + i); /* lengths around one varint byte */
	}
	for (size_t i = 0; i < COUNT(cases); i++)
		check_round_trip(&cases[i].s, cases[i].name);
	arena_free(&a);
}

static void test_decoded_is_safe(void **state)
{
	static const char *const rows[] = { "", "\x02", "\x01", "\x01\xff" };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena a = { 0 };
		struct session s = { 0 };

		memset(s.language, 'x', sizeof s.language);
		assert_int_equal(session_decode(str_of(rows[i]), &a, &s, NULL), -1);
		assert_non_null(s.flow);
		assert_non_null(s.step);
		assert_non_null(s.shown_step);
		assert_int_equal(s.language[LANGUAGE_MAX], 0);
		assert_string_equal(s.call.id, "");
		assert_string_equal(s.call.name, "");
		assert_string_equal(s.call.step, "");
		assert_string_equal(s.call.external_id, "");
		assert_string_equal(s.receiver, "");
		assert_string_equal(s.account, "");
		assert_null(session_get(&s, "name"));
		assert_int_equal(session_set(&s, &a, "name", "A", NULL), 0);
		assert_string_equal(session_get(&s, "name"), "A");
		arena_free(&a);
	}
}

/* The blob is copied: its memory may go right after decoding. */
static void test_decode_keeps_nothing_of_the_blob(void **state)
{
	struct arena a = { 0 };
	struct session s = typical(&a), back = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, SESSION_MAX_ENCODED);
	assert_int_equal(session_encode(&s, &out, NULL), 0);
	assert_int_equal(session_decode((struct str){ out.data, out.len }, &a, &back, NULL), 0);
	memset(out.data, 'Z', out.len);
	buf_free(&out);
	assert_true(same_encoded_part(&s, &back));
	arena_free(&a);
}

static void test_every_truncation_is_refused(void **state)
{
	struct arena a = { 0 };
	struct session s = typical(&a);
	struct buf out;

	(void)state;
	buf_init(&out, SESSION_MAX_ENCODED);
	assert_int_equal(session_encode(&s, &out, NULL), 0);
	for (size_t n = 0; n < out.len; n++) {
		struct session back = { 0 };
		struct err err = { 0 };
		char *part = malloc(n + 1); /* exact, so that a sanitizer sees one byte too far */

		assert_non_null(part);
		memcpy(part, out.data, n);
		if (session_decode((struct str){ part, n }, &a, &back, &err) != -1 ||
		    err.kind != ERR_INPUT)
			fail_msg("cut to %zu of %zu bytes was accepted", n, out.len);
		free(part);
	}
	assert_int_equal(buf_addc(&out, 0), 0);
	assert_int_equal(
		session_decode((struct str){ out.data, out.len }, &a, &(struct session){ 0 }, NULL),
		-1);
	buf_free(&out);
	arena_free(&a);
}

/* Each byte replaced by each other: refused, or read as exactly what was written. */
static void test_every_garbled_byte(void **state)
{
	struct arena first = { 0 };
	struct session s = typical(&first);
	struct buf out, again;
	size_t refused = 0;

	(void)state;
	buf_init(&out, SESSION_MAX_ENCODED);
	buf_init(&again, SESSION_MAX_ENCODED);
	assert_int_equal(session_encode(&s, &out, NULL), 0);
	for (size_t i = 0; i < out.len; i++) {
		char kept = out.data[i];

		for (int flip = 1; flip < 256; flip++) {
			struct arena a = { 0 };
			struct session back = { 0 };

			out.data[i] = (char)(kept ^ flip);
			if (session_decode((struct str){ out.data, out.len }, &a, &back, NULL) <
			    0) {
				refused++;
			} else {
				buf_reset(&again);
				assert_int_equal(session_encode(&back, &again, NULL), 0);
				assert_int_equal(again.len, out.len);
				assert_memory_equal(again.data, out.data, out.len);
			}
			arena_free(&a);
		}
		out.data[i] = kept;
	}
	assert_true(refused > out.len); /* lengths, NULs and the version are among them */
	buf_free(&again);
	buf_free(&out);
	arena_free(&first);
}

static void test_foreign_bytes(void **state)
{
	/* version, values, wrong, 4 call texts, started, tokens, at, hash, count, since, 2 texts */
#define TAIL                                                                                       \
	"\0"                                                                                       \
	"\0\0"                                                                                     \
	"\0\0"                                                                                     \
	"\0\0"                                                                                     \
	"\0\0"                                                                                     \
	"\0"                                                                                       \
	"\0"                                                                                       \
	"\0"                                                                                       \
	"\0"                                                                                       \
	"\0"                                                                                       \
	"\0"                                                                                       \
	"\0\0"                                                                                     \
	"\0\0"
#define ROW(label, text, result)                                                                   \
	{                                                                                          \
		label, { text, sizeof text - 1 }, result                                           \
	}
	static const struct {
		const char *name;
		struct str bytes;
		int ret;
	} cases[] = {
		ROW("empty session", "\1\0" TAIL, 0),
		ROW("one value", "\1\1\1a\0\1b\0" TAIL, 0),
		ROW("former version, with the rest of this one", "\1\0" TAIL "\0\0\0\0\0\0", -1),
		ROW("this version", "\2\0" TAIL "\0\0\0\0\0\0", 0),
		ROW("this version, without its rest", "\2\0" TAIL, -1),
		ROW("neither fresh nor not", "\2\0" TAIL "\0\0\2\0\0\0", -1),
		ROW("another version", "\3\0" TAIL, -1),
		ROW("value without name", "\1\1\0\0\1b\0" TAIL, -1),
		ROW("name twice", "\1\2\1a\0\1b\0\1a\0\1c\0" TAIL, -1),
		ROW("65 values promised", "\1\101" TAIL, -1),
		ROW("NUL inside a text", "\1\1\1a\0\2b\0\0" TAIL, -1),
		ROW("text not ended by NUL", "\1\1\1ax\1b\0" TAIL, -1),
		ROW("overlong varint", "\1\200\0" TAIL, -1),
		ROW("varint of 65 bits", "\1\377\377\377\377\377\377\377\377\377\2" TAIL, -1),
		ROW("length of 2^64 - 1", "\1\1\377\377\377\377\377\377\377\377\377\1" TAIL, -1),
	};
#undef ROW
#undef TAIL

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a = { 0 };
		struct session s = { 0 };

		CHECK_CASE(session_decode(cases[i].bytes, &a, &s, NULL) == cases[i].ret,
			   cases[i].name);
		arena_free(&a);
	}
}

/* What a former program has stored is read; what it did not know is as if nothing had happened. */
static void test_former_version(void **state)
{
	struct arena a = { 0 };
	struct session s = typical(&a), back = { 0 };
	struct buf out;

	(void)state;
	s.trail = "";
	s.fresh = false;
	s.heard_ms = s.wake_ms = s.reminded = 0;
	buf_init(&out, SESSION_MAX_ENCODED);
	assert_int_equal(session_encode(&s, &out, NULL), 0);
	assert_memory_equal(out.data + out.len - 6, "\0\0\0\0\0\0", 6);
	out.data[0] = 1;
	assert_int_equal(session_decode((struct str){ out.data, out.len - 6 }, &a, &back, NULL), 0);
	assert_true(same_encoded_part(&s, &back));
	assert_string_equal(back.trail, "");
	buf_free(&out);
	arena_free(&a);
}

static void test_value_limits(void **state)
{
	struct arena a = { 0 };
	const struct {
		const char *name;
		const char *value_name;
		const char *text;
		int ret;
	} cases[] = {
		{ "plain", "name", "x", 0 },
		{ "empty text", "name", "", 0 },
		{ "empty name", "", "x", -1 },
		{ "longest name", repeated(&a, 'n', SESSION_NAME_MAX), "x", 0 },
		{ "name one too long", repeated(&a, 'n', SESSION_NAME_MAX + 1), "x", -1 },
		{ "longest text", "name", repeated(&a, 't', SESSION_MAX_VALUE), 0 },
		{ "text one too long", "name", repeated(&a, 't', SESSION_MAX_VALUE + 1), -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct session s = { 0 };
		struct err err = { 0 };

		CHECK_CASE(session_set(&s, &a, cases[i].value_name, cases[i].text, &err) ==
				   cases[i].ret,
			   cases[i].name);
		CHECK_CASE((err.kind == ERR_INPUT) == (cases[i].ret < 0), cases[i].name);
		CHECK_CASE(s.value_count == (cases[i].ret == 0), cases[i].name);
	}
	arena_free(&a);
}

static void test_values_count_limit(void **state)
{
	struct arena a = { 0 };
	struct session s = { 0 };
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < SESSION_MAX_VALUES; i++)
		assert_int_equal(session_set(&s, &a, arena_printf(&a, "v%zu", i), "x", &err), 0);
	assert_int_equal(session_set(&s, &a, "one_more", "x", &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(session_set(&s, &a, "v63", "replaced", &err), 0);
	assert_string_equal(session_get(&s, "v63"), "replaced");
	session_unset(&s, "v0");
	assert_null(session_get(&s, "v0"));
	assert_string_equal(session_get(&s, "v1"), "x");
	session_unset(&s, "v0"); /* once more changes nothing */
	assert_int_equal(s.value_count, SESSION_MAX_VALUES - 1);
	assert_int_equal(session_set(&s, &a, "one_more", "x", &err), 0);
	session_clear_values(&s);
	assert_null(session_get(&s, "one_more"));
	arena_free(&a);
}

static void test_encoded_size_limit(void **state)
{
	struct arena a = { 0 };
	struct session s = { 0 };
	struct err err = { 0 };
	struct buf out;
	const char *big = repeated(&a, 't', SESSION_MAX_VALUE);

	(void)state;
	buf_init(&out, (size_t)SESSION_MAX_ENCODED * 3);
	assert_int_equal(buf_adds(&out, "before"), 0);
	for (size_t i = 0; i < SESSION_MAX_ENCODED / SESSION_MAX_VALUE - 1; i++)
		assert_int_equal(session_set(&s, &a, arena_printf(&a, "v%zu", i), big, &err), 0);
	assert_int_equal(session_encode(&s, &out, &err), 0);
	out.len = strlen("before");
	assert_int_equal(session_set(&s, &a, "last", big, &err), 0);
	assert_int_equal(session_encode(&s, &out, &err), -1);
	assert_int_equal(err.kind, ERR_FULL);
	assert_int_equal(out.len, strlen("before"));
	assert_string_equal(out.data, "before");
	buf_free(&out);

	buf_init(&out, 20); /* the buffer's own maximum is told the same way */
	assert_int_equal(session_encode(&s, &out, &err), -1);
	assert_int_equal(err.kind, ERR_FULL);
	assert_int_equal(out.len, 0);
	buf_free(&out);
	arena_free(&a);
}

static void test_copy_is_deep(void **state)
{
	struct arena old = { 0 }, fresh = { 0 };
	struct session *s = arena_alloc(&old, sizeof *s), *c;

	(void)state;
	*s = typical(&old);
	c = session_copy(s, &fresh);
	assert_true(same_encoded_part(s, c));
	assert_int_equal(session_set(c, &fresh, "pincode", "560001", NULL), 0);
	session_unset(c, "sector");
	assert_string_equal(session_get(s, "pincode"), "400001");
	assert_string_equal(session_get(s, "sector"), "");
	arena_free(&old); /* a sanitizer sees whoever still looks there */
	assert_string_equal(session_get(c, "pincode"), "560001");
	assert_string_equal(c->flow, "msme");
	assert_string_equal(c->step, "confirm");
	assert_string_equal(c->shown_step, "confirmation");
	assert_string_equal(c->language, "hi");
	assert_string_equal(c->call.external_id, "SM0001");
	assert_string_equal(c->receiver, "whatsapp:+14155238886");
	assert_int_equal(c->revision, 7);
	arena_free(&fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_decoded_is_safe),
		cmocka_unit_test(test_decode_keeps_nothing_of_the_blob),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_every_garbled_byte),
		cmocka_unit_test(test_foreign_bytes),
		cmocka_unit_test(test_former_version),
		cmocka_unit_test(test_value_limits),
		cmocka_unit_test(test_values_count_limit),
		cmocka_unit_test(test_encoded_size_limit),
		cmocka_unit_test(test_copy_is_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
