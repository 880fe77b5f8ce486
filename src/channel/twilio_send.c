/*
 * twilio_send.c - the Messages resource: describe a send and read its answer.
 *
 * Twilio has no idempotency key. So what may have been accepted is UNSURE: a
 * time-out, a broken answer, and any 5xx except 503 with code 20503, which is
 * refused before processing. The cost of a wrong UNSURE is one look-up, of a
 * wrong TEMP a message that somebody gets twice.
 */
#include "twilio_private.h"

#include <stdlib.h>

#include <cjson/cJSON.h>

#include "base/form.h"
#include "base/json.h"

enum {
	SEND_TIMEOUT_MS = 15000,
	RETRY_AFTER_MAX_S = 24 * 3600,
	FORM_MAX = 256 * 1024,
};

static const char *or_configured(const char *own, const char *configured)
{
	return own && *own ? own : configured;
}

const char *twilio_encoded(const char *text, struct arena *a)
{
	struct buf b;
	const char *copy;

	buf_init(&b, strlen(text) * 3);
	(void)percent_encode(&b, str_of(text));
	copy = arena_strndup(a, b.data, b.len);
	buf_free(&b);
	return copy;
}

static const char *messages_url(const struct twilio *t, const char *account, struct arena *a)
{
	return arena_printf(a, "%s/2010-04-01/Accounts/%s/Messages.json", t->api_base,
			    twilio_encoded(account, a));
}

int twilio_describe(const struct twilio *t, const struct outbound *o, const char *method,
		    struct arena *a, struct net_request *req, struct err *err)
{
	const char *account = or_configured(o->account, t->account_sid);

	if (!*account || !*t->api_base || t->token_count == 0)
		return err_set(err, ERR_PERM,
			       "TWILIO_ACCOUNT_SID: not set, so nothing can be sent");
	req->method = method;
	req->url = messages_url(t, account, a);
	req->user = or_configured(t->account_sid, account);
	req->password = t->tokens[0].p;
	req->timeout_ms = SEND_TIMEOUT_MS;
	req->headers[req->header_count++] = (struct net_header){ "Accept", "application/json" };
	return 0;
}

static void add(struct buf *form, const char *name, const char *value)
{
	(void)form_add(form, str_of(name), str_of(value));
}

/* An approved template, or our own text: never both. */
static void add_content(struct buf *form, const struct outbound *o)
{
	if (!o->as_template) {
		add(form, "Body", o->text);
		return;
	}
	add(form, "ContentSid", o->content_sid);
	if (o->content_variables && *o->content_variables)
		add(form, "ContentVariables", o->content_variables);
}

int twilio_describe_send(const struct channel *c, const struct outbound *o, struct arena *a,
			 struct net_request *req_out, struct err *err)
{
	const struct twilio *t = twilio_of(c);
	struct net_request req = { 0 };
	/* A reply leaves from where the person wrote to; that number is in the service's pool. */
	bool own = o->sender && *o->sender;
	struct buf form;
	int ret = 0;

	if (twilio_describe(t, o, "POST", a, &req, err) < 0)
		return -1;
	if (!own && !*t->service_sid && !*t->sender)
		return err_set(err, ERR_PERM,
			       "TWILIO_WHATSAPP_NUMBER: not set, nothing to send from");
	if (o->as_template ? !o->content_sid || !*o->content_sid : !o->text || !*o->text)
		return err_set(err, ERR_PERM, "the message has no %s",
			       o->as_template ? "template" : "text");
	req.headers[req.header_count++] =
		(struct net_header){ "Content-Type", "application/x-www-form-urlencoded" };
	buf_init(&form, FORM_MAX);
	add(&form, "To", o->contact);
	if (*t->service_sid)
		add(&form, "MessagingServiceSid", t->service_sid);
	if (own || !*t->service_sid)
		add(&form, "From", or_configured(o->sender, t->sender));
	add_content(&form, o);
	if (*t->public_url)
		add(&form, "StatusCallback",
		    arena_printf(a, "%s/webhook/status?m=%s", t->public_url, o->id));
	if (form.full)
		ret = err_set(err, ERR_PERM, "the text is too long for one message");
	req.body = (struct str){ arena_strndup(a, form.data, form.len), form.len };
	buf_free(&form);
	if (ret == 0)
		*req_out = req;
	return ret;
}

/* ---- reading ---- */

/* Errors have "code" as a number; newer products may write it as text. */
int twilio_code_of(const struct cJSON *answer, const char *key)
{
	int64_t code = json_int(answer, key, 0, NULL);
	const char *text = json_text(answer, key, "");

	if (code == 0 && *text && strlen(text) <= 6 && text[strspn(text, "0123456789")] == '\0')
		code = strtol(text, NULL, 10);
	return code > 0 && code <= 999999 ? (int)code : 0;
}

bool twilio_read_message(const struct cJSON *message, struct send_result *out)
{
	const char *sid = json_text(message, "sid", "");
	size_t n = strlen(sid);

	if (n == 0 || n > EXTERNAL_ID_MAX)
		return false;
	memcpy(out->external_id, sid, n + 1);
	out->status = status_parse(json_text(message, "status", ""));
	out->error_code = twilio_code_of(message, "error_code");
	out->verdict = SEND_OK;
	return true;
}

/* Seconds: net has made them of a date. */
static int64_t retry_after_ms(const char *text)
{
	size_t digits = text ? strspn(text, "0123456789") : 0;
	int64_t seconds;

	if (digits == 0 || digits > 9 || text[digits])
		return 0;
	seconds = strtol(text, NULL, 10);
	return 1000 * (seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S);
}

static void read_answered(const struct net_answer *answer, struct send_result *r)
{
	struct cJSON *root = NULL;

	(void)json_parse(answer->body, &root, NULL); /* a proxy's HTML leaves root NULL */
	if (answer->status >= 200 && answer->status < 300) {
		if (!twilio_read_message(root, r))
			r->verdict = SEND_UNSURE;
	} else {
		r->error_code = twilio_code_of(root, "code");
		r->verdict = twilio_error_verdict(r->error_code, answer->status);
		r->retry_after_ms = retry_after_ms(answer->retry_after);
	}
	json_free(&root);
}

void twilio_read_send(const struct channel *c, const struct net_answer *answer,
		      struct send_result *result_out)
{
	(void)c;
	switch (answer->outcome) {
	case NET_ANSWERED:
		read_answered(answer, result_out);
		return;
	case NET_NOT_SENT:
		result_out->verdict = SEND_TEMP;
		return;
	case NET_TIMED_OUT:
	case NET_BROKEN:
	case NET_TOO_LARGE:
		break;
	}
	result_out->verdict = SEND_UNSURE;
}
