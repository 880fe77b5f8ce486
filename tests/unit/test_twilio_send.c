/*
 * Sends and look-ups as HTTP requests, and what their answers mean.
 */
#include "twilio_check.h"

#define OURS "0123456789abcdef0123456789abcdef"
#define MINE "AC00112233445566778899aabbccddeeff"
#define URL  "https://api.twilio.com/2010-04-01/Accounts/" MINE "/Messages.json"

static struct outbound message(void)
{
	return (struct outbound){
		.id = OURS,
		.channel = "twilio",
		.contact = "whatsapp:+919876543210",
		.sender = "",
		.account = "",
		.text = "Hi & \xE0\xA4\x95",
		.content_sid = "",
		.content_variables = "",
		.external_id = "",
		.created_ms = 1692853300000, /* 2023-08-24T05:01:40Z */
	};
}

static const char *request_header(const struct net_request *req, const char *name)
{
	for (size_t i = 0; i < req->header_count; i++)
		if (strcmp(req->headers[i].name, name) == 0)
			return req->headers[i].value;
	return "";
}

static void test_describe(void **state)
{
	static const struct {
		const char *name;
		const char *account, *sid, *sender, *own_sender, *service, *public_url, *base;
		const char *url; /* NULL: nothing to send with */
		const char *user;
		const char *body;
	} cases[] = {
		{ "plain", "", MINE, "whatsapp:+1", "", "", "", "https://api.twilio.com", URL, MINE,
		  "To=whatsapp%3A%2B919876543210&From=whatsapp%3A%2B1&Body=Hi+%26+%E0%A4%95" },
		{ "our id in the callback", "", MINE, "whatsapp:+1", "", "", "https://b.example/",
		  "https://api.twilio.com/", URL, MINE,
		  "To=whatsapp%3A%2B919876543210&From=whatsapp%3A%2B1&Body=Hi+%26+%E0%A4%95&"
		  "StatusCallback=https%3A%2F%2Fb.example%2Fwebhook%2Fstatus%3Fm%3D" OURS },
		{ "service", "", MINE, "whatsapp:+1", "", "MG1", "", "https://api.twilio.com", URL,
		  MINE,
		  "To=whatsapp%3A%2B919876543210&MessagingServiceSid=MG1&Body=Hi+%26+%E0%A4%95" },
		{ "reply keeps its number", "", MINE, "whatsapp:+1", "whatsapp:+2", "MG1", "",
		  "https://api.twilio.com", URL, MINE,
		  "To=whatsapp%3A%2B919876543210&MessagingServiceSid=MG1&From=whatsapp%3A%2B2&"
		  "Body=Hi+%26+%E0%A4%95" },
		{ "account of the message", "AC2", MINE, "whatsapp:+1", "", "", "",
		  "http://127.0.0.1:5000/sandbox/twilio",
		  "http://127.0.0.1:5000/sandbox/twilio/2010-04-01/Accounts/AC2/Messages.json",
		  MINE,
		  "To=whatsapp%3A%2B919876543210&From=whatsapp%3A%2B1&Body=Hi+%26+%E0%A4%95" },
		{ "learned account", "AC/2", "", "whatsapp:+1", "", "", "", "http://t",
		  "http://t/2010-04-01/Accounts/AC%2F2/Messages.json", "AC/2",
		  "To=whatsapp%3A%2B919876543210&From=whatsapp%3A%2B1&Body=Hi+%26+%E0%A4%95" },
		{ .name = "no account",
		  .account = "",
		  .sid = "",
		  .sender = "whatsapp:+1",
		  .own_sender = "",
		  .service = "",
		  .public_url = "",
		  .base = "http://t" },
		{ .name = "no sender",
		  .account = "",
		  .sid = MINE,
		  .sender = "",
		  .own_sender = "",
		  .service = "",
		  .public_url = "",
		  .base = "http://t" },
		{ .name = "no API base",
		  .account = "",
		  .sid = MINE,
		  .sender = "whatsapp:+1",
		  .own_sender = "",
		  .service = "",
		  .public_url = "",
		  .base = "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct channel_settings set = twilio_settings();
		struct outbound o = message();
		struct net_request req;
		struct arena a = { 0 };
		struct err err = { 0 };
		struct channel *c;
		int ret;

		set.account_sid = cases[i].sid;
		set.auth_tokens = "new, old";
		set.sender = cases[i].sender;
		set.messaging_service_sid = cases[i].service;
		set.public_url = cases[i].public_url;
		set.api_base = cases[i].base;
		o.account = cases[i].account;
		o.sender = cases[i].own_sender;
		c = twilio_opened(&set);
		ret = channel_describe_send(c, &o, &a, &req, &err);
		CHECK_CASE((ret == 0) == (cases[i].url != NULL), cases[i].name);
		if (ret == 0) {
			CHECK_SAME(req.method, "POST", cases[i].name);
			CHECK_SAME(req.url, cases[i].url, cases[i].name);
			CHECK_SAME(req.user, cases[i].user, cases[i].name);
			CHECK_SAME(req.password, "new", cases[i].name);
			CHECK_SAME(req.body.p, cases[i].body, cases[i].name);
			CHECK_CASE(req.body.n == strlen(req.body.p), cases[i].name);
			CHECK_CASE(req.timeout_ms > 0, cases[i].name);
			CHECK_SAME(request_header(&req, "Content-Type"), FORM_TYPE, cases[i].name);
		} else {
			CHECK_CASE(err.kind == ERR_PERM && err.text[0], cases[i].name);
		}
		arena_free(&a);
		channel_close(&c);
	}
}

static void test_describe_template(void **state)
{
	static const struct {
		const char *name;
		bool as_template;
		const char *text, *sid, *variables;
		const char *content; /* NULL: nothing to send */
	} cases[] = {
		{ "template", true, "Hi", "HX1", "{\"1\":\"A & B\"}",
		  "ContentSid=HX1&ContentVariables=%7B%221%22%3A%22A+%26+B%22%7D" },
		{ "without values", true, "", "HX1", "", "ContentSid=HX1" },
		{ "not now", false, "Hi", "HX1", "{}", "Body=Hi" },
		{ "none there", true, "Hi", "", "", NULL },
		{ "neither", false, "", "HX1", "", NULL },
	};
	struct channel_settings set = twilio_settings();
	struct channel *c = twilio_opened(&set);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const char head[] =
			"To=whatsapp%3A%2B919876543210&From=whatsapp%3A%2B14155238886&";
		struct outbound o = message();
		struct net_request req;
		struct arena a = { 0 };
		int ret;

		o.as_template = cases[i].as_template;
		o.text = cases[i].text;
		o.content_sid = cases[i].sid;
		o.content_variables = cases[i].variables;
		ret = channel_describe_send(c, &o, &a, &req, NULL);
		CHECK_CASE((ret == 0) == (cases[i].content != NULL), cases[i].name);
		if (ret == 0) {
			CHECK_CASE(strncmp(req.body.p, head, strlen(head)) == 0, cases[i].name);
			CHECK_SAME(req.body.p + strlen(head), cases[i].content, cases[i].name);
		}
		arena_free(&a);
	}
	channel_close(&c);
}

