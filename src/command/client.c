/*
 * client.c - verbs speak with the running server as Twilio would: signed, over HTTP.
 */
#include <stdio.h>
#include <string.h>

#include "base/form.h"
#include "base/id.h"
#include "channel.h"
#include "command_private.h"
#include "model/contact.h"
#include "template.h"

enum {
	ANSWER_MAX = 1 << 24,
	TIMEOUT_MS = 20000,
	ADMIN_TIMEOUT_MS = 90000 /* counting a large audience */,
	FORM_MAX = 65536
};

static const struct net_settings few = { .max_in_flight = 4,
					 .max_queued = 16,
					 .user_agent = "samvad/" SAMVAD_VERSION };

int client_open_at(struct client *cl, const char *url, struct err *err)
{
	size_t n = strlen(url);

	*cl = (struct client){ 0 };
	while (n && url[n - 1] == '/')
		n--;
	cl->base = arena_strndup(&cl->arena, url, n);
	return net_open(&few, &cl->net, err);
}

int client_open(struct client *cl, bool account, struct err *err)
{
	const char *host;

	*cl = (struct client){ 0 };
	if (config_load(&cl->config, err) < 0)
		return -1;
	host = cl->config.host;
	if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	cl->base = arena_printf(&cl->arena, "http://%s:%d", host, (int)cl->config.port);
	cl->webhook = arena_printf(&cl->arena, "%s/webhook",
				   cl->config.public_url[0] ? cl->config.public_url : cl->base);
	if (account && identity_load(&cl->config, false, &cl->arena, &cl->identity, err) < 0)
		return -1;
	return net_open(&few, &cl->net, err);
}

void client_close(struct client *cl)
{
	if (cl->net)
		net_close(&cl->net, 0);
	arena_free(&cl->scratch);
	arena_free(&cl->arena);
	config_free(&cl->config);
}

static int perform(struct client *cl, const struct net_request *req, int *status_out,
		   struct str *body_out, struct err *err)
{
	struct net_answer answer;
	struct buf body;
	int ret = -1;

	buf_init(&body, ANSWER_MAX);
	if (net_perform(cl->net, req, &answer, &body, err) < 0)
		goto out;
	if (answer.outcome == NET_NOT_SENT) {
		err_set(err, ERR_TEMP, "nothing answers at %s: is `samvad serve` running there?",
			cl->base);
		goto out;
	}
	if (answer.outcome != NET_ANSWERED) {
		err_set(err, ERR_TEMP, "no answer from %s (%s)", cl->base,
			net_outcome_name(answer.outcome));
		goto out;
	}
	arena_free(&cl->scratch);
	*status_out = answer.status;
	*body_out = (struct str){ arena_strndup(&cl->scratch, body.data, body.len), body.len };
	ret = 0;
out:
	buf_free(&body);
	return ret;
}

int client_get(struct client *cl, const char *url, bool as_account, int *status_out,
	       struct str *body_out, struct err *err)
{
	struct net_request req = {
		.method = "GET", .url = url, .timeout_ms = TIMEOUT_MS, .max_answer = ANSWER_MAX
	};

	if (as_account) {
		req.user = cl->identity.account_sid;
		req.password = cl->identity.sign_token;
	}
	return perform(cl, &req, status_out, body_out, err);
}

int client_ask(struct client *cl, const char *method, const char *path, const char *json,
	       int *status_out, struct str *body_out, struct err *err)
{
	struct net_request req = { .method = method,
				   .url = arena_printf(&cl->arena, "%s%s", cl->base, path),
				   .body = str_of(json),
				   .timeout_ms = 2 * TIMEOUT_MS, /* a fallback may follow */
				   .max_answer = ANSWER_MAX };

	if (json)
		req.headers[req.header_count++] =
			(struct net_header){ "Content-Type", "application/json" };
	return perform(cl, &req, status_out, body_out, err);
}

