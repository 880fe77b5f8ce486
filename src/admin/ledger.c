/*
 * ledger.c - what a contact agreed to, and what admins did.
 */
#include "admin_private.h"

#include "base/json.h"

enum { ENTRIES_MOST = 1000, CONSENTS_MOST = 100 };

static void add_time(struct json_writer *w, const char *key, int64_t ms)
{
	char text[CLOCK_ISO_SIZE];

	clock_format_iso(ms, text);
	json_add_text(w, key, text);
}

static void write_consents(struct admin *admin, const char *contact, enum consent now,
			   const struct consent_entry *list, size_t count, struct buf *out)
{
	struct json_writer w;

	json_begin(&w, out);
	json_object(&w, NULL);
	json_add_text(&w, "contact", contact);
	json_add_text(&w, "consent", consent_name(now));
	json_array(&w, "entries");
	for (size_t i = 0; i < count; i++) {
		json_object(&w, NULL);
		add_time(&w, "at", list[i].at_ms);
		json_add_text(&w, "consent", consent_name(list[i].event.consent));
		json_add_text(&w, "words", list[i].event.words);
		json_add_text(&w, "message_id", list[i].event.external_id);
		json_end(&w);
	}
	json_end(&w);
	add_time(&w, "timestamp", clock_now_ms(admin->set.clock));
	json_end(&w);
}

int admin_consent(struct admin *admin, const char *contact, struct buf *out, struct err *err)
{
	struct consent_entry *list = NULL;
	struct turn_view view = { 0 };
	struct arena a = { 0 };
	size_t count = 0;
	int ret = -1;

	if (store_load(admin->set.store, contact, NULL, clock_now_ms(admin->set.clock), &a, &view,
		       err) == 0 &&
	    store_consent_list(admin->set.store, contact, CONSENTS_MOST, &a, &list, &count, err) ==
		    0) {
		write_consents(admin, contact, view.facts.consent, list, count, out);
		ret = 0;
	}
	arena_free(&a);
	return ret;
}

int admin_audit(struct admin *admin, const char *object, unsigned limit, struct buf *out,
		struct err *err)
{
	struct audit_entry *list = NULL;
	struct arena a = { 0 };
	struct json_writer w;
	size_t count = 0;

	if (limit > ENTRIES_MOST)
		limit = ENTRIES_MOST;
	if (store_audit_list(admin->set.store, object, limit, &a, &list, &count, err) < 0) {
		arena_free(&a);
		return -1;
	}
	json_begin(&w, out);
	json_object(&w, NULL);
	json_array(&w, "entries");
	for (size_t i = 0; i < count; i++) {
		json_object(&w, NULL);
		add_time(&w, "at", list[i].at_ms);
		json_add_text(&w, "action", list[i].action);
		json_add_text(&w, "object", list[i].object);
		json_add_text(&w, "detail", list[i].detail);
		json_add_text(&w, "request_id", list[i].request_id);
		json_end(&w);
	}
	json_end(&w);
	add_time(&w, "timestamp", clock_now_ms(admin->set.clock));
	json_end(&w);
	arena_free(&a);
	return 0;
}
