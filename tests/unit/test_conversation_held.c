/*
 * test_conversation_held.c - sessions kept between turns: two processes on one store, and what else
 * may change a contact meanwhile. What is held is never seen; only the loads are fewer.
 */
#include "conversation_house.h"

#include "store/outbox.h"

/* Of the memory driver. */
static int (*memory_load)(void *self, const char *contact, const char *external_id, int64_t now_ms,
			  struct arena *a, struct driver_view *view_out, struct err *err);
static unsigned loads;

static int count_load(void *self, const char *contact, const char *external_id, int64_t now_ms,
		      struct arena *a, struct driver_view *view_out, struct err *err)
{
	loads++;
	return memory_load(self, contact, external_id, now_ms, a, view_out, err);
}

static void count_loads(struct store_driver *driver)
{
	memory_load = driver->load;
	driver->load = count_load;
}

struct fixture {
	struct house house;
	struct turn_done done; /* of the last message */
	unsigned ids;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);

	if (house_open(&f->house, count_loads) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(f->house.processes); i++)
		f->house.processes[i].held = held_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(f->house.processes); i++)
		held_free(&f->house.processes[i].held);
	house_close(&f->house);
	test_free(f);
	return 0;
}

/* One message to a process; how often it loaded. */
static unsigned write_as(struct fixture *f, unsigned process, const char *id, const char *text)
{
	struct err err = { 0 };

	clock_advance(&f->house.clock, 1000);
	loads = 0;
	if (house_write(&f->house, process, id, text, &f->done, &err) < 0)
		fail_msg("%s", err.text);
	return loads;
}

static unsigned say(struct fixture *f, unsigned process, const char *text)
{
	return write_as(f, process, arena_printf(&f->house.arena, "SM%u", ++f->ids), text);
}

static struct turn_view stored(struct fixture *f)
{
	struct turn_view view;

	assert_int_equal(store_load(f->house.store, WHO, NULL, clock_now_ms(&f->house.clock),
				    &f->house.arena, &view, NULL),
			 0);
	return view;
}

/* The whole of a session as one text. */
static const char *all_of(struct fixture *f, const struct session *s)
{
	struct buf b;
	const char *text, digits[] = "0123456789abcdef";
	char *to;

	buf_init(&b, SESSION_MAX_ENCODED);
	assert_int_equal(session_encode(s, &b, NULL), 0);
	to = arena_alloc(&f->house.arena, 2 * b.len + 1);
	for (size_t i = 0; i < b.len; i++) {
		to[2 * i] = digits[(unsigned char)b.data[i] >> 4];
		to[2 * i + 1] = digits[(unsigned char)b.data[i] & 15];
	}
	text = arena_printf(&f->house.arena, "%s %lld %s %s %s %d %lld %lld %lld %llu %s", s->flow,
			    (long long)s->flow_version, s->step, s->shown_step, s->language,
			    s->completed, (long long)s->created_ms, (long long)s->updated_ms,
			    (long long)s->expires_ms, (unsigned long long)s->revision, to);
	buf_free(&b);
	return text;
}

static const char *const talk[] = { "Hi",    "Asha Rao",   "2",	    "0",       "400001",
				    "HELP",  "9876543210", "never", "BACK",    "4",
				    "हिन्दी", "STOP",	   "START", "RESTART", "Ravi" };

static void test_what_is_held_is_what_is_stored(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(talk); i++) {
		unsigned looked = say(f, 0, talk[i]);
		struct turn_view now = stored(f), held = { 0 };
		bool kept = held_take(f->house.processes[0].held, WHO,
				      clock_now_ms(&f->house.clock), &f->house.arena, &held);

		CHECK_CASE(looked == 1, talk[i]); /* it was taken out below */
		CHECK_CASE(kept, talk[i]);
		assert_string_equal(all_of(f, held.session), all_of(f, now.session));
		CHECK_CASE(held.facts.known && held.facts.consent == now.facts.consent &&
				   held.facts.first_in_ms == now.facts.first_in_ms &&
				   held.facts.last_in_ms == now.facts.last_in_ms &&
				   held.facts.unfinished == now.facts.unfinished &&
				   strcmp(held.facts.language, now.facts.language) == 0,
			   talk[i]);
	}
}

static void test_a_talk_loads_once(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(say(f, 0, "Hi"), 1);
	assert_int_equal(say(f, 0, "Asha Rao"), 0);
	assert_int_equal(say(f, 0, "2"), 0);
	assert_string_equal(stored(f).session->step, "pincode");
	assert_int_equal(stored(f).session->revision, 3);
}

static void test_a_repeat_gets_its_reply(void **state)
{
	struct fixture *f = *state;
	struct reply first;

	(void)write_as(f, 0, "A", "Hi");
	(void)write_as(f, 0, "B", "Asha Rao");
	first = f->done.reply;
	(void)write_as(f, 0, "C", "2");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(write_as(f, 0, "B", "Asha Rao"), 1);
		assert_int_equal(f->done.how, TURN_SEEN);
		assert_int_equal(f->done.reply.count, first.count);
		assert_memory_equal(f->done.reply.texts[0].p, first.texts[0].p, first.texts[0].n);
	}
	assert_string_equal(stored(f).session->step, "pincode");
	assert_int_equal(stored(f).session->revision, 3);
}

