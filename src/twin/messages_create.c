/*
 * messages_create.c - POST Messages.json: what Twilio checks before it accepts, and accepting.
 *
 * What is wrong only later (63016 and its like) is status.c's.
 */
#include "messages_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/text.h"

enum {
	MAX_MEDIA = 10,
	VALIDITY_S = 36000,
	SOONEST_MS = 5 * 60 * 1000,
};
static const int64_t LATEST_MS = 35LL * 24 * 3600 * 1000;

struct order { /* the form, read */
	const char *to, *from, *service, *callback;
	struct str body;
	bool has_body;
	const char *media; /* the first */
	size_t media_count;
	bool media_bad;
	const char *content_sid, *variables;
	const char *schedule, *send_at;
	int64_t send_at_ms;
	int64_t validity_s;
	bool validity_bad;
	struct buf text; /* of a template */
};

/* ---- reading ---- */

static const char *text_of(const struct form *form, const char *name)
{
	struct str s = form_get(form, name);

	return s.p ? s.p : "";
}

static bool is_url(const char *url)
{
	const char *host = strncmp(url, "https://", 8) == 0  ? url + 8
			   : strncmp(url, "http://", 7) == 0 ? url + 7
							     : NULL;

	return host && *host && strlen(url) <= TWIN_MAX_URL && !strpbrk(url, " \"<>") &&
	       !memchr(host, '_', strcspn(host, "/?#"));
}

static void read_media(const struct form *form, struct order *o)
{
	for (size_t i = 0; i < form->count; i++) {
		if (!str_is(form->fields[i].name, "MediaUrl"))
			continue;
		if (o->media_count++ == 0)
			o->media = form->fields[i].value.p;
		o->media_bad |= !is_url(form->fields[i].value.p);
	}
}

static void read_order(const struct form *form, struct order *o)
{
	const char *validity = text_of(form, "ValidityPeriod");

	*o = (struct order){ .to = text_of(form, "To"),
			     .from = text_of(form, "From"),
			     .service = text_of(form, "MessagingServiceSid"),
			     .callback = text_of(form, "StatusCallback"),
			     .body = form_get(form, "Body"),
			     .has_body = form_get(form, "Body").p != NULL,
			     .content_sid = text_of(form, "ContentSid"),
			     .variables = text_of(form, "ContentVariables"),
			     .schedule = text_of(form, "ScheduleType"),
			     .send_at = text_of(form, "SendAt"),
			     .validity_s = VALIDITY_S };
	read_media(form, o);
	if (*validity) {
		o->validity_s = strtol(validity, NULL, 10);
		o->validity_bad = validity[strspn(validity, "0123456789")] != '\0' ||
				  strlen(validity) > 5 || o->validity_s < 1 ||
				  o->validity_s > VALIDITY_S;
	}
}

/* ---- checks: each returns a code, or 0 ---- */

static bool is_number(const char *p)
{
	size_t n = strspn(p + (*p == '+'), "0123456789");

	return *p == '+' && p[1] >= '1' && p[1] <= '9' && n >= 7 && n <= 15 && !p[1 + n];
}

/* "whatsapp:+919876543210", "whatsapp:IN.1349…", "whatsapp:IN.ENT.1". */
static bool is_whatsapp(const char *address)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *rest = address + 9;

	if (strncmp(address, "whatsapp:", 9) != 0 || !contact_is_valid(address))
		return false;
	return is_number(rest) || (strspn(rest, letters) == 2 && rest[2] == '.' && rest[3]);
}

static int check_to(const struct twin *twin, const struct order *o)
{
	(void)twin;
	if (!*o->to)
		return 21604;
	return is_whatsapp(o->to) || is_number(o->to) ? 0 : 21211;
}

static bool is_sid(const char *sid, const char *prefix)
{
	return strlen(sid) == 34 && strncmp(sid, prefix, 2) == 0 &&
	       strspn(sid + 2, "0123456789abcdefABCDEF") == 32;
}

