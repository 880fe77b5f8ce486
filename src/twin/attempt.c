/*
 * attempt.c - signing, sending and showing one request of Twilio's to the program.
 */
#include "attempt_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "channel.h"

enum { FORM_MAX = 131072, SHOWN_MAX = 1 << 20 };

void attempt_init(struct attempt *at, const char *url, const char *method)
{
	char id[ID_HEX_SIZE];

	*at = (struct attempt){ .url = url, .method = method, .verdict = "ok" };
	buf_init(&at->form, FORM_MAX);
	id_random(id);
	(void)snprintf(at->token, sizeof at->token, "%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8,
		       id + 12, id + 16, id + 20);
}

void attempt_free(struct attempt *at)
{
	buf_free(&at->form);
	twin_got_free(&at->got);
}

/* ---- sending ---- */

/* The URL without a fragment; with the form behind it when it is asked for with GET. */
static char *wire_url(const struct attempt *at, struct arena *a)
{
	char *url = arena_strndup(a, at->url, strcspn(at->url, "#"));

	if (strcmp(at->method, "GET") != 0)
		return url;
	return arena_printf(a, "%s%c%s", url, strchr(url, '?') ? '&' : '?', at->form.data);
}

bool attempt_perform(struct twin *twin, struct attempt *at)
{
	bool get = strcmp(at->method, "GET") == 0;
	struct str body = { at->form.data, get ? 0 : at->form.len };
	struct arena a = { 0 };
	struct net_request req = { .method = at->method,
				   .body = body,
				   .timeout_ms = TWIN_WEBHOOK_MS,
				   .max_answer = TWIN_WEBHOOK_MAX };
	struct err err = { 0 };

	req.url = wire_url(at, &a);
	if (twilio_sign(twin->sign_token, req.url, body, at->signature, &err) < 0)
		at->signature[0] = '\0';
	req.headers[req.header_count++] =
		(struct net_header){ "Content-Type", "application/x-www-form-urlencoded" };
	req.headers[req.header_count++] =
		(struct net_header){ "X-Twilio-Signature", at->signature };
	req.headers[req.header_count++] =
		(struct net_header){ "I-Twilio-Idempotency-Token", at->token };
	req.headers[req.header_count++] = (struct net_header){ "X-Home-Region", "us1" };
	at->ended = twin_http(twin, &req, &at->got);
	arena_free(&a);
	return at->ended;
}

void attempt_judge(struct attempt *at)
{
	const struct twin_got *got = &at->got;

	switch (got->outcome) {
	case NET_ANSWERED:
		if (got->status >= 200 && got->status < 300)
			return;
		at->verdict = "http_error";
		at->code = 11200;
		(void)snprintf(at->why, sizeof at->why, "the answer was %d", got->status);
		return;
	case NET_TIMED_OUT:
		at->verdict = "timeout";
		at->code = 11200;
		(void)snprintf(at->why, sizeof at->why, "no whole answer within 15 seconds");
		return;
	case NET_TOO_LARGE:
		at->verdict = "invalid_twiml";
		at->code = 11750;
		(void)snprintf(at->why, sizeof at->why, "the answer is larger than 64 kB");
		return;
	case NET_NOT_SENT:
	case NET_BROKEN:
		at->verdict = "connection";
		at->code = got->outcome == NET_NOT_SENT ? 11205 : 11206;
		(void)snprintf(at->why, sizeof at->why, "%.250s", got->trouble);
		return;
	}
}

/* ---- reading the head ---- */

/* Takes one line; false at the end. */
static bool take_line(const char **p, struct str *name, struct str *value)
{
	const char *line = *p;
	size_t n = strcspn(line, "\r\n");
	const char *colon = memchr(line, ':', n);

	if (n == 0)
		return false;
	*p = line + n + strspn(line + n, "\r\n");
	if (!colon)
		colon = line + n;
	*name = (struct str){ line, (size_t)(colon - line) };
	line = colon < line + n ? colon + 1 : colon;
	while (*line == ' ' || *line == '\t')
		line++;
	*value = (struct str){ line, strcspn(line, "\r\n") };
	return true;
}

