/*
 * auth.c - a demo Auth API: makes an OTP and shows it as an SMS on a phone.
 *
 * Behaves as a careful real one: a repeat with the same Idempotency-Key is
 * answered again and sends nothing; another request for the same number
 * waits a minute. Or as badly as the faults ask.
 */
#include "twin_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

enum { RESEND_MS = 60000, EXPIRES_S = 300, HANG_MS = 60000, KEY_MAX = 128, NUMBER_MAX = 200 };

static int say(struct buf *out, int status, const char *message, int expires_s, int64_t resend_s)
{
	struct json_writer w;

	json_begin(&w, out);
	json_object(&w, NULL);
	json_add_bool(&w, "success", status == 200);
	json_add_text(&w, "message", message);
	if (status == 200)
		json_add_int(&w, "expires_in", expires_s);
	if (status == 200 || status == 429)
		json_add_int(&w, "can_resend_in", resend_s);
	json_end(&w);
	return status;
}

/* "+91" and ten digits, the first 6 to 9. */
static bool is_phone(const char *phone)
{
	return strncmp(phone, "+91", 3) == 0 && strlen(phone) == 13 &&
	       strspn(phone + 3, "0123456789") == 10 && phone[3] >= '6';
}

static struct twin_sms *newest(struct twin *twin, const char *phone, const char *key)
{
	size_t kept = twin->sms_count < TWIN_MAX_SMS ? twin->sms_count : TWIN_MAX_SMS;

	for (size_t i = 0; i < kept; i++) {
		struct twin_sms *sms = &twin->sms[(twin->sms_count - 1 - i) % TWIN_MAX_SMS];

		if ((!phone || strcmp(sms->phone, phone) == 0) &&
		    (!key || strcmp(sms->key, key) == 0))
			return sms;
	}
	return NULL;
}

/* ---- the SMS ---- */

static bool ends_with(const char *text, const char *digits)
{
	char typed[33];
	size_t n = 0;
	size_t wanted = strlen(digits);

	for (; *text; text++) {
		if (*text >= '0' && *text <= '9' && n < sizeof typed - 1)
			typed[n++] = *text;
		else if (!strchr("+- ().", *text))
			return false; /* a sentence, no number */
	}
	typed[n] = '\0';
	return n >= wanted && strcmp(typed + n - wanted, digits) == 0;
}

/* The same, typed in the digits of any script. */
static bool is_number(const char *text, const char *digits)
{
	struct buf ascii;
	bool fits;

	if (strlen(text) > NUMBER_MAX)
		return false;
	buf_init(&ascii, 4 * NUMBER_MAX);
	(void)text_add_ascii_digits(&ascii, str_of(text));
	fits = ends_with(ascii.data, digits);
	buf_free(&ascii);
	return fits;
}

/* The phone of this number; else the one on which the number was typed last: that person
 * reads SMS there. Else none. */
static void choose_phone(struct twin *twin, const char *number, char id_out[TWIN_ID_SIZE])
{
	size_t kept = twin_messages_kept(twin);

	twin_phone_id(number, id_out);
	if (twin_phone_find(twin, id_out))
		return;
	for (size_t i = 0; i < kept; i++) {
		const struct twin_message *m = twin_message_at(twin, i);

		if (m->direction == TWIN_IN && is_number(m->text, number + 3)) {
			(void)snprintf(id_out, TWIN_ID_SIZE, "%s", m->phone);
			return;
		}
	}
}

static char *words(const struct twin_sms *sms)
{
	char text[96];

	(void)snprintf(text, sizeof text, "Your OTP is %s. It is valid for %d minutes.", sms->otp,
		       EXPIRES_S / 60);
	return mem_strdup(text);
}

static void show_on_phone(struct twin *twin, const struct twin_sms *sms)
{
	struct twin_message *m = twin_message_new(twin, TWIN_SMS, "SM");

	if (!m)
		return;
	choose_phone(twin, sms->phone, m->phone);
	(void)snprintf(m->to, sizeof m->to, "%s", sms->phone);
	(void)snprintf(m->from, sizeof m->from, "%s", "OTP");
	m->status = TWIN_DELIVERED;
	m->sent_ms = m->created_ms;
	free(m->text);
	m->text = words(sms);
	twin_message_publish(twin, m);
}

static void send_sms(struct twin *twin, const char *phone, const char *key)
{
	struct twin_sms *sms = &twin->sms[twin->sms_count++ % TWIN_MAX_SMS];

	*sms = (struct twin_sms){ .number = twin->sms_count, .sent_ms = clock_now_ms(twin->clock) };
	(void)snprintf(sms->phone, sizeof sms->phone, "%s", phone);
	(void)snprintf(sms->key, sizeof sms->key, "%s", key);
	(void)snprintf(sms->otp, sizeof sms->otp, "%06u", (unsigned)(id_random_u64() % 1000000));
	show_on_phone(twin, sms);
}

/* ---- answers ---- */

