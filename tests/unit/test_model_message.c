/*
 * Inbound, outbound and broadcasts as bytes: round trips, limits, older, truncated and garbled
 * bytes; names and made ids.
 */
#include <stdlib.h>

#include "check.h"
#include "model/broadcast.h"
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

static bool same_outbound(const struct outbound *x, const struct outbound *y)
{
	return same_text(x->text, y->text) && same_text(x->sender, y->sender) &&
	       same_text(x->account, y->account) && same_text(x->content_sid, y->content_sid) &&
	       same_text(x->content_variables, y->content_variables) &&
	       x->as_template == y->as_template;
}

static void test_outbound_round_trips(void **state)
{
	static const struct {
		const char *name;
		struct outbound o;
	} cases[] = {
		{ "nothing given", { .text = NULL } },
		{ "free text", { .text = "Your code: 1234 🙂", .sender = "whatsapp:+1415" } },
		{ "a template with values",
		  { .text = "",
		    .account = "AC01",
		    .content_sid = "HX0123456789abcdef0123456789abcdef",
		    .content_variables = "{\"1\":\"Ana\"}",
		    .as_template = true } },
		{ "both", { .text = "Hi", .content_sid = "HX01", .content_variables = "" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outbound back = { .id = "kept", .contact = "kept", .attempts = 3 };
		struct arena a = { 0 };
		struct buf out;

		buf_init(&out, ROOM);
		CHECK_CASE(outbound_encode(&cases[i].o, &out) == 0, cases[i].name);
		CHECK_CASE(outbound_decode((struct str){ out.data, out.len }, &a, &back, NULL) == 0,
			   cases[i].name);
		CHECK_CASE(same_outbound(&cases[i].o, &back), cases[i].name);
		CHECK_SAME(back.id, "kept", cases[i].name);
		CHECK_SAME(back.contact, "kept", cases[i].name);
		CHECK_CASE(back.attempts == 3, cases[i].name);
		spoil(&out, reencode_outbound);
		buf_free(&out);
		arena_free(&a);
	}
}

#define BYTES(literal)                                                                             \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

static void test_outbound_bytes(void **state)
{
	static const struct {
		const char *name;
		struct str bytes;
		int ret;
		const char *text, *account, *content_sid;
	} cases[] = {
		{ "version 1: no template yet", BYTES("\1\2hi\0\3+14\0\4AC01\0"), 0, "hi", "AC01",
		  "" },
		{ "version 1, empty", BYTES("\1\0\0\0\0\0\0"), 0, "", "", "" },
		{ "version 1 with the fields of 2", BYTES("\1\2hi\0\0\0\0\0\0\0\0\0\0"), -1, NULL,
		  NULL, NULL },
		{ "version 2", BYTES("\2\2hi\0\0\0\1A\0\2HX\0\0\0\1"), 0, "hi", "A", "HX" },
		{ "version 2 with the fields of 1", BYTES("\2\2hi\0\0\0\0\0"), -1, NULL, NULL,
		  NULL },
		{ "neither free text nor template", BYTES("\2\2hi\0\0\0\1A\0\2HX\0\0\0\2"), -1,
		  NULL, NULL, NULL },
		{ "version 3", BYTES("\3\2hi\0\0\0\1A\0\2HX\0\0\0\1"), -1, NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outbound back = { .text = "as before" };
		struct arena a = { 0 };

		CHECK_CASE(outbound_decode(cases[i].bytes, &a, &back, NULL) == cases[i].ret,
			   cases[i].name);
		if (cases[i].ret < 0) {
			CHECK_SAME(back.text, "as before", cases[i].name);
		} else {
			CHECK_SAME(back.text, cases[i].text, cases[i].name);
			CHECK_SAME(back.account, cases[i].account, cases[i].name);
			CHECK_SAME(back.content_sid, cases[i].content_sid, cases[i].name);
			CHECK_SAME(back.content_variables, "", cases[i].name);
		}
		arena_free(&a);
	}
}

static int reencode_broadcast(struct str bytes, struct arena *a, struct buf *out)
{
	struct broadcast b = { 0 };

	return broadcast_decode(bytes, a, &b, NULL) < 0 ? -1 : broadcast_encode(&b, out);
}

static void test_broadcast_round_trip(void **state)
{
	struct broadcast b = { .message = "Hello {{name}} 🙂", .content_sid = "HX01" };
	struct broadcast back = { .id = "kept", .cursor = "kept" };
	struct arena a = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, ROOM);
	assert_int_equal(broadcast_encode(&b, &out), 0);
	assert_int_equal(broadcast_decode((struct str){ out.data, out.len }, &a, &back, NULL), 0);
	assert_string_equal(back.message, b.message);
	assert_string_equal(back.content_sid, "HX01");
	assert_string_equal(back.content_variables, "");
	assert_string_equal(back.id, "kept");
	assert_string_equal(back.cursor, "kept");
	spoil(&out, reencode_broadcast);
	buf_free(&out);
	arena_free(&a);
}

static void test_too_little_room(void **state)
{
	const struct outbound o = { .text = "Your code: 1234" };
	const struct broadcast b = { .message = "Your code: 1234" };
	struct buf out;

	(void)state;
	buf_init(&out, 10);
	assert_int_equal(outbound_encode(&o, &out), -1);
	assert_int_equal(out.len, 0);
	buf_reset(&out);
	assert_int_equal(broadcast_encode(&b, &out), -1);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		enum outbound_reason reason;
		bool skip;
	} reasons[] = {
		{ "", OUTBOUND_NO_REASON, false },
		{ "failed", OUTBOUND_FAILED, false },
		{ "untold", OUTBOUND_UNTOLD, false },
		{ "replaced", OUTBOUND_REPLACED, false },
		{ "opted_out", OUTBOUND_OPTED_OUT, true },
		{ "outside_window", OUTBOUND_OUTSIDE_WINDOW, true },
		{ "not_joined", OUTBOUND_NOT_JOINED, true },
		{ "blocked", OUTBOUND_BLOCKED, true },
		{ "no_value", OUTBOUND_NO_VALUE, true },
	};

	(void)state;
	assert_string_equal(outbound_state_name(OUTBOUND_WAITING), "waiting");
	assert_string_equal(outbound_state_name(OUTBOUND_CLAIMED), "claimed");
	assert_string_equal(outbound_state_name(OUTBOUND_UNSURE), "unsure");
	assert_string_equal(outbound_state_name(OUTBOUND_ACCEPTED), "accepted");
	assert_string_equal(outbound_state_name(OUTBOUND_DEAD), "dead");
	assert_string_equal(outbound_state_name(OUTBOUND_PARKED), "parked");
	assert_string_equal(broadcast_state_name(BROADCAST_RUNNING), "running");
	assert_string_equal(broadcast_state_name(BROADCAST_PAUSED), "paused");
	assert_string_equal(broadcast_state_name(BROADCAST_CANCELLED), "cancelled");
	assert_string_equal(broadcast_state_name(BROADCAST_DONE), "done");
	for (size_t i = 0; i < COUNT(reasons); i++) {
		CHECK_SAME(outbound_reason_name(reasons[i].reason), reasons[i].name,
			   reasons[i].name);
		CHECK_CASE(outbound_is_skip(reasons[i].reason) == reasons[i].skip, reasons[i].name);
	}
}

/* Ids are in stores: a program that makes others would write to everyone again. */
static void test_made_ids(void **state)
{
	static const struct {
		const char *name;
		bool recipient;
		const char *from, *what, *id;
	} cases[] = {
		{ "a recipient", true, "b0", "whatsapp:+911", "ba3a14f7d6574bc7320dcbbc10e2ac9b" },
		{ "a successor", false, "b0", "template", "a54f142e640991547aee64def5a20d06" },
		{ "cut elsewhere", false, "b0t", "emplate", "bc1438c08c048f6cf927a388a6f755c5" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char id[ID_HEX_SIZE] = "", again[ID_HEX_SIZE] = "";

		for (int twice = 0; twice < 2; twice++)
			(cases[i].recipient ? outbound_recipient_id : outbound_successor_id)(
				cases[i].from, cases[i].what, twice ? again : id);
		CHECK_SAME(id, cases[i].id, cases[i].name);
		CHECK_SAME(again, id, cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inbound_round_trips),
		cmocka_unit_test(test_inbound_limits),
		cmocka_unit_test(test_inbound_spoilt),
		cmocka_unit_test(test_outbound_round_trips),
		cmocka_unit_test(test_outbound_bytes),
		cmocka_unit_test(test_broadcast_round_trip),
		cmocka_unit_test(test_too_little_room),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_made_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