static int check_service(const struct twin *twin, const struct order *o)
{
	if (!*o->service)
		return *o->from ? 0 : 21603;
	if (!is_sid(o->service, "MG"))
		return 21703;
	return !*twin->service_sid || strcmp(twin->service_sid, o->service) == 0 ? 0 : 21701;
}

static int check_from(const struct twin *twin, const struct order *o)
{
	bool whatsapp = strncmp(o->from, "whatsapp:", 9) == 0;

	if (!*o->from)
		return strncmp(o->to, "whatsapp:", 9) == 0 ? 0 : 21910;
	if (!is_whatsapp(o->from) && !is_number(o->from))
		return 21212;
	if (whatsapp != (strncmp(o->to, "whatsapp:", 9) == 0))
		return 21910;
	if (strcmp(o->from, o->to) == 0)
		return 63031;
	if (!whatsapp)
		return 21606; /* the account has no number for SMS */
	return strcmp(o->from, twin->sender) == 0 || strcmp(o->from, "whatsapp:+14155238886") == 0
		       ? 0
		       : 63007;
}

static bool is_empty(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr(" \t\r\n", s.p[i]))
			return false;
	return true;
}

static int check_content(const struct twin *twin, const struct order *o)
{
	(void)twin;
	if (!*o->content_sid)
		return *o->variables ? 21654 : 0;
	return is_sid(o->content_sid, "HX") ? 0 : 21655;
}

static int check_variables(const struct twin *twin, const struct order *o)
{
	struct buf text;
	int ret;

	(void)twin;
	if (!*o->content_sid)
		return 0;
	buf_init(&text, 65536);
	ret = twin_content_render(twin_content_find(o->content_sid), o->content_sid, o->variables,
				  &text);
	buf_free(&text);
	return ret < 0 ? 21656 : 0;
}

static int check_body(const struct twin *twin, const struct order *o)
{
	(void)twin;
	if (o->media_count > MAX_MEDIA)
		return 21623;
	if (o->media_bad)
		return 21620;
	if (*o->content_sid)
		return 0;
	if (!o->media_count && is_empty(o->body))
		return o->has_body && o->body.n ? 21619 : 21602;
	return !o->body.n || (text_is_utf8(o->body) && text_chars(o->body) <= TWIN_MAX_TEXT)
		       ? 0
		       : 21617;
}

static int check_callback(const struct twin *twin, const struct order *o)
{
	(void)twin;
	if (o->validity_bad)
		return 21624;
	return !*o->callback || is_url(o->callback) ? 0 : 21609;
}

static int check_schedule(const struct twin *twin, const struct order *o)
{
	int64_t ahead = o->send_at_ms - clock_now_ms(twin->clock);

	if (!*o->schedule && !*o->send_at)
		return 0;
	if (strcmp(o->schedule, "fixed") != 0)
		return 35112;
	if (!*o->send_at)
		return 35111;
	if (!*o->service)
		return 35118;
	if (o->send_at_ms < 0)
		return 35113;
	return ahead >= SOONEST_MS && ahead <= LATEST_MS ? 0 : 35114;
}

static int check_person(const struct twin *twin, const struct order *o)
{
	const struct twin_phone *phone = twin_phone_by_address((struct twin *)twin, o->to);

	if (twin_status_full(twin))
		return 21611;
	return phone && phone->opted_out && !*o->service ? 21610 : 0;
}

static int check(const struct twin *twin, const struct order *o)
{
	static int (*const checks[])(const struct twin *, const struct order *) = {
		check_to,	 check_service,	 check_from,	 check_content, check_body,
		check_variables, check_callback, check_schedule, check_person,
	};
	int code = 0;

	for (size_t i = 0; !code && i < sizeof checks / sizeof *checks; i++)
		code = checks[i](twin, o);
	return code;
}

/* "Z", "+05:30", "-0800": seconds to the east; false: none of these. */
static bool read_zone(const char *text, int *east_out)
{
	struct tm tm = { 0 };
	const char *end =
		*text == 'Z' || *text == '+' || *text == '-' ? strptime(text, "%z", &tm) : NULL;

	*east_out = (int)tm.tm_gmtoff;
	return end && !*end;
}

