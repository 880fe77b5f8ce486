/*
 * test_conversation_calls.c - the webhooks that wait for a call: how many, and how long.
 */
#include "check.h"

#include "base/metric.h"

#include "../../src/conversation/conversation_private.h"

enum { ROOM = 2, SHORT_MS = 30 };

struct fixture {
	struct conversation conversation;
	struct calls *calls;
	struct waiter waiters[ROOM + 1];
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);

	f->conversation.set.max_waiting = ROOM;
	for (size_t i = 0; i < COUNT(f->waiters); i++)
		f->waiters[i] = (struct waiter){ .contact = "whatsapp:+911", .external_id = "SM1" };
	*state = f;
	return calls_open(&f->conversation, 1, &f->calls, NULL);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	calls_stop(f->calls, 0);
	calls_close(&f->calls);
	test_free(f);
	return 0;
}

static int64_t turned_away(void)
{
	return metric_value(metric_counter("samvad_waiting_full_total", NULL, ""));
}

static void test_room_is_bounded(void **state)
{
	struct fixture *f = *state;
	int64_t before = turned_away();

	assert_true(calls_wait_begin(f->calls, &f->waiters[0]));
	assert_true(calls_wait_begin(f->calls, &f->waiters[1]));
	assert_int_equal(turned_away() - before, 0);
	assert_false(calls_wait_begin(f->calls, &f->waiters[2]));
	assert_int_equal(turned_away() - before, 1);
	calls_wait_end(f->calls, &f->waiters[0]);
	assert_true(calls_wait_begin(f->calls, &f->waiters[2])); /* room again */
	calls_wait_end(f->calls, &f->waiters[1]);
	calls_wait_end(f->calls, &f->waiters[2]);
}

static void test_wait_ends_in_time(void **state)
{
	struct fixture *f = *state;
	struct arena a = { 0 };
	struct reply reply;
	int64_t until = clock_mono_ms() + SHORT_MS;

	assert_true(calls_wait_begin(f->calls, &f->waiters[0]));
	assert_false(calls_wait(f->calls, &f->waiters[0], SHORT_MS, &a, &reply));
	assert_true(clock_mono_ms() >= until);
	calls_wait_end(f->calls, &f->waiters[0]);
	arena_free(&a);
}

/* At the end of the program nobody waits any more, and that is not a lack of room. */
static void test_nobody_waits_at_the_end(void **state)
{
	struct fixture *f = *state;
	struct arena a = { 0 };
	struct reply reply;
	int64_t before = turned_away();

	assert_true(calls_wait_begin(f->calls, &f->waiters[0]));
	calls_stop(f->calls, 0);
	assert_false(calls_wait(f->calls, &f->waiters[0], INT32_MAX, &a, &reply));
	assert_false(calls_wait_begin(f->calls, &f->waiters[1]));
	assert_int_equal(turned_away() - before, 0);
	calls_wait_end(f->calls, &f->waiters[0]);
	arena_free(&a);
}

#define CALLS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CALLS_TEST(test_room_is_bounded),
		CALLS_TEST(test_wait_ends_in_time),
		CALLS_TEST(test_nobody_waits_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
