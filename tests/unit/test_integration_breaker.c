/*
 * test_integration_breaker.c - the breaker's moves, step by step.
 */
#include "check.h"

#include "../../src/integration/breaker_private.h"

enum { FAILURES = 3, PAUSE = 1000 };

static void test_moves(void **state)
{
	/* One story: each row is an event and the state after it. */
	static const struct {
		const char *name;
		int64_t at;
		enum { ASK_YES, ASK_NO, GOOD, BAD } event;
		enum breaker_state after;
	} rows[] = {
		{ "closed lets pass", 0, ASK_YES, BREAKER_CLOSED },
		{ "one failure", 1, BAD, BREAKER_CLOSED },
		{ "two failures", 2, BAD, BREAKER_CLOSED },
		{ "a success forgets them", 3, GOOD, BREAKER_CLOSED },
		{ "one", 4, BAD, BREAKER_CLOSED },
		{ "two", 5, BAD, BREAKER_CLOSED },
		{ "three in a row open it", 6, BAD, BREAKER_OPEN },
		{ "open refuses", 7, ASK_NO, BREAKER_OPEN },
		{ "a late failure does not lengthen the pause", 8, BAD, BREAKER_OPEN },
		{ "still refuses at the end of the pause", 1005, ASK_NO, BREAKER_OPEN },
		{ "then one probe passes", 1006, ASK_YES, BREAKER_HALF_OPEN },
		{ "only one", 1007, ASK_NO, BREAKER_HALF_OPEN },
		{ "the probe fails", 1010, BAD, BREAKER_OPEN },
		{ "twice the pause", 3009, ASK_NO, BREAKER_OPEN },
		{ "next probe", 3010, ASK_YES, BREAKER_HALF_OPEN },
		{ "the probe succeeds", 3011, GOOD, BREAKER_CLOSED },
		{ "as new: one failure does not open", 3012, BAD, BREAKER_CLOSED },
		{ "lets pass", 3013, ASK_YES, BREAKER_CLOSED },
	};
	struct breaker b;

	(void)state;
	breaker_init(&b, PAUSE);
	for (size_t i = 0; i < COUNT(rows); i++) {
		switch (rows[i].event) {
		case ASK_YES:
			CHECK_CASE(!breaker_refuses(&b, rows[i].at), rows[i].name);
			CHECK_CASE(breaker_admit(&b, rows[i].at), rows[i].name);
			break;
		case ASK_NO:
			CHECK_CASE(breaker_refuses(&b, rows[i].at), rows[i].name);
			CHECK_CASE(!breaker_admit(&b, rows[i].at), rows[i].name);
			break;
		case GOOD:
		case BAD:
			breaker_report(&b, rows[i].event == GOOD, FAILURES, PAUSE, rows[i].at);
			break;
		}
		CHECK_CASE(b.state == rows[i].after, rows[i].name);
	}
}

static void test_pause_has_a_limit(void **state)
{
	struct breaker b;
	int64_t now = 0;

	(void)state;
	breaker_init(&b, PAUSE);
	for (int i = 0; i < 20; i++) {
		breaker_report(&b, false, 1, PAUSE, now);
		assert_true(b.open_until_ms - now <= BREAKER_MAX_PAUSE_MS);
		now = b.open_until_ms;
		assert_true(breaker_admit(&b, now));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_pause_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
