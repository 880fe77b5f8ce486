/*
 * messages.c - Twilio's Messages resource: who asks, what for, and one message's own calls.
 */
#include "messages_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/text.h"

enum { HANG_MS = 60000, CONCURRENT_MAX = 200 };

/* ---- who asks ---- */

static bool header_fits(struct twin_call *call, const char *header, struct str token)
{
	struct arena *a = &call->arena;
	const char *plain =
		arena_printf(a, "%s:%.*s", call->twin->account_sid, (int)token.n, token.p);
	size_t n = strlen(plain);
	char *encoded = arena_alloc(a, 4 * ((n + 2) / 3) + 1);

	base64_encode(plain, n, encoded);
	return equal_secret(str_of(header), str_of(encoded));
}

static bool is_authenticated(struct twin_call *call)
{
	const char *header = webhook_header(call->hook, "Authorization", NULL);
	const char *tokens = call->twin->auth_tokens;

	if (!header || strncmp(header, "Basic ", 6) != 0)
		return false;
	for (;;) {
		size_t n = strcspn(tokens, ",");

		if (n && header_fits(call, header + 6, (struct str){ tokens, n }))
			return true;
		if (!tokens[n])
			return false;
		tokens += n + 1;
	}
}

/* ---- showing ---- */

static void add_date(struct json_writer *w, const char *key, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[40] = "";

	if (ms && gmtime_r(&seconds, &tm))
		(void)strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm);
	json_add_text(w, key, *text ? text : NULL);
}

static void add_error(struct json_writer *w, int code)
{
	const struct twin_code *known = twin_code_find(code);

	if (code)
		json_add_int(w, "error_code", code);
	else
		json_add_null(w, "error_code");
	json_add_text(w, "error_message", known ? known->message : NULL);
}

void twin_resource_write(struct twin_call *call, struct json_writer *w,
			 const struct twin_message *m)
{
	const char *sid = call->twin->account_sid;
	const char *base =
		arena_printf(&call->arena, "/2010-04-01/Accounts/%s/Messages/%s", sid, m->sid);
	bool early = m->status == TWIN_ACCEPTED || m->status == TWIN_SCHEDULED;

	json_object(w, NULL);
	json_add_text(w, "account_sid", sid);
	json_add_text(w, "api_version", "2010-04-01");
	json_add_text(w, "body", m->text);
	add_date(w, "date_created", m->created_ms);
	add_date(w, "date_sent", m->direction == TWIN_IN ? m->created_ms : m->sent_ms);
	add_date(w, "date_updated", m->updated_ms);
	json_add_text(w, "direction",
		      m->direction == TWIN_IN ? "inbound"
		      : m->by_api	      ? "outbound-api"
					      : "outbound-reply");
	add_error(w, m->direction == TWIN_IN ? 0 : m->error_code); /* a webhook's is in the log */
	json_add_text(w, "from", early ? NULL : m->from);
	json_add_text(w, "messaging_service_sid", m->service_sid);
	json_add_text(w, "num_media", m->kind == TWIN_MEDIA ? "1" : "0");
	json_add_text(w, "num_segments", early ? "0" : "1");
	json_add_null(w, "price");
	json_add_null(w, "price_unit");
	json_add_text(w, "sid", m->sid);
	json_add_text(w, "status", twin_status_names[m->status]);
	json_object(w, "subresource_uris");
	json_add_text(w, "media", arena_printf(&call->arena, "%s/Media.json", base));
	json_end(w);
	json_add_text(w, "to", m->to);
	json_add_text(w, "uri", arena_printf(&call->arena, "%s.json", base));
	json_end(w);
}

/* ---- one message ---- */

static int show(struct twin_call *call, const struct twin_message *m)
{
	struct json_writer w;

	json_begin(&w, call->out);
	twin_resource_write(call, &w, m);
	return 200;
}

static int update(struct twin_call *call, struct twin_message *m)
{
	struct form form;
	struct str body, status;

	if (form_decode(call->hook->body, &call->arena, &form, NULL) < 0)
		return twin_rest_error(call, 20001);
	status = form_get(&form, "Status");
	body = form_get(&form, "Body");
	if (status.p) {
		if (!str_is(status, "canceled") || m->status != TWIN_SCHEDULED)
			return twin_rest_error(call, 30409);
		twin_status_set(call->twin, m, TWIN_CANCELED, 0);
	} else if (body.p && body.n == 0) { /* redaction; any other text is refused */
		free(m->text);
		m->text = mem_strdup("");
		m->updated_ms = clock_now_ms(call->twin->clock);
		twin_message_publish(call->twin, m);
	} else {
		return twin_rest_error(call, 20001);
	}
	return show(call, m);
}

static int remove_message(struct twin_call *call, struct twin_message *m)
{
	m->removed = true; /* the phone keeps what it has got */
	call->reply->type = NULL;
	return 204;
}

