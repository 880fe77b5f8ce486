/*
 * transcript.c - what was typed on a phone and answered, as a .chat file.
 *
 * The form of the file is scenario/'s; here is only what was said.
 */
#include "twin_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/inbound.h"
#include "scenario.h"

static const int64_t PAUSE_MS = 60000; /* shorter ones mean nothing */

static void as_inbound(const struct twin_message *m, struct inbound *in)
{
	static const enum inbound_kind kinds[] = { INBOUND_TEXT, INBOUND_CHOICE, INBOUND_MEDIA,
						   INBOUND_LOCATION };

	*in = (struct inbound){ .channel = "twilio",
				.contact = m->from,
				.receiver = m->to,
				.account = "",
				.external_id = m->sid,
				.kind = kinds[m->kind],
				.text = m->text,
				.payload = m->payload ? m->payload : "",
				.profile_name = "",
				.user_id = "",
				.latitude = m->latitude ? m->latitude : "",
				.longitude = m->longitude ? m->longitude : "",
				.place = m->label ? m->label : "",
				.received_ms = m->created_ms };
	if (m->kind == TWIN_MEDIA) {
		in->media[0] =
			(struct inbound_media){ m->media_url ? m->media_url : "", m->media_type };
		in->media_count = 1;
	}
}

/* Adds what m means to the events; at most two. */
static size_t add_events(const struct twin_message *m, int64_t *last_ms, struct arena *a,
			 struct scenario_event *events)
{
	size_t n = 0;

	if (m->direction == TWIN_SMS)
		return 0;
	if (*last_ms && m->created_ms - *last_ms >= PAUSE_MS)
		events[n++] = (struct scenario_event){ .kind = SCENARIO_PASSED,
						       .ms = m->created_ms - *last_ms };
	*last_ms = m->created_ms;
	if (m->direction == TWIN_IN) {
		struct inbound *in = arena_alloc(a, sizeof *in);

		as_inbound(m, in);
		events[n++] = (struct scenario_event){ .kind = SCENARIO_SAID, .message = in };
	} else {
		events[n++] = (struct scenario_event){ .kind = SCENARIO_REPLIED,
						       .text = str_of(m->text) };
	}
	return n;
}

int twin_transcript(struct twin_call *call)
{
	struct twin *twin = call->twin;
	const struct twin_phone *phone = twin_phone_find(twin, call->args[0]);
	size_t kept = twin_messages_kept(twin);
	struct scenario_record r = { .title = "written down by the sandbox" };
	struct scenario_event *events;
	struct err err = { 0 };
	int64_t last_ms = 0;

	if (!phone)
		return twin_refuse(call, 404, "no_such_phone", NULL,
				   "there is no phone with this id");
	events = arena_array(&call->arena, 2 * kept + 1, sizeof *events);
	for (size_t i = kept; i-- > 0;) {
		const struct twin_message *m = twin_message_at(twin, i);

		if (!m->hidden && !m->removed && strcmp(m->phone, phone->id) == 0)
			r.event_count +=
				add_events(m, &last_ms, &call->arena, events + r.event_count);
	}
	r.events = events;
	r.contact = phone->address;
	r.profile_name = phone->profile_name;
	if (scenario_write(&r, call->out, &err) < 0)
		return twin_refuse(call, 422, "not_a_scenario", NULL, err.text);
	call->reply->type = "text/plain; charset=utf-8";
	return 200;
}