const char *attempt_header(const struct attempt *at, const char *name, struct arena *a)
{
	const char *p = at->got.head.data ? at->got.head.data : "";
	struct str found, value;

	while (take_line(&p, &found, &value))
		if (found.n == strlen(name) && strncasecmp(found.p, name, found.n) == 0)
			return arena_strndup(a, value.p, value.n);
	return NULL;
}

/* ---- showing ---- */

static int by_name(const void *a, const void *b)
{
	const struct form_field *x = a, *y = b;
	size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
	int order = memcmp(x->name.p, y->name.p, n);

	return order ? order : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

/* What the signature is over: the URL, then each name and value, sorted by name. */
static void show_signed(const struct attempt *at, struct json_writer *w)
{
	struct arena a = { 0 };
	struct form form = { 0 };
	struct buf text;

	buf_init(&text, FORM_MAX);
	(void)buf_adds(&text, wire_url(at, &a));
	if (strcmp(at->method, "GET") != 0)
		(void)form_decode((struct str){ at->form.data, at->form.len }, &a, &form, NULL);
	if (form.count)
		qsort(form.fields, form.count, sizeof *form.fields, by_name);
	for (size_t i = 0; i < form.count; i++) {
		(void)buf_add(&text, form.fields[i].name.p, form.fields[i].name.n);
		(void)buf_add(&text, form.fields[i].value.p, form.fields[i].value.n);
	}
	json_add_str(w, "signed_string", (struct str){ text.data, text.len });
	buf_free(&text);
	arena_free(&a);
}

static void show_header(struct json_writer *w, const char *name, const char *value)
{
	json_array(w, NULL);
	json_add_text(w, NULL, name);
	json_add_text(w, NULL, value);
	json_end(w);
}

static void show_request(const struct attempt *at, struct json_writer *w)
{
	json_object(w, "request");
	json_add_text(w, "method", at->method);
	json_array(w, "headers");
	show_header(w, "User-Agent", "TwilioProxy/1.1");
	show_header(w, "Content-Type", "application/x-www-form-urlencoded");
	show_header(w, "X-Twilio-Signature", at->signature);
	show_header(w, "I-Twilio-Idempotency-Token", at->token);
	show_header(w, "X-Home-Region", "us1");
	json_end(w);
	twin_inspect_params(w, "params", (struct str){ at->form.data, at->form.len });
	json_add_text(w, "signature", at->signature);
	show_signed(at, w);
	json_end(w);
}

static void show_response(const struct attempt *at, struct json_writer *w)
{
	const char *p = at->got.head.data ? at->got.head.data : "";
	struct str name, value;

	json_object(w, "response");
	json_add_int(w, "status", at->got.status);
	json_array(w, "headers");
	while (take_line(&p, &name, &value)) {
		json_array(w, NULL);
		json_add_str(w, NULL, name);
		json_add_str(w, NULL, value);
		json_end(w);
	}
	json_end(w);
	json_add_str(w, "body", (struct str){ at->got.body.data, at->got.body.len });
	json_add_int(w, "took_ms", at->got.took_ms);
	json_add_text(w, "verdict", at->verdict);
	json_add_int(w, "code", at->code);
	json_add_text(w, "why", at->why);
	json_end(w);
}

char *attempt_show(const struct attempt *at)
{
	struct json_writer w;
	struct buf out;
	char *text;

	buf_init(&out, SHOWN_MAX);
	json_begin(&w, &out);
	json_object(&w, NULL);
	json_add_text(&w, "url", at->url);
	show_request(at, &w);
	show_response(at, &w);
	json_end(&w);
	text = mem_strdup(out.full ? "{\"url\":\"too large to be shown\"}" : out.data);
	buf_free(&out);
	return text;
}
