/*
 * test_outbox_worker.c - messages leave once, at the rate, whatever the provider does.
 */
#include "outbox_house.h"

#define TEMPLATE "HX00000000000000000000000000000001"

/* ---- one message, each way ---- */

static void test_ways(void **state)
{
	static const struct {
		const char *name;
		enum way way;
		const char *sid;
		enum outbound_state state;
		enum outbound_reason reason;
		int code;
		unsigned posts;
		unsigned messages;
	} cases[] = {
		{ "taken", WAY_OK, "", OUTBOUND_ACCEPTED, 0, 0, 1, 1 },
		{ "busy, then taken", WAY_BUSY_ONCE, "", OUTBOUND_ACCEPTED, 0, 0, 2, 1 },
		{ "500, looked for, sent again", WAY_LOST_ONCE, "", OUTBOUND_ACCEPTED, 0, 0, 2, 1 },
		{ "500, but found", WAY_KEPT, "", OUTBOUND_ACCEPTED, 0, 0, 1, 1 },
		{ "no answer, but found", WAY_DROPPED, "", OUTBOUND_ACCEPTED, 0, 0, 1, 1 },
		{ "hung, but found", WAY_HANG, "", OUTBOUND_ACCEPTED, 0, 0, 1, 1 },
		{ "template, hung, but found", WAY_HANG, TEMPLATE, OUTBOUND_ACCEPTED, 0, 0, 1, 1 },
		{ "opted out", WAY_OPTED_OUT, "", OUTBOUND_DEAD, OUTBOUND_FAILED, 21610, 1, 0 },
		{ "closed window, no template", WAY_CLOSED, "", OUTBOUND_DEAD, OUTBOUND_REPLACED,
		  63016, 1, 0 },
		{ "closed window, template", WAY_CLOSED, TEMPLATE, OUTBOUND_DEAD, OUTBOUND_REPLACED,
		  63016, 2, 1 },
		{ "not joined", WAY_NOT_JOINED, "", OUTBOUND_DEAD, OUTBOUND_FAILED, 63015, 1, 0 },
		{ "bad address", WAY_BAD, "", OUTBOUND_DEAD, OUTBOUND_FAILED, 21211, 1, 0 },
	};
	const char *contacts[COUNT(cases)], *ids[COUNT(cases)], *name;
	struct house *h = house_open(NULL);
	char next[ID_HEX_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		contacts[i] = house_contact(h, cases[i].way, (unsigned)i);
		ids[i] = house_recipient(h, contacts[i], cases[i].sid);
	}
	house_send_broadcasts(h);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outbound row;

		name = cases[i].name;
		if (!house_await(h, contacts[i], ids[i], cases[i].state))
			fail_msg("%s: %s", name,
				 outbound_state_name(house_row_now(h, contacts[i], ids[i]).state));
		row = house_row_now(h, contacts[i], ids[i]);
		CHECK_SAME(outbound_reason_name(row.reason), outbound_reason_name(cases[i].reason),
			   name);
		CHECK_CASE(row.error_code == cases[i].code, name);
		CHECK_CASE((*row.external_id != '\0') == (row.state == OUTBOUND_ACCEPTED), name);
		if (cases[i].reason == OUTBOUND_REPLACED && *cases[i].sid) {
			outbound_successor_id(ids[i], "template", next);
			CHECK_CASE(house_await(h, contacts[i], next, OUTBOUND_ACCEPTED), name);
		} else if (cases[i].reason == OUTBOUND_REPLACED) {
			outbound_successor_id(ids[i], "parked", next);
			CHECK_CASE(house_await(h, contacts[i], next, OUTBOUND_PARKED), name);
		}
		CHECK_CASE(house_posts_to(h, contacts[i]) == cases[i].posts, name);
		CHECK_CASE(house_messages_to(h, contacts[i]) == cases[i].messages, name);
	}
	assert_int_equal(house_facts(h, house_contact(h, WAY_OPTED_OUT, 7)).consent, CONSENT_OUT);
	assert_int_equal(house_facts(h, house_contact(h, WAY_NOT_JOINED, 10)).trouble_code, 63015);
	assert_int_equal(house_facts(h, house_contact(h, WAY_BAD, 11)).trouble_code, 0);
	house_close(h);
}