#define ERROR(code) "{\"code\":" #code ",\"message\":\"m\",\"more_info\":\"i\",\"status\":400}"

static void test_read(void **state)
{
	static const struct {
		const char *name;
		enum net_outcome outcome;
		int status;
		const char *body;
		const char *retry_after;
		enum send_verdict verdict;
		int code;
		int64_t wait_ms;
	} cases[] = {
		{ "created", NET_ANSWERED, 201, "{\"sid\":\"SM1\",\"status\":\"queued\"}", "",
		  SEND_OK, 0, 0 },
		{ "200", NET_ANSWERED, 200, "{\"sid\":\"SM1\",\"status\":\"accepted\"}", "",
		  SEND_OK, 0, 0 },
		{ "created, unreadable", NET_ANSWERED, 201, "<html>", "", SEND_UNSURE, 0, 0 },
		{ "created without sid", NET_ANSWERED, 201, "{\"status\":\"queued\"}", "",
		  SEND_UNSURE, 0, 0 },
		{ "created, nothing said", NET_ANSWERED, 201, "", "", SEND_UNSURE, 0, 0 },
		{ "not sent", NET_NOT_SENT, 0, "", "", SEND_TEMP, 0, 0 },
		{ "timed out", NET_TIMED_OUT, 0, "", "", SEND_UNSURE, 0, 0 },
		{ "broken", NET_BROKEN, 201, "", "", SEND_UNSURE, 0, 0 },
		{ "too large", NET_TOO_LARGE, 201, "", "", SEND_UNSURE, 0, 0 },
		{ "429", NET_ANSWERED, 429, ERROR(20429), "7", SEND_BUSY, 20429, 7000 },
		{ "429 of a proxy", NET_ANSWERED, 429, "slow down", "", SEND_BUSY, 0, 0 },
		{ "429 with a date", NET_ANSWERED, 429, "", "Fri, 31 Dec 1999 23:59:59 GMT",
		  SEND_BUSY, 0, 0 },
		{ "429 with a year", NET_ANSWERED, 429, "", "31536000", SEND_BUSY, 0, 86400000 },
		{ "429 with a negative wait", NET_ANSWERED, 429, "", "-5", SEND_BUSY, 0, 0 },
		{ "429 without header", NET_ANSWERED, 429, "", NULL, SEND_BUSY, 0, 0 },
		{ "500 of Twilio", NET_ANSWERED, 500, ERROR(20500), "", SEND_UNSURE, 20500, 0 },
		{ "503 of Twilio", NET_ANSWERED, 503, ERROR(20503), "3", SEND_TEMP, 20503, 3000 },
		{ "503 of a proxy", NET_ANSWERED, 503, "<html>", "", SEND_UNSURE, 0, 0 },
		{ "504 of a proxy", NET_ANSWERED, 504, "", "", SEND_UNSURE, 0, 0 },
		{ "401", NET_ANSWERED, 401, ERROR(20003), "", SEND_CONFIG, 20003, 0 },
		{ "401 without words", NET_ANSWERED, 401, "", "", SEND_CONFIG, 0, 0 },
		{ "403", NET_ANSWERED, 403, ERROR(20003), "", SEND_CONFIG, 20003, 0 },
		{ "404", NET_ANSWERED, 404, ERROR(20404), "", SEND_CONFIG, 20404, 0 },
		{ "redirected", NET_ANSWERED, 302, "", "", SEND_CONFIG, 0, 0 },
		{ "invalid To", NET_ANSWERED, 400, ERROR(21211), "", SEND_PERM, 21211, 0 },
		{ "From not ours", NET_ANSWERED, 400, ERROR(21606), "", SEND_CONFIG, 21606, 0 },
		{ "bad callback", NET_ANSWERED, 400, ERROR(21609), "", SEND_CONFIG, 21609, 0 },
		{ "opted out", NET_ANSWERED, 400, ERROR(21610), "", SEND_PERM, 21610, 0 },
		{ "queue full", NET_ANSWERED, 400, ERROR(21611), "", SEND_BUSY, 21611, 0 },
		{ "too long", NET_ANSWERED, 400, ERROR(21617), "", SEND_PERM, 21617, 0 },
		{ "no such channel", NET_ANSWERED, 400, ERROR(63007), "", SEND_CONFIG, 63007, 0 },
		{ "outside the window", NET_ANSWERED, 400, ERROR(63016), "", SEND_PERM, 63016, 0 },
		{ "rate of the sender", NET_ANSWERED, 400, ERROR(63018), "", SEND_BUSY, 63018, 0 },
		{ "unknown 63xxx", NET_ANSWERED, 400, ERROR(63999), "", SEND_PERM, 63999, 0 },
		{ "unknown code", NET_ANSWERED, 400, ERROR(12345), "", SEND_PERM, 12345, 0 },
		{ "code as text", NET_ANSWERED, 400, "{\"code\":\"21606\"}", "", SEND_CONFIG, 21606,
		  0 },
		{ "code that is none", NET_ANSWERED, 400, "{\"code\":\"x\"}", "", SEND_PERM, 0, 0 },
		{ "no object", NET_ANSWERED, 400, "[]", "", SEND_PERM, 0, 0 },
	};
	struct channel_settings set = twilio_settings();
	struct channel *c = twilio_opened(&set);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct net_answer answer = {
			.outcome = cases[i].outcome,
			.status = cases[i].status,
			.body = str_of(cases[i].body),
			.retry_after = cases[i].retry_after,
			.trouble = "",
		};
		struct send_result r;

		memset(&r, 0xff, sizeof r);
		channel_read_send(c, &answer, &r);
		if (r.verdict != cases[i].verdict)
			fail_msg("%s: verdict %d", cases[i].name, r.verdict);
		CHECK_CASE(r.error_code == cases[i].code, cases[i].name);
		CHECK_CASE(r.retry_after_ms == cases[i].wait_ms, cases[i].name);
		CHECK_SAME(r.external_id, r.verdict == SEND_OK ? "SM1" : "", cases[i].name);
		CHECK_CASE(r.status == (r.verdict == SEND_OK ? STATUS_QUEUED : STATUS_NONE),
			   cases[i].name);
	}
	channel_close(&c);
}