static int send_otp(struct twin_call *call, const char *phone, const char *key)
{
	struct twin *twin = call->twin;
	const struct twin_sms *before = *key ? newest(twin, NULL, key) : NULL;
	int64_t now = clock_now_ms(twin->clock);

	if (strlen(key) > KEY_MAX)
		return say(call->out, 422, "Idempotency-Key is too long", 0, 0);
	if (!is_phone(phone))
		return say(call->out, 422, "phone_number must be +91 and ten digits", 0, 0);
	if (before && strcmp(before->phone, phone) != 0)
		return say(call->out, 422, "this Idempotency-Key was used for another number", 0,
			   0);
	if (before)
		return say(call->out, 200, "OTP sent successfully", EXPIRES_S, RESEND_MS / 1000);
	before = newest(twin, phone, NULL);
	if (before && now - before->sent_ms < RESEND_MS)
		return say(call->out, 429, "Please wait before requesting another OTP", 0,
			   (before->sent_ms + RESEND_MS - now + 999) / 1000);
	send_sms(twin, phone, key);
	return say(call->out, 200, "OTP sent successfully", EXPIRES_S, RESEND_MS / 1000);
}

static int answer(struct twin_call *call)
{
	const char *key = webhook_header(call->hook, "Idempotency-Key", NULL);
	struct cJSON *root = NULL;
	int status;

	if (json_parse(call->hook->body, &root, NULL) < 0)
		return say(call->out, 422, "the body is not JSON", 0, 0);
	status = send_otp(call, json_text(root, "phone_number", ""), key ? key : "");
	json_free(&root);
	return status;
}

/* Lets time pass; it ends early when the fault is taken back. */
static void dawdle(struct twin *twin, int64_t ms)
{
	enum twin_auth_fault fault = twin->faults.auth;
	int64_t until = clock_mono_ms() + ms;

	if (twin->waiting >= TWIN_MAX_WAITING)
		return;
	twin->waiting++;
	while (twin->faults.auth == fault && clock_mono_ms() < until && !twin->stopping)
		(void)twin_wait_until(twin, until);
	twin->waiting--;
}

void twin_auth_note(struct twin_call *call, const char *name, const char *phone, int status)
{
	struct twin *twin = call->twin;
	struct twin_auth_call *c = &twin->auth_calls[twin->auth_call_count % TWIN_MAX_AUTH_CALLS];

	if (call->out->len >= sizeof c->answer)
		return;
	*c = (struct twin_auth_call){ .before = twin->message_count,
				      .status = status,
				      .malformed = call->out->len && *call->out->data == '<' };
	(void)snprintf(c->name, sizeof c->name, "%s", name);
	(void)snprintf(c->phone, sizeof c->phone, "%s", phone);
	(void)snprintf(c->answer, sizeof c->answer, "%s", call->out->data);
	twin->auth_call_count++;
}

/* It belongs to the conversation of whom the OTP was meant for. */
static void note(struct twin_call *call, int status)
{
	struct cJSON *root = NULL;
	const char *number;
	char phone[TWIN_ID_SIZE];

	if (json_parse(call->hook->body, &root, NULL) < 0)
		return;
	number = json_text(root, "phone_number", "");
	if (is_phone(number)) {
		choose_phone(call->twin, number, phone);
		twin_auth_note(call, "send_otp", phone, status);
	}
	json_free(&root);
}

int twin_auth_spoil(struct twin_call *call, bool *heard_out)
{
	static const struct {
		int status;
		const char *message;
	} faults[] = {
		[AUTH_400] = { 400, "bad request" },
		[AUTH_422] = { 422, "phone_number is not acceptable" },
		[AUTH_429] = { 429, "too many requests" },
		[AUTH_500] = { 500, "internal error" },
		[AUTH_503] = { 503, "down for maintenance" },
	};
	struct twin *twin = call->twin;

	*heard_out = twin->faults.auth != AUTH_HANG;
	switch (twin->faults.auth) {
	case AUTH_400:
	case AUTH_422:
	case AUTH_429:
	case AUTH_500:
	case AUTH_503:
		return say(call->out, faults[twin->faults.auth].status,
			   faults[twin->faults.auth].message, 0, RESEND_MS / 1000);
	case AUTH_MALFORMED:
		call->reply->type = "text/html";
		(void)buf_adds(call->out, "<html><body>It works!</body></html>");
		return 200;
	case AUTH_SLOW:
		dawdle(twin, twin->faults.auth_delay_ms);
		break;
	case AUTH_HANG:
		dawdle(twin, HANG_MS);
		return say(call->out, 503, "gave up", 0, 0);
	case AUTH_OK:
	case AUTH_FAULTS:
		break;
	}
	return -1;
}

int twin_auth_send_otp(struct twin_call *call)
{
	bool heard;
	int status = twin_auth_spoil(call, &heard);

	if (status < 0)
		status = answer(call);
	if (heard)
		note(call, status);
	return status;
}

int twin_auth_sms(struct twin_call *call)
{
	const char *phone = form_get(&call->query, "phone").p;
	const struct twin_sms *sms = newest(call->twin, phone ? phone : "", NULL);
	struct json_writer w;
	char sent[25];
	char *text;

	if (!sms)
		return say(call->out, 404, "no SMS to this number", 0, 0);
	clock_format_iso(sms->sent_ms, sent);
	text = words(sms);
	json_begin(&w, call->out);
	json_object(&w, NULL);
	json_add_int(&w, "number", (int64_t)sms->number);
	json_add_text(&w, "phone", sms->phone);
	json_add_text(&w, "text", text);
	json_add_text(&w, "otp", sms->otp);
	json_add_text(&w, "sent_at", sent);
	json_end(&w);
	free(text);
	return 200;
}

int twin_auth_health(struct twin_call *call)
{
	(void)buf_adds(call->out, "{\"status\":\"healthy\"}");
	return 200;
}
