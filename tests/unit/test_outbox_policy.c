/*
 * test_outbox_policy.c - who may be written to, what next, what a code asks for: as tables.
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
		{ "not accepted, the provider says when", SEND_TEMP, 9000, 1, NEXT_RETRY, 9000,
		  9000 },
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
		int64_t least_ms, most_ms;
	} cases[] = {
		{ "found", 1, 2, NEXT_DONE, 0, 0 },
		{ "found at last", 1, MOST, NEXT_DONE, 0, 0 },
		{ "certainly not there: send again", 0, 2, NEXT_RETRY, 500, 1000 },
		{ "not there, after some outage: later", 0, 12, NEXT_RETRY, 16000, 32000 },
		{ "certainly not there, no attempt left", 0, MOST, NEXT_DEAD, 0, 0 },
		{ "cannot tell", -1, 4, NEXT_LOOK_UP, 12000, 24000 },
		{ "cannot tell, give up asking", -1, MOST, NEXT_WAIT_STATUS, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outbox_plan p =
			outbox_plan_lookup(cases[i].found, cases[i].attempt, MOST, 12345);

		CHECK_CASE(p.next == cases[i].next, cases[i].name);
		CHECK_CASE(p.delay_ms >= cases[i].least_ms, cases[i].name);
		CHECK_CASE(p.delay_ms <= cases[i].most_ms, cases[i].name);
	}
}

#define NOW  INT64_C(1790000000000)
#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)

static void test_admit(void **state)
{
	static const struct outbound reply = { .kind = OUTBOUND_REPLY,
					       .text = "Hi",
					       .content_sid = "",
					       .broadcast = "",
					       .created_ms = NOW - HOUR };
	static const struct outbound text = { .kind = OUTBOUND_BROADCAST,
					      .text = "Hi",
					      .content_sid = "",
					      .broadcast = "b",
					      .created_ms = NOW - HOUR };
	static const struct outbound both = { .kind = OUTBOUND_BROADCAST,
					      .text = "Hi",
					      .content_sid = "HX1",
					      .broadcast = "b",
					      .created_ms = NOW - HOUR };
	static const struct outbound only_template = { .kind = OUTBOUND_BROADCAST,
						       .text = "",
						       .content_sid = "HX1",
						       .broadcast = "b",
						       .created_ms = NOW - HOUR };
	static const struct outbound again = { .kind = OUTBOUND_BROADCAST,
					       .text = "Hi",
					       .content_sid = "HX1",
					       .broadcast = "b",
					       .as_template = true,
					       .created_ms = NOW - HOUR };
	static const struct outbound parked = { .kind = OUTBOUND_REPLY,
						.text = "Hi",
						.content_sid = "",
						.broadcast = "b",
						.created_ms = NOW - HOUR };
	static const struct {
		const char *name;
		const struct outbound *row;
		struct contact_facts facts;
		enum outbound_reason reason;
		bool as_template;
	} cases[] = {
		{ "broadcast, open window", &text, { .last_in_ms = NOW - HOUR }, 0, false },
		{ "window open to the end but a minute",
		  &text,
		  { .last_in_ms = NOW - DAY + 60001 },
		  0,
		  false },
		{ "the message has a way to go",
		  &text,
		  { .last_in_ms = NOW - DAY + 60000 },
		  OUTBOUND_OUTSIDE_WINDOW,
		  false },
		{ "never wrote", &text, { 0 }, OUTBOUND_OUTSIDE_WINDOW, false },
		{ "closed, with a template", &both, { .last_in_ms = NOW - 2 * DAY }, 0, true },
		{ "open, with a template", &both, { .last_in_ms = NOW - HOUR }, 0, false },
		{ "nothing but a template", &only_template, { .last_in_ms = NOW - HOUR }, 0, true },
		{ "goes again as a template", &again, { .last_in_ms = NOW - HOUR }, 0, true },
		{ "opted out",
		  &text,
		  { .last_in_ms = NOW, .consent = CONSENT_OUT },
		  OUTBOUND_OPTED_OUT,
		  false },
		{ "opted out before closed",
		  &text,
		  { .consent = CONSENT_OUT },
		  OUTBOUND_OPTED_OUT,
		  false },
		{ "opted in", &text, { .last_in_ms = NOW, .consent = CONSENT_IN }, 0, false },
		{ "not joined",
		  &text,
		  { .last_in_ms = NOW - HOUR, .trouble_code = 63015, .trouble_ms = NOW - 1 },
		  OUTBOUND_NOT_JOINED,
		  false },
		{ "joined again",
		  &text,
		  { .last_in_ms = NOW - HOUR, .trouble_code = 63015, .trouble_ms = NOW - HOUR },
		  0,
		  false },
		{ "blocked",
		  &both,
		  { .last_in_ms = NOW - HOUR, .trouble_code = 63014, .trouble_ms = NOW - 1 },
		  OUTBOUND_BLOCKED,
		  false },
		{ "blocked, long ago",
		  &both,
		  { .last_in_ms = NOW - 90 * DAY,
		    .trouble_code = 63014,
		    .trouble_ms = NOW - 80 * DAY },
		  OUTBOUND_BLOCKED,
		  false },
		{ "enough marketing for now",
		  &both,
		  { .last_in_ms = NOW - 9 * DAY,
		    .trouble_code = 63049,
		    .trouble_ms = NOW - 3 * DAY + 1 },
		  OUTBOUND_BLOCKED,
		  false },
		{ "enough marketing, some days ago",
		  &both,
		  { .last_in_ms = NOW - 9 * DAY,
		    .trouble_code = 63049,
		    .trouble_ms = NOW - 3 * DAY },
		  0,
		  true },
		{ "reply", &reply, { .last_in_ms = NOW - 2 * DAY }, 0, false },
		{ "reply, blocked: they wrote",
		  &reply,
		  { .trouble_code = 63014, .trouble_ms = NOW },
		  0,
		  false },
		{ "reply, opted out since",
		  &reply,
		  { .consent = CONSENT_OUT, .consent_ms = NOW - HOUR + 1 },
		  OUTBOUND_OPTED_OUT,
		  false },
		{ "reply that confirms the opt-out",
		  &reply,
		  { .consent = CONSENT_OUT, .consent_ms = NOW - HOUR },
		  0,
		  false },
		{ "waited for them, who opted out long before",
		  &parked,
		  { .last_in_ms = NOW, .consent = CONSENT_OUT, .consent_ms = NOW - DAY },
		  OUTBOUND_OPTED_OUT,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool as_template = !cases[i].as_template;
		enum outbound_reason reason =
			outbox_admit(cases[i].row, &cases[i].facts, NOW, &as_template);

		CHECK_SAME(outbound_reason_name(reason), outbound_reason_name(cases[i].reason),
			   cases[i].name);
		CHECK_CASE(as_template == cases[i].as_template, cases[i].name);
	}
}

static void test_consequence(void **state)
{
	static const struct {
		int code;
		enum outbox_consequence what;
	} cases[] = {
		{ 0, OUTBOX_NOTHING },
		{ 12345, OUTBOX_NOTHING },
		{ 21610, OUTBOX_OPT_OUT },
		{ 63016, OUTBOX_CLOSED_WINDOW },
		{ 63018, OUTBOX_SLOW_DOWN },
		{ 63017, OUTBOX_SLOW_DOWN },
		{ 30001, OUTBOX_SLOW_DOWN },
		{ 21611, OUTBOX_SLOW_DOWN },
		{ 20429, OUTBOX_SLOW_DOWN },
		{ 63015, OUTBOX_UNREACHABLE },
		{ 63014, OUTBOX_UNREACHABLE },
		{ 63024, OUTBOX_UNREACHABLE },
		{ 63032, OUTBOX_UNREACHABLE },
		{ 63033, OUTBOX_UNREACHABLE },
		{ 63049, OUTBOX_UNREACHABLE },
		{ 63050, OUTBOX_UNREACHABLE },
		{ 63003, OUTBOX_UNREACHABLE },
		{ 20003, OUTBOX_CONFIGURATION },
		{ 63051, OUTBOX_CONFIGURATION },
		{ 90010, OUTBOX_CONFIGURATION },
		{ 21211, OUTBOX_NOTHING /* our bug, or one message's */ },
		{ 63013, OUTBOX_NOTHING },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (outbox_consequence(cases[i].code) != cases[i].what)
			fail_msg("%d: %d", cases[i].code, outbox_consequence(cases[i].code));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_after_send),
		cmocka_unit_test(test_plan_after_lookup),
		cmocka_unit_test(test_admit),
		cmocka_unit_test(test_consequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