static void test_lookup_request(void **state)
{
	struct channel_settings set = twilio_settings();
	struct outbound o = message();
	struct net_request req;
	struct arena a = { 0 };
	struct channel *c;

	(void)state;
	c = twilio_opened(&set);
	/* Half a minute past midnight: the day before counts as well. */
	assert_int_equal(channel_describe_lookup(c, &o, 1692835230000, &a, &req, NULL), 0);
	assert_string_equal(req.method, "GET");
	assert_string_equal(req.url,
			    URL "?To=whatsapp%3A%2B919876543210&From=whatsapp%3A%2B14155238886"
				"&DateSent%3E=2023-08-23&PageSize=50");
	assert_string_equal(req.user, MINE);
	assert_int_equal(req.body.n, 0);
	channel_close(&c);

	set.messaging_service_sid = "MG1"; /* which number it took is not known */
	c = twilio_opened(&set);
	assert_int_equal(channel_describe_lookup(c, &o, 1692853300000, &a, &req, NULL), 0);
	assert_string_equal(req.url, URL "?To=whatsapp%3A%2B919876543210"
					 "&DateSent%3E=2023-08-24&PageSize=50");
	channel_close(&c);

	set.account_sid = "";
	c = twilio_opened(&set);
	assert_int_equal(channel_describe_lookup(c, &o, 0, &a, &req, NULL), -1);
	channel_close(&c);
	arena_free(&a);
}

