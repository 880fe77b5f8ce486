/*
 * test_conversation_lookup.c - a flow looks into records: its contact's own, also when asked twice.
 */
#include "conversation_house.h"

#define YOU "whatsapp:+919876543211"

static void keep(struct house *h, const char *contact, const char *id, const char *name)
{
	const struct session_value fields[] = { { "name", name }, { "sector", "textile" } };
	const struct record r = { .type = "registration",
				  .id = id,
				  .contact = contact,
				  .state = "new",
				  .created_ms = clock_now_ms(&h->clock),
				  .updated_ms = clock_now_ms(&h->clock),
				  .fields = fields,
				  .field_count = COUNT(fields) };
	struct turn t = { .contact = contact,
			  .now_ms = clock_now_ms(&h->clock),
			  .records = &r,
			  .record_count = 1 };
	struct flow_env env = turn_env(&h->processes[0], contact, NULL, &h->arena);
	struct session *s = flow_adopt(h->bot->flow, "name", NULL, 0, &env, &h->arena);
	struct turn_view view;
	enum commit_result result;
	struct err err = { 0 };

	clock_advance(&h->clock, 1000);
	assert_int_equal(store_load(h->store, contact, NULL, t.now_ms, &h->arena, &view, &err), 0);
	s->revision = view.session ? view.session->revision : 0;
	t.session = s;
	t.facts.known = true;
	if (store_commit(h->store, &t, &result, NULL, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(result, COMMIT_DONE);
}

static int setup(void **state)
{
	struct house *h = test_calloc(1, sizeof *h);

	if (house_open(h, NULL) < 0)
		return -1;
	keep(h, WHO, "REG-1", "Asha");
	keep(h, YOU, "REG-2", "Ravi");
	keep(h, WHO, "REG-3", "Asha D");
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct house *h = *state;

	house_close(h);
	test_free(h);
	return 0;
}

static struct integration_result look(struct house *h, const struct flow_call *call)
{
	struct integration_result result = { .outcome = "" };
	struct err err = { 0 };

	if (calls_look(&h->processes[0], h->bot->flow, WHO, "en", call, &h->arena, &result, &err) <
	    0)
		fail_msg("%s", err.text);
	return result;
}

static const char *text_at(const struct value *v, const char *name)
{
	v = value_get(v, name);
	return v && v->kind == VALUE_TEXT ? v->text.p : "(none)";
}

static void test_the_own_ones_newest_first(void **state)
{
	struct flow_call call = { .kind = FLOW_CALL_LIST,
				  .record_type = "registration",
				  .record_state = "",
				  .record_max = 5 };
	struct integration_result r = look(*state, &call);
	const struct value *items = value_get(r.answer, "items");

	assert_string_equal(r.outcome, "found");
	assert_string_equal(text_at(items->first, "id"), "REG-3");
	assert_string_equal(text_at(items->first, "number"), "1");
	assert_string_equal(text_at(items->first, "sector"), "Textile");
	assert_string_equal(text_at(items->first, "date"), "2025-11-20");
	assert_string_equal(text_at(items->first->next, "id"), "REG-1");
	assert_null(items->first->next->next);
	assert_null(value_get(r.answer, "more"));

	call.record_max = 1;
	r = look(*state, &call);
	assert_null(value_get(r.answer, "items")->first->next);
	assert_non_null(value_get(r.answer, "more"));

	call.record_state = "closed";
	assert_string_equal(look(*state, &call).outcome, "none");
}

static void test_one_by_id(void **state)
{
	static const struct {
		const char *id, *outcome, *name;
	} rows[] = {
		{ "REG-1", "found", "Asha" },
		{ "REG-2", "none", "(none)" },
		{ "REG-9", "none", "(none)" },
		{ "", "none", "(none)" },
		{ "what I typed\n%", "none", "(none)" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct flow_call call = { .kind = FLOW_CALL_FIND,
						.record_type = "registration",
						.record_id = rows[i].id };
		struct integration_result r = look(*state, &call);

		CHECK_SAME(r.outcome, rows[i].outcome, rows[i].id);
		CHECK_SAME(text_at(r.answer, "name"), rows[i].name, rows[i].id);
	}
}

static void test_a_change_is_made_once(void **state)
{
	struct flow_call call = { .kind = FLOW_CALL_CHANGE,
				  .record_type = "registration",
				  .record_id = "REG-1",
				  .record_state = "withdrawn",
				  .record_from = "new" };

	assert_string_equal(look(*state, &call).outcome, "changed");
	assert_string_equal(look(*state, &call).outcome, "changed"); /* asked again after a crash */
	call.record_state = "open";
	assert_string_equal(look(*state, &call).outcome, "unchanged");
	call.record_id = "REG-2"; /* somebody else's */
	assert_string_equal(look(*state, &call).outcome, "none");
}

#define LOOK_TEST(h) cmocka_unit_test_setup_teardown(h, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOK_TEST(test_the_own_ones_newest_first),
		LOOK_TEST(test_one_by_id),
		LOOK_TEST(test_a_change_is_made_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