static void test_parked_goes_when_they_write(void **state)
{
	struct house *h = house_open(NULL);
	const char *who = house_contact(h, WAY_CLOSED, 1);
	const char *id = house_recipient(h, who, "");
	char parked[ID_HEX_SIZE];

	(void)state;
	outbound_successor_id(id, "parked", parked);
	house_send_broadcasts(h);
	assert_true(house_await(h, who, id, OUTBOUND_DEAD));
	assert_int_equal(house_facts(h, who).parked, 1);
	/* Their number is one of a closed window for ever: refused again, so parked again. */
	house_hear_from(h, who, NULL, 0);
	assert_int_equal(store_outbox_unpark(h->store, who, clock_now_ms(&h->clock), &h->err), 1);
	outbox_wake(h->box);
	assert_true(house_await(h, who, parked, OUTBOUND_DEAD));
	assert_int_equal(house_row_now(h, who, parked).kind, OUTBOUND_REPLY);
	assert_string_equal(house_row_now(h, who, parked).broadcast, h->broadcast);
	assert_int_equal(house_posts_to(h, who), 2);
	house_close(h);
}

/* ---- who is not written to ---- */

static void test_refused_without_attempt(void **state)
{
	const struct consent_event stop = { CONSENT_OUT, "STOP", "SM1" };
	struct house *h = house_open(NULL);
	const char *out = house_contact(h, WAY_OK, 1), *late = house_contact(h, WAY_OK, 2);
	const char *with = house_contact(h, WAY_OK, 3), *blocked = house_contact(h, WAY_OK, 4);
	const char *ids[4];

	(void)state;
	ids[1] = house_recipient(h, late, "");
	ids[2] = house_recipient(h, with, TEMPLATE);
	clock_advance(&h->clock, 24 * 3600 * 1000);
	ids[0] = house_recipient(h, out, "");
	ids[3] = house_recipient(h, blocked, "");
	clock_advance(&h->clock, 1);
	assert_int_equal(store_consent_add(h->store, out, &stop, clock_now_ms(&h->clock), &h->err),
			 1);
	assert_int_equal(
		store_trouble_set(h->store, blocked, 63014, clock_now_ms(&h->clock) + 1, &h->err),
		0);
	house_send_broadcasts(h);
	assert_true(house_await(h, out, ids[0], OUTBOUND_DEAD));
	assert_true(house_await(h, late, ids[1], OUTBOUND_DEAD));
	assert_true(house_await(h, blocked, ids[3], OUTBOUND_DEAD));
	assert_int_equal(house_row_now(h, out, ids[0]).reason, OUTBOUND_OPTED_OUT);
	assert_int_equal(house_row_now(h, late, ids[1]).reason, OUTBOUND_OUTSIDE_WINDOW);
	assert_int_equal(house_row_now(h, blocked, ids[3]).reason, OUTBOUND_BLOCKED);
	assert_true(house_await(h, with, ids[2], OUTBOUND_ACCEPTED));
	pthread_mutex_lock(&h->desk->lock);
	assert_int_equal(h->desk->post_count, 1);
	assert_true(h->desk->messages[0].as_template);
	pthread_mutex_unlock(&h->desk->lock);
	house_close(h);
}

/* ---- what another process left behind ---- */

/* Claims everything that is due, as a process that dies at once. */
static void die_with_claims(struct house *h)
{
	int64_t now = clock_now_ms(&h->clock);
	struct outbox_claim *claims;
	size_t n;

	assert_int_equal(store_outbox_claim(h->store, h->broadcast, 0, now, now + 1, 100, &h->a,
					    &claims, &n, &h->err),
			 0);
	assert_int_equal(n, 3);
	clock_advance(&h->clock, 2);
}