#define ROW_OF(sid, direction, body, date, code)                                                   \
	"{\"sid\":\"" sid "\",\"direction\":\"" direction "\",\"body\":\"" body                    \
	"\",\"date_created\":\"" date "\",\"status\":\"sent\",\"error_code\":" code "}"
#define ROW(sid, direction, body, date) ROW_OF(sid, direction, body, date, "null")
#define API(sid)			ROW(sid, "outbound-api", SAME, NOW)
#define SAME				"Hi & \\u0915"
#define NOW				"Thu, 24 Aug 2023 05:01:45 +0000"
#define LIST(rows)			"{\"messages\":[" rows "],\"next_page_uri\":null}"
#define API4(n)				API(n "1") "," API(n "2") "," API(n "3") "," API(n "4")
#define API16				API4("A") "," API4("B") "," API4("C") "," API4("D")

static void test_lookup_answer(void **state)
{
	static const struct {
		const char *name;
		enum net_outcome outcome;
		int status;
		const char *body;
		int ret;
		const char *found; /* their ids, with a blank behind each */
		bool as_template;
	} cases[] = {
		{ "there", NET_ANSWERED, 200,
		  LIST(ROW("SM0", "outbound-api", "other", NOW) "," API("SM1")), 0, "SM1 ", false },
		{ "two of them, newest first", NET_ANSWERED, 200, LIST(API("SM2") "," API("SM1")),
		  0, "SM2 SM1 ", false },
		{ "there, with more pages", NET_ANSWERED, 200,
		  "{\"messages\":[" API("SM1") "],\"next_page_uri\":\"/x\"}", -1, "SM1 ", false },
		{ "as many as can be told", NET_ANSWERED, 200, LIST(API16), 0,
		  "A1 A2 A3 A4 B1 B2 B3 B4 C1 C2 C3 C4 D1 D2 D3 D4 ", false },
		{ "more than can be told", NET_ANSWERED, 200, LIST(API16 "," API("E1")), -1,
		  "A1 A2 A3 A4 B1 B2 B3 B4 C1 C2 C3 C4 D1 D2 D3 D4 ", false },
		{ "none at all", NET_ANSWERED, 200, LIST(""), 0, "", false },
		{ "another text", NET_ANSWERED, 200, LIST(ROW("SM1", "outbound-api", "Hi", NOW)), 0,
		  "", false },
		{ "a template's text is not ours", NET_ANSWERED, 200,
		  LIST(ROW("SM1", "outbound-api", "Hi", NOW)), 0, "SM1 ", true },
		{ "what failed for want of a template was none", NET_ANSWERED, 200,
		  LIST(ROW_OF("SM1", "outbound-api", "Hi", NOW, "63016")), 0, "", true },
		{ "another direction", NET_ANSWERED, 200,
		  LIST(ROW("SM1", "outbound-reply", SAME, NOW)), 0, "", false },
		{ "another direction, template", NET_ANSWERED, 200,
		  LIST(ROW("SM1", "inbound", SAME, NOW)), 0, "", true },
		{ "the same an hour before", NET_ANSWERED, 200,
		  LIST(ROW("SM1", "outbound-api", SAME, "Thu, 24 Aug 2023 04:01:45 +0000")), 0, "",
		  false },
		{ "their clock is a little behind", NET_ANSWERED, 200,
		  LIST(ROW("SM1", "outbound-api", SAME, "Thu, 24 Aug 2023 05:01:10 +0000")), 0,
		  "SM1 ", false },
		{ "another zone", NET_ANSWERED, 200,
		  LIST(ROW("SM1", "outbound-api", SAME, "Thu, 24 Aug 2023 10:31:45 +0530")), 0,
		  "SM1 ", false },
		{ "date unreadable: rather ours", NET_ANSWERED, 200,
		  LIST(ROW("SM1", "outbound-api", SAME, "soon")), 0, "SM1 ", false },
		{ "without an id it is nothing", NET_ANSWERED, 200, LIST(API("")), 0, "", false },
		{ "not on this page", NET_ANSWERED, 200,
		  "{\"messages\":[],\"next_page_uri\":\"/x\"}", -1, "", false },
		{ "no list", NET_ANSWERED, 200, "{}", -1, "", false },
		{ "no JSON", NET_ANSWERED, 200, "<html>", -1, "", false },
		{ "404", NET_ANSWERED, 404, ERROR(20404), -1, "", false },
		{ "500", NET_ANSWERED, 500, "", -1, "", false },
		{ "not sent", NET_NOT_SENT, 0, "", -1, "", false },
		{ "timed out", NET_TIMED_OUT, 0, "", -1, "", false },
		{ "too large", NET_TOO_LARGE, 200, "", -1, "", false },
	};
	struct channel_settings set = twilio_settings();
	struct channel *c = twilio_opened(&set);
	struct outbound o = message();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct net_answer answer = {
			.outcome = cases[i].outcome,
			.status = cases[i].status,
			.body = str_of(cases[i].body),
			.retry_after = "",
			.trouble = "",
		};
		struct send_result found[CHANNEL_MAX_FOUND];
		char ids[200] = "";
		size_t n = 99;
		int ret;

		o.as_template = cases[i].as_template;
		ret = channel_read_lookup(c, &o, &answer, found, &n);
		if (ret != cases[i].ret)
			fail_msg("%s: returned %d", cases[i].name, ret);
		for (size_t k = 0; k < n; k++) {
			size_t used = strlen(ids);

			(void)snprintf(ids + used, sizeof ids - used, "%s ", found[k].external_id);
			CHECK_CASE(found[k].verdict == SEND_OK && found[k].status == STATUS_SENT,
				   cases[i].name);
		}
		CHECK_SAME(ids, cases[i].found, cases[i].name);
	}
	channel_close(&c);
}

