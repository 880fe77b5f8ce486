/*
 * messages.c - Twilio's Messages resource: create, list, fetch (REST API 2010-04-01).
 *
 * Checks what Twilio checks before it accepts, with its codes. What comes
 * after acceptance (delivery, status callbacks, limits over time) is not
 * played yet.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "twin_private.h"

enum { PAGE_DEFAULT = 50, PAGE_MAX = 1000 };

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

	if (gmtime_r(&seconds, &tm))
		(void)strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm);
	json_add_text(w, key, text);
}

static void add_message(struct twin_call *call, struct json_writer *w, const struct twin_message *m,
			const char *status)
{
	const char *sid = call->twin->account_sid;
	const char *base =
		arena_printf(&call->arena, "/2010-04-01/Accounts/%s/Messages/%s", sid, m->sid);

	json_object(w, NULL);
	json_add_text(w, "account_sid", sid);
	json_add_text(w, "api_version", "2010-04-01");
	json_add_text(w, "body", m->body);
	add_date(w, "date_created", m->created_ms);
	if (strcmp(status, "queued") == 0)
		json_add_null(w, "date_sent");
	else
		add_date(w, "date_sent", m->created_ms);
	add_date(w, "date_updated", m->created_ms);
	json_add_text(w, "direction", "outbound-api");
	json_add_null(w, "error_code");
	json_add_null(w, "error_message");
	json_add_text(w, "from", m->from);
	json_add_null(w, "messaging_service_sid");
	json_add_text(w, "num_media", "0");
	json_add_text(w, "num_segments", "1");
	json_add_null(w, "price");
	json_add_null(w, "price_unit");
	json_add_text(w, "sid", m->sid);
	json_add_text(w, "status", status);
	json_object(w, "subresource_uris");
	json_add_text(w, "media", arena_printf(&call->arena, "%s/Media.json", base));
	json_end(w);
	json_add_text(w, "to", m->to);
	json_add_text(w, "uri", arena_printf(&call->arena, "%s.json", base));
	json_end(w);
}

/* ---- create ---- */

static bool is_whatsapp(const char *address)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *rest = address + 9;

	if (strncmp(address, "whatsapp:", 9) != 0 || !contact_is_valid(address))
		return false;
	if (contact_number(address))
		return true;
	return strspn(rest, letters) == 2 && rest[2] == '.' && rest[3]; /* business-scoped id */
}

static int refuse(struct twin_call *call, const char *to, const char *from, struct str body)
{
	if (!*to)
		return twin_error(call->out, 400, 21604, "A 'To' phone number is required.");
	if (!*from)
		return twin_error(call->out, 400, 21603,
				  "A 'From' or 'MessagingServiceSid' is required.");
	if (!is_whatsapp(to))
		return twin_error(call->out, 400, 21211, "The 'To' number is not valid.");
	if (!is_whatsapp(from))
		return twin_error(call->out, 400, 21212, "The 'From' number is not valid.");
	if (!body.n)
		return twin_error(call->out, 400, 21602, "Message body is required.");
	if (!text_is_utf8(body) || text_chars(body) > TWIN_MAX_BODY)
		return twin_error(call->out, 400, 21617,
				  "The message body exceeds the 1600 character limit.");
	return 0;
}

static struct twin_message *keep(struct twin *twin, const char *to, const char *from,
				 struct str body)
{
	struct twin_message *m = &twin->messages[twin->message_count++ % TWIN_MAX_KEPT];
	char id[ID_HEX_SIZE];

	free(m->body);
	*m = (struct twin_message){ .created_ms = clock_now_ms(twin->clock) };
	id_random(id);
	(void)snprintf(m->sid, sizeof m->sid, "SM%s", id);
	(void)snprintf(m->to, sizeof m->to, "%s", to);
	(void)snprintf(m->from, sizeof m->from, "%s", from);
	m->body = mem_strndup(body.p, body.n);
	return m;
}

static const char *text_of(const struct form *form, const char *name)
{
	struct str s = form_get(form, name);

	return s.p ? s.p : "";
}

static int create(struct twin_call *call)
{
	static const char service_sender[] = "whatsapp:+14155238886";
	struct json_writer w;
	struct form form;
	const char *to, *from;
	struct str body;
	int status;

	if (form_decode(call->hook->body, &call->arena, &form, NULL) < 0)
		return twin_error(call->out, 400, 20001, "The form is malformed.");
	to = text_of(&form, "To");
	from = text_of(&form, "From");
	body = form_get(&form, "Body");
	if (!*from && *text_of(&form, "MessagingServiceSid"))
		from = service_sender;
	status = refuse(call, to, from, body);
	if (status)
		return status;
	json_begin(&w, call->out);
	add_message(call, &w, keep(call->twin, to, from, body), "queued");
	return 201;
}