int client_admin(struct client *cl, const char *method, const char *path, const char *json,
		 const char *key, int *status_out, struct str *body_out, struct err *err)
{
	struct net_request req = { .method = method,
				   .url = arena_printf(&cl->arena, "%s%s", cl->base, path),
				   .body = str_of(json),
				   .timeout_ms = ADMIN_TIMEOUT_MS,
				   .max_answer = ANSWER_MAX };

	if (!cl->config.admin_token[0])
		return err_set(err, ERR_PERM,
			       "ADMIN_TOKEN is not set here: give the server's, in "
			       "the environment or in .env");
	req.headers[req.header_count++] =
		(struct net_header){ "Authorization", arena_printf(&cl->arena, "Bearer %s",
								   cl->config.admin_token) };
	if (json)
		req.headers[req.header_count++] =
			(struct net_header){ "Content-Type", "application/json" };
	if (key)
		req.headers[req.header_count++] = (struct net_header){ "Idempotency-Key", key };
	return perform(cl, &req, status_out, body_out, err);
}

int client_post(struct client *cl, const char *path, const char *json, int *status_out,
		struct str *body_out, struct err *err)
{
	return client_ask(cl, "POST", path, json, status_out, body_out, err);
}

const char *client_text(const struct value *object, const char *name)
{
	const struct value *v = value_get(object, name);

	return v && v->kind == VALUE_TEXT ? v->text.p : "";
}

int client_sandbox_refused(int status, struct str body, struct err *err)
{
	return err_set(err, ERR_PERM, "the sandbox answered %d: %.300s", status, body.p);
}

const char *client_address(struct client *cl, const char *given)
{
	const char *address =
		strchr(given, ':') ? given : arena_printf(&cl->arena, "whatsapp:%s", given);

	return contact_is_valid(address) ? address : NULL;
}

static void add(struct buf *form, const char *name, const char *value)
{
	(void)form_add(form, str_of(name), str_of(value));
}

/* The parameters of a text message, as Twilio sends them. */
static int write_form(const struct client *cl, const struct client_message *m, struct buf *form,
		      struct err *err)
{
	const char *number = contact_number(m->from);

	add(form, "SmsMessageSid", m->sid);
	add(form, "NumMedia", "0");
	add(form, "ProfileName", "Samvad terminal");
	add(form, "MessageType", "text");
	add(form, "SmsSid", m->sid);
	if (number)
		add(form, "WaId", number + 1);
	add(form, "SmsStatus", "received");
	add(form, "Body", m->text);
	add(form, "To", m->to);
	add(form, "NumSegments", "1");
	add(form, "ReferralNumMedia", "0");
	add(form, "MessageSid", m->sid);
	add(form, "AccountSid", cl->identity.account_sid);
	add(form, "From", m->from);
	add(form, "ApiVersion", "2010-04-01");
	return form->full ? err_set(err, ERR_INPUT, "the text is too long for a webhook") : 0;
}

static int refused(int status, struct str body, struct err *err)
{
	return err_set(err, ERR_PERM, "the server answered %d: %.300s%s", status, body.p,
		       status == 403 ? "\nIs it the server of this folder, with the same .env and "
				       "DATA_DIR?"
				     : "");
}

int client_send(struct client *cl, const struct client_message *m, struct str *twiml_out,
		struct err *err)
{
	struct net_request req = { .method = "POST",
				   .url = arena_printf(&cl->arena, "%s/webhook", cl->base),
				   .timeout_ms = TIMEOUT_MS,
				   .max_answer = ANSWER_MAX };
	char signature[BASE64_SHA1_SIZE];
	struct buf form;
	int status = 0;
	int ret = -1;

	buf_init(&form, FORM_MAX);
	if (write_form(cl, m, &form, err) < 0)
		goto out;
	req.body = (struct str){ form.data, form.len };
	if (twilio_sign(cl->identity.sign_token, cl->webhook, req.body, signature, err) < 0)
		goto out;
	req.headers[req.header_count++] =
		(struct net_header){ "Content-Type", "application/x-www-form-urlencoded" };
	req.headers[req.header_count++] = (struct net_header){ "X-Twilio-Signature", signature };
	ret = perform(cl, &req, &status, twiml_out, err);
	if (ret == 0 && status != 200)
		ret = refused(status, *twiml_out, err);
out:
	buf_free(&form);
	return ret;
}