static void test_status_request(void **state)
{
	struct channel_settings set = twilio_settings();
	struct channel *c = twilio_opened(&set);
	struct outbound o = message();
	struct net_request req;
	struct arena a = { 0 };

	(void)state;
	assert_int_equal(channel_describe_status(c, &o, &a, &req, NULL), -1);
	o.external_id = "SM1/2";
	assert_int_equal(channel_describe_status(c, &o, &a, &req, NULL), 0);
	assert_string_equal(req.method, "GET");
	assert_string_equal(req.url, "https://api.twilio.com/2010-04-01/Accounts/" MINE
				     "/Messages/SM1%2F2.json");
	assert_string_equal(req.user, MINE);
	channel_close(&c);
	arena_free(&a);
}

static void test_status_answer(void **state)
{
	static const struct {
		const char *name;
		enum net_outcome outcome;
		int status;
		const char *body;
		enum status told; /* NONE: nothing */
		int code;
	} cases[] = {
		{ "delivered", NET_ANSWERED, 200, "{\"sid\":\"SM1\",\"status\":\"delivered\"}",
		  STATUS_DELIVERED, 0 },
		{ "failed", NET_ANSWERED, 200,
		  "{\"sid\":\"SM1\",\"status\":\"failed\",\"error_code\":63016}", STATUS_FAILED,
		  63016 },
		{ "another message", NET_ANSWERED, 200, "{\"sid\":\"SM2\",\"status\":\"read\"}",
		  STATUS_NONE, 0 },
		{ "a new word", NET_ANSWERED, 200, "{\"sid\":\"SM1\",\"status\":\"lost\"}",
		  STATUS_NONE, 0 },
		{ "not there", NET_ANSWERED, 404, ERROR(20404), STATUS_NONE, 0 },
		{ "no JSON", NET_ANSWERED, 200, "<html>", STATUS_NONE, 0 },
		{ "timed out", NET_TIMED_OUT, 0, "", STATUS_NONE, 0 },
	};
	struct channel_settings set = twilio_settings();
	struct channel *c = twilio_opened(&set);
	struct outbound o = message();

	(void)state;
	o.external_id = "SM1";
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct net_answer answer = { .outcome = cases[i].outcome,
					     .status = cases[i].status,
					     .body = str_of(cases[i].body) };
		struct status_news news;
		struct arena a = { 0 };
		int ret = channel_read_status(c, &o, &answer, &news, &a);

		CHECK_CASE((ret == 0) == (cases[i].told != STATUS_NONE), cases[i].name);
		if (ret == 0) {
			CHECK_CASE(news.status == cases[i].told, cases[i].name);
			CHECK_CASE(news.error_code == cases[i].code, cases[i].name);
			CHECK_SAME(news.external_id, "SM1", cases[i].name);
			CHECK_SAME(news.our_id, OURS, cases[i].name);
			CHECK_SAME(news.contact, o.contact, cases[i].name);
		}
		arena_free(&a);
	}
	channel_close(&c);
}

static void test_error_text(void **state)
{
	static const struct {
		const char *name;
		int code;
		const char *text;
	} cases[] = {
		{ "none", 0, "no reason was given" },
		{ "unknown", 12345, "Twilio gave a code that is not known here" },
		{ "first row", 20003, "Twilio does not accept the account SID and auth token" },
		{ "last row", 90010, "the Twilio account is not active" },
		{ "opted out", 21610, "the recipient has opted out" },
		{ "in a range", 35117, "the message cannot be scheduled like this" },
	};
	struct channel_settings set = twilio_settings();
	struct channel *c = twilio_opened(&set);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_SAME(channel_error_text(c, cases[i].code), cases[i].text, cases[i].name);
	channel_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_describe),      cmocka_unit_test(test_describe_template),
		cmocka_unit_test(test_read),	      cmocka_unit_test(test_lookup_request),
		cmocka_unit_test(test_lookup_answer), cmocka_unit_test(test_status_request),
		cmocka_unit_test(test_status_answer), cmocka_unit_test(test_error_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