static int list_media(struct twin_call *call, const struct twin_message *m)
{
	struct json_writer w;

	json_begin(&w, call->out);
	json_object(&w, NULL);
	json_array(&w, "media_list");
	if (m->kind == TWIN_MEDIA) {
		json_object(&w, NULL);
		json_add_text(&w, "sid", arena_printf(&call->arena, "ME%s", m->sid + 2));
		json_add_text(&w, "account_sid", call->twin->account_sid);
		json_add_text(&w, "parent_sid", m->sid);
		json_add_text(&w, "content_type", m->media_type);
		add_date(&w, "date_created", m->created_ms);
		add_date(&w, "date_updated", m->created_ms);
		json_end(&w);
	}
	json_end(&w);
	json_add_int(&w, "page", 0);
	json_add_int(&w, "page_size", 50);
	json_add_null(&w, "next_page_uri");
	json_end(&w);
	return 200;
}

/* "/SM….json", "/SM…/Media.json". */
static int answer_one(struct twin_call *call, const char *rest)
{
	size_t n = strcspn(rest, "./");
	const char *sid = arena_strndup(&call->arena, rest, n);
	struct twin_message *m = twin_message_find(call->twin, sid);
	const char *method = call->hook->method;

	if (!m || m->removed || m->direction == TWIN_SMS)
		return twin_rest_error(call, 20404);
	if (strcmp(rest + n, "/Media.json") == 0 && strcmp(method, "GET") == 0)
		return list_media(call, m);
	if (strcmp(rest + n, ".json") != 0)
		return twin_rest_error(call, 20404);
	if (strcmp(method, "GET") == 0)
		return show(call, m);
	if (strcmp(method, "POST") == 0)
		return update(call, m);
	if (strcmp(method, "DELETE") == 0)
		return remove_message(call, m);
	return twin_rest_error(call, 20004);
}

/* ---- the resource ---- */

static int answer(struct twin_call *call, const char *rest)
{
	if (strncmp(rest, "/Messages/", 10) == 0)
		return answer_one(call, rest + 10);
	if (strcmp(rest, "/Messages.json") != 0)
		return twin_rest_error(call, 20404);
	if (strcmp(call->hook->method, "POST") == 0)
		return twin_rest_create(call);
	if (strcmp(call->hook->method, "GET") == 0)
		return twin_rest_list(call);
	return twin_rest_error(call, 20004);
}

/* Until the fault is another one; then as if Twilio had given up. */
static int hang(struct twin_call *call)
{
	int64_t until = clock_mono_ms() + HANG_MS;
	struct twin *twin = call->twin;

	if (twin->waiting >= TWIN_MAX_WAITING)
		return twin_rest_error(call, 20429);
	twin->waiting++;
	while (twin->faults.rest == REST_HANG && clock_mono_ms() < until && !twin->stopping)
		(void)twin_wait_until(twin, until);
	twin->waiting--;
	return twin_rest_error(call, 20503);
}

/* The fault that this request meets; counts it. */
static enum twin_rest_fault take_fault(struct twin *twin)
{
	enum twin_rest_fault fault = twin->faults.rest;

	if (fault == REST_OK || !twin_fault_hits(&twin->rest_requests, twin->faults.rest_every))
		return REST_OK;
	if (twin->faults.rest_times > 0 && --twin->faults.rest_times == 0)
		twin->faults.rest = REST_OK;
	return fault;
}

static int answer_faulty(struct twin_call *call, const char *rest)
{
	switch (take_fault(call->twin)) {
	case REST_429:
		return twin_rest_error(call, 20429);
	case REST_500:
		return twin_rest_error(call, 20500);
	case REST_503:
		return twin_rest_error(call, 20503);
	case REST_HANG:
		return hang(call);
	case REST_LOST:
		call->reply->dropped = true;
		break;
	case REST_OK:
	case REST_FAULTS:
		break;
	}
	return answer(call, rest);
}

static void add_headers(struct twin_call *call)
{
	char id[ID_HEX_SIZE];

	id_random(id);
	(void)snprintf(call->reply->headers, sizeof call->reply->headers,
		       "Twilio-Request-Id: RQ%s\r\nTwilio-Request-Duration: 0.001\r\n"
		       "Twilio-Concurrent-Requests: %u\r\nX-API-Domain: api.twilio.com\r\n"
		       "X-Home-Region: us1\r\n",
		       id, call->twin->asking);
}

int twin_rest(struct twin_call *call)
{
	static const char base[] = "2010-04-01/Accounts/";
	const char *rest = call->args[0];
	size_t sid = strlen(call->twin->account_sid);
	int status;

	call->twin->asking++;
	add_headers(call);
	if (!is_authenticated(call))
		status = twin_rest_error(call, 20003);
	else if (call->twin->asking > CONCURRENT_MAX)
		status = twin_rest_error(call, 20429);
	else if (strncmp(rest, base, sizeof base - 1) != 0 ||
		 strncmp(rest + sizeof base - 1, call->twin->account_sid, sid) != 0)
		status = twin_rest_error(call, 20404);
	else
		status = answer_faulty(call, rest + sizeof base - 1 + sid);
	call->twin->asking--;
	return status;
}
