/*
 * test_broadcast_progress.c - counts of rows become numbers that add up; what fails, what goes
 * again, and when all will be through.
 */
#include "check.h"

#include "../../src/broadcast/broadcast_private.h"

#define NOW INT64_C(1795167000000)

static void outcomes(void **state)
{
	static const struct {
		const char *name;
		enum outbound_state state;
		enum outbound_reason reason;
		enum status status;
		int code;
		bool cancelled;
		enum broadcaster_outcome want;
	} rows[] = {
		{ "waits", OUTBOUND_WAITING, 0, 0, 0, false, OUTCOME_WAITING },
		{ "waits for ever", OUTBOUND_WAITING, 0, 0, 0, true, OUTCOME_CANCELLED },
		{ "on its way", OUTBOUND_CLAIMED, 0, 0, 0, true, OUTCOME_SENDING },
		{ "perhaps", OUTBOUND_UNSURE, 0, 0, 0, false, OUTCOME_UNSURE },
		{ "accepted", OUTBOUND_ACCEPTED, 0, STATUS_QUEUED, 0, false, OUTCOME_ACCEPTED },
		{ "sent", OUTBOUND_ACCEPTED, 0, STATUS_SENT, 0, false, OUTCOME_ACCEPTED },
		{ "delivered", OUTBOUND_ACCEPTED, 0, STATUS_DELIVERED, 0, true, OUTCOME_DELIVERED },
		{ "read", OUTBOUND_ACCEPTED, 0, STATUS_READ, 0, false, OUTCOME_READ },
		{ "failed later", OUTBOUND_ACCEPTED, 0, STATUS_FAILED, 0, false, OUTCOME_FAILED },
		{ "undelivered", OUTBOUND_ACCEPTED, 0, STATUS_UNDELIVERED, 0, false,
		  OUTCOME_FAILED },
		{ "parked", OUTBOUND_PARKED, 0, 0, 0, false, OUTCOME_PARKED },
		{ "refused", OUTBOUND_DEAD, OUTBOUND_FAILED, 0, 0, false, OUTCOME_FAILED },
		{ "refused after a STOP there", OUTBOUND_DEAD, OUTBOUND_FAILED, 0, 21610, false,
		  OUTCOME_SKIPPED },
		{ "undelivered after a STOP there", OUTBOUND_ACCEPTED, 0, STATUS_UNDELIVERED, 21610,
		  false, OUTCOME_SKIPPED },
		{ "untold", OUTBOUND_DEAD, OUTBOUND_UNTOLD, 0, 0, false, OUTCOME_UNSURE },
		{ "parked, cancelled", OUTBOUND_PARKED, 0, 0, 0, true, OUTCOME_CANCELLED },
		{ "held back in a line", OUTBOUND_DEAD, OUTBOUND_CANCELLED, 0, 0, true,
		  OUTCOME_CANCELLED },
		{ "skipped", OUTBOUND_DEAD, OUTBOUND_OPTED_OUT, 0, 0, true, OUTCOME_SKIPPED },
		{ "too long", OUTBOUND_DEAD, OUTBOUND_TOO_LONG, 0, 0, false, OUTCOME_SKIPPED },
		{ "replaced", OUTBOUND_DEAD, OUTBOUND_REPLACED, STATUS_FAILED, 0, false,
		  OUTCOME_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct broadcast_count c = { rows[i].state, rows[i].reason, rows[i].status,
						   rows[i].code, 1 };

		CHECK_CASE(broadcaster_outcome_of(&c, rows[i].cancelled) == rows[i].want,
			   rows[i].name);
	}
}

static void counts_add_up(void **state)
{
	static const struct broadcast_count list[] = {
		{ OUTBOUND_WAITING, 0, 0, 0, 7 },
		{ OUTBOUND_CLAIMED, 0, 0, 0, 2 },
		{ OUTBOUND_UNSURE, 0, 0, 0, 1 },
		{ OUTBOUND_ACCEPTED, 0, STATUS_SENT, 0, 10 },
		{ OUTBOUND_ACCEPTED, 0, STATUS_DELIVERED, 0, 20 },
		{ OUTBOUND_ACCEPTED, 0, STATUS_READ, 0, 30 },
		{ OUTBOUND_ACCEPTED, 0, STATUS_UNDELIVERED, 63024, 4 },
		{ OUTBOUND_ACCEPTED, 0, STATUS_FAILED, 63016, 5 },
		{ OUTBOUND_DEAD, OUTBOUND_FAILED, 0, 21211, 3 },
		{ OUTBOUND_DEAD, OUTBOUND_FAILED, 0, 21610, 6 },
		{ OUTBOUND_DEAD, OUTBOUND_UNTOLD, 0, 0, 1 },
		{ OUTBOUND_DEAD, OUTBOUND_OPTED_OUT, 0, 0, 8 },
		{ OUTBOUND_DEAD, OUTBOUND_NO_VALUE, 0, 0, 9 },
		{ OUTBOUND_DEAD, OUTBOUND_REPLACED, STATUS_FAILED, 63016, 100 },
		{ OUTBOUND_PARKED, 0, 0, 0, 11 },
	};
	struct broadcaster_progress p;
	int64_t sum = 0;

	(void)state;
	broadcaster_count_up(list, COUNT(list), false, &p);
	for (int o = 0; o < OUTCOME_COUNT; o++)
		sum += p.outcomes[o];
	assert_int_equal(p.audience, 117);
	assert_int_equal(sum, p.audience);
	assert_int_equal(p.outcomes[OUTCOME_FAILED], 12);
	assert_int_equal(p.outcomes[OUTCOME_UNSURE], 2);
	assert_int_equal(p.outcomes[OUTCOME_SKIPPED], 23);
	assert_int_equal(p.skipped[OUTBOUND_OPTED_OUT], 14); /* 6 of them said it to the provider */
	assert_int_equal(p.skipped[OUTBOUND_NO_VALUE], 9);
	/* neither closed windows nor opt-outs say that something is wrong */
	assert_int_equal(p.failed, 7);
	assert_int_equal(p.finished, 67);
	assert_int_equal(p.code, 63024);
	assert_int_equal(p.open, 10); /* an untold one is over, as far as anybody can tell */
}

static void failing(void **state)
{
	static const struct {
		const char *name;
		int64_t failed, finished;
		bool want;
	} rows[] = {
		{ "none", 0, 0, false },	{ "all of a few", 24, 24, false },
		{ "enough", 25, 80, true },	{ "not more than the share", 30, 100, false },
		{ "just more", 31, 100, true }, { "many, but few of them", 1000, 100000, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK_CASE(broadcaster_is_failing(rows[i].failed, rows[i].finished) == rows[i].want,
			   rows[i].name);
}

static void finish(void **state)
{
	static const struct {
		const char *name, *quiet, *from;
		int64_t messages;
		double rate;
		const char *want;
	} rows[] = {
		{ "at once", "", "2026-11-20T09:30:00Z", 0, 10, "2026-11-20T09:30:00.000Z" },
		{ "a minute", "", "2026-11-20T09:30:00Z", 600, 10, "2026-11-20T09:31:00.000Z" },
		{ "before the night", "21:00-09:00Z", "2026-11-20T20:59:00Z", 600, 10,
		  "2026-11-20T21:00:00.000Z" },
		{ "over the night", "21:00-09:00Z", "2026-11-20T20:59:00Z", 1200, 10,
		  "2026-11-21T09:01:00.000Z" },
		{ "from the night", "21:00-09:00Z", "2026-11-20T23:00:00Z", 600, 10,
		  "2026-11-21T09:01:00.000Z" },
		{ "two nights", "21:00-09:00Z", "2026-11-20T09:00:00Z", 90000, 1,
		  "2026-11-22T10:00:00.000Z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct quiet_hours quiet;
		char got[CLOCK_ISO_SIZE];
		int64_t from;

		assert_int_equal(broadcaster_parse_quiet(rows[i].quiet, &quiet, NULL), 0);
		assert_int_equal(broadcaster_read_time(rows[i].from, &from), 0);
		clock_format_iso(
			broadcaster_finish_ms(rows[i].messages, rows[i].rate, from, &quiet), got);
		CHECK_SAME(got, rows[i].want, rows[i].name);
	}
}

static void retried(void **state)
{
	static const struct {
		const char *name;
		enum outbound_state state;
		enum outbound_reason reason;
		enum status status;
		int64_t created_ms;
		bool want;
	} rows[] = {
		{ "refused", OUTBOUND_DEAD, OUTBOUND_FAILED, 0, NOW - 1, true },
		{ "failed later", OUTBOUND_ACCEPTED, 0, STATUS_FAILED, NOW - 1, true },
		{ "undelivered", OUTBOUND_ACCEPTED, 0, STATUS_UNDELIVERED, NOW - 1, true },
		{ "of this round", OUTBOUND_DEAD, OUTBOUND_FAILED, 0, NOW, false },
		{ "untold", OUTBOUND_DEAD, OUTBOUND_UNTOLD, 0, NOW - 1, false },
		{ "perhaps", OUTBOUND_UNSURE, 0, 0, NOW - 1, false },
		{ "skipped", OUTBOUND_DEAD, OUTBOUND_OPTED_OUT, 0, NOW - 1, false },
		{ "replaced", OUTBOUND_DEAD, OUTBOUND_REPLACED, STATUS_FAILED, NOW - 1, false },
		{ "delivered", OUTBOUND_ACCEPTED, 0, STATUS_DELIVERED, NOW - 1, false },
		{ "waits", OUTBOUND_WAITING, 0, 0, NOW - 1, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct outbound row = { .state = rows[i].state,
					      .reason = rows[i].reason,
					      .status = rows[i].status,
					      .created_ms = rows[i].created_ms };

		CHECK_CASE(broadcaster_is_retried(&row, NOW) == rows[i].want, rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outcomes), cmocka_unit_test(counts_add_up),
		cmocka_unit_test(failing),  cmocka_unit_test(finish),
		cmocka_unit_test(retried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
