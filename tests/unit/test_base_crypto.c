/*
 * Digests against RFC 2202, RFC 4231 and FIPS 180-4; encodings against RFC 4648; ids and clock.
 */
#include "base_check.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/id.h"

#define REPEAT_5(x)  x x x x x
#define REPEAT_10(x) REPEAT_5(x) REPEAT_5(x)
#define REPEAT_20(x) REPEAT_10(x) REPEAT_10(x)
#define REPEAT_50(x) REPEAT_20(x) REPEAT_20(x) REPEAT_10(x)
#define REPEAT_80(x) REPEAT_50(x) REPEAT_20(x) REPEAT_10(x)

#define KEY_1_TO_25                                                                                \
	"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15"     \
	"\x16\x17\x18\x19"

static void test_hmac_sha1(void **state)
{
	static const struct {
		const char *name;
		struct str key, data;
		const char *digest;
	} cases[] = {
		{ "RFC 2202 case 1", BYTES(REPEAT_20("\x0b")), BYTES("Hi There"),
		  "b617318655057264e28bc0b6fb378c8ef146be00" },
		{ "RFC 2202 case 2", BYTES("Jefe"), BYTES("what do ya want for nothing?"),
		  "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
		{ "RFC 2202 case 3", BYTES(REPEAT_20("\xaa")), BYTES(REPEAT_50("\xdd")),
		  "125d7342b9ac11cd91a39af48aa17b4f63f175d3" },
		{ "RFC 2202 case 4", BYTES(KEY_1_TO_25), BYTES(REPEAT_50("\xcd")),
		  "4c9007f4026250c6bc8414f9bf50c86c2d7235da" },
		{ "RFC 2202 case 5", BYTES(REPEAT_20("\x0c")), BYTES("Test With Truncation"),
		  "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04" },
		{ "RFC 2202 case 6", BYTES(REPEAT_80("\xaa")),
		  BYTES("Test Using Larger Than Block-Size Key - Hash Key First"),
		  "aa4ae5e15272d00e95705637ce8a3b55ed402112" },
		{ "RFC 2202 case 7", BYTES(REPEAT_80("\xaa")),
		  BYTES("Test Using Larger Than Block-Size Key and Larger Than One Block-Size "
			"Data"),
		  "e8e99d0f45237d786d6bbaa7965c7808bbff1a91" },
		{ "empty key and data",
		  { NULL, 0 },
		  { NULL, 0 },
		  "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d" },
		{ "empty key after another", { NULL, 0 }, BYTES("x"), NULL },
	};
	char first[41] = "", again[41];
	uint8_t out[SHA1_SIZE];

	(void)state;
	for (int round = 0; round < 2; round++) { /* nothing may be left of the call before */
		for (size_t i = 0; i < COUNT(cases); i++) {
			hmac_sha1(cases[i].key, cases[i].data, out);
			hex_encode(out, sizeof out, again);
			if (cases[i].digest)
				CHECK_SAME(again, cases[i].digest, cases[i].name);
			else if (round == 0)
				memcpy(first, again, sizeof first);
			else
				CHECK_SAME(again, first, cases[i].name);
		}
	}
}

static void test_hmac_sha256(void **state)
{
	static const struct {
		const char *name;
		struct str key, data;
		const char *digest;
	} cases[] = {
		{ "RFC 4231 case 1", BYTES(REPEAT_20("\x0b")), BYTES("Hi There"),
		  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ "RFC 4231 case 2", BYTES("Jefe"), BYTES("what do ya want for nothing?"),
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ "RFC 4231 case 3", BYTES(REPEAT_20("\xaa")), BYTES(REPEAT_50("\xdd")),
		  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
		{ "RFC 4231 case 4", BYTES(KEY_1_TO_25), BYTES(REPEAT_50("\xcd")),
		  "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
		{ "RFC 4231 case 6", BYTES(REPEAT_80("\xaa") REPEAT_50("\xaa") "\xaa"),
		  BYTES("Test Using Larger Than Block-Size Key - Hash Key First"),
		  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
		{ "RFC 4231 case 7", BYTES(REPEAT_80("\xaa") REPEAT_50("\xaa") "\xaa"),
		  BYTES("This is a test using a larger than block-size key and a larger than "
			"block-size data. The key needs to be hashed before being used by the "
			"HMAC algorithm."),
		  "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t out[SHA256_SIZE];
		char hex[65];

		hmac_sha256(cases[i].key, cases[i].data, out);
		hex_encode(out, sizeof out, hex);
		CHECK_SAME(hex, cases[i].digest, cases[i].name);
	}
}

static void test_sha256(void **state)
{
	static const struct {
		const char *name;
		struct str data;
		const char *digest;
	} cases[] = {
		{ "empty",
		  { NULL, 0 },
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", BYTES("abc"),
		  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "two blocks", BYTES("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t out[SHA256_SIZE];
		char hex[65];

		sha256(cases[i].data, out);
		hex_encode(out, sizeof out, hex);
		CHECK_SAME(hex, cases[i].digest, cases[i].name);
	}
}

static void *digest_often(void *mismatches)
{
	struct str key = str_of("12345"), data = str_of("https://example.com/");
	uint8_t first[SHA1_SIZE], out[SHA1_SIZE];

	hmac_sha1(key, data, first);
	for (int i = 0; i < 500; i++) {
		hmac_sha1(key, data, out);
		*(int *)mismatches += memcmp(first, out, sizeof out) != 0;
	}
	return NULL;
}

static void test_threads(void **state)
{
	int mismatches[4] = { 0 };
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, digest_often, &mismatches[i]),
				 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(mismatches[i], 0);
	}
}

/* The worked example of Twilio's signature. */
static void test_twilio_signature(void **state)
{
	char text[BASE64_SHA1_SIZE];
	uint8_t out[SHA1_SIZE];

	(void)state;
	hmac_sha1(str_of("12345"),
		  str_of("https://example.com/myapp.php?foo=1&bar=2CallSidCA1234567890ABCDE"
			 "Caller+14158675310Digits1234From+14158675310To+18005551212"),
		  out);
	base64_encode(out, sizeof out, text);
	assert_string_equal(text, "L/OH5YylLD5NRKLltdqwSvS0BnU=");
}

static void test_base64(void **state)
{
	static const struct {
		const char *plain, *text;
	} cases[] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "+//+" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char out[16];

		memset(out, 'x', sizeof out);
		base64_encode(cases[i].plain, strlen(cases[i].plain), out);
		CHECK_SAME(out, cases[i].text, cases[i].text);
	}
}

static void test_hex_decode(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		int ret;
		const char *bytes;
	} cases[] = {
		{ "", 4, 0, "" },
		{ "00ff", 4, 2, "\x00\xff" },
		{ "aBcD", 2, 2, "\xab\xcd" },
		{ "0", 4, -1, NULL },
		{ "0g", 4, -1, NULL },
		{ "g0", 4, -1, NULL },
		{ "aabbcc", 2, -1, NULL },
		{ " 0", 4, -1, NULL },
		{ "0x", 4, -1, NULL },
		{ "+1", 4, -1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t out[4] = { 0 };

		CHECK_CASE(hex_decode(str_of(cases[i].text), out, cases[i].size) == cases[i].ret,
			   cases[i].text);
		if (cases[i].ret > 0)
			CHECK_CASE(memcmp(out, cases[i].bytes, (size_t)cases[i].ret) == 0,
				   cases[i].text);
	}
}

static void test_equal_secret(void **state)
{
	static const struct {
		const char *name;
		struct str a, b;
		bool equal;
	} cases[] = {
		{ "same", BYTES("token"), BYTES("token"), true },
		{ "last differs", BYTES("token"), BYTES("tokem"), false },
		{ "first differs", BYTES("token"), BYTES("Token"), false },
		{ "prefix", BYTES("token"), BYTES("toke"), false },
		{ "behind a NUL", BYTES("a\0b"), BYTES("a\0c"), false },
		{ "both empty", { NULL, 0 }, BYTES(""), true },
		{ "one empty", { NULL, 0 }, BYTES("a"), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_CASE(equal_secret(cases[i].a, cases[i].b) == cases[i].equal, cases[i].name);
}

static void test_hash64(void **state)
{
	(void)state;
	assert_true(hash64(str_of("")) == 0xcbf29ce484222325u);
	assert_true(hash64(str_of("a")) == 0xaf63dc4c8601ec8cu);
	assert_true(hash64(str_of("foobar")) == 0x85944171f73967e8u);
}

static void test_ids(void **state)
{
	char a[ID_HEX_SIZE], b[ID_HEX_SIZE];
	uint8_t bytes[1000] = { 0 };
	size_t zeros = 0;

	(void)state;
	id_random(a);
	id_random(b);
	assert_int_equal(strlen(a), 32);
	assert_int_equal(strspn(a, "0123456789abcdef"), 32);
	assert_string_not_equal(a, b);
	assert_true(id_random_u64() != id_random_u64());
	id_random_bytes(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		zeros += bytes[i] == 0;
	assert_true(zeros < 100); /* about four are expected */
	id_random_bytes(bytes, 0);
}

static void test_clock(void **state)
{
	struct clock real, still;
	int64_t before, mono;

	(void)state;
	clock_init_standing(&still, 1000);
	assert_int_equal(clock_now_ms(&still), 1000);
	clock_advance(&still, 500);
	assert_int_equal(clock_now_ms(&still), 1500);

	clock_init_real(&real);
	before = clock_now_ms(&real);
	assert_true(before > 1600000000000);
	clock_advance(&real, 3600000);
	assert_true(clock_now_ms(&real) >= before + 3600000);
	assert_true(clock_now_ms(&real) < before + 2 * 3600000);

	mono = clock_mono_us();
	assert_true(mono > 0 && clock_mono_us() >= mono);
	assert_true(clock_mono_ms() >= mono / 1000);
}

static void test_iso_time(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ -1000, "1969-12-31T23:59:59.000Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
		{ 1795166920123, "2026-11-20T09:28:40.123Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" },
		{ INT64_MAX, "9999-12-31T23:59:59.999Z" },
		{ INT64_MIN, "0000-01-01T00:00:00.000Z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char out[CLOCK_ISO_SIZE];

		clock_format_iso(cases[i].ms, out);
		CHECK_SAME(out, cases[i].text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac_sha1),
		cmocka_unit_test(test_hmac_sha256),
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_twilio_signature),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_hex_decode),
		cmocka_unit_test(test_equal_secret),
		cmocka_unit_test(test_hash64),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_iso_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
