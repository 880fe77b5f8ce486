/*
 * twin_check.h - a twin with a standing clock and no webhook, asked without HTTP.
 */
#ifndef SAMVAD_TESTS_TWIN_CHECK_H
#define SAMVAD_TESTS_TWIN_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "check.h"
#include "twin.h"

#define SID	 "AC00000000000000000000000000000001"
#define SERVICE	 "MG00000000000000000000000000000001"
#define SENDER	 "whatsapp:+14155238886"
#define MESSAGES "/sandbox/twilio/2010-04-01/Accounts/" SID "/Messages"
#define PHONES	 "/sandbox/api/phones"

static struct clock clock_;
static struct twin *twin;
static struct buf body;
static struct twin_reply reply;

static inline int ask(const char *method, const char *target, const char *text)
{
	static const char plain[] = SID ":token";
	struct webhook w = { .method = method, .target = target, .body = str_of(text) };
	char good[256] = "Basic ";

	base64_encode(plain, sizeof plain - 1, good + 6);
	w.headers[w.header_count++] = (struct webhook_header){ "Authorization", good };
	buf_reset(&body);
	twin_answer(twin, &w, &body, &reply);
	assert_false(body.full);
	return reply.status;
}

/* Asks, and fails with the answer unless the status is this one. */
#define ASK(want, method, target, text)                                                            \
	do {                                                                                       \
		int got_ = ask(method, target, text);                                              \
		if (got_ != (want))                                                                \
			fail_msg("%s %s: %d %s", method, target, got_, body.data);                 \
	} while (0)

#define SAYS(part)                                                                                 \
	do {                                                                                       \
		if (!strstr(body.data, part))                                                      \
			fail_msg("no %s in %s", part, body.data);                                  \
	} while (0)

static inline void pass(long ms)
{
	char text[64];

	(void)snprintf(text, sizeof text, "{\"advance_ms\":%ld}", ms);
	ASK(200, "POST", "/sandbox/api/clock", text);
}

/* Copies the first "sid" of the last answer. */
static inline void sid_of(char out[35])
{
	const char *at = strstr(body.data, "\"sid\":\"");

	assert_non_null(at);
	assert_int_equal(sscanf(at + 7, "%34[^\"]", out), 1);
}

static inline int begin(void **state)
{
	const struct twin_settings set = { .account_sid = SID,
					   .auth_tokens = "token",
					   .clock = &clock_,
					   .sender = SENDER,
					   .service_sid = SERVICE,
					   .page_dir = "tests/unit/data",
					   .packs_dir = "tests/unit/data/demo" };

	(void)state;
	clock_init_standing(&clock_, 1795000000000);
	buf_init(&body, 16 << 20);
	return twin_open(&set, &twin, NULL);
}

static inline int end(void **state)
{
	(void)state;
	twin_close(&twin);
	buf_free(&body);
	return 0;
}

#endif
