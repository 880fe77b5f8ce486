/*
 * transcript.c - what was typed on a phone and answered, as a .chat file.
 *
 * The form of the file is scenario/'s; here is what happened, in its order. Of
 * the program's calls the twin sees only those to its demo APIs. One that
 * was answered late shows in two replies, a notice and the result: the notice
 * is the server's, not the flow's, and is left out.
 */
#include "twin_private.h"

#include <stdlib.h>
#include <string.h>

#include "model/inbound.h"
#include "scenario.h"

static const int64_t PAUSE_MS = 60000; /* shorter ones mean nothing */

struct story {
	struct arena *arena;
	struct scenario_event *events;
	size_t count;
	size_t said;	    /* behind the last thing the person said, or the last call but one */
	const char *called; /* the last call since then, or NULL */
	int64_t last_ms;
};

static void as_inbound(const struct twin_message *m, struct inbound *in)
{
	static const enum inbound_kind kinds[] = { INBOUND_TEXT, INBOUND_CHOICE, INBOUND_MEDIA,
						   INBOUND_LOCATION };

	inbound_init(in);
	in->channel = "twilio";
	in->contact = m->from;
	in->receiver = m->to;
	in->external_id = m->sid;
	in->kind = kinds[m->kind];
	in->text = m->text;
	in->received_ms = m->created_ms;
	if (m->payload)
		in->payload = m->payload;
	if (m->latitude)
		in->latitude = m->latitude;
	if (m->longitude)
		in->longitude = m->longitude;
	if (m->label)
		in->place = m->label;
	if (m->kind == TWIN_MEDIA) {
		in->media[0] =
			(struct inbound_media){ m->media_url ? m->media_url : "", m->media_type };
		in->media_count = 1;
	}
}

static void tell(struct story *s, struct scenario_event e)
{
	s->events[s->count++] = e;
}

static void tell_message(struct story *s, const struct twin_message *m)
{
	struct inbound *in;

	if (s->last_ms && m->created_ms - s->last_ms >= PAUSE_MS)
		tell(s, (struct scenario_event){ .kind = SCENARIO_PASSED,
						 .ms = m->created_ms - s->last_ms });
	s->last_ms = m->created_ms;
	if (m->direction == TWIN_OUT) {
		tell(s,
		     (struct scenario_event){ .kind = SCENARIO_REPLIED, .text = str_of(m->text) });
		return;
	}
	in = arena_alloc(s->arena, sizeof *in);
	as_inbound(m, in);
	tell(s, (struct scenario_event){ .kind = SCENARIO_SAID, .message = in });
	s->said = s->count;
	s->called = NULL;
}

/* What stands between the person's words and the end of the call goes: a notice, or a try that
 * was made again. */
static void tell_call(struct story *s, const struct twin_auth_call *c)
{
	if (s->called && strcmp(s->called, c->name) != 0)
		s->said = s->count; /* one call led to another */
	s->count = s->said;
	s->called = c->name;
	tell(s, (struct scenario_event){ .kind = SCENARIO_CALLED,
					 .name = c->name,
					 .outcome = c->malformed ? "malformed" : NULL,
					 .status = c->status,
					 .text = str_of(c->malformed ? "" : c->answer) });
}

/* The calls that ended before so many messages were made. */
static void tell_calls(struct story *s, const struct twin *twin, const char *phone, size_t *next,
		       size_t before)
{
	for (; *next < twin->auth_call_count; ++*next) {
		const struct twin_auth_call *c = &twin->auth_calls[*next % TWIN_MAX_AUTH_CALLS];

		if (c->before > before)
			return;
		if (strcmp(c->phone, phone) == 0 && s->said)
			tell_call(s, c);
	}
}

static void tell_all(struct story *s, const struct twin *twin, const char *phone)
{
	size_t kept = twin_messages_kept(twin);
	size_t next = twin->auth_call_count < TWIN_MAX_AUTH_CALLS
			      ? 0
			      : twin->auth_call_count - TWIN_MAX_AUTH_CALLS;

	for (size_t i = kept; i-- > 0;) {
		const struct twin_message *m = twin_message_at(twin, i);

		tell_calls(s, twin, phone, &next, twin->message_count - 1 - i);
		if (m->direction != TWIN_SMS && !m->hidden && !m->removed &&
		    strcmp(m->phone, phone) == 0)
			tell_message(s, m);
	}
	tell_calls(s, twin, phone, &next, twin->message_count);
}

int twin_transcript(struct twin_call *call)
{
	struct twin *twin = call->twin;
	const struct twin_phone *phone = twin_phone_find(twin, call->args[0]);
	struct scenario_record r = { .title = "Written down by the sandbox" };
	struct story s = { .arena = &call->arena };
	struct err err = { 0 };

	if (!phone)
		return twin_refuse(call, 404, "no_such_phone", NULL,
				   "there is no phone with this id");
	s.events = arena_array(&call->arena, 2 * twin_messages_kept(twin) + TWIN_MAX_AUTH_CALLS,
			       sizeof *s.events);
	tell_all(&s, twin, phone->id);
	r.events = s.events;
	r.event_count = s.count;
	r.contact = phone->address;
	r.profile_name = phone->profile_name;
	if (scenario_write(&r, call->out, &err) < 0)
		return twin_refuse(call, 422, "not_a_scenario", NULL, err.text);
	call->reply->type = "text/plain; charset=utf-8";
	return 200;
}