/* ---- list and fetch ---- */

/* "2026-11-20" or longer: compares as many characters as were given. */
static bool date_fits(const struct form *query, const char *name, int64_t ms, int low, int high)
{
	const char *limit = text_of(query, name);
	size_t n = strlen(limit);
	char own[25];
	int order;

	if (!n)
		return true;
	clock_format_iso(ms, own);
	order = strncmp(own, limit, n < 19 ? n : 19);
	order = order < 0 ? -1 : order > 0;
	return order >= low && order <= high;
}

static bool is_wanted(const struct form *query, const struct twin_message *m)
{
	const char *to = text_of(query, "To");
	const char *from = text_of(query, "From");

	return (!*to || strcmp(to, m->to) == 0) && (!*from || strcmp(from, m->from) == 0) &&
	       date_fits(query, "DateSent", m->created_ms, 0, 0) &&
	       date_fits(query, "DateSent>", m->created_ms, 0, 1) &&
	       date_fits(query, "DateSent<", m->created_ms, -1, 0);
}

static size_t kept(const struct twin *twin)
{
	return twin->message_count < TWIN_MAX_KEPT ? twin->message_count : TWIN_MAX_KEPT;
}

/* The i-th newest. */
static const struct twin_message *message_at(const struct twin *twin, size_t i)
{
	return &twin->messages[(twin->message_count - 1 - i) % TWIN_MAX_KEPT];
}

static long page_size(const struct form *query)
{
	long n = strtol(text_of(query, "PageSize"), NULL, 10);

	return n < 1 ? PAGE_DEFAULT : n > PAGE_MAX ? PAGE_MAX : n;
}

/* One page only: what does not fit in it is older than a helper of tests needs. */
static int list(struct twin_call *call)
{
	const struct twin *twin = call->twin;
	struct json_writer w;
	long size = page_size(&call->query);
	long shown = 0;

	json_begin(&w, call->out);
	json_object(&w, NULL);
	json_array(&w, "messages");
	for (size_t i = 0; i < kept(twin) && shown < size; i++) {
		if (is_wanted(&call->query, message_at(twin, i))) {
			add_message(call, &w, message_at(twin, i), "sent");
			shown++;
		}
	}
	json_end(&w);
	json_add_int(&w, "page", 0);
	json_add_int(&w, "page_size", size);
	json_add_int(&w, "start", 0);
	json_add_int(&w, "end", shown ? shown - 1 : 0);
	json_add_text(&w, "uri",
		      arena_printf(&call->arena, "/2010-04-01/Accounts/%s/Messages.json",
				   twin->account_sid));
	json_add_null(&w, "next_page_uri");
	json_add_null(&w, "previous_page_uri");
	json_end(&w);
	return 200;
}

static int fetch(struct twin_call *call, const char *sid, size_t n)
{
	struct json_writer w;

	for (size_t i = 0; i < kept(call->twin); i++) {
		const struct twin_message *m = message_at(call->twin, i);

		if (strlen(m->sid) == n && memcmp(m->sid, sid, n) == 0) {
			json_begin(&w, call->out);
			add_message(call, &w, m, "sent");
			return 200;
		}
	}
	return twin_error(call->out, 404, 20404, "The requested resource was not found.");
}

int twin_messages_answer(struct twin_call *call)
{
	static const char base[] = "/twilio/2010-04-01/Accounts/";
	const char *method = call->hook->method;
	const char *rest = call->path + sizeof base - 1;
	size_t sid = strlen(call->twin->account_sid);

	if (strncmp(call->path, base, sizeof base - 1) != 0)
		return twin_error(call->out, 404, 20404, "The requested resource was not found.");
	if (!is_authenticated(call))
		return twin_error(call->out, 401, 20003, "Authenticate");
	if (strncmp(rest, call->twin->account_sid, sid) != 0 ||
	    strncmp(rest + sid, "/Messages", 9) != 0)
		return twin_error(call->out, 404, 20404, "The requested resource was not found.");
	rest += sid + 9;
	if (strcmp(rest, ".json") == 0 && strcmp(method, "POST") == 0)
		return create(call);
	if (strcmp(rest, ".json") == 0 && strcmp(method, "GET") == 0)
		return list(call);
	if (rest[0] == '/' && strlen(rest) > 6 && strcmp(rest + strlen(rest) - 5, ".json") == 0 &&
	    strcmp(method, "GET") == 0)
		return fetch(call, rest + 1, strlen(rest) - 6);
	return twin_error(call->out, 405, 20004, "Method not allowed");
}
