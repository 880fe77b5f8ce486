/*
 * write.c - a person writes: a new message, or an earlier one once more, goes to the webhook.
 *
 * How often, when and in what order it gets there is what the faults say.
 */
#include "twin_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

enum {
	HELD_MS = 3000,		 /* a message that waits to be overtaken goes after this anyway */
	ANSWER_WAIT_MS = 120000, /* "wait": all deliveries and fallbacks together */
};

struct wish { /* a message as it was asked for; texts are the request's */
	enum twin_kind kind;
	const char *text;
	const char *payload;
	const char *media_type;
	const char *media_url;
	const char *latitude, *longitude, *label;
};

/* ---- reading ---- */

static int bad(struct twin_call *call, const char *field, const char *why)
{
	return twin_refuse(call, 400, "malformed", field, why);
}

/* "19.07", a number or the text of one; NULL when it is none. */
static const char *read_degrees(struct twin_call *call, const struct cJSON *root, const char *name)
{
	const cJSON *item = json_get(root, name);
	const char *text = json_text(root, name, "");
	char *end;
	double d;

	if (cJSON_IsNumber(item))
		text = arena_printf(&call->arena, "%.10g", item->valuedouble);
	if (strlen(text) > 32)
		return NULL;
	d = strtod(text, &end);
	return *end || end == text || d < -180 || d > 180 ? NULL : text;
}

static int read_media(struct twin_call *call, const struct cJSON *root, struct wish *wish)
{
	wish->kind = TWIN_MEDIA;
	wish->media_type = json_text(root, "media_type", "");
	wish->media_url = json_text(root, "media_url", NULL);
	wish->text = json_text(root, "caption", "");
	if (!strchr(wish->media_type, '/') || strlen(wish->media_type) > 100)
		return bad(call, "media_type", "write a media type such as image/jpeg");
	if (wish->media_url &&
	    (strlen(wish->media_url) > TWIN_MAX_URL || strncmp(wish->media_url, "http", 4) != 0))
		return bad(call, "media_url", "write an address that begins with http");
	return 0;
}

static int read_location(struct twin_call *call, const struct cJSON *root, struct wish *wish)
{
	wish->kind = TWIN_LOCATION;
	wish->latitude = read_degrees(call, root, "latitude");
	wish->longitude = read_degrees(call, root, "longitude");
	wish->label = json_text(root, "label", NULL);
	if (wish->label && text_chars(str_of(wish->label)) > 1000)
		return bad(call, "label", "a label has at most 1000 characters");
	if (!wish->latitude || !wish->longitude)
		return bad(call, "latitude", "latitude and longitude are degrees such as 19.07");
	return 0;
}

static int read_wish(struct twin_call *call, const struct cJSON *root, struct wish *wish)
{
	int status = 0;

	*wish = (struct wish){ .text = json_text(root, "text", NULL) };
	if (json_get(root, "payload")) {
		wish->kind = TWIN_CHOICE;
		wish->payload = json_text(root, "payload", "");
		wish->text = json_text(root, "title", wish->payload);
		if (!*wish->payload || text_chars(str_of(wish->payload)) > 200)
			return bad(call, "payload", "a payload has 1 to 200 characters");
	} else if (json_get(root, "media_type")) {
		status = read_media(call, root, wish);
	} else if (json_get(root, "latitude")) {
		status = read_location(call, root, wish);
		wish->text = "";
	} else if (!wish->text || !*wish->text) {
		return bad(call, "text", "write some text");
	}
	if (!status && text_chars(str_of(wish->text)) > TWIN_MAX_INBOUND)
		return bad(call, "text", "a message has at most 4096 characters");
	return status;
}

/* ---- keeping ---- */

static struct twin_message *keep(struct twin *twin, const struct twin_phone *phone,
				 const struct wish *wish)
{
	struct twin_message *m =
		twin_message_new(twin, TWIN_IN, wish->kind == TWIN_MEDIA ? "MM" : "SM");

	if (!m)
		return NULL;
	m->kind = wish->kind;
	m->status = TWIN_RECEIVED;
	(void)snprintf(m->phone, sizeof m->phone, "%s", phone->id);
	(void)snprintf(m->from, sizeof m->from, "%s", phone->address);
	(void)snprintf(m->to, sizeof m->to, "%s", twin->sender);
	free(m->text);
	m->text = mem_strdup(wish->text);
	m->payload = mem_strdup(wish->payload);
	m->media_type = mem_strdup(wish->media_type);
	m->media_url = mem_strdup(wish->media_url);
	m->latitude = mem_strdup(wish->latitude);
	m->longitude = mem_strdup(wish->longitude);
	m->label = mem_strdup(wish->label);
	return m;
}

