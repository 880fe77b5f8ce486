/*
 * auth.c - a demo Auth API: makes an OTP and keeps it as an SMS that can be read.
 *
 * Behaves as a careful real one: a repeat with the same Idempotency-Key is
 * answered again and sends nothing; another request for the same number
 * waits a minute.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "twin_private.h"

enum { RESEND_MS = 60000, EXPIRES_S = 300 };

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
	size_t kept = twin->sms_count < TWIN_MAX_KEPT ? twin->sms_count : TWIN_MAX_KEPT;

	for (size_t i = 0; i < kept; i++) {
		struct twin_sms *sms = &twin->sms[(twin->sms_count - 1 - i) % TWIN_MAX_KEPT];

		if ((!phone || strcmp(sms->phone, phone) == 0) &&
		    (!key || strcmp(sms->key, key) == 0))
			return sms;
	}
	return NULL;
}

static void send_sms(struct twin *twin, const char *phone, const char *key)
{
	struct twin_sms *sms = &twin->sms[twin->sms_count++ % TWIN_MAX_KEPT];

	*sms = (struct twin_sms){ .number = twin->sms_count, .sent_ms = clock_now_ms(twin->clock) };
	(void)snprintf(sms->phone, sizeof sms->phone, "%s", phone);
	(void)snprintf(sms->key, sizeof sms->key, "%s", key);
	(void)snprintf(sms->otp, sizeof sms->otp, "%06u", (unsigned)(id_random_u64() % 1000000));
}

static int send_otp(struct twin_call *call, const char *phone, const char *key)
{
	struct twin *twin = call->twin;
	const struct twin_sms *before = *key ? newest(twin, NULL, key) : NULL;
	int64_t now = clock_now_ms(twin->clock);

	if (strlen(key) > TWIN_KEY_MAX)
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

static int answer_send_otp(struct twin_call *call)
{
	const char *key = webhook_header(call->hook, "Idempotency-Key", NULL);
	struct cJSON *root = NULL;
	int status;

	if (strcmp(call->hook->method, "POST") != 0)
		return say(call->out, 405, "use POST", 0, 0);
	if (json_parse(call->hook->body, &root, NULL) < 0)
		return say(call->out, 422, "the body is not JSON", 0, 0);
	status = send_otp(call, json_text(root, "phone_number", ""), key ? key : "");
	json_free(&root);
	return status;
}

static int answer_sms(struct twin_call *call)
{
	const char *phone = form_get(&call->query, "phone").p;
	const struct twin_sms *sms = newest(call->twin, phone ? phone : "", NULL);
	struct json_writer w;
	char sent[25], text[96];

	if (!sms)
		return say(call->out, 404, "no SMS to this number", 0, 0);
	clock_format_iso(sms->sent_ms, sent);
	(void)snprintf(text, sizeof text, "Your OTP is %s. It is valid for %d minutes.", sms->otp,
		       EXPIRES_S / 60);
	json_begin(&w, call->out);
	json_object(&w, NULL);
	json_add_int(&w, "number", (int64_t)sms->number);
	json_add_text(&w, "phone", sms->phone);
	json_add_text(&w, "text", text);
	json_add_text(&w, "otp", sms->otp);
	json_add_text(&w, "sent_at", sent);
	json_end(&w);
	return 200;
}

int twin_auth_answer(struct twin_call *call)
{
	const char *path = call->path + 5;

	if (strcmp(path, "/api/send-otp") == 0)
		return answer_send_otp(call);
	if (strcmp(path, "/sms") == 0)
		return answer_sms(call);
	if (strcmp(path, "/health") == 0 || strcmp(path, "") == 0 || strcmp(path, "/") == 0) {
		(void)buf_adds(call->out, "{\"status\":\"healthy\"}");
		return 200;
	}
	return say(call->out, 404, "nothing is here", 0, 0);
}
