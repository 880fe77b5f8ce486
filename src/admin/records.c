/*
 * records.c - records for who looks after them: listed, shown, brought into another state.
 *
 * A change is made from the state that was read: two admins at once do not
 * undo each other. Whoever is told is told after it.
 */
#include "records_private.h"

#include <string.h>

#include "base/log.h"

enum { PAGE_MOST = 500, TEXT_MAX = 65536 };

const struct flow *admin_record_flow(const struct bot *bot, const char *type)
{
	for (size_t i = 0; i < bot->flow_count; i++) {
		if (flow_record_fields(bot->flows[i], type))
			return bot->flows[i];
	}
	return NULL;
}

static void add_time(struct json_writer *w, const char *key, int64_t ms)
{
	char text[CLOCK_ISO_SIZE];

	clock_format_iso(ms, text);
	json_add_text(w, key, text);
}

void admin_record_write(const struct record *r, struct json_writer *w)
{
	json_object(w, NULL);
	json_add_text(w, "type", r->type);
	json_add_text(w, "id", r->id);
	json_add_text(w, "contact", r->contact);
	json_add_text(w, "state", r->state);
	add_time(w, "created_at", r->created_ms);
	add_time(w, "updated_at", r->updated_ms);
	json_object(w, "fields");
	for (size_t i = 0; i < r->field_count; i++)
		json_add_text(w, r->fields[i].name, r->fields[i].text);
	json_end(w);
	json_end(w);
}

bool admin_record_known(struct admin *admin, const char *type)
{
	struct bot *bot = conversation_bot(admin->set.conversation);
	bool known = admin_record_flow(bot, type) != NULL;

	bot_release(&bot);
	return known;
}

int admin_record_list(struct admin *admin, const struct admin_record_query *q, struct buf *out,
		      struct err *err)
{
	struct record *list = NULL;
	const char *next = "";
	struct json_writer w;
	struct arena a = { 0 };
	size_t count = 0;
	int ret = store_record_list(admin->set.store, q->type, q->contact, q->state, q->cursor,
				    q->limit < PAGE_MOST ? q->limit : PAGE_MOST, &a, &list, &count,
				    &next, err);

	if (ret == 0) {
		json_begin(&w, out);
		json_object(&w, NULL);
		json_array(&w, "records");
		for (size_t i = 0; i < count; i++)
			admin_record_write(&list[i], &w);
		json_end(&w);
		json_add_text(&w, "next_cursor", *next ? next : NULL);
		add_time(&w, "timestamp", clock_now_ms(admin->set.clock));
		json_end(&w);
	}
	arena_free(&a);
	return ret;
}

int admin_record_show(struct admin *admin, const char *type, const char *id, struct buf *out,
		      struct err *err)
{
	struct record r = { 0 };
	struct json_writer w;
	struct arena a = { 0 };
	int ret = store_record_get(admin->set.store, type, id, &a, &r, err);

	if (ret == 1) {
		json_begin(&w, out);
		admin_record_write(&r, &w);
	}
	arena_free(&a);
	return ret;
}

/* ---- another state ---- */

/* Tells the contact; *why_out: why not, or NULL. */
static int tell(struct admin *admin, const struct flow *flow, const struct record *r,
		struct arena *a, const char **why_out, struct err *err)
{
	const struct flow_found found = { r->id, r->state, r->created_ms, r->fields,
					  r->field_count };
	struct turn_view view = { 0 };
	struct buf text;
	int ret = -1;

	buf_init(&text, TEXT_MAX);
	if (store_load(admin->set.store, r->contact, NULL, clock_now_ms(admin->set.clock), a, &view,
		       err) == 0)
		ret = flow_record_tell(flow, r->type, &found, r->contact, view.facts.language,
				       admin->set.settings, &text, err);
	*why_out = ret == 0 ? "no_text" : NULL;
	if (ret == 1)
		ret = conversation_tell(admin->set.conversation, r->contact, text.data, why_out,
					err);
	buf_free(&text);
	return ret;
}

static void write_change(const struct record *r, bool changed, const char *told, struct buf *out)
{
	struct json_writer w;

	json_begin(&w, out);
	json_object(&w, NULL);
	json_add_text(&w, "id", r->id);
	json_add_text(&w, "state", r->state);
	json_add_bool(&w, "changed", changed);
	json_add_text(&w, "told", told);
	json_end(&w);
}

/* The state stands: that somebody could not be told is said, and does not undo it. */
static const char *tell_of(struct admin *admin, const struct flow *flow, const struct record *r,
			   struct arena *a)
{
	struct err err = { 0 };
	const char *why = NULL;
	int got = tell(admin, flow, r, a, &why, &err);

	if (got < 0)
		log_warn("a contact was not told of a record", LOG_S("error", err.text));
	return got < 0 ? "failed" : got == 1 ? "queued" : why;
}

static int change(struct admin *admin, const struct flow *flow,
		  const struct admin_record_change *ch, struct arena *a, struct buf *out,
		  struct err *err)
{
	struct record r = { 0 };
	int64_t now = clock_now_ms(admin->set.clock);
	int got = store_record_get(admin->set.store, ch->type, ch->id, a, &r, err);
	const struct audit_entry audit = { now, "record.change", ch->id,
					   arena_printf(a, "%s: %s -> %s", ch->type,
							got == 1 ? r.state : "", ch->state),
					   ch->request_id };

	if (got != 1)
		return got;
	if (strcmp(r.state, ch->state) == 0) {
		write_change(&r, false, "unchanged", out);
		return 1;
	}
	got = store_record_change(admin->set.store, ch->type, ch->id, r.state, ch->state, now,
				  &audit, err);
	if (got == 0)
		return err_set(err, ERR_PERM, "somebody else has changed it meanwhile; look again");
	if (got < 0)
		return -1;
	r.state = ch->state;
	write_change(&r, true, ch->tell ? tell_of(admin, flow, &r, a) : "not_asked", out);
	return 1;
}

/* Two packs may keep records of one type: the one that knows this state has the words for it. */
static const struct flow *flow_with_state(const struct bot *bot, const char *type,
					  const char *state)
{
	for (size_t i = 0; i < bot->flow_count; i++) {
		if (flow_record_has_state(bot->flows[i], type, state))
			return bot->flows[i];
	}
	return NULL;
}

int admin_record_change(struct admin *admin, const struct admin_record_change *ch, struct buf *out,
			struct err *err)
{
	struct bot *bot = conversation_bot(admin->set.conversation);
	const struct flow *flow = flow_with_state(bot, ch->type, ch->state);
	struct arena a = { 0 };
	int ret = 0;

	if (!flow && admin_record_flow(bot, ch->type))
		ret = err_set(err, ERR_INPUT, "\"%.40s\" is no state of %s in the pack", ch->state,
			      ch->type);
	else if (flow)
		ret = change(admin, flow, ch, &a, out, err);
	bot_release(&bot);
	arena_free(&a);
	return ret;
}
