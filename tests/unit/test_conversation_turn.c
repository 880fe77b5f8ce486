/*
 * test_conversation_turn.c - a turn on a store in memory: what happens when one question of several
 * fails.
 */
#include "conversation_house.h"

/* A former bot's session may be out of reach. */
static bool legacy_away;

static int legacy_load(void *self, const char *contact, struct arena *a, struct str *json_out,
		       struct err *err)
{
	(void)self;
	(void)contact;
	if (legacy_away)
		return err_set(err, ERR_TEMP, "the store is away");
	*json_out = str_of(arena_strdup(
		a,
		"{\"current_step\":\"phone\",\"data\":{\"name\":\"Asha Rao\",\"sector\":\"Retail\","
		"\"pincode\":\"400001\"},\"created_at\":\"2026-11-20T08:00:00\"}"));
	return 1;
}

static void have_legacy(struct store_driver *driver)
{
	driver->legacy_load = legacy_load;
}

static int setup(void **state)
{
	struct house *h = test_calloc(1, sizeof *h);

	*state = h;
	return house_open(h, have_legacy);
}

static int teardown(void **state)
{
	struct house *h = *state;

	house_close(h);
	test_free(h);
	return 0;
}

/* Greeting the person anew would have thrown the former session away. */
static void test_former_session_out_of_reach_fails_the_turn(void **state)
{
	struct house *h = *state;
	struct turn_done done;
	struct turn_view view;
	struct err err = { 0 };

	legacy_away = true;
	assert_int_equal(house_write(h, 0, "SM1", "hello", &done, &err), -1);
	assert_int_equal(err.kind, ERR_TEMP);
	assert_int_equal(
		store_load(h->store, WHO, "SM1", clock_now_ms(&h->clock), &h->arena, &view, NULL),
		0);
	assert_int_equal(view.reply.state, REPLY_NONE);
	assert_null(view.session);

	legacy_away = false;
	assert_int_equal(house_write(h, 0, "SM1", "9876543210", &done, &err), 0);
	assert_int_equal(done.how, TURN_ANSWERED);
	assert_string_equal(done.session->step, "confirmation");
	assert_string_equal(session_get(done.session, "name"), "Asha Rao");
}

static void test_a_repeat_is_seen_and_changes_nothing(void **state)
{
	struct house *h = *state;
	struct turn_done first, again;
	struct err err = { 0 };

	legacy_away = false;
	assert_int_equal(house_write(h, 0, "SM1", "9876543210", &first, &err), 0);
	assert_int_equal(house_write(h, 0, "SM1", "9876543210", &again, &err), 0);
	assert_int_equal(again.how, TURN_SEEN);
	assert_int_equal(again.reply.state, REPLY_INLINE);
	assert_int_equal(again.reply.count, first.reply.count);
	assert_true(again.reply.texts[0].n == first.reply.texts[0].n &&
		    memcmp(again.reply.texts[0].p, first.reply.texts[0].p,
			   first.reply.texts[0].n) == 0);
}

#define TURN_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TURN_TEST(test_former_session_out_of_reach_fails_the_turn),
		TURN_TEST(test_a_repeat_is_seen_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
