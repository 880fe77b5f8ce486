/*
 * Message webhooks and status callbacks: body in, plain data or error out.
 */
#include "twilio_check.h"

#define SID "SMfedcba9876543210fedcba9876543210"
#define WHO "MessageSid=" SID "&From=whatsapp%3A%2B15005550111&To=whatsapp%3A%2B14155550199"

static int parse(const char *method, const char *target, struct str body, struct arena *a,
		 struct inbound *in, struct err *err)
{
	struct channel_settings set = twilio_settings();
	struct channel *c = twilio_opened(&set);
	struct webhook w = { .method = method, .target = target, .body = body };
	struct channel_verified v;
	int ret;

	webhook_add(&w, "Content-Type", FORM_TYPE);
	v = webhook_verified(c, &w, a);
	ret = channel_parse_message(c, &v, 1700000000123, a, in, err);
	channel_close(&c);
	return ret;
}

struct row {
	const char *name;
	const char *more; /* behind WHO */
	enum inbound_kind kind;
	const char *text;
	const char *payload;
};

static void test_kinds(void **state)
{
	static const struct row rows[] = {
		{ "text", "&Body=Hello+there&NumMedia=0&MessageType=text", INBOUND_TEXT,
		  "Hello there", "" },
		{ "empty body", "&Body=", INBOUND_TEXT, "", "" },
		{ "no body", "", INBOUND_TEXT, "", "" },
		{ "blanks and lines stay", "&Body=+a%0D%0Ab+", INBOUND_TEXT, " a\r\nb ", "" },
		{ "emoji", "&Body=%F0%9F%91%8B", INBOUND_TEXT, "\xF0\x9F\x91\x8B", "" },
		{ "NUL in the body", "&Body=a%00b", INBOUND_TEXT,
		  "a\xEF\xBF\xBD"
		  "b",
		  "" },
		{ "invalid UTF-8", "&Body=%FFx%C3", INBOUND_TEXT, "\xEF\xBF\xBDx\xEF\xBF\xBD", "" },
		{ "control characters", "&Body=%01%0B", INBOUND_TEXT, "\xEF\xBF\xBD\xEF\xBF\xBD",
		  "" },
		{ "unknown fields", "&Body=x&NewThing=1&%00=2", INBOUND_TEXT, "x", "" },
		{ "quick reply", "&Body=Confirm&ButtonText=Confirm&ButtonPayload=c_1",
		  INBOUND_CHOICE, "Confirm", "c_1" },
		{ "quick reply without body", "&ButtonText=Confirm&ButtonPayload=c_1",
		  INBOUND_CHOICE, "Confirm", "c_1" },
		{ "button without id", "&ButtonText=Confirm", INBOUND_TEXT, "Confirm", "" },
		{ "list row", "&ListId=s_3&ListTitle=Textiles&Body=", INBOUND_CHOICE, "Textiles",
		  "s_3" },
		{ "list before button", "&ListId=s_3&ButtonPayload=c_1&ListTitle=T", INBOUND_CHOICE,
		  "T", "s_3" },
		{ "empty list id", "&ListId=&ButtonPayload=c_1", INBOUND_CHOICE, "", "c_1" },
		{ "id in the metadata",
		  "&Body=Yes&ChannelMetadata=%7B%22type%22%3A%22whatsapp%22%2C%22data%22%3A%7B"
		  "%22context%22%3A%7B%22ButtonPayload%22%3A%22b_9%22%7D%7D%7D",
		  INBOUND_CHOICE, "Yes", "b_9" },
		{ "metadata without id", "&Body=Yes&ChannelMetadata=%7B%22data%22%3A%5B%5D%7D",
		  INBOUND_TEXT, "Yes", "" },
		{ "metadata is no JSON", "&Body=Yes&ChannelMetadata=%7B%00", INBOUND_TEXT, "Yes",
		  "" },
		{ "unclean payload", "&ButtonPayload=%FF%01", INBOUND_CHOICE, "",
		  "\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "call permission", "&Body=VOICE_CALL_REQUEST&ButtonPayload=ACCEPTED",
		  INBOUND_CHOICE, "VOICE_CALL_REQUEST", "ACCEPTED" },
		{ "image",
		  "&NumMedia=1&MediaUrl0=https%3A%2F%2Fm%2F1&MediaContentType0=image%2Fjpeg",
		  INBOUND_MEDIA, "", "" },
		{ "image with caption", "&Body=see&NumMedia=1&MediaUrl0=u", INBOUND_MEDIA, "see",
		  "" },
		{ "image without URL", "&NumMedia=1&MessageType=image", INBOUND_MEDIA, "", "" },
		{ "odd count", "&Body=x&NumMedia=-1", INBOUND_TEXT, "x", "" },
		{ "huge count", "&Body=x&NumMedia=99999999999999999999", INBOUND_TEXT, "x", "" },
		{ "contact card", "&NumMedia=1&MediaUrl0=u&MediaContentType0=text%2Fx-vcard",
		  INBOUND_OTHER, "", "" },
		{ "location", "&Latitude=12.9&Longitude=77.6&Label=Shop&MessageType=location",
		  INBOUND_LOCATION, "", "" },
		{ "half a location", "&Latitude=12.9&MessageType=location", INBOUND_OTHER, "", "" },
		{ "flow answer", "&MessageType=interactive&InteractiveData=%7B%7D", INBOUND_OTHER,
		  "", "" },
		{ "sticker without file", "&MessageType=sticker&NumMedia=0", INBOUND_OTHER, "",
		  "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = { 0 };
		struct inbound in;
		struct err err = { 0 };
		struct str body = str_of(arena_printf(&a, "%s%s", WHO, rows[i].more));

		if (parse("POST", "/webhook", body, &a, &in, &err) < 0)
			fail_msg("%s: %s", rows[i].name, err.text);
		if (in.kind != rows[i].kind)
			fail_msg("%s: is of kind %d", rows[i].name, (int)in.kind);
		CHECK_SAME(in.text, rows[i].text, rows[i].name);
		CHECK_SAME(in.payload, rows[i].payload, rows[i].name);
		CHECK_SAME(in.external_id, SID, rows[i].name);
		CHECK_SAME(in.contact, "whatsapp:+15005550111", rows[i].name);
		CHECK_SAME(in.receiver, "whatsapp:+14155550199", rows[i].name);
		CHECK_SAME(in.channel, "twilio", rows[i].name);
		CHECK_CASE(in.received_ms == 1700000000123, rows[i].name);
		CHECK_CASE(in.raw.p == body.p && in.raw.n == body.n, rows[i].name);
		arena_free(&a);
	}
}

static void test_fields(void **state)
{
	struct arena a = { 0 };
	struct inbound in;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(parse("POST", "/",
			       str_of("SmsSid=" SID "&From=whatsapp%3AUS.1A2B3C4D&"
				      "ExternalUserId=whatsapp%3AUS.1A2B3C4D&"
				      "ProfileName=Zo%C3%AB+%00&AccountSid=AC01&OptOutType=STOP&"
				      "Latitude=1&Longitude=2&Address=Road+1&"
				      "MediaUrl0=u0&MediaContentType0=t0&MediaUrl1=u1&"
				      "MediaUrl3=u3"),
			       &a, &in, &err),
			 0);
	assert_string_equal(in.contact, "whatsapp:US.1A2B3C4D");
	assert_string_equal(in.user_id, ""); /* it is the contact itself */
	assert_string_equal(in.receiver, "");
	assert_string_equal(in.external_id, SID);
	assert_string_equal(in.account, "AC01");
	assert_string_equal(in.profile_name, "Zo\xC3\xAB \xEF\xBF\xBD");
	assert_string_equal(in.place, "Road 1");
	assert_int_equal(in.opt_out, OPT_OUT_STOP);
	assert_int_equal(in.media_count, 2); /* counted until the first gap */
	assert_string_equal(in.media[1].url, "u1");
	assert_string_equal(in.media[0].type, "t0");
	assert_string_equal(in.media[1].type, "");

	assert_int_equal(parse("POST", "/",
			       str_of(WHO "&ExternalUserId=whatsapp%3AUS.1&"
					  "OptOutType=help&AccountSid=A%20C&"
					  "Label=Shop&Address=Road"),
			       &a, &in, &err),
			 0);
	assert_string_equal(in.user_id, "whatsapp:US.1");
	assert_string_equal(in.account, "");
	assert_string_equal(in.place, "Shop");
	assert_int_equal(in.opt_out, OPT_OUT_HELP);
	arena_free(&a);
}

static void test_get(void **state)
{
	struct arena a = { 0 };
	struct inbound in;

	(void)state;
	assert_int_equal(parse("GET", "/in?" WHO "&Body=q", str_of(WHO "&Body=b"), &a, &in, NULL),
			 0);
	assert_string_equal(in.text, "q");
	assert_int_equal(parse("POST", "/in?" WHO "&Body=q", str_of(WHO "&Body=b"), &a, &in, NULL),
			 0);
	assert_string_equal(in.text, "b");
	assert_int_equal(parse("POST", "/in?" WHO, str_of("Body=b"), &a, &in, NULL), -1);
	arena_free(&a);
}

static void test_faults(void **state)
{
	static const struct {
		const char *name;
		const char *body;
		const char *in_error;
	} cases[] = {
		{ "nothing", "", "MessageSid" },
		{ "no id", "From=whatsapp%3A%2B1500555", "MessageSid" },
		{ "empty id", "MessageSid=&From=whatsapp%3A%2B1500555", "MessageSid" },
		{ "blank in the id", "MessageSid=S+M&From=whatsapp%3A%2B1500555", "MessageSid" },
		{ "NUL in the id", "MessageSid=S%00M&From=whatsapp%3A%2B1500555", "MessageSid" },
		{ "no From", "MessageSid=" SID, "From" },
		{ "From without channel", "MessageSid=" SID "&From=%2B15005550111", "From" },
		{ "NUL in From", "MessageSid=" SID "&From=whatsapp%3A%2B1%00", "From" },
		{ "From is only a channel", "MessageSid=" SID "&From=whatsapp%3A", "From" },
		{ "line break in From", "MessageSid=" SID "&From=whatsapp%3A%2B1%0A", "From" },
		{ "malformed percent", WHO "&Body=%zz", "%" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a = { 0 };
		struct inbound in;
		struct err err = { 0 };

		CHECK_CASE(parse("POST", "/", str_of(cases[i].body), &a, &in, &err) == -1,
			   cases[i].name);
		CHECK_CASE(err.kind == ERR_INPUT && strstr(err.text, cases[i].in_error),
			   cases[i].name);
		arena_free(&a);
	}
}

static void test_long_values(void **state)
{
	char long_id[200], long_from[300];
	struct arena a = { 0 };
	struct inbound in;
	struct err err = { 0 };

	(void)state;
	memset(long_id, 'a', sizeof long_id - 1);
	long_id[sizeof long_id - 1] = '\0';
	memset(long_from, '1', sizeof long_from - 1);
	long_from[sizeof long_from - 1] = '\0';
	assert_int_equal(parse("POST", "/",
			       str_of(arena_printf(&a, "MessageSid=%s&From=whatsapp:1", long_id)),
			       &a, &in, &err),
			 -1);
	assert_int_equal(parse("POST", "/",
			       str_of(arena_printf(&a, "MessageSid=x&From=whatsapp:%s", long_from)),
			       &a, &in, &err),
			 -1);
	arena_free(&a);
}

#define OURS "0123456789abcdef0123456789abcdef"

static void test_status(void **state)
{
	static const struct {
		const char *name;
		const char *target;
		const char *body;
		bool ok;
		enum status status;
		const char *our_id;
		const char *contact;
		int code;
	} cases[] = {
		{ "delivered", "/webhook/status?m=" OURS,
		  "EventType=DELIVERED&MessageSid=" SID
		  "&MessageStatus=delivered&SmsStatus=delivered&"
		  "To=whatsapp%3A%2B15005550111&From=whatsapp%3A%2B14155550199",
		  true, STATUS_DELIVERED, OURS, "whatsapp:+15005550111", 0 },
		{ "failed with a code", "/webhook/status",
		  "SmsSid=" SID "&SmsStatus=failed&ErrorCode=63016", true, STATUS_FAILED, "", "",
		  63016 },
		{ "id among others", "/s?a=1&m=" OURS "&b", "MessageSid=" SID "&MessageStatus=read",
		  true, STATUS_READ, OURS, "", 0 },
		{ "id too short", "/s?m=0123", "MessageSid=" SID "&MessageStatus=read", true,
		  STATUS_READ, "", "", 0 },
		{ "id not hex", "/s?m=0123456789abcdef0123456789abcdeg",
		  "MessageSid=" SID "&MessageStatus=read", true, STATUS_READ, "", "", 0 },
		{ "id in the body", "/s", "m=" OURS "&MessageSid=" SID "&MessageStatus=read", true,
		  STATUS_READ, "", "", 0 },
		{ "a new word", "/s", "MessageSid=" SID "&MessageStatus=pondering", true,
		  STATUS_NONE, "", "", 0 },
		{ "odd code", "/s", "MessageSid=" SID "&MessageStatus=failed&ErrorCode=x1", true,
		  STATUS_FAILED, "", "", 0 },
		{ "no status", "/s", "MessageSid=" SID, false, STATUS_NONE, "", "", 0 },
		{ "no id", "/s", "MessageStatus=read", false, STATUS_NONE, "", "", 0 },
		{ "malformed", "/s", "MessageSid=%", false, STATUS_NONE, "", "", 0 },
	};
	struct channel_settings set = twilio_settings();
	struct channel *c = twilio_opened(&set);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct webhook w = { .method = "POST", .target = cases[i].target };
		struct channel_verified v;
		struct arena a = { 0 };
		struct status_news news;
		struct err err = { 0 };
		int ret;

		w.body = str_of(cases[i].body);
		v = webhook_verified(c, &w, &a);
		ret = channel_parse_status(c, &v, &a, &news, &err);
		CHECK_CASE((ret == 0) == cases[i].ok, cases[i].name);
		if (cases[i].ok) {
			CHECK_SAME(news.external_id, SID, cases[i].name);
			CHECK_SAME(news.our_id, cases[i].our_id, cases[i].name);
			CHECK_SAME(news.contact, cases[i].contact, cases[i].name);
			CHECK_CASE(news.status == cases[i].status, cases[i].name);
			CHECK_CASE(news.error_code == cases[i].code, cases[i].name);
		} else {
			CHECK_CASE(err.kind == ERR_INPUT, cases[i].name);
		}
		arena_free(&a);
	}
	channel_close(&c);
}

/* Every message of the vector file comes through whole. */
static void test_recorded(void **state)
{
	cJSON *rows = read_vectors("tests/unit/data/twilio-signatures.json");
	const cJSON *row;
	int seen = 0;

	(void)state;
	cJSON_ArrayForEach(row, rows)
	{
		const char *id = row_text(row, "id"), *body = row_text(row, "form_body");
		struct arena a = { 0 };
		struct inbound in;
		struct err err = { 0 };
		struct buf bytes;

		if (!body || !strstr(body, "MessageSid=") || strstr(body, "EventType="))
			continue;
		if (parse("POST", "/", str_of(body), &a, &in, &err) < 0)
			fail_msg("%s: %s", id, err.text);
		buf_init(&bytes, 65536);
		CHECK_CASE(inbound_encode(&in, &bytes) == 0, id); /* fit to be stored */
		buf_free(&bytes);
		arena_free(&a);
		seen++;
	}
	cJSON_Delete(rows);
	assert_true(seen >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),	    cmocka_unit_test(test_fields),
		cmocka_unit_test(test_get),	    cmocka_unit_test(test_faults),
		cmocka_unit_test(test_long_values), cmocka_unit_test(test_status),
		cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
