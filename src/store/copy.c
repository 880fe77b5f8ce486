/*
 * copy.c - see copy_private.h.
 */
#include "copy_private.h"

struct str copy_box(struct str box, struct arena *a)
{
	return (struct str){ arena_strndup(a, box.p, box.n), box.n };
}

const char *copy_text(const char *text, struct arena *a)
{
	return text && *text ? arena_strdup(a, text) : "";
}

struct driver_session copy_session(const struct driver_session *s, struct arena *a)
{
	struct driver_session c = *s;

	c.flow = copy_text(s->flow, a);
	c.step = copy_text(s->step, a);
	c.shown_step = copy_text(s->shown_step, a);
	c.language = copy_text(s->language, a);
	c.call_id = copy_text(s->call_id, a);
	c.box = copy_box(s->box, a);
	return c;
}

struct driver_outbound copy_outbound(const struct driver_outbound *o, struct arena *a)
{
	struct driver_outbound c = *o;

	c.id = copy_text(o->id, a);
	c.channel = copy_text(o->channel, a);
	c.contact = copy_text(o->contact, a);
	c.external_id = copy_text(o->external_id, a);
	c.broadcast = copy_text(o->broadcast, a);
	c.box = copy_box(o->box, a);
	return c;
}

struct driver_record copy_record(const struct driver_record *r, struct arena *a)
{
	struct driver_record c = *r;

	c.type = copy_text(r->type, a);
	c.id = copy_text(r->id, a);
	c.contact = copy_text(r->contact, a);
	c.state = copy_text(r->state, a);
	c.box = copy_box(r->box, a);
	return c;
}

struct driver_broadcast copy_broadcast(const struct driver_broadcast *b, struct arena *a)
{
	struct driver_broadcast c = *b;

	c.plain.why = copy_text(b->plain.why, a);
	c.plain.target_step = copy_text(b->plain.target_step, a);
	c.plain.request_key = copy_text(b->plain.request_key, a);
	c.plain.request_digest = copy_text(b->plain.request_digest, a);
	c.plain.cursor = copy_text(b->plain.cursor, a);
	c.plain.message = c.plain.content_sid = c.plain.content_variables = "";
	c.box = copy_box(b->box, a);
	return c;
}

struct driver_consent copy_consent(const struct driver_consent *c, struct arena *a)
{
	struct driver_consent d = *c;

	d.external_id = copy_text(c->external_id, a);
	d.box = copy_box(c->box, a);
	return d;
}

struct audit_entry copy_audit(const struct audit_entry *e, struct arena *a)
{
	struct audit_entry c = *e;

	c.action = copy_text(e->action, a);
	c.object = copy_text(e->object, a);
	c.detail = copy_text(e->detail, a);
	c.request_id = copy_text(e->request_id, a);
	return c;
}
