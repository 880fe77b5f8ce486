/*
 * session.c - where one contact is: no answers, nothing private.
 */
#include "admin_private.h"

#include "base/json.h"

int admin_session(struct admin *admin, const char *contact, struct buf *out, struct err *err)
{
	struct arena a = { 0 };
	struct turn_view view = { 0 };
	struct json_writer w;
	int ret = store_load(admin->set.store, contact, NULL, clock_now_ms(admin->set.clock), &a,
			     &view, err);

	json_begin(&w, out);
	if (ret == 0 && view.session) {
		json_object(&w, NULL);
		json_add_text(&w, "step", view.session->step);
		json_add_text(&w, "flow", view.session->flow);
		json_add_text(&w, "language", view.session->language);
		json_add_bool(&w, "completed", view.session->completed);
		json_add_int(&w, "revision", (int64_t)view.session->revision);
		json_end(&w);
	} else if (ret == 0) {
		json_add_null(&w, NULL);
	}
	arena_free(&a);
	return ret;
}