static void test_another_process_is_seen_and_costs_once(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(say(f, 0, "Hi"), 1);
	assert_int_equal(say(f, 1, "Asha Rao"), 1);
	assert_int_equal(say(f, 0, "2"), 1); /* a conflict: what was held was one turn old */
	assert_string_equal(stored(f).session->step, "pincode");
	assert_string_equal(session_get(stored(f).session, "name"), "Asha Rao");
	assert_int_equal(say(f, 1, "400001"), 1); /* the other's conflict */
	assert_int_equal(say(f, 0, "9876543210"), 1);
	assert_string_equal(stored(f).session->step, "confirmation");
	/* neither holds this contact any more, so neither pays for it */
	assert_false(held_take(f->house.processes[0].held, WHO, 0, &f->house.arena,
			       &(struct turn_view){ 0 }));
	assert_false(held_take(f->house.processes[1].held, WHO, 0, &f->house.arena,
			       &(struct turn_view){ 0 }));
}

static void test_consent_from_outside_is_seen(void **state)
{
	struct fixture *f = *state;
	const struct consent_event e = { CONSENT_OUT, "21610", "" };

	(void)say(f, 0, "Hi");
	assert_int_equal(
		store_consent_add(f->house.store, WHO, &e, clock_now_ms(&f->house.clock), NULL), 1);
	assert_int_equal(say(f, 0, "Asha Rao"), 1);
	assert_int_equal(stored(f).facts.consent, CONSENT_OUT);
	assert_string_equal(stored(f).session->step, "sector");
}

static void test_an_expired_session_is_not_used(void **state)
{
	struct fixture *f = *state;

	(void)say(f, 0, "Hi");
	(void)say(f, 0, "Asha Rao");
	clock_advance(&f->house.clock, HOUSE_TTL_MS);
	assert_int_equal(say(f, 0, "2"), 1);
	assert_null(session_get(f->done.session, "sector"));
	assert_int_equal(stored(f).session->revision, 1);
}

static void test_who_waits_for_a_call_is_not_held(void **state)
{
	static const char *const ask[] = { "Hi", "Asha Rao", "2", "400001", "9876543210", "YES" };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(ask); i++)
		(void)say(f, 0, ask[i]);
	assert_int_equal(f->done.how, TURN_WAITS);
	assert_int_equal(say(f, 0, "HELP"), 1);
}

static void test_what_is_too_large_or_parked_is_declined(void **state)
{
	struct fixture *f = *state;
	struct held *h = f->house.processes[0].held;
	struct contact_facts facts = { .known = true };
	struct turn_view view;
	struct session *s;
	char *large = arena_alloc(&f->house.arena, 3000);

	(void)say(f, 0, "Hi");
	assert_true(held_take(h, WHO, 0, &f->house.arena, &view));
	s = view.session;
	facts.parked = 1;
	held_put(h, WHO, &facts, s);
	assert_false(held_take(h, WHO, 0, &f->house.arena, &view));
	facts.parked = 0;
	memset(large, 'x', 2999);
	assert_int_equal(session_set(s, &f->house.arena, "name", large, NULL), 0);
	held_put(h, WHO, &facts, s);
	assert_false(held_take(h, WHO, 0, &f->house.arena, &view));
}

/* A slow thread must not put an older turn over a newer one. */
static void test_the_later_turn_stays(void **state)
{
	struct fixture *f = *state;
	struct held *h = f->house.processes[0].held;
	struct contact_facts facts = { .known = true };
	struct turn_view view;

	(void)say(f, 0, "Hi");
	assert_true(held_take(h, WHO, 0, &f->house.arena, &view));
	view.session->revision = 7;
	held_put(h, WHO, &facts, view.session);
	view.session->revision = 5;
	held_put(h, WHO, &facts, view.session);
	assert_true(held_take(h, WHO, 0, &f->house.arena, &view));
	assert_int_equal(view.session->revision, 8);
	held_expire(h);
	assert_false(held_take(h, WHO, 0, &f->house.arena, &view));
}

#define HELD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HELD_TEST(test_what_is_held_is_what_is_stored),
		HELD_TEST(test_a_talk_loads_once),
		HELD_TEST(test_a_repeat_gets_its_reply),
		HELD_TEST(test_another_process_is_seen_and_costs_once),
		HELD_TEST(test_consent_from_outside_is_seen),
		HELD_TEST(test_an_expired_session_is_not_used),
		HELD_TEST(test_who_waits_for_a_call_is_not_held),
		HELD_TEST(test_what_is_too_large_or_parked_is_declined),
		HELD_TEST(test_the_later_turn_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
