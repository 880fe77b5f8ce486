/*
 * test_outbox_policy.c - what next after an attempt, as a table.
 */
#include "check.h"

#include "outbox.h"

enum { MOST = 20 };

static void test_plan_after_send(void **state)
{
	static const struct {
		const char *name;
		enum send_verdict got;
		int64_t retry_after_ms;
		unsigned attempt;
		enum outbox_next next;
		int64_t least_ms, most_ms;
	} cases[] = {
		{ "accepted", SEND_OK, 0, 1, NEXT_DONE, 0, 0 },
		{ "busy, first", SEND_BUSY, 0, 1, NEXT_RETRY, 500, 1000 },
		{ "busy, the provider says when", SEND_BUSY, 7000, 1, NEXT_RETRY, 7000, 7000 },
		{ "busy is not the message's fault", SEND_BUSY, 0, MOST + 5, NEXT_RETRY, 30000,
		  60000 },
		{ "busy for ever", SEND_BUSY, 0, 200, NEXT_DEAD, 0, 0 },
		{ "not accepted, first", SEND_TEMP, 0, 1, NEXT_RETRY, 500, 1000 },
		{ "not accepted, fourth", SEND_TEMP, 0, 4, NEXT_RETRY, 4000, 8000 },
		{ "not accepted, waits at most five minutes", SEND_TEMP, 0, 19, NEXT_RETRY, 150000,
		  300000 },
		{ "not accepted, last", SEND_TEMP, 0, MOST, NEXT_DEAD, 0, 0 },
		{ "no answer: maybe sent", SEND_UNSURE, 0, 1, NEXT_LOOK_UP, 1500, 3000 },
		{ "no answer on the last attempt: still looked up", SEND_UNSURE, 0, MOST,
		  NEXT_LOOK_UP, 1500, 3000 },
		{ "credentials wrong: wait for people", SEND_CONFIG, 0, 1, NEXT_RETRY, 60000,
		  60000 },
		{ "credentials wrong for a day", SEND_CONFIG, 0, 24 * 60, NEXT_DEAD, 0, 0 },
		{ "never", SEND_PERM, 0, 1, NEXT_DEAD, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (uint64_t random = 0; random < 5; random++) {
			struct send_result got = { .verdict = cases[i].got,
						   .retry_after_ms = cases[i].retry_after_ms };
			struct outbox_plan p = outbox_plan(&got, cases[i].attempt, MOST,
							   random * 0x3333333333333333u);

			CHECK_CASE(p.next == cases[i].next, cases[i].name);
			CHECK_CASE(p.delay_ms >= cases[i].least_ms, cases[i].name);
			CHECK_CASE(p.delay_ms <= cases[i].most_ms, cases[i].name);
		}
}

static void test_plan_after_lookup(void **state)
{
	static const struct {
		const char *name;
		int found;
		unsigned attempt;
		enum outbox_next next;
	} cases[] = {
		{ "found", 1, 2, NEXT_DONE },
		{ "found at last", 1, MOST, NEXT_DONE },
		{ "not there, too early to believe", 0, 2, NEXT_LOOK_UP },
		{ "not there, third look", 0, 3, NEXT_LOOK_UP },
		{ "not there, believed: send again", 0, 4, NEXT_RETRY },
		{ "not there, no attempt left", 0, MOST, NEXT_DEAD },
		{ "cannot tell", -1, 4, NEXT_LOOK_UP },
		{ "cannot tell, give up asking", -1, MOST, NEXT_WAIT_STATUS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outbox_plan p =
			outbox_plan_lookup(cases[i].found, cases[i].attempt, MOST, 12345);

		CHECK_CASE(p.next == cases[i].next, cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_after_send),
		cmocka_unit_test(test_plan_after_lookup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
