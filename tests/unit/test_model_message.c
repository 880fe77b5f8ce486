/*
 * Inbound and outbound as bytes: round trips, limits, truncated and garbled bytes.
 */
#include <stdlib.h>

#include "check.h"
#include "model/contact.h"
#include "model/inbound.h"
#include "model/outbound.h"

enum { ROOM = 1 << 20 };

static const char raw_with_nul[] = "Body=a%00b\0\0&x=\xff\xfe";

static struct inbound everything(void)
{
	return (struct inbound){
		.channel = "twilio",
		.contact = "whatsapp:IN.13491208655302741918",
		.receiver = "whatsapp:+14155238886",
		.account = "AC01",
		.external_id = "SM01",
		.kind = INBOUND_LOCATION,
		.text = "नमस्ते\nline two",
		.payload = "sector_3",
		.profile_name = "<&\"'> 🙂",
		.user_id = "whatsapp:IN.1",
		.opt_out = OPT_OUT_HELP,
		.media = { { "https://x/1", "image/jpeg" }, { "https://x/2", "" } },
		.media_count = 2,
		.latitude = "19.0760",
		.longitude = "-72.8777",
		.place = "Gateway",
		.raw = { raw_with_nul, sizeof raw_with_nul - 1 },
		.received_ms = 1700000000000,
	};
}

static bool same_text(const char *x, const char *y)
{
	return strcmp(x ? x : "", y ? y : "") == 0;
}

static bool same_inbound(const struct inbound *x, const struct inbound *y)
{
	if (x->media_count != y->media_count || x->raw.n != y->raw.n)
		return false;
	for (size_t i = 0; i < x->media_count; i++)
		if (!same_text(x->media[i].url, y->media[i].url) ||
		    !same_text(x->media[i].type, y->media[i].type))
			return false;
	return same_text(x->channel, y->channel) && same_text(x->contact, y->contact) &&
	       same_text(x->receiver, y->receiver) && same_text(x->account, y->account) &&
	       same_text(x->external_id, y->external_id) && x->kind == y->kind &&
	       same_text(x->text, y->text) && same_text(x->payload, y->payload) &&
	       same_text(x->profile_name, y->profile_name) && same_text(x->user_id, y->user_id) &&
	       x->opt_out == y->opt_out && same_text(x->latitude, y->latitude) &&
	       same_text(x->longitude, y->longitude) && same_text(x->place, y->place) &&
	       (x->raw.n == 0 || memcmp(x->raw.p, y->raw.p, x->raw.n) == 0) &&
	       x->received_ms == y->received_ms;
}

static void test_inbound_round_trips(void **state)
{
	static char body[65536];
	struct inbound large = everything(), media = everything();
	const struct {
		const char *name;
		struct inbound in;
	} cases[] = {
		{ "all fields", everything() },
		{ "only the id", { .external_id = "SM" } },
		{ "64 KiB of raw bytes", (large.raw = (struct str){ body, sizeof body }, large) },
		{ "ten media without links", (media.media_count = INBOUND_MAX_MEDIA, media) },
	};

	(void)state;
	memset(body, '\x80', sizeof body / 2); /* the other half stays NUL */
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a = { 0 };
		struct inbound back;
		struct buf out;

		buf_init(&out, ROOM);
		CHECK_CASE(inbound_encode(&cases[i].in, &out) == 0, cases[i].name);
		CHECK_CASE(inbound_decode((struct str){ out.data, out.len }, &a, &back, NULL) == 0,
			   cases[i].name);
		memset(out.data, 'Z', out.len);
		buf_free(&out);
		CHECK_CASE(same_inbound(&cases[i].in, &back), cases[i].name);
		CHECK_CASE(back.text && back.place && back.raw.p, cases[i].name);
		arena_free(&a);
	}
}

