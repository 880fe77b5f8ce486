/*
 * The decisions that every store driver makes alike: claims and what comes of them, news of a
 * message, when to ask, and the rate over every window of one second.
 */
#include <stdlib.h>

#include "../../src/store/rules_private.h"
#include "check.h"

enum {
	WA = OUTBOUND_WAITING,
	CL = OUTBOUND_CLAIMED,
	US = OUTBOUND_UNSURE,
	AC = OUTBOUND_ACCEPTED,
	DE = OUTBOUND_DEAD,
	PA = OUTBOUND_PARKED,
};

static struct driver_outbound row_of(int state, int reason, unsigned attempts,
				     const char *external_id, int status)
{
	return (struct driver_outbound){ .id = "r",
					 .state = (enum outbound_state)state,
					 .reason = (enum outbound_reason)reason,
					 .attempts = attempts,
					 .external_id = external_id,
					 .status = (enum status)status };
}

static void test_settle(void **state)
{
	enum { NO = STATUS_NONE, QU = STATUS_QUEUED, FA = STATUS_FAILED };
	enum { NR = OUTBOUND_NO_REASON, OF = OUTBOUND_FAILED, OR = OUTBOUND_REPLACED };
	const struct {
		const char *name;
		struct driver_outbound row, news;
		bool heard;
		struct driver_outbound after;
	} cases[] = {
		{ "sent", row_of(CL, NR, 1, "", NO), row_of(AC, NR, 1, "SM1", QU), true,
		  row_of(AC, NR, 1, "SM1", QU) },
		{ "again later", row_of(CL, NR, 2, "", NO), row_of(WA, NR, 2, "", NO), true,
		  row_of(WA, NR, 2, "", NO) },
		{ "refused for good", row_of(CL, NR, 1, "", NO), row_of(DE, OF, 1, "", NO), true,
		  row_of(DE, OF, 1, "", NO) },
		{ "unsure", row_of(CL, NR, 1, "", NO), row_of(US, NR, 1, "", NO), true,
		  row_of(US, NR, 1, "", NO) },
		{ "unsure, but heard of", row_of(CL, NR, 1, "SM1", QU), row_of(US, NR, 1, "", NO),
		  true, row_of(AC, NR, 1, "SM1", QU) },
		{ "failed meanwhile", row_of(CL, NR, 1, "SM1", FA), row_of(AC, NR, 1, "SM1", QU),
		  true, row_of(AC, NR, 1, "SM1", FA) },
		{ "an older claim: again", row_of(US, NR, 2, "", NO), row_of(WA, NR, 1, "", NO),
		  false, row_of(US, NR, 2, "", NO) },
		{ "an older claim: dead", row_of(CL, NR, 2, "", NO), row_of(DE, OF, 1, "", NO),
		  false, row_of(CL, NR, 2, "", NO) },
		{ "an older claim: unsure", row_of(WA, NR, 2, "", NO), row_of(US, NR, 1, "", NO),
		  false, row_of(WA, NR, 2, "", NO) },
		{ "an older claim: sent", row_of(US, NR, 2, "", NO), row_of(AC, NR, 1, "SM1", QU),
		  true, row_of(AC, NR, 2, "SM1", QU) },
		{ "sent stays sent", row_of(AC, NR, 1, "SM1", QU), row_of(DE, OF, 1, "", NO), true,
		  row_of(AC, NR, 1, "SM1", QU) },
		{ "dead, but sent after all", row_of(DE, OF, 1, "", NO),
		  row_of(AC, NR, 1, "SM1", QU), true, row_of(AC, NR, 1, "SM1", QU) },
		{ "dead stays dead", row_of(DE, OF, 1, "", NO), row_of(WA, NR, 1, "", NO), true,
		  row_of(DE, OF, 1, "", NO) },
		{ "replaced stays replaced", row_of(DE, OR, 1, "", FA),
		  row_of(AC, NR, 1, "SM1", QU), true, row_of(DE, OR, 1, "SM1", FA) },
		{ "parked stays parked", row_of(PA, NR, 0, "", NO), row_of(WA, NR, 0, "", NO), true,
		  row_of(PA, NR, 0, "", NO) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct driver_outbound row = cases[i].row;
		const struct driver_outbound *after = &cases[i].after;

		for (int twice = 0; twice < 2; twice++) { /* settling again does no harm */
			bool heard = rule_settle(&row, &cases[i].news);

			CHECK_CASE(heard == cases[i].heard, cases[i].name);
			CHECK_CASE(row.state == after->state, cases[i].name);
			CHECK_CASE(row.reason == after->reason, cases[i].name);
			CHECK_CASE(row.attempts == after->attempts, cases[i].name);
			CHECK_CASE(row.status == after->status, cases[i].name);
			CHECK_SAME(row.external_id, after->external_id, cases[i].name);
		}
	}
}

static void test_status(void **state)
{
	enum { NO = STATUS_NONE, QU = STATUS_QUEUED, SE = STATUS_SENT, FA = STATUS_FAILED };
	enum { NR = OUTBOUND_NO_REASON, OF = OUTBOUND_FAILED, OU = OUTBOUND_UNTOLD };
	const struct {
		const char *name;
		struct driver_outbound row;
		const char *external_id;
		int news;
		bool heard;
		struct driver_outbound after;
	} cases[] = {
		{ "climbs", row_of(AC, NR, 1, "SM1", QU), "SM1", SE, true,
		  row_of(AC, NR, 1, "SM1", SE) },
		{ "never back", row_of(AC, NR, 1, "SM1", SE), "SM1", QU, true,
		  row_of(AC, NR, 1, "SM1", SE) },
		{ "before the answer", row_of(CL, NR, 1, "", NO), "SM1", QU, true,
		  row_of(CL, NR, 1, "SM1", QU) },
		{ "without its id", row_of(AC, NR, 1, "SM1", QU), "", SE, true,
		  row_of(AC, NR, 1, "SM1", SE) },
		{ "unsure no more", row_of(US, NR, 1, "", NO), "SM1", QU, true,
		  row_of(AC, NR, 1, "SM1", QU) },
		{ "untold, then told", row_of(DE, OU, 3, "", NO), "SM1", SE, true,
		  row_of(AC, NR, 3, "SM1", SE) },
		{ "a refused one stays dead", row_of(DE, OF, 3, "", NO), "SM1", FA, true,
		  row_of(DE, OF, 3, "SM1", FA) },
		{ "of an earlier message", row_of(AC, NR, 1, "SM2", QU), "SM1", FA, false,
		  row_of(AC, NR, 1, "SM2", QU) },
		{ "of an earlier message, unsure", row_of(US, NR, 1, "SM2", NO), "SM1", QU, false,
		  row_of(US, NR, 1, "SM2", NO) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct driver_outbound row = cases[i].row;
		const struct driver_outbound *after = &cases[i].after;
		bool heard =
			rule_status(&row, cases[i].external_id, (enum status)cases[i].news, 63016);

		CHECK_CASE(heard == cases[i].heard, cases[i].name);
		CHECK_CASE(row.state == after->state, cases[i].name);
		CHECK_CASE(row.reason == after->reason, cases[i].name);
		CHECK_CASE(row.status == after->status, cases[i].name);
		CHECK_SAME(row.external_id, after->external_id, cases[i].name);
		CHECK_CASE(row.error_code == (row.status != cases[i].row.status ? 63016 : 0),
			   cases[i].name);
	}
}

static void test_ask(void **state)
{
	static const struct {
		const char *name;
		enum status status;
		unsigned asked;
		int64_t after_ms;
	} cases[] = {
		{ "first", STATUS_QUEUED, 0, 60000 },
		{ "nothing known", STATUS_NONE, 0, 60000 },
		{ "second", STATUS_SENT, 1, 300000 },
		{ "third", STATUS_SENT, 2, 1800000 },
		{ "fourth", STATUS_SENT, 3, 10800000 },
		{ "fifth", STATUS_SENT, 4, 43200000 },
		{ "sixth", STATUS_SENT, 5, 86400000 },
		{ "often enough", STATUS_SENT, 6, 0 },
		{ "more than that", STATUS_SENT, UINT32_MAX, 0 },
		{ "delivered", STATUS_DELIVERED, 0, 0 },
		{ "read", STATUS_READ, 0, 0 },
		{ "failed", STATUS_FAILED, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_CASE(rule_ask_after_ms(cases[i].status, cases[i].asked) == cases[i].after_ms,
			   cases[i].name);
}

/* ---- the rate ---- */

enum { US_PER_S = 1000000, MAX_SENT = 200000 };

struct lane {
	unsigned every_us; /* it asks so often, 0: when the answer says */
	unsigned want;	   /* each time; 0: it does not */
	unsigned slack_us; /* and up to so much later than it meant to */
	int64_t next_us;
	int64_t sent;
	int64_t longest_wait_us; /* from asking to a grant */
	int64_t since_us;
};

struct sends {
	int64_t *at_us;
	size_t count;
};

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

static void ask(struct rule_rate *r, struct lane *l, bool spare, unsigned rate, int64_t now_us,
		uint64_t *seed, struct sends *sends)
{
	int64_t wait_us = 0;
	unsigned n = rule_rate_take(r, now_us, rate, spare, l->want, &wait_us);

	assert_true(n <= l->want);
	assert_true(n == l->want ? wait_us == 0 : wait_us > 0);
	for (unsigned i = 0; i < n && sends->count < MAX_SENT; i++)
		sends->at_us[sends->count++] = now_us;
	l->sent += n;
	if (n > 0 || l->since_us < 0) {
		if (n > 0 && l->since_us >= 0 && now_us - l->since_us > l->longest_wait_us)
			l->longest_wait_us = now_us - l->since_us;
		l->since_us = n > 0 ? -1 : now_us;
	}
	l->next_us = now_us + 1 + (l->every_us && n == l->want ? l->every_us : wait_us);
	if (l->slack_us)
		l->next_us += (int64_t)(next_random(seed) % l->slack_us);
}

static size_t most_in(const struct sends *sends, int64_t window_us)
{
	size_t most = 0, from = 0;

	for (size_t i = 0; i < sends->count; i++) {
		while (sends->at_us[i] - sends->at_us[from] >= window_us)
			from++;
		if (i - from + 1 > most)
			most = i - from + 1;
	}
	return most;
}

static void test_rate(void **state)
{
	static const struct {
		const char *name;
		unsigned rate, seconds;
		unsigned replies, replies_every_us, spare, slack_us;
		unsigned slow_divisor; /* for the first half */
		int64_t least, least_replies, longest_reply_us;
	} cases[] = {
		{ "one a second", 1, 20, 5, 0, 0, 0, 0, 19, 19, US_PER_S * 2 },
		{ "two a second, late by a bit", 2, 20, 5, 0, 0, 3000, 0, 37, 37, US_PER_S },
		{ "80 replies", 80, 20, 10, 0, 0, 0, 0, 1550, 1550, 20000 },
		{ "80, each late by up to 5 ms", 80, 20, 10, 0, 0, 5000, 0, 1540, 1540, 25000 },
		{ "80 of a broadcast", 80, 20, 0, 0, 100, 2000, 0, 1230, 0, 0 },
		{ "80 of both", 80, 20, 1, 100000, 100, 1000, 0, 1400, 190, 40000 },
		{ "1000 replies", 1000, 10, 100, 0, 0, 1000, 0, 9650, 9650, 8000 },
		{ "1000 of a broadcast", 1000, 10, 0, 0, 1000, 1000, 0, 7700, 0, 0 },
		{ "1000 of both, a tenth replies", 1000, 10, 1, 10000, 1000, 500, 0, 8600, 900,
		  15000 },
		{ "1000, replies want all", 1000, 10, 100, 0, 100, 200, 0, 9600, 7500, 20000 },
		{ "10000 of both", 10000, 5, 5, 5000, 1000, 300, 0, 42000, 4500, 15000 },
		{ "80, slow by 4 at first", 80, 20, 10, 0, 10, 0, 4, 950, 300, 120000 },
	};
	struct sends sends = { .at_us = calloc(MAX_SENT, sizeof(int64_t)) };

	(void)state;
	assert_non_null(sends.at_us);
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t start_us = INT64_C(1) << 40, end_us = start_us;
		struct lane replies = { .every_us = cases[i].replies_every_us,
					.want = cases[i].replies,
					.slack_us = cases[i].slack_us,
					.next_us = start_us,
					.since_us = -1 };
		struct lane spare = { .want = cases[i].spare,
				      .slack_us = cases[i].slack_us,
				      .next_us = start_us,
				      .since_us = -1 };
		struct rule_rate r = { .divisor = cases[i].slow_divisor };
		uint64_t seed = i + 1;

		end_us += (int64_t)cases[i].seconds * US_PER_S;
		if (cases[i].slow_divisor)
			r.slow_until_us = start_us + (end_us - start_us) / 2;
		sends.count = 0;
		if (!replies.want)
			replies.next_us = end_us;
		if (!spare.want)
			spare.next_us = end_us;
		while (replies.next_us < end_us || spare.next_us < end_us) {
			bool s = spare.next_us < replies.next_us;
			struct lane *l = s ? &spare : &replies;

			ask(&r, l, s, cases[i].rate, l->next_us, &seed, &sends);
		}
		CHECK_CASE(sends.count < MAX_SENT, cases[i].name);
		CHECK_CASE(most_in(&sends, US_PER_S) <= cases[i].rate, cases[i].name);
		CHECK_CASE(most_in(&sends, 10) <= (cases[i].rate >= 100 ? cases[i].rate / 100 : 1),
			   cases[i].name);
		if ((int64_t)sends.count < cases[i].least ||
		    replies.sent < cases[i].least_replies ||
		    replies.longest_wait_us > cases[i].longest_reply_us)
			fail_msg("%s: %zu sent, %lld replies, one waited %lld us", cases[i].name,
				 sends.count, (long long)replies.sent,
				 (long long)replies.longest_wait_us);
		CHECK_CASE(spare.sent <= (int64_t)cases[i].rate * 8 / 10 * cases[i].seconds + 1,
			   cases[i].name);
	}
	free(sends.at_us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settle),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