/* "2026-11-20T09:28:40Z", with or without a fraction; -1: no such time. */
static int64_t read_time(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int east;

	if (end && *end == '.')
		end += 1 + strspn(end + 1, "0123456789");
	if (!end || !read_zone(end, &east))
		return -1;
	return ((int64_t)timegm(&tm) - east) * 1000;
}

/* ---- accepting ---- */

static void set_content(struct twin_message *m, const struct order *o)
{
	const struct twin_content *content = twin_content_find(o->content_sid);
	struct buf text;

	buf_init(&text, 65536);
	(void)twin_content_render(content, o->content_sid, o->variables, &text);
	m->text = mem_strdup(text.data);
	m->approved = true;
	if (content && content->button_count) {
		m->buttons = mem_array(content->button_count, sizeof *m->buttons);
		memcpy(m->buttons, content->buttons, content->button_count * sizeof *m->buttons);
		m->button_count = content->button_count;
	}
	buf_free(&text);
}

static void set_text(struct twin_message *m, const struct order *o)
{
	struct buf clean;

	free(m->text);
	if (*o->content_sid) {
		set_content(m, o);
		return;
	}
	buf_init(&clean, o->body.n * 3 + 1);
	(void)text_add_clean(&clean, o->body);
	m->text = mem_strdup(clean.data);
	buf_free(&clean);
}

static struct twin_message *accept(struct twin *twin, const struct order *o)
{
	bool rich = o->media_count || *o->content_sid;
	struct twin_message *m = twin_message_new(twin, TWIN_OUT, rich ? "MM" : "SM");

	if (!m)
		return NULL;
	m->by_api = true;
	(void)snprintf(m->to, sizeof m->to, "%s", o->to);
	(void)snprintf(m->from, sizeof m->from, "%s", *o->from ? o->from : twin->sender);
	twin_phone_id(o->to, m->phone);
	set_text(m, o);
	if (o->media_count) {
		m->kind = TWIN_MEDIA;
		m->media_type = mem_strdup("application/octet-stream");
		m->media_url = mem_strdup(o->media);
	}
	m->callback_url = *o->callback ? mem_strdup(o->callback) : NULL;
	m->service_sid = *o->service ? mem_strdup(o->service) : NULL;
	m->expires_ms = m->created_ms + o->validity_s * 1000;
	if (*o->send_at)
		m->expires_ms += o->send_at_ms - m->created_ms;
	m->status = *o->send_at ? TWIN_SCHEDULED : *o->service ? TWIN_ACCEPTED : TWIN_QUEUED;
	return m;
}

/* {"params":…,"status":201}: what the inspector shows of the request. */
static void inspect(struct twin_call *call, struct twin_message *m)
{
	struct json_writer w;
	struct buf out;

	buf_init(&out, 262144);
	json_begin(&w, &out);
	json_object(&w, NULL);
	json_add_text(&w, "method", "POST");
	json_add_text(&w, "path", call->path);
	twin_inspect_params(&w, "params", call->hook->body);
	json_add_int(&w, "status", 201);
	json_end(&w);
	if (!out.full)
		twin_inspect_rest(call->twin, m, mem_strdup(out.data));
	buf_free(&out);
}

int twin_rest_create(struct twin_call *call)
{
	struct twin *twin = call->twin;
	struct twin_message *m;
	struct json_writer w;
	struct form form;
	struct order o;
	int code;

	if (form_decode(call->hook->body, &call->arena, &form, NULL) < 0)
		return twin_rest_error(call, 20001);
	read_order(&form, &o);
	o.send_at_ms = *o.send_at ? read_time(o.send_at) : 0;
	code = check(twin, &o);
	if (!code && twin->faults.refused_code &&
	    twin_fault_hits(&twin->refusable, twin->faults.refused_every))
		code = twin->faults.refused_code;
	if (code)
		return twin_rest_error(call, code);
	m = accept(twin, &o);
	if (!m)
		return twin_rest_error(call, 21611);
	twin_message_publish(twin, m);
	inspect(call, m);
	twin_status_begin(twin, m, o.send_at_ms);
	json_begin(&w, call->out);
	twin_resource_write(call, &w, m);
	return 201;
}
