/*
 * sealer.c - between store.h's structs and the driver's: private parts become
 * boxes on the way in and texts on the way out. The contact is bound to every
 * box as associated data.
 */
#include "guard_private.h"

#include "box_private.h"
#include "copy_private.h"

enum { MAX_PLAIN = 512 * 1024, MAX_BOX = MAX_PLAIN + 1024 };

void sealer_begin(struct sealer *s, const struct store *store, const char *contact)
{
	*s = (struct sealer){ .ring = store->ring, .context = str_of(contact) };
	buf_init(&s->plain, MAX_PLAIN);
	buf_init(&s->box, MAX_BOX);
}

void sealer_end(struct sealer *s)
{
	buf_free(&s->plain);
	buf_free(&s->box);
	arena_free(&s->a);
}

/* Seals what was encoded into s->plain. */
static int seal_plain(struct sealer *s, struct str *box_out, struct err *err)
{
	if (s->plain.full)
		return err_set(err, ERR_INPUT, "store: more than %d bytes in one part", MAX_PLAIN);
	buf_reset(&s->box);
	if (seal_box(s->ring, s->context, (struct str){ s->plain.data, s->plain.len }, &s->box,
		     err) < 0)
		return -1;
	*box_out = copy_box((struct str){ s->box.data, s->box.len }, &s->a);
	buf_reset(&s->plain);
	return 0;
}

int sealer_reply(struct sealer *s, const struct reply *reply, struct str *box_out, struct err *err)
{
	box_put_reply(reply, &s->plain);
	return seal_plain(s, box_out, err);
}

struct driver_outbound sealer_plain_row(const struct outbound *row)
{
	enum outbound_reason reason = row->reason;

	/* Only what has ended has a reason, and that always has one. */
	if (row->state != OUTBOUND_DEAD)
		reason = OUTBOUND_NO_REASON;
	else if (reason == OUTBOUND_NO_REASON)
		reason = OUTBOUND_FAILED;
	return (struct driver_outbound){
		.id = row->id,
		.kind = row->kind,
		.channel = row->channel,
		.contact = row->contact,
		.created_ms = row->created_ms,
		.due_ms = row->due_ms,
		.attempts = row->attempts,
		.changed_ms = row->changed_ms,
		.state = row->state,
		.reason = reason,
		.external_id = guard_text(row->external_id),
		.status = row->status,
		.error_code = row->error_code,
		.broadcast = guard_text(row->broadcast),
	};
}

static int seal_outbound(struct sealer *s, const struct outbound *row,
			 struct driver_outbound *row_out, struct err *err)
{
	*row_out = sealer_plain_row(row);
	s->context = str_of(row->contact);
	if (outbound_encode(row, &s->plain) < 0)
		return err_set(err, ERR_INPUT, "store: an outbox row is too large");
	return seal_plain(s, &row_out->box, err);
}

int sealer_rows(struct sealer *s, const struct outbound *rows, size_t count,
		const struct driver_outbound **rows_out, struct err *err)
{
	struct driver_outbound *d = arena_array(&s->a, count, sizeof *d);
	struct str context = s->context;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = seal_outbound(s, &rows[i], &d[i], err);
	s->context = context;
	*rows_out = d;
	return ret;
}

static int seal_session(struct sealer *s, const struct session *from, struct driver_session *out,
			struct err *err)
{
	*out = (struct driver_session){
		.flow = from->flow,
		.flow_version = from->flow_version,
		.step = from->step,
		.shown_step = from->shown_step,
		.language = from->language,
		.completed = from->completed,
		.created_ms = from->created_ms,
		.updated_ms = from->updated_ms,
		.expires_ms = from->expires_ms,
		.revision = from->revision,
		.call_id = guard_text(from->call.id),
	};
	if (session_encode(from, &s->plain, err) < 0) {
		/* Of a store, FULL means the disk; this is a session that outgrew its limit. */
		if (err->kind == ERR_FULL)
			err->kind = ERR_INPUT;
		return -1;
	}
	return seal_plain(s, &out->box, err);
}

