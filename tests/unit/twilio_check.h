/*
 * twilio_check.h - what the tests of the Twilio channel share: an open channel, vector files,
 * webhooks.
 */
#ifndef SAMVAD_TESTS_TWILIO_CHECK_H
#define SAMVAD_TESTS_TWILIO_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <cjson/cJSON.h>

#include "channel.h"
#include "check.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

static inline struct channel_settings twilio_settings(void)
{
	return (struct channel_settings){
		.account_sid = "AC00112233445566778899aabbccddeeff",
		.auth_tokens = "12345",
		.sender = "whatsapp:+14155238886",
		.messaging_service_sid = "",
		.api_base = "https://api.twilio.com",
		.public_url = "",
		.trusted_proxies = "127.0.0.0/8,::1",
	};
}

static inline struct channel *twilio_opened(const struct channel_settings *set)
{
	struct channel *c;
	struct err err = { 0 };

	if (channel_open_twilio(set, &c, &err) < 0)
		fail_msg("channel does not open: %s", err.text);
	return c;
}

static inline void webhook_add(struct webhook *w, const char *name, const char *value)
{
	if (value)
		w->headers[w->header_count++] = (struct webhook_header){ name, value };
}

/* Signed and verified, as everything must be that is parsed. The channel has twilio_settings. */
static inline struct channel_verified webhook_verified(const struct channel *c, struct webhook *w,
						       struct arena *a)
{
	bool get = strcmp(w->method, "GET") == 0;
	const char *url = arena_printf(a, "http://bot.example%s", w->target);
	char *signature = arena_alloc(a, BASE64_SHA1_SIZE);
	struct channel_verified v;
	const char *why;

	webhook_add(w, "Host", "bot.example");
	webhook_add(w, "X-Twilio-Signature", signature);
	if (twilio_sign(twilio_settings().auth_tokens, url, get ? str_of("") : w->body, signature,
			NULL) < 0 ||
	    channel_verify(c, w, a, &v, &why) != VERIFY_OK)
		fail_msg("%s: cannot be signed and verified", url);
	return v;
}

/* The caller frees it. */
static inline char *read_whole(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text;
	long n = 0;

	if (!f || fseek(f, 0, SEEK_END) < 0 || (n = ftell(f)) < 0)
		fail_msg("%s: cannot be read", path);
	rewind(f);
	text = calloc(1, (size_t)n + 1);
	if (!text || fread(text, 1, (size_t)n, f) != (size_t)n)
		fail_msg("%s: cannot be read", path);
	(void)fclose(f);
	return text;
}

static inline cJSON *read_vectors(const char *path)
{
	char *text = read_whole(path);
	cJSON *rows = cJSON_Parse(text);

	free(text);
	if (!cJSON_IsArray(rows))
		fail_msg("%s: no JSON array", path);
	return rows;
}

static inline const char *row_text(const cJSON *row, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(row, key));
}

#endif