/* ---- sending ---- */

static int hand_over(struct twin *twin, const char *sid, int64_t delay_ms)
{
	struct twin_message *m = twin_message_find(twin, sid);
	int sent = 0;

	for (int i = 0; m && i < twin->faults.duplicate; i++) {
		if (twin_pool_deliver(twin, sid, delay_ms) < 0)
			break;
		m->under_way++;
		sent++;
	}
	return sent ? 0 : -1;
}

/* The first of two messages waits; the second goes first and sends it after. */
static int send(struct twin *twin, struct twin_phone *phone, const struct twin_message *m)
{
	int64_t delay = twin->faults.delay_ms;

	if (!twin->faults.reorder)
		return hand_over(twin, m->sid, delay);
	if (!*phone->held) {
		(void)snprintf(phone->held, sizeof phone->held, "%s", m->sid);
		return hand_over(twin, m->sid, delay + HELD_MS);
	}
	twin_pool_hurry(twin, phone->held, delay + 300);
	phone->held[0] = '\0';
	return hand_over(twin, m->sid, delay);
}

static int show(struct twin_call *call, const struct twin_message *m, bool waited)
{
	struct json_writer w;

	json_begin(&w, call->out);
	json_object(&w, NULL);
	json_add_text(&w, "sid", m->sid);
	if (!waited) {
		json_end(&w);
		return 202;
	}
	json_add_text(&w, "status", twin_status_names[m->status]);
	/* "texts" is kept as JSON already */
	(void)buf_addf(call->out, ",\"texts\":%s}",
		       m->inspection && m->inspection->texts ? m->inspection->texts : "[]");
	return 201;
}

static int wait_and_show(struct twin_call *call, const char *sid)
{
	int64_t until = clock_mono_ms() + ANSWER_WAIT_MS;
	struct twin_message *m;

	/* it may be gone by then: looked up anew each time */
	while ((m = twin_message_find(call->twin, sid)) && m->under_way > 0 &&
	       clock_mono_ms() < until && !call->twin->stopping)
		(void)twin_wait_until(call->twin, until);
	if (!m)
		return twin_refuse(call, 503, "gone", NULL, "the message is not kept any more");
	return show(call, m, m->under_way == 0);
}

static struct twin_message *find_earlier(struct twin_call *call, const struct twin_phone *phone,
					 const char *sid)
{
	struct twin_message *m = twin_message_find(call->twin, sid);

	if (m && (m->direction != TWIN_IN || strcmp(m->phone, phone->id) != 0))
		m = NULL;
	if (!m)
		(void)twin_refuse(call, 404, "no_such_message", "sid",
				  "this phone sent no such message");
	return m;
}

static int write(struct twin_call *call, struct twin_phone *phone, const struct cJSON *root)
{
	const char *earlier = json_text(root, "sid", NULL);
	struct twin *twin = call->twin;
	struct twin_message *m;
	struct wish wish;
	int status;

	if (earlier) {
		m = find_earlier(call, phone, earlier);
		if (!m)
			return 404;
	} else {
		status = read_wish(call, root, &wish);
		if (status)
			return status;
		m = keep(twin, phone, &wish);
		if (!m)
			return twin_refuse(call, 503, "too_many", NULL, "too much is on its way");
		phone->last_in_ms = m->created_ms;
		twin_phone_hear(phone, wish.text);
		twin_phone_publish(twin, phone);
		twin_message_publish(twin, m);
	}
	if (send(twin, phone, m) < 0)
		return twin_refuse(call, 503, "too_many", NULL, "too many deliveries wait");
	if (json_bool(root, "wait", false))
		return wait_and_show(call, m->sid);
	return show(call, m, false);
}

int twin_write(struct twin_call *call)
{
	struct twin_phone *phone = twin_phone_find(call->twin, call->args[0]);
	struct cJSON *root;
	int status;

	if (!phone)
		return twin_refuse(call, 404, "no_such_phone", NULL,
				   "there is no phone with this id");
	if (call->twin->stopping)
		return twin_refuse(call, 503, "stopping", NULL, "the server is stopping");
	root = twin_body(call);
	if (!root)
		return 400;
	status = write(call, phone, root);
	json_free(&root);
	return status;
}