static void test_inbound_limits(void **state)
{
	char id[EXTERNAL_ID_MAX + 2] = "", contact[CONTACT_MAX + 2] = "";
	struct inbound base = everything(), row;
	const struct {
		const char *name;
		struct inbound in;
		size_t room;
		int ret;
	} cases[] = {
		{ "fits", base, ROOM, 0 },
		{ "no external id", (row = base, row.external_id = "", row), ROOM, -1 },
		{ "id too long", (row = base, row.external_id = id, row), ROOM, -1 },
		{ "longest id", (row = base, row.external_id = id + 1, row), ROOM, 0 },
		{ "contact too long", (row = base, row.contact = contact, row), ROOM, -1 },
		{ "longest contact", (row = base, row.contact = contact + 1, row), ROOM, 0 },
		{ "too many media", (row = base, row.media_count = 11, row), ROOM, -1 },
		{ "buffer too small", base, 100, -1 },
	};

	(void)state;
	memset(id, 'i', sizeof id - 1);
	memset(contact, 'c', sizeof contact - 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;

		buf_init(&out, cases[i].room);
		CHECK_CASE(buf_adds(&out, "before") == 0, cases[i].name);
		CHECK_CASE(inbound_encode(&cases[i].in, &out) == cases[i].ret, cases[i].name);
		if (cases[i].ret < 0)
			CHECK_CASE(out.len == 6 && strcmp(out.data, "before") == 0, cases[i].name);
		buf_free(&out);
	}
}

static int reencode_inbound(struct str bytes, struct arena *a, struct buf *out)
{
	struct inbound in;

	return inbound_decode(bytes, a, &in, NULL) < 0 ? -1 : inbound_encode(&in, out);
}

static int reencode_outbound(struct str bytes, struct arena *a, struct buf *out)
{
	struct outbound o = { 0 };

	return outbound_decode(bytes, a, &o, NULL) < 0 ? -1 : outbound_encode(&o, out);
}

/* Cut at each length: refused. Each byte changed in each way: refused, or read as written. */
static void spoil(struct buf *good, int (*reencode)(struct str, struct arena *, struct buf *))
{
	struct buf again;
	size_t refused = 0;

	buf_init(&again, ROOM);
	for (size_t n = 0; n < good->len; n++) {
		struct arena a = { 0 };
		char *part = malloc(n + 1);

		assert_non_null(part);
		memcpy(part, good->data, n);
		if (reencode((struct str){ part, n }, &a, &again) == 0)
			fail_msg("cut to %zu of %zu bytes was accepted", n, good->len);
		free(part);
		arena_free(&a);
	}
	for (size_t i = 0; i < good->len; i++) {
		char kept = good->data[i];

		for (int flip = 1; flip < 256; flip++) {
			struct arena a = { 0 };

			good->data[i] = (char)(kept ^ flip);
			buf_reset(&again);
			if (reencode((struct str){ good->data, good->len }, &a, &again) < 0) {
				refused++;
			} else {
				assert_int_equal(again.len, good->len);
				assert_memory_equal(again.data, good->data, good->len);
			}
			arena_free(&a);
		}
		good->data[i] = kept;
	}
	assert_true(refused > good->len);
	buf_free(&again);
}

static void test_inbound_spoilt(void **state)
{
	struct inbound in = everything();
	struct buf out;

	(void)state;
	buf_init(&out, ROOM);
	assert_int_equal(inbound_encode(&in, &out), 0);
	spoil(&out, reencode_inbound);
	buf_free(&out);
}

static void test_outbound(void **state)
{
	struct arena a = { 0 };
	struct outbound o = { .text = "Your code: 1234 🙂",
			      .sender = "whatsapp:+1415",
			      .account = "" };
	struct outbound back = { .id = "kept", .contact = "kept", .attempts = 3 };
	struct buf out;

	(void)state;
	buf_init(&out, ROOM);
	assert_int_equal(outbound_encode(&o, &out), 0);
	assert_int_equal(outbound_decode((struct str){ out.data, out.len }, &a, &back, NULL), 0);
	assert_string_equal(back.text, o.text);
	assert_string_equal(back.sender, o.sender);
	assert_string_equal(back.account, "");
	assert_string_equal(back.id, "kept");
	assert_string_equal(back.contact, "kept");
	assert_int_equal(back.attempts, 3);
	spoil(&out, reencode_outbound);
	buf_free(&out);

	buf_init(&out, 10);
	assert_int_equal(outbound_encode(&o, &out), -1);
	assert_int_equal(out.len, 0);
	buf_free(&out);
	arena_free(&a);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(outbound_state_name(OUTBOUND_WAITING), "waiting");
	assert_string_equal(outbound_state_name(OUTBOUND_CLAIMED), "claimed");
	assert_string_equal(outbound_state_name(OUTBOUND_UNSURE), "unsure");
	assert_string_equal(outbound_state_name(OUTBOUND_ACCEPTED), "accepted");
	assert_string_equal(outbound_state_name(OUTBOUND_DEAD), "dead");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inbound_round_trips),
		cmocka_unit_test(test_inbound_limits),
		cmocka_unit_test(test_inbound_spoilt),
		cmocka_unit_test(test_outbound),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
