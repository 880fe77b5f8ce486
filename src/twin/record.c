/*
 * record.c - every message of the last time: a ring, and how a page sees one.
 *
 * The last eight digits of a sid are its number, and so tell its place in the ring.
 */
#include "twin_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *const twin_status_names[] = {
	[TWIN_RECEIVED] = "received",	[TWIN_ACCEPTED] = "accepted",
	[TWIN_SCHEDULED] = "scheduled", [TWIN_QUEUED] = "queued",
	[TWIN_SENDING] = "sending",	[TWIN_SENT] = "sent",
	[TWIN_DELIVERED] = "delivered", [TWIN_READ] = "read",
	[TWIN_FAILED] = "failed",	[TWIN_UNDELIVERED] = "undelivered",
	[TWIN_CANCELED] = "canceled",
};

static void message_free(struct twin *twin, struct twin_message *m)
{
	if (!m)
		return;
	twin_inspect_forget(twin, m);
	free(m->text);
	free(m->payload);
	free(m->media_type);
	free(m->media_url);
	free(m->latitude);
	free(m->longitude);
	free(m->label);
	free(m->callback_url);
	free(m->service_sid);
	free(m->buttons);
	free(m);
}

/* Whoever still works on it would lose it. */
static bool is_busy(const struct twin_message *m)
{
	return m && (m->under_way > 0 || m->plan_ms != 0);
}

struct twin_message *twin_message_new(struct twin *twin, enum twin_direction direction,
				      const char *prefix)
{
	size_t at = twin->message_count % twin->keep;
	struct twin_message *m;
	char id[ID_HEX_SIZE];

	if (is_busy(twin->messages[at]))
		return NULL;
	message_free(twin, twin->messages[at]);
	m = mem_alloc(sizeof *m);
	id_random(id);
	(void)snprintf(m->sid, sizeof m->sid, "%s%.24s%08x", prefix, id,
		       (unsigned)twin->message_count);
	m->direction = direction;
	m->created_ms = m->updated_ms = clock_now_ms(twin->clock);
	m->text = mem_strdup("");
	twin->messages[at] = m;
	twin->message_count++;
	return m;
}

size_t twin_messages_kept(const struct twin *twin)
{
	return twin->message_count < twin->keep ? twin->message_count : twin->keep;
}

struct twin_message *twin_message_at(const struct twin *twin, size_t i)
{
	return twin->messages[(twin->message_count - 1 - i) % twin->keep];
}

struct twin_message *twin_message_find(struct twin *twin, const char *sid)
{
	size_t number = strlen(sid) == TWIN_SID_SIZE - 1 ? strtoul(sid + 26, NULL, 16) : SIZE_MAX;
	struct twin_message *m =
		number < twin->message_count ? twin->messages[number % twin->keep] : NULL;

	return m && strcmp(m->sid, sid) == 0 ? m : NULL;
}

bool twin_messages_grow(struct twin *twin, size_t keep)
{
	struct twin_message **ring;
	size_t kept = twin_messages_kept(twin);

	if (keep < twin->keep)
		return false;
	ring = mem_array(keep, sizeof *ring);
	for (size_t n = twin->message_count - kept; n < twin->message_count; n++)
		ring[n % keep] = twin->messages[n % twin->keep];
	free(twin->messages);
	twin->messages = ring;
	twin->keep = keep;
	return true;
}

void twin_messages_free(struct twin *twin)
{
	for (size_t i = 0; i < twin->keep; i++)
		message_free(twin, twin->messages[i]);
	free(twin->messages);
}

/* ---- for the pages ---- */

static void write_buttons(const struct twin_message *m, struct json_writer *w)
{
	if (m->button_count == 0)
		return;
	json_array(w, "buttons");
	for (size_t i = 0; i < m->button_count; i++) {
		json_object(w, NULL);
		json_add_text(w, "id", m->buttons[i].id);
		json_add_text(w, "title", m->buttons[i].title);
		json_end(w);
	}
	json_end(w);
}

static void write_status(const struct twin_message *m, struct json_writer *w)
{
	/* Pages know no "scheduled" and "canceled": the first waits as if accepted. */
	enum twin_status shown = m->status == TWIN_SCHEDULED ? TWIN_ACCEPTED : m->status;

	json_add_text(w, "status", twin_status_names[shown]);
	if (m->error_code)
		json_add_int(w, "error_code", m->error_code);
}

void twin_message_write(const struct twin_message *m, struct json_writer *w)
{
	static const char *const directions[] = { "in", "out", "sms" };
	static const char *const kinds[] = { "text", "choice", "media", "location" };

	json_object(w, NULL);
	json_add_text(w, "sid", m->sid);
	json_add_text(w, "phone", m->phone);
	json_add_text(w, "direction", directions[m->direction]);
	json_add_text(w, "text", m->text);
	json_add_text(w, "kind", kinds[m->kind]);
	if (m->media_type)
		json_add_text(w, "media_type", m->media_type);
	if (m->media_url)
		json_add_text(w, "media_url", m->media_url);
	if (m->latitude) {
		json_add_text(w, "latitude", m->latitude);
		json_add_text(w, "longitude", m->longitude);
	}
	if (m->label)
		json_add_text(w, "label", m->label);
	if (m->direction == TWIN_SMS)
		json_add_text(w, "to", m->to);
	write_buttons(m, w);
	write_status(m, w);
	json_add_int(w, "at_ms", m->created_ms);
	json_add_int(w, "event", (int64_t)m->event);
	json_end(w);
}

void twin_message_publish(struct twin *twin, struct twin_message *m)
{
	struct json_writer w;
	struct buf data;

	if (m->hidden || m->removed)
		return;
	m->event = twin->event_count + 1;
	buf_init(&data, TWIN_MAX_EVENT_BYTES / 8);
	json_begin(&w, &data);
	twin_message_write(m, &w);
	(void)twin_event_add(twin, "message", mem_strdup(data.data));
	buf_free(&data);
}