static void test_lapsed_leases(void **state)
{
	struct house *h = house_open(NULL);
	const char *sent = house_contact(h, WAY_OK, 1), *unsent = house_contact(h, WAY_OK, 2);
	const char *twin = house_contact(h, WAY_OK, 3);
	const char *ids[3];
	struct outbound reply = house_row(h, twin, "Hello"), row;

	(void)state;
	ids[0] = house_recipient(h, sent, "");
	ids[1] = house_recipient(h, unsent, "");
	ids[2] = house_recipient(h, twin, "");
	die_with_claims(h);
	pthread_mutex_lock(&h->desk->lock);
	(void)desk_keep(h->desk, sent, "Body=Hello");
	pthread_mutex_unlock(&h->desk->lock);
	/* The same words to the same person are another row's message. */
	house_hear_from(h, twin, &reply, 1);
	outbox_wake(h->box);
	assert_true(house_await(h, twin, reply.id, OUTBOUND_ACCEPTED));

	house_send_broadcasts(h);
	for (size_t i = 0; i < 3; i++)
		assert_true(house_await(h,
					i == 0	 ? sent
					: i == 1 ? unsent
						 : twin,
					ids[i], OUTBOUND_ACCEPTED));
	assert_int_equal(house_posts_to(h, sent), 0);
	assert_int_equal(house_messages_to(h, sent), 1);
	assert_int_equal(house_messages_to(h, unsent), 1);
	assert_int_equal(house_messages_to(h, twin), 2);
	row = house_row_now(h, twin, ids[2]);
	assert_string_not_equal(row.external_id, house_row_now(h, twin, reply.id).external_id);
	house_close(h);
}

/* ---- the rate ---- */

enum { SLOW_RATE = 50, CROWD = 120 };

static void await_messages(struct house *h, unsigned n)
{
	assert_true(peer_wait(h->desk->peer, &h->desk->peer->requests, n));
}

/* The most that arrived in any second. */
static unsigned busiest_second(const struct desk *d)
{
	unsigned most = 0;

	for (size_t i = 0; i < d->post_count; i++) {
		unsigned n = 0;

		for (size_t k = i; k < d->post_count; k++)
			n += d->posts[k].at_us - d->posts[i].at_us < 1000000;
		most = n > most ? n : most;
	}
	return most;
}

static void test_rate_of_two_processes(void **state)
{
	struct outbox_settings set = { .send_rate = SLOW_RATE };
	struct house *h = house_open(&set);
	const char *ids[CROWD], *contacts[CROWD];
	unsigned most;

	(void)state;
	set = house_settings(h);
	set.send_rate = SLOW_RATE;
	assert_int_equal(outbox_open(&set, &h->other, &h->err), 0);
	for (unsigned i = 0; i < CROWD; i++) {
		contacts[i] = house_contact(h, WAY_OK, i);
		ids[i] = house_recipient(h, contacts[i], "");
	}
	house_send_broadcasts(h);
	await_messages(h, CROWD);
	for (unsigned i = 0; i < CROWD; i++) {
		assert_true(house_await(h, contacts[i], ids[i], OUTBOUND_ACCEPTED));
		assert_int_equal(house_messages_to(h, contacts[i]), 1);
		assert_int_equal(house_row_now(h, contacts[i], ids[i]).attempts, 1);
	}
	pthread_mutex_lock(&h->desk->lock);
	most = busiest_second(h->desk);
	pthread_mutex_unlock(&h->desk->lock);
	if (most > SLOW_RATE * 105 / 100)
		fail_msg("%u in one second", most);
	if (most < SLOW_RATE / 2)
		fail_msg("only %u in the busiest second", most);
	house_close(h);
}

