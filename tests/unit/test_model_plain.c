/*
 * Contacts, headers of webhooks, and the delivery ladder over all pairs.
 */
#include "check.h"
#include "model/contact.h"
#include "model/status.h"
#include "model/webhook.h"

static void test_contacts(void **state)
{
	static char longest[CONTACT_MAX + 1] = "w:", too_long[CONTACT_MAX + 2] = "w:";
	static const struct {
		const char *name;
		const char *address;
		bool valid;
		const char *number;
	} cases[] = {
		{ "number", "whatsapp:+919876543210", true, "+919876543210" },
		{ "business-scoped id", "whatsapp:IN.13491208655302741918", true, NULL },
		{ "id that looks like a number", "whatsapp:+91.123", true, NULL },
		{ "shortest", "a:b", true, NULL },
		{ "two colons", "a:b:+14155550199", true, NULL },
		{ "16 digits", "whatsapp:+1234567890123456", true, NULL },
		{ "15 digits", "whatsapp:+123456789012345", true, "+123456789012345" },
		{ "country code 0", "whatsapp:+0123456789", true, NULL },
		{ "digits without plus", "whatsapp:919876543210", true, NULL },
		{ "plus alone", "whatsapp:+", true, NULL },
		{ "no address", NULL, false, NULL },
		{ "empty", "", false, NULL },
		{ "no colon", "+919876543210", false, NULL },
		{ "nothing before the colon", ":+919876543210", false, NULL },
		{ "nothing behind the colon", "whatsapp:", false, NULL },
		{ "blank", "whatsapp:a b", false, NULL },
		{ "line break", "whatsapp:a\n", false, NULL },
		{ "delete", "whatsapp:a\x7f", false, NULL },
		{ "not ASCII", "whatsapp:é", false, NULL },
		{ "longest", longest, true, NULL },
		{ "one too long", too_long, false, NULL },
	};

	(void)state;
	memset(longest + 2, 'x', CONTACT_MAX - 2);
	memset(too_long + 2, 'x', CONTACT_MAX - 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *number = contact_number(cases[i].address);

		CHECK_CASE(contact_is_valid(cases[i].address) == cases[i].valid, cases[i].name);
		if (!cases[i].valid)
			continue;
		CHECK_CASE(!number == !cases[i].number, cases[i].name);
		CHECK_CASE(!number || strcmp(number, cases[i].number) == 0, cases[i].name);
	}
	assert_null(contact_number(NULL));
	assert_string_equal(consent_name(CONSENT_NONE), "none");
	assert_string_equal(consent_name(CONSENT_IN), "in");
	assert_string_equal(consent_name(CONSENT_OUT), "out");
}

static void test_webhook_headers(void **state)
{
	const struct webhook w = {
		.headers = {
			{ "X-Twilio-Signature", "one" },
			{ "HOST", "a" },
			{ "x-twilio-signature", "two" },
			{ "host", "a" },
			{ "Host", "a" },
			{ "Beyond", "count" },
		},
		.header_count = 5,
	};
	static const struct {
		const char *name;
		const char *value;
		bool conflict;
	} cases[] = {
		{ "X-TWILIO-SIGNATURE", "one", true },
		{ "host", "a", false },
		{ "x-twilio", NULL, false },
		{ "beyond", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool conflict = !cases[i].conflict;
		const char *value = webhook_header(&w, cases[i].name, &conflict);

		CHECK_CASE(conflict == cases[i].conflict, cases[i].name);
		CHECK_CASE(!value == !cases[i].value, cases[i].name);
		CHECK_CASE(!value || strcmp(value, cases[i].value) == 0, cases[i].name);
		CHECK_CASE(webhook_header(&w, cases[i].name, NULL) == value, cases[i].name);
	}
}

enum { STATES = STATUS_CANCELED + 1 };

static void test_status_climb(void **state)
{
	enum {
		NO = STATUS_NONE,
		QU = STATUS_QUEUED,
		SG = STATUS_SENDING,
		SE = STATUS_SENT,
		DE = STATUS_DELIVERED,
		RE = STATUS_READ,
		FA = STATUS_FAILED,
		UN = STATUS_UNDELIVERED,
		CA = STATUS_CANCELED
	};
	static const uint8_t after[STATES][STATES] = {
		/*        news: NO  QU  SG  SE  DE  RE  FA  UN  CA */
		[NO] = { NO, QU, SG, SE, DE, RE, FA, UN, CA },
		[QU] = { QU, QU, SG, SE, DE, RE, FA, UN, CA },
		[SG] = { SG, SG, SG, SE, DE, RE, FA, UN, CA },
		[SE] = { SE, SE, SE, SE, DE, RE, FA, UN, SE },
		[DE] = { DE, DE, DE, DE, DE, RE, DE, DE, DE },
		[RE] = { RE, RE, RE, RE, RE, RE, RE, RE, RE },
		[FA] = { FA, FA, FA, FA, FA, FA, FA, FA, FA },
		[UN] = { UN, UN, UN, UN, UN, UN, UN, UN, UN },
		[CA] = { CA, CA, CA, CA, CA, CA, CA, CA, CA },
	};

	(void)state;
	for (int now = 0; now < STATES; now++)
		for (int news = 0; news < STATES; news++)
			if (status_climb(now, news) != (enum status)after[now][news])
				fail_msg("%s, then %s: got %s", status_name(now), status_name(news),
					 status_name(status_climb(now, news)));
}

static void test_status_words(void **state)
{
	static const struct {
		const char *name;
		enum status status;
		bool is_final;
	} cases[] = {
		{ "queued", STATUS_QUEUED, false },
		{ "accepted", STATUS_QUEUED, false },
		{ "scheduled", STATUS_QUEUED, false },
		{ "sending", STATUS_SENDING, false },
		{ "sent", STATUS_SENT, false },
		{ "delivered", STATUS_DELIVERED, false },
		{ "DELIVERED", STATUS_DELIVERED, false },
		{ "read", STATUS_READ, true },
		{ "failed", STATUS_FAILED, true },
		{ "undelivered", STATUS_UNDELIVERED, true },
		{ "canceled", STATUS_CANCELED, true },
		{ "none", STATUS_NONE, false },
		{ "", STATUS_NONE, false },
		{ "sentt", STATUS_NONE, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK_CASE(status_parse(cases[i].name) == cases[i].status, cases[i].name);
		CHECK_CASE(status_is_final(cases[i].status) == cases[i].is_final, cases[i].name);
	}
	assert_int_equal(status_parse(NULL), STATUS_NONE);
	for (int s = 0; s < STATES; s++)
		CHECK_CASE(status_parse(status_name(s)) == (enum status)s, status_name(s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contacts),
		cmocka_unit_test(test_webhook_headers),
		cmocka_unit_test(test_status_climb),
		cmocka_unit_test(test_status_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
