/*
 * Arbitrary target, headers and body on the webhook road: nothing crashes, nothing unsigned is
 * accepted, what is signed over the URL that was seen is accepted, and every parse ends in plain
 * data or a reason. Lines of the input: target, Host, X-Forwarded-Host, X-Forwarded-Proto,
 * signature, content type; the rest is the body.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 6 };

static struct channel *opened(const char *public_url)
{
	struct channel_settings set = {
		.account_sid = "AC1",
		.auth_tokens = "secret,older",
		.sender = "whatsapp:+1",
		.messaging_service_sid = "",
		.api_base = "https://api.twilio.com",
		.public_url = public_url,
		.trusted_proxies = "127.0.0.0/8",
	};
	struct channel *c;

	if (channel_open_twilio(&set, &c, NULL) < 0)
		abort();
	return c;
}

static char *take_line(struct str *rest, struct arena *a)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	size_t n = end ? (size_t)(end - rest->p) : rest->n;
	char *line = arena_strndup(a, rest->n ? rest->p : "", n);

	rest->p += n + (end != NULL);
	rest->n -= n + (end != NULL);
	return line;
}

/* As if somebody who knows the token had sent it. */
static void parse(const struct channel *c, const struct webhook *w, struct str fields,
		  struct arena *a)
{
	struct channel_verified v = { .hook = w, .raw = fields };
	struct status_news news;
	struct inbound in;
	struct err err = { 0 };

	if (form_read(fields, a, &v.form) < 0)
		return;
	if (channel_parse_message(c, &v, 1, a, &in, &err) < 0) {
		if (err.kind != ERR_INPUT || !err.text[0])
			abort();
	} else if (!*in.external_id || !contact_is_valid(in.contact) || !in.text) {
		abort();
	}
	if (channel_parse_status(c, &v, a, &news, &err) == 0 && !*news.external_id)
		abort();
}

/* What twilio_sign makes for the public URL must pass, and must not once it is spoiled. */
static void sign_and_verify(const struct channel *c, struct webhook w, const char *target,
			    struct arena *a)
{
	const char *url = arena_printf(a, "https://b.example/x%s", target), *why;
	char signature[BASE64_SHA1_SIZE];
	struct channel_verified v;

	if (*target != '/' || twilio_sign("older", url, w.body, signature, NULL) < 0)
		return;
	w.headers[0] = (struct webhook_header){ "X-Twilio-Signature", signature };
	w.header_count = 1;
	if (channel_verify(c, &w, a, &v, &why) != VERIFY_OK)
		abort();
	signature[3] = signature[3] == 'A' ? 'B' : 'A';
	if (channel_verify(c, &w, a, &v, &why) != VERIFY_BAD)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "Host", "X-Forwarded-Host", "X-Forwarded-Proto",
					     "X-Twilio-Signature", "Content-Type" };
	static struct channel *with_url, *without_url;
	struct str rest = { (const char *)data, size };
	struct webhook w = { .method = "POST", .peer = "127.0.0.1" };
	struct channel_verified v;
	struct twilio_explanation x;
	struct arena a = { 0 };
	char *lines[LINES];
	const char *why = NULL;

	if (!with_url) {
		with_url = opened("https://b.example/x/");
		without_url = opened("");
	}
	for (size_t i = 0; i < LINES; i++)
		lines[i] = take_line(&rest, &a);
	w.target = lines[0];
	for (size_t i = 1; i < LINES; i++)
		w.headers[w.header_count++] = (struct webhook_header){ names[i - 1], lines[i] };
	w.body = rest;
	if (channel_verify(without_url, &w, &a, &v, &why) == VERIFY_OK ||
	    channel_verify(with_url, &w, &a, &v, &why) == VERIFY_OK || !why)
		abort(); /* the fuzzer does not know the token */
	sign_and_verify(with_url, w, lines[0], &a);
	parse(with_url, &w, rest, &a);
	parse(with_url, &w, str_of(lines[0]), &a);
	/* Sixty attempts: only on what is short. */
	if (size < 300 &&
	    twilio_explain("secret", arena_printf(&a, "http://%s%s", lines[1], lines[0]), lines[4],
			   rest, lines[5], &a, &x, NULL) == 0 &&
	    (x.valid || !x.hint))
		abort();
	arena_free(&a);
	return 0;
}