static void test_replies_pass_broadcasts(void **state)
{
	struct outbox_settings set = { .send_rate = 20 };
	struct house *h = house_open(&set);
	const char *who = house_contact(h, WAY_OK, 900);
	struct outbound replies[3];
	size_t before, after;

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		(void)house_recipient(h, house_contact(h, WAY_OK, i), "");
	house_send_broadcasts(h);
	await_messages(h, 3);
	for (size_t i = 0; i < COUNT(replies); i++)
		replies[i] = house_row(h, who, i == 0 ? "one" : i == 1 ? "two" : "three");
	pthread_mutex_lock(&h->desk->lock);
	before = h->desk->post_count;
	pthread_mutex_unlock(&h->desk->lock);
	house_hear_from(h, who, replies, COUNT(replies));
	outbox_wake(h->box);
	assert_true(house_await(h, who, replies[2].id, OUTBOUND_ACCEPTED));
	pthread_mutex_lock(&h->desk->lock);
	after = h->desk->post_count;
	for (size_t i = 0, n = 0; i < h->desk->count; i++)
		if (strcmp(h->desk->messages[i].to, who) == 0)
			assert_string_equal(h->desk->messages[i].text, replies[n++].text);
	pthread_mutex_unlock(&h->desk->lock);
	assert_true(after < before + 30); /* of sixty that stood before them */
	/* Nobody sends it any more: what was not started stays unsent. */
	outbox_use_broadcasts(h->box, NULL, 0);
	outbox_stop(h->box, 2000);
	for (unsigned i = 0; i < 60; i++) {
		const char *to = house_contact(h, WAY_OK, i);
		char id[ID_HEX_SIZE];
		struct outbound row;

		outbound_recipient_id(h->broadcast, to, id);
		row = house_row_now(h, to, id);
		assert_int_equal(row.state,
				 house_posts_to(h, to) ? OUTBOUND_ACCEPTED : OUTBOUND_WAITING);
	}
	house_close(h);
}

/* ---- the provider refuses everything ---- */

static void test_configuration(void **state)
{
	struct house *h = house_open(NULL);
	const char *who = house_contact(h, WAY_BROKEN_ACCESS, 1);
	const char *id = house_recipient(h, who, "");
	struct outbox_state look;
	const int64_t until = clock_mono_ms() + 20000;

	(void)state;
	outbox_look(h->box, &look);
	assert_int_equal(look.config_code, 0);
	house_send_broadcasts(h);
	await_messages(h, 1);
	do {
		outbox_look(h->box, &look);
	} while (look.config_code == 0 && clock_mono_ms() < until);
	assert_int_equal(look.config_code, 20003);
	assert_true(house_await(h, who, id, OUTBOUND_WAITING));
	pthread_mutex_lock(&h->desk->lock);
	h->desk->mended = true;
	pthread_mutex_unlock(&h->desk->lock);
	clock_advance(&h->clock, 61000);
	outbox_wake(h->box);
	assert_true(house_await(h, who, id, OUTBOUND_ACCEPTED));
	outbox_look(h->box, &look);
	assert_int_equal(look.config_code, 0);
	house_close(h);
}

/* ---- statuses that do not come ---- */

static void test_missing_status(void **state)
{
	struct house *h = house_open(NULL);
	const char *who = house_contact(h, WAY_OK, 1);
	const char *id = house_recipient(h, who, "");
	const int64_t until = clock_mono_ms() + 20000;

	(void)state;
	house_send_broadcasts(h);
	assert_true(house_await(h, who, id, OUTBOUND_ACCEPTED));
	pthread_mutex_lock(&h->desk->lock);
	snprintf(h->desk->messages[0].status, sizeof h->desk->messages[0].status, "delivered");
	pthread_mutex_unlock(&h->desk->lock);
	clock_advance(&h->clock, 61000);
	await_messages(h, 2);
	while (house_row_now(h, who, id).status != STATUS_DELIVERED && clock_mono_ms() < until)
		;
	assert_int_equal(house_row_now(h, who, id).status, STATUS_DELIVERED);
	house_close(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_parked_goes_when_they_write),
		cmocka_unit_test(test_refused_without_attempt),
		cmocka_unit_test(test_lapsed_leases),
		cmocka_unit_test(test_rate_of_two_processes),
		cmocka_unit_test(test_replies_pass_broadcasts),
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_missing_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
