/*
 * draft.c - what the engine's effects amount to: texts, records, consent, rows for the outbox.
 */
#include "turn_private.h"

#include <assert.h>
#include <string.h>

#include "base/id.h"
#include "base/log.h"

enum { NOTICE_MAX = 4096 };

/* A system text of the pack; empty when it cannot be rendered (the pack was checked at load). */
static struct str system_text(struct conversation *c, const struct flow *flow, const char *name,
			      const char *language, struct arena *a)
{
	struct err err = { 0 };
	struct buf b;
	struct str text;

	buf_init(&b, NOTICE_MAX);
	if (flow_render_system(flow, name, language, c->set.settings, &b, &err) < 0)
		log_error("system-text", LOG_S("name", name), LOG_S("error", err.text));
	text = (struct str){ arena_strndup(a, b.data, b.len), b.len };
	buf_free(&b);
	return text;
}

void turn_say_system(struct conversation *c, const struct flow *flow, const char *name,
		     const char *language, struct arena *a, struct turn_draft *d)
{
	d->texts[0] = system_text(c, flow, name, language, a);
	d->text_count = d->texts[0].n > 0;
}

void turn_notice(struct conversation *c, const struct flow *flow, const char *language,
		 struct arena *a, struct reply *notice_out)
{
	struct str *text = arena_alloc(a, sizeof *text);

	*text = system_text(c, flow, "one_moment", language, a);
	*notice_out = (struct reply){ REPLY_LATE, text, text->n > 0 };
}

void turn_rows(struct conversation *c, const struct str *texts, size_t count, const char *contact,
	       const char *receiver, const char *account, struct arena *a,
	       struct outbound **rows_out, size_t *count_out)
{
	int64_t now = clock_now_ms(c->set.clock);
	struct outbound *rows = arena_array(a, count * CHANNEL_MAX_MESSAGES, sizeof *rows);
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct str pieces[CHANNEL_MAX_MESSAGES];
		size_t piece_count = 0;

		channel_split(c->set.channel, texts[i], a, pieces, &piece_count);
		for (size_t k = 0; k < piece_count; k++) {
			struct outbound *o = &rows[n++];

			*o = (struct outbound){ .kind = OUTBOUND_REPLY,
						.channel = channel_name(c->set.channel),
						.contact = contact,
						.sender = receiver,
						.account = account,
						.text = arena_strndup(a, pieces[k].p, pieces[k].n),
						.created_ms = now,
						.due_ms = now,
						.state = OUTBOUND_WAITING,
						.external_id = "" };
			id_random(o->id);
		}
	}
	*rows_out = rows;
	*count_out = n;
}

/* ---- effects to draft ---- */

void turn_draft_text(struct turn_draft *d, struct str text, struct arena *a)
{
	struct str *last;

	if (text.n == 0)
		return;
	if (d->text_count < REPLY_MAX_TEXTS) {
		d->texts[d->text_count++] = text;
		return;
	}
	last = &d->texts[REPLY_MAX_TEXTS -
			 1]; /* one long message loses nothing: it is split later */
	last->p = arena_printf(a, "%.*s\n\n%.*s", (int)last->n, last->p, (int)text.n, text.p);
	last->n = strlen(last->p);
}

static void add_record(struct turn_draft *d, const struct flow_effect *e, const char *contact,
		       int64_t now_ms)
{
	assert(d->record_count < FLOW_MAX_RECORDS); /* the engine's promise */
	d->records[d->record_count++] = (struct record){ .type = e->record_type,
							 .id = e->record_id,
							 .contact = contact,
							 .state = e->record_state,
							 .created_ms = now_ms,
							 .updated_ms = now_ms,
							 .fields = e->fields,
							 .field_count = e->field_count };
}

void turn_draft_effects(const struct flow_result *r, const struct flow_env *env,
			const struct inbound *in, struct arena *a, struct turn_draft *d)
{
	for (size_t i = 0; i < r->effect_count; i++) {
		const struct flow_effect *e = &r->effects[i];

		switch (e->kind) {
		case FLOW_SAY:
			turn_draft_text(d, e->text, a);
			break;
		case FLOW_CALL:
			d->calls = true;
			break;
		case FLOW_RECORD:
			add_record(d, e, env->contact, env->now_ms);
			break;
		case FLOW_CONSENT:
			d->has_consent = true;
			d->consent = (struct consent_event){ e->consent, in ? in->text : "",
							     in ? in->external_id : "" };
			break;
		case FLOW_END:
			break;
		}
	}
}

struct contact_facts turn_facts_after(const struct contact_facts *f, const struct session *s,
				      const struct turn_draft *d, int64_t now_ms, bool message)
{
	struct contact_facts n = *f;

	if (!n.known)
		n.first_in_ms = now_ms;
	n.known = true;
	if (message)
		n.last_in_ms = now_ms;
	memcpy(n.language, s->language, sizeof n.language);
	n.unfinished = !s->completed && !s->fresh;
	if (d->has_consent)
		n.consent = d->consent.consent;
	return n;
}

void turn_fill(struct turn *t, const char *contact, const struct session *s,
	       const struct turn_draft *d, int64_t now_ms)
{
	t->contact = contact;
	t->now_ms = now_ms;
	t->session = s;
	t->consent = d->has_consent ? &d->consent : NULL;
	t->records = d->records;
	t->record_count = d->record_count;
	t->call_due_ms = s->call.id[0] ? now_ms + CALL_LEASE_MS : s->wake_ms;
}