static int seal_message(struct sealer *s, const struct turn *t, struct driver_turn *out,
			struct err *err)
{
	if (t->inbound) {
		out->external_id = t->inbound->external_id;
		out->reply_state = t->reply.state;
		if (inbound_encode(t->inbound, &s->plain) < 0)
			return err_set(err, ERR_INPUT, "store: the message is too large");
		if (seal_plain(s, &out->inbound_box, err) < 0 ||
		    sealer_reply(s, &t->reply, &out->reply_box, err) < 0)
			return -1;
	}
	if (t->answers) {
		out->answers = t->answers;
		out->answer_state = t->answer.state;
		if (sealer_reply(s, &t->answer, &out->answer_box, err) < 0)
			return -1;
	}
	return 0;
}

int sealer_consent(struct sealer *s, const struct consent_event *e, struct str *box_out,
		   struct err *err)
{
	box_put_words(e->words, &s->plain);
	return seal_plain(s, box_out, err);
}

struct broadcast sealer_plain_broadcast(const struct broadcast *b)
{
	struct broadcast plain = *b;

	plain.why = guard_text(b->why);
	plain.target_step = guard_text(b->target_step);
	plain.request_key = guard_text(b->request_key);
	plain.request_digest = guard_text(b->request_digest);
	plain.cursor = guard_text(b->cursor);
	plain.message = plain.content_sid = plain.content_variables = "";
	return plain;
}

int sealer_broadcast(struct sealer *s, const struct broadcast *b,
		     struct driver_broadcast *broadcast_out, struct err *err)
{
	broadcast_out->plain = sealer_plain_broadcast(b);
	if (broadcast_encode(b, &s->plain) < 0)
		return err_set(err, ERR_INPUT, "store: the broadcast is too large");
	return seal_plain(s, &broadcast_out->box, err);
}

struct audit_entry sealer_plain_audit(const struct audit_entry *e)
{
	struct audit_entry plain = *e;

	plain.object = guard_text(e->object);
	plain.detail = guard_text(e->detail);
	plain.request_id = guard_text(e->request_id);
	return plain;
}

static int seal_consent(struct sealer *s, const struct consent_event *c, struct driver_turn *out,
			struct err *err)
{
	if (!c)
		return 0;
	out->has_consent = true;
	out->consent = c->consent;
	out->consent_external_id = guard_text(c->external_id);
	out->facts.consent = c->consent; /* the ledger and the contact never disagree */
	return sealer_consent(s, c, &out->consent_box, err);
}

static int seal_records(struct sealer *s, const struct turn *t, struct driver_turn *out,
			struct err *err)
{
	struct driver_record *d = arena_array(&s->a, t->record_count, sizeof *d);

	for (size_t i = 0; i < t->record_count; i++) {
		const struct record *r = &t->records[i];

		d[i] = (struct driver_record){
			.type = r->type,
			.id = r->id,
			.contact = r->contact,
			.state = r->state,
			.created_ms = r->created_ms,
			.updated_ms = r->updated_ms,
		};
		box_put_fields(r->fields, r->field_count, &s->plain);
		if (seal_plain(s, &d[i].box, err) < 0)
			return -1;
	}
	out->records = d;
	out->record_count = t->record_count;
	return 0;
}

int sealer_turn(struct sealer *s, const struct turn *t, struct driver_turn *turn_out,
		struct err *err)
{
	*turn_out = (struct driver_turn){
		.contact = t->contact,
		.now_ms = t->now_ms,
		.facts = t->facts,
		.held = t->held,
		.outbox_count = t->outbox_count,
		.call_due_ms = t->call_due_ms,
	};
	turn_out->facts.known = true;
	if (sealer_rows(s, t->outbox, t->outbox_count, &turn_out->outbox, err) < 0 ||
	    seal_message(s, t, turn_out, err) < 0 ||
	    seal_session(s, t->session, &turn_out->session, err) < 0 ||
	    seal_consent(s, t->consent, turn_out, err) < 0 || seal_records(s, t, turn_out, err) < 0)
		return -1;
	return 0;
}
