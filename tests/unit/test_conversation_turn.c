/*
 * test_conversation_turn.c - a turn on a store in memory: what happens when one question of several
 * fails.
 */
#include "check.h"

#include "../../src/conversation/conversation_private.h"
#include "../../src/store/driver_private.h"

#define KEYS "k1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define WHO  "whatsapp:+919876543210"

/* The memory driver, but with a former bot's session that may be out of reach. */
static struct store_driver driver;
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

struct fixture {
	struct conversation conversation;
	struct seal_ring *ring;
	struct store *store;
	struct bot *bot;
	struct clock clock;
	struct arena arena;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);
	struct flow_faults faults = { 0 };
	const struct store_driver *memory;
	struct store_settings set = { 0 };
	void *self;

	if (seal_ring_parse(KEYS, &f->ring, NULL) < 0 ||
	    bot_load("templates", "msme", &f->bot, &faults, NULL) < 0)
		return -1;
	flow_faults_free(&faults);
	set.ring = f->ring;
	if (driver_memory_open(&set, &memory, &self, NULL) < 0)
		return -1;
	driver = *memory;
	driver.legacy_load = legacy_load;
	if (store_open_driver(&set, &driver, self, &f->store, NULL) < 0)
		return -1;
	clock_init_standing(&f->clock, 1763600000000);
	f->conversation.set.store = f->store;
	f->conversation.set.clock = &f->clock;
	f->conversation.set.settings = value_object(&f->arena);
	f->conversation.set.session_ttl_ms = 86400000;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_close(&f->store);
	bot_release(&f->bot);
	seal_ring_free(&f->ring);
	arena_free(&f->arena);
	test_free(f);
	return 0;
}

static int write_text(struct fixture *f, const char *id, const char *text, struct turn_done *done,
		      struct err *err)
{
	struct inbound in;

	inbound_init(&in);
	in.channel = "twilio";
	in.contact = WHO;
	in.external_id = id;
	in.text = text;
	return turn_message(&f->conversation, f->bot, &in, TURN_INLINE, &f->arena, done, err);
}

/* Greeting the person anew would have thrown the former session away. */
static void test_former_session_out_of_reach_fails_the_turn(void **state)
{
	struct fixture *f = *state;
	struct turn_done done;
	struct turn_view view;
	struct err err = { 0 };

	legacy_away = true;
	assert_int_equal(write_text(f, "SM1", "hello", &done, &err), -1);
	assert_int_equal(err.kind, ERR_TEMP);
	assert_int_equal(
		store_load(f->store, WHO, "SM1", clock_now_ms(&f->clock), &f->arena, &view, NULL),
		0);
	assert_int_equal(view.reply.state, REPLY_NONE);
	assert_null(view.session);

	legacy_away = false;
	assert_int_equal(write_text(f, "SM1", "9876543210", &done, &err), 0);
	assert_int_equal(done.how, TURN_ANSWERED);
	assert_string_equal(done.session->step, "confirmation");
	assert_string_equal(session_get(done.session, "name"), "Asha Rao");
}

static void test_a_repeat_is_seen_and_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct turn_done first, again;
	struct err err = { 0 };

	legacy_away = false;
	assert_int_equal(write_text(f, "SM1", "9876543210", &first, &err), 0);
	assert_int_equal(write_text(f, "SM1", "9876543210", &again, &err), 0);
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
