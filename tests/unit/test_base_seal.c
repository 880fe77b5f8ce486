/*
 * Key rings, boxes, tampering.
 */
#include "base_check.h"

#include "base/crypto.h"
#include "base/seal.h"

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
#define ID_16 "abcdefghijklmn-_"

static void test_ring_parse(void **state)
{
	static const struct {
		const char *name, *text;
		int ret;
	} cases[] = {
		{ "one", "k1:" KEY_A, 0 },
		{ "two", "k1:" KEY_A ",k2:" KEY_B, 0 },
		{ "capital hex",
		  "k:FFEEDDCCBBAA99887766554433221100FFEEDDCCBBAA99887766554433221100", 0 },
		{ "longest id", ID_16 ":" KEY_A, 0 },
		{ "empty", "", -1 },
		{ "id too long", ID_16 "x:" KEY_A, -1 },
		{ "no id", ":" KEY_A, -1 },
		{ "no colon", KEY_A, -1 },
		{ "no key", "k1:", -1 },
		{ "short key", "k1:0001", -1 },
		{ "odd key", "k1:" KEY_A "0", -1 },
		{ "long key", "k1:" KEY_A "00", -1 },
		{ "not hex", "k1:g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		  -1 },
		{ "id with a blank", "k 1:" KEY_A, -1 },
		{ "blank behind the comma", "k1:" KEY_A ", k2:" KEY_B, -1 },
		{ "comma at the end", "k1:" KEY_A ",", -1 },
		{ "comma in front", ",k1:" KEY_A, -1 },
		{ "id twice", "k1:" KEY_A ",k1:" KEY_B, -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct seal_ring *ring;
		struct err err = { 0 };

		CHECK_CASE(seal_ring_parse(cases[i].text, &ring, &err) == cases[i].ret,
			   cases[i].name);
		CHECK_CASE((ring != NULL) == (cases[i].ret == 0), cases[i].name);
		if (cases[i].ret < 0) {
			CHECK_CASE(err.kind == ERR_INPUT && err.text[0], cases[i].name);
			CHECK_CASE(!strstr(err.text, "0102") && !strstr(err.text, "ffee"),
				   cases[i].name);
		}
		seal_ring_free(&ring);
		CHECK_CASE(!ring, cases[i].name);
	}
}

static void test_ring_limit(void **state)
{
	struct seal_ring *ring;
	struct buf text;

	(void)state;
	buf_init(&text, 4000);
	for (int i = 0; i < 17; i++)
		(void)buf_addf(&text, "%sk%d:" KEY_A, i ? "," : "", i);
	assert_int_equal(seal_ring_parse(text.data, &ring, NULL), -1);
	*strrchr(text.data, ',') = '\0';
	assert_int_equal(seal_ring_parse(text.data, &ring, NULL), 0);
	seal_ring_free(&ring);
	seal_ring_free(&ring);
	buf_free(&text);
}

static struct seal_ring *ring_of(const char *text)
{
	struct seal_ring *ring;

	assert_int_equal(seal_ring_parse(text, &ring, NULL), 0);
	return ring;
}

static void test_round_trip(void **state)
{
	static const struct {
		const char *name;
		struct str context, plain;
	} cases[] = {
		{ "text", BYTES("whatsapp:+919876543210"), BYTES("answer") },
		{ "empty text", BYTES("whatsapp:+919876543210"), { NULL, 0 } },
		{ "empty context", { NULL, 0 }, BYTES("answer") },
		{ "bytes", BYTES("a\0b"), BYTES("\0\xff\0") },
	};
	struct seal_ring *ring = ring_of("k1:" KEY_A);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf box, again, plain;

		buf_init(&box, 1000);
		buf_init(&again, 1000);
		buf_init(&plain, 1000);
		(void)buf_adds(&box, "<"); /* boxes are appended */
		(void)buf_adds(&plain, "<");
		CHECK_CASE(seal_box(ring, cases[i].context, cases[i].plain, &box, NULL) == 0,
			   cases[i].name);
		CHECK_CASE(box.len == 1 + 2 + 2 + 12 + cases[i].plain.n + 16, cases[i].name);
		CHECK_CASE(seal_box(ring, cases[i].context, cases[i].plain, &again, NULL) == 0,
			   cases[i].name);
		CHECK_CASE(memcmp(box.data + 1 + 4, again.data + 4, 12) != 0, cases[i].name);
		CHECK_CASE(seal_open(ring, cases[i].context,
				     (struct str){ box.data + 1, box.len - 1 }, &plain, NULL) == 0,
			   cases[i].name);
		CHECK_CASE(plain.len == 1 + cases[i].plain.n, cases[i].name);
		CHECK_CASE(!cases[i].plain.n ||
				   memcmp(plain.data + 1, cases[i].plain.p, cases[i].plain.n) == 0,
			   cases[i].name);
		CHECK_CASE(plain.data[plain.len] == '\0', cases[i].name);
		buf_free(&box);
		buf_free(&again);
		buf_free(&plain);
	}
	seal_ring_free(&ring);
}

/* Test case 16 of the GCM proposal (McGrew, Viega), as a box: others must be able to read ours. */
static void test_known_box(void **state)
{
	static const char hex[] = "01016b" /* version, length, "k" */
				  "cafebabefacedbaddecaf888"
				  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
				  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
				  "76fc6ece0f4e1768cddf8853bb2d551b";
	static const char plain_hex[] =
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
	struct seal_ring *ring =
		ring_of("k:feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
	uint8_t box[200], context[20];
	char shown[200];
	struct buf plain;
	int n = hex_decode(str_of(hex), box, sizeof box);

	(void)state;
	assert_true(n > 0);
	assert_int_equal(hex_decode(str_of("feedfacedeadbeeffeedfacedeadbeefabaddad2"), context,
				    sizeof context),
			 20);
	buf_init(&plain, 100);
	assert_int_equal(seal_open(ring, (struct str){ (char *)context, 20 },
				   (struct str){ (char *)box, (size_t)n }, &plain, NULL),
			 0);
	hex_encode(plain.data, plain.len, shown);
	assert_string_equal(shown, plain_hex);
	buf_free(&plain);
	seal_ring_free(&ring);
}

static void test_every_byte_counts(void **state)
{
	struct seal_ring *ring = ring_of("k1:" KEY_A ",k2:" KEY_B);
	struct str context = str_of("whatsapp:+1"), s;
	struct buf box, plain;
	struct err err;

	(void)state;
	buf_init(&box, 1000);
	buf_init(&plain, 1000);
	assert_int_equal(seal_box(ring, context, str_of("secret"), &box, NULL), 0);
	s = (struct str){ box.data, box.len };
	for (size_t i = 0; i < box.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			box.data[i] ^= (char)(1 << bit);
			assert_int_equal(seal_open(ring, context, s, &plain, &err), -1);
			assert_true(err.kind == ERR_PERM || err.kind == ERR_INPUT);
			assert_true(i < 4 || err.kind == ERR_PERM);
			assert_int_equal(plain.len, 0);
			assert_null(memmem(plain.data, plain.cap, "ecre", 4));
			box.data[i] ^= (char)(1 << bit);
		}
	}
	for (size_t n = 0; n < box.len; n++) {
		assert_int_equal(
			seal_open(ring, context, (struct str){ box.data, n }, &plain, &err), -1);
		assert_int_equal(plain.len, 0);
	}
	(void)buf_addc(&box, 'x');
	s = (struct str){ box.data, box.len };
	assert_int_equal(seal_open(ring, context, s, &plain, &err), -1);
	s.n--;
	assert_int_equal(seal_open(ring, context, s, &plain, &err), 0);
	buf_free(&box);
	buf_free(&plain);
	seal_ring_free(&ring);
}

static void test_open_errors(void **state)
{
	static const struct {
		const char *name, *ring, *context;
		size_t room;
		int ret;
		enum err_kind kind;
		const char *says;
	} cases[] = {
		{ "same ring", "old:" KEY_A, "c1", 10, 0, ERR_NONE, "" },
		{ "rotated ring", "new:" KEY_B ",old:" KEY_A, "c1", 10, 0, ERR_NONE, "" },
		{ "key is gone", "new:" KEY_B, "c1", 10, -1, ERR_PERM, "\"old\"" },
		{ "id kept, key changed", "old:" KEY_B, "c1", 10, -1, ERR_PERM, "changed" },
		{ "another contact", "old:" KEY_A, "c2", 10, -1, ERR_PERM, "changed" },
		{ "no contact", "old:" KEY_A, "", 10, -1, ERR_PERM, "changed" },
		{ "no room", "old:" KEY_A, "c1", 5, -1, ERR_FULL, "room" },
		{ "just room", "old:" KEY_A, "c1", 6, 0, ERR_NONE, "" },
	};
	struct seal_ring *first = ring_of("old:" KEY_A);
	struct buf box;

	(void)state;
	buf_init(&box, 100);
	assert_int_equal(seal_box(first, str_of("c1"), str_of("secret"), &box, NULL), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct seal_ring *ring = ring_of(cases[i].ring);
		struct err err = { 0 };
		struct buf plain;

		buf_init(&plain, cases[i].room);
		CHECK_CASE(seal_open(ring, str_of(cases[i].context),
				     (struct str){ box.data, box.len }, &plain,
				     &err) == cases[i].ret,
			   cases[i].name);
		CHECK_CASE(err.kind == cases[i].kind, cases[i].name);
		CHECK_CASE(strstr(err.text, cases[i].says), cases[i].name);
		CHECK_SAME(plain.data, cases[i].ret ? "" : "secret", cases[i].name);
		buf_free(&plain);
		seal_ring_free(&ring);
	}
	seal_ring_free(&first);
	buf_free(&box);
}

static void test_first_key_seals(void **state)
{
	struct seal_ring *ring = ring_of("new:" KEY_B ",old:" KEY_A);
	struct err err;
	struct buf box;

	(void)state;
	buf_init(&box, 50);
	assert_int_equal(seal_box(ring, str_of("c"), str_of("x"), &box, NULL), 0);
	assert_memory_equal(box.data, "\x01\x03new", 5);
	assert_int_equal(seal_box(ring, str_of("c"), str_of("x"), &box, &err), -1);
	assert_int_equal(err.kind, ERR_FULL);
	assert_int_equal(box.len, 5 + 12 + 1 + 16);
	buf_free(&box);
	seal_ring_free(&ring);
}

/* A thread keeps the last key in its contexts: neither the place of a ring in memory nor the id
 * of a key may be taken for the key itself. */
static void test_keys_in_turn(void **state)
{
	static const char *const texts[] = { "k:" KEY_A, "k:" KEY_B };
	enum { BOXES = 6 };
	struct buf boxes[BOXES], plain;

	(void)state;
	buf_init(&plain, 50);
	for (size_t i = 0; i < BOXES; i++) {
		struct seal_ring *ring = ring_of(texts[i / 2 % 2]);

		buf_init(&boxes[i], 50);
		assert_int_equal(seal_box(ring, str_of("c"), str_of("x"), &boxes[i], NULL), 0);
		seal_ring_free(&ring); /* the next one may well lie where it was */
	}
	for (size_t i = 0; i < 2 * BOXES; i++) {
		const struct buf *box = &boxes[i % BOXES];
		struct seal_ring *ring = ring_of(texts[i / 2 % 2]);
		bool right = i / 2 % 2 == i % BOXES / 2 % 2;

		buf_reset(&plain);
		assert_int_equal(seal_open(ring, str_of("c"), (struct str){ box->data, box->len },
					   &plain, NULL),
				 right ? 0 : -1);
		seal_ring_free(&ring);
	}
	for (size_t i = 0; i < BOXES; i++)
		buf_free(&boxes[i]);
	buf_free(&plain);
}

static void test_not_a_box(void **state)
{
	static const struct {
		const char *name;
		struct str box;
	} cases[] = {
		{ "nothing", { NULL, 0 } },
		{ "one byte", BYTES("\x01") },
		{ "other version", BYTES("\x02\x01k000000000000................") },
		{ "id reaches over the end", BYTES("\x01\xffk") },
		{ "id of length 0", BYTES("\x01\x00"
					  "000000000000................") },
		{ "id with a quote", BYTES("\x01\x01\"000000000000................") },
		{ "id too long", BYTES("\x01\x11"
				       "abcdefghijklmnopq000000000000................") },
		{ "one byte short", BYTES("\x01\x01k000000000000...............") },
	};
	struct seal_ring *ring = ring_of("k:" KEY_A);
	struct buf plain;

	(void)state;
	buf_init(&plain, 100);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = { 0 };

		CHECK_CASE(seal_open(ring, str_of("c"), cases[i].box, &plain, &err) == -1,
			   cases[i].name);
		CHECK_CASE(err.kind == ERR_INPUT, cases[i].name);
	}
	buf_free(&plain);
	seal_ring_free(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_parse),	  cmocka_unit_test(test_ring_limit),
		cmocka_unit_test(test_round_trip),	  cmocka_unit_test(test_known_box),
		cmocka_unit_test(test_every_byte_counts), cmocka_unit_test(test_open_errors),
		cmocka_unit_test(test_first_key_seals),	  cmocka_unit_test(test_keys_in_turn),
		cmocka_unit_test(test_not_a_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
