/*
 * test_outbox_hear.c - what callbacks do to a message and beyond it: in order, doubled, late,
 * shuffled, of somebody else.
 */
#include "outbox_house.h"

#define TEMPLATE "HX00000000000000000000000000000001"
#define OLD_SID	 "SM99999999999999999999999999999999"

/* A row that the desk has accepted; its id, and its sid in *sid_out. */
static const char *accepted(struct house *h, const char *who, const char *template_sid,
			    const char **sid_out)
{
	const char *id = house_recipient(h, who, template_sid);

	house_send_broadcasts(h);
	assert_true(house_await(h, who, id, OUTBOUND_ACCEPTED));
	*sid_out = house_row_now(h, who, id).external_id;
	return id;
}

static int hear(struct house *h, const char *who, const char *our_id, const char *sid,
		enum status status, int code)
{
	const struct status_news news = { .external_id = sid,
					  .our_id = our_id,
					  .contact = who,
					  .status = status,
					  .error_code = code };

	return outbox_hear(h->box, &news, &h->err);
}

/* ---- the ladder ---- */

static void test_orders(void **state)
{
	static const struct {
		const char *name;
		enum status news[6];
		enum status end;
		int code;
	} cases[] = {
		{ "in order", { STATUS_SENT, STATUS_DELIVERED, STATUS_READ }, STATUS_READ, 0 },
		{ "shuffled", { STATUS_READ, STATUS_SENT, STATUS_DELIVERED }, STATUS_READ, 0 },
		{ "doubled",
		  { STATUS_SENT, STATUS_SENT, STATUS_DELIVERED, STATUS_DELIVERED, STATUS_SENT },
		  STATUS_DELIVERED,
		  0 },
		{ "failed, then what came before",
		  { STATUS_FAILED, STATUS_SENT },
		  STATUS_FAILED,
		  63013 },
		{ "delivered, then failed",
		  { STATUS_DELIVERED, STATUS_FAILED },
		  STATUS_DELIVERED,
		  0 },
		{ "undelivered twice",
		  { STATUS_UNDELIVERED, STATUS_UNDELIVERED },
		  STATUS_UNDELIVERED,
		  63013 },
	};
	struct house *h = house_open(NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *who = house_contact(h, WAY_OK, (unsigned)i), *sid;
		const char *id = accepted(h, who, "", &sid);
		struct outbound row;

		for (const enum status *s = cases[i].news; *s; s++)
			CHECK_CASE(hear(h, who, i % 2 ? id : "", sid, *s,
					*s >= STATUS_FAILED ? 63013 : 0) == 1,
				   cases[i].name);
		row = house_row_now(h, who, id);
		CHECK_SAME(status_name(row.status), status_name(cases[i].end), cases[i].name);
		CHECK_CASE(row.error_code == cases[i].code, cases[i].name);
		CHECK_CASE(row.state == OUTBOUND_ACCEPTED, cases[i].name);
	}
	house_close(h);
}

static void test_unknown(void **state)
{
	struct house *h = house_open(NULL);
	const char *who = house_contact(h, WAY_OK, 1), *sid;
	const char *id = accepted(h, who, TEMPLATE, &sid);

	(void)state;
	assert_int_equal(hear(h, house_contact(h, WAY_OK, 2), "", OLD_SID, STATUS_SENT, 0), 0);
	/* Of an earlier message of the row: its failure is not this message's. */
	(void)hear(h, who, id, OLD_SID, STATUS_FAILED, 63016);
	assert_int_equal(house_row_now(h, who, id).status, STATUS_QUEUED);
	assert_int_equal(house_row_now(h, who, id).state, OUTBOUND_ACCEPTED);
	assert_int_equal(house_messages_to(h, who), 1);
	house_close(h);
}

/* ---- beyond the message ---- */

static void test_opted_out_by_callback(void **state)
{
	struct house *h = house_open(NULL);
	const char *who = house_contact(h, WAY_OK, 1), *sid;
	const char *id = accepted(h, who, "", &sid);
	const struct consent_event start = { CONSENT_IN, "START", OLD_SID };
	struct consent_entry *list;
	size_t n;

	(void)state;
	assert_int_equal(hear(h, who, id, sid, STATUS_UNDELIVERED, 21610), 1);
	assert_int_equal(house_row_now(h, who, id).status, STATUS_UNDELIVERED);
	assert_int_equal(house_row_now(h, who, id).error_code, 21610);
	assert_int_equal(house_facts(h, who).consent, CONSENT_OUT);
	assert_int_equal(store_consent_list(h->store, who, 10, &h->a, &list, &n, &h->err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].event.words, "21610");
	assert_string_equal(list[0].event.external_id, sid);
	/* The same news again, when they have come back meanwhile. */
	assert_int_equal(store_consent_add(h->store, who, &start, clock_now_ms(&h->clock), &h->err),
			 1);
	assert_int_equal(hear(h, who, id, sid, STATUS_UNDELIVERED, 21610), 1);
	assert_int_equal(house_facts(h, who).consent, CONSENT_IN);
	house_close(h);
}

static void test_closed_window_by_callback(void **state)
{
	struct house *h = house_open(NULL);
	const char *who = house_contact(h, WAY_OK, 1), *sid;
	const char *id = accepted(h, who, TEMPLATE, &sid);
	char next[ID_HEX_SIZE], never[ID_HEX_SIZE];
	struct outbound row;

	(void)state;
	outbound_successor_id(id, "template", next);
	for (int i = 0; i < 3; i++)
		assert_int_equal(hear(h, who, id, sid, STATUS_FAILED, 63016), 1);
	row = house_row_now(h, who, id);
	assert_int_equal(row.state, OUTBOUND_DEAD);
	assert_int_equal(row.reason, OUTBOUND_REPLACED);
	clock_advance(&h->clock, 6000); /* the contact's pace */
	outbox_wake(h->box);
	assert_true(house_await(h, who, next, OUTBOUND_ACCEPTED));
	assert_int_equal(house_messages_to(h, who), 2);
	pthread_mutex_lock(&h->desk->lock);
	assert_true(h->desk->messages[1].as_template);
	pthread_mutex_unlock(&h->desk->lock);
	/* What is a template has nothing else to become. */
	sid = house_row_now(h, who, next).external_id;
	assert_int_equal(hear(h, who, next, sid, STATUS_FAILED, 63016), 1);
	assert_int_equal(house_row_now(h, who, next).state, OUTBOUND_ACCEPTED);
	assert_int_equal(house_row_now(h, who, next).status, STATUS_FAILED);
	outbound_successor_id(next, "template", never);
	assert_int_equal(store_outbox_get(h->store, who, never, NULL, &h->a, &row, &h->err), 0);
	house_close(h);
}

static void test_parked_by_callback(void **state)
{
	struct house *h = house_open(NULL);
	const char *who = house_contact(h, WAY_OK, 1), *sid;
	const char *id = accepted(h, who, "", &sid);
	char next[ID_HEX_SIZE];

	(void)state;
	outbound_successor_id(id, "parked", next);
	assert_int_equal(hear(h, who, id, sid, STATUS_UNDELIVERED, 63016), 1);
	assert_int_equal(house_row_now(h, who, next).state, OUTBOUND_PARKED);
	outbox_wake(h->box);
	house_hear_from(h, who, NULL, 0);
	assert_int_equal(house_facts(h, who).parked, 1);
	assert_int_equal(store_outbox_unpark(h->store, who, clock_now_ms(&h->clock), &h->err), 1);
	outbox_use_broadcasts(h->box, NULL, 0); /* it stands in the contact's own line */
	assert_true(house_await(h, who, next, OUTBOUND_ACCEPTED));
	assert_int_equal(house_messages_to(h, who), 2);
	house_close(h);
}

static void set_broadcast(struct house *h, enum broadcast_state state)
{
	struct broadcast b;

	assert_int_equal(store_broadcast_get(h->store, h->broadcast, &h->a, &b, &h->err), 1);
	b.state = state;
	assert_int_equal(store_broadcast_change(h->store, &b, NULL, &h->err), 1);
}

/* Parks the broadcast's message to them; its row's id. */
static const char *parked(struct house *h, const char *who)
{
	const char *sid, *id = accepted(h, who, "", &sid);
	char *next = arena_alloc(&h->a, ID_HEX_SIZE);

	outbound_successor_id(id, "parked", next);
	assert_int_equal(hear(h, who, id, sid, STATUS_UNDELIVERED, 63016), 1);
	return next;
}

/* They write: what was parked is in their line, with an answer behind it. Returns the answer's id.
 */
static const char *writes_again(struct house *h, const char *who)
{
	struct outbound answer = house_row(h, who, "answer");

	assert_int_equal(store_outbox_unpark(h->store, who, clock_now_ms(&h->clock), &h->err), 1);
	house_hear_from(h, who, &answer, 1);
	outbox_wake(h->box);
	return arena_strdup(&h->a, answer.id);
}

/* It left its broadcast's queue, and is not sent behind the admin's back. */
static void test_parked_of_a_cancelled_one(void **state)
{
	struct house *h = house_open(NULL);
	const char *who = house_contact(h, WAY_OK, 1), *id = parked(h, who);

	(void)state;
	set_broadcast(h, BROADCAST_CANCELLED);
	assert_true(house_await(h, who, writes_again(h, who), OUTBOUND_ACCEPTED));
	assert_int_equal(house_row_now(h, who, id).state, OUTBOUND_DEAD);
	assert_int_equal(house_row_now(h, who, id).reason, OUTBOUND_CANCELLED);
	assert_int_equal(house_messages_to(h, who), 2); /* the first one and the answer */
	house_close(h);
}

static void test_parked_of_a_paused_one(void **state)
{
	struct house *h = house_open(NULL);
	const char *who = house_contact(h, WAY_OK, 1), *id = parked(h, who);
	char again[ID_HEX_SIZE];

	(void)state;
	set_broadcast(h, BROADCAST_PAUSED);
	assert_true(house_await(h, who, writes_again(h, who), OUTBOUND_ACCEPTED));
	outbound_successor_id(id, "parked", again);
	assert_int_equal(house_row_now(h, who, id).reason, OUTBOUND_REPLACED);
	assert_int_equal(house_row_now(h, who, again).state, OUTBOUND_PARKED);
	assert_int_equal(house_messages_to(h, who), 2);
	set_broadcast(h, BROADCAST_RUNNING);
	assert_true(house_await(h, who, writes_again(h, who), OUTBOUND_ACCEPTED));
	assert_int_equal(house_row_now(h, who, again).state, OUTBOUND_ACCEPTED);
	house_close(h);
}

/* The news came after the broadcast was through: it has something to send again. */
static void test_template_after_the_end(void **state)
{
	struct house *h = house_open(NULL);
	const char *who = house_contact(h, WAY_OK, 1), *sid;
	const char *id = accepted(h, who, TEMPLATE, &sid);
	struct broadcast b;

	(void)state;
	set_broadcast(h, BROADCAST_DONE);
	assert_int_equal(hear(h, who, id, sid, STATUS_UNDELIVERED, 63016), 1);
	assert_int_equal(store_broadcast_get(h->store, h->broadcast, &h->a, &b, &h->err), 1);
	assert_int_equal(b.state, BROADCAST_RUNNING);
	assert_int_equal(b.finished_ms, 0);
	set_broadcast(h, BROADCAST_CANCELLED);
	assert_int_equal(hear(h, who, id, sid, STATUS_UNDELIVERED, 63016), 1);
	assert_int_equal(store_broadcast_get(h->store, h->broadcast, &h->a, &b, &h->err), 1);
	assert_int_equal(b.state, BROADCAST_CANCELLED);
	house_close(h);
}

static void test_remembered_codes(void **state)
{
	static const struct {
		const char *name;
		int code;
		int trouble;
		int config;
	} cases[] = {
		{ "not joined", 63015, 63015, 0 },
		{ "blocked", 63014, 63014, 0 },
		{ "sender locked", 63051, 0, 63051 },
		{ "one message's fault", 63013, 0, 0 },
	};
	struct house *h = house_open(NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *who = house_contact(h, WAY_OK, (unsigned)i), *sid;
		const char *id = accepted(h, who, "", &sid);
		struct outbox_state look;

		CHECK_CASE(hear(h, who, id, sid, STATUS_FAILED, cases[i].code) == 1, cases[i].name);
		CHECK_CASE(house_facts(h, who).trouble_code == cases[i].trouble, cases[i].name);
		outbox_look(h->box, &look);
		CHECK_CASE(look.config_code == cases[i].config, cases[i].name);
		CHECK_CASE(house_row_now(h, who, id).error_code == cases[i].code, cases[i].name);
	}
	house_close(h);
}

static void test_slows_down(void **state)
{
	struct house *h = house_open(NULL);
	const char *who = house_contact(h, WAY_OK, 1), *sid;
	const char *id = accepted(h, who, "", &sid);
	int64_t wait = 0;
	unsigned whole = 0, half = 0;

	(void)state;
	/* An hour's rate in ten milliseconds' tolerance: the share that is granted tells. */
	assert_int_equal(store_rate_take(h->store, "whatsapp:+1", 100000, false, 1000, &whole,
					 &wait, &h->err),
			 0);
	assert_int_equal(hear(h, who, id, sid, STATUS_FAILED, 63018), 1);
	assert_int_equal(
		store_rate_take(h->store, HOUSE_SENDER, 100000, false, 1000, &half, &wait, &h->err),
		0);
	if (half >= whole * 3 / 4 || half < whole / 4)
		fail_msg("%u of %u", half, whole);
	house_close(h);
}

/* News that is faster than the answer of the attempt, and of one that nobody could tell of. */
static void test_faster_than_the_answer(void **state)
{
	struct house *h = house_open(NULL);
	const char *who = house_contact(h, WAY_HANG, 1);
	const char *id = house_recipient(h, who, "");
	const char *sid = "SM00000000000000000000000000000000"; /* the desk's first */

	(void)state;
	house_send_broadcasts(h);
	assert_true(peer_wait(h->desk->peer, &h->desk->peer->requests, 1));
	assert_int_equal(hear(h, who, id, sid, STATUS_DELIVERED, 0), 1);
	assert_true(house_await(h, who, id, OUTBOUND_ACCEPTED));
	assert_int_equal(house_row_now(h, who, id).status, STATUS_DELIVERED);
	assert_string_equal(house_row_now(h, who, id).external_id, sid);
	assert_int_equal(house_posts_to(h, who), 1);
	house_close(h);
}

/* The provider's list did not have it, so it waits to be sent again, when it is heard of. */
static void test_heard_of_before_the_repeat(void **state)
{
	struct house *h = house_open(NULL);
	const char *who = house_contact(h, WAY_LOST_ONCE, 1);
	const char *id = house_recipient(h, who, "");

	(void)state;
	house_send_broadcasts(h);
	assert_true(house_await(h, who, id, OUTBOUND_UNSURE));
	assert_true(house_await(h, who, id, OUTBOUND_WAITING));
	assert_int_equal(hear(h, who, id, OLD_SID, STATUS_DELIVERED, 0), 1);
	clock_advance(&h->clock, 10000);
	outbox_wake(h->box);
	assert_true(house_await(h, who, id, OUTBOUND_ACCEPTED));
	assert_string_equal(house_row_now(h, who, id).external_id, OLD_SID);
	assert_int_equal(house_posts_to(h, who), 1);
	house_close(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_opted_out_by_callback),
		cmocka_unit_test(test_closed_window_by_callback),
		cmocka_unit_test(test_parked_by_callback),
		cmocka_unit_test(test_parked_of_a_cancelled_one),
		cmocka_unit_test(test_parked_of_a_paused_one),
		cmocka_unit_test(test_template_after_the_end),
		cmocka_unit_test(test_remembered_codes),
		cmocka_unit_test(test_slows_down),
		cmocka_unit_test(test_faster_than_the_answer),
		cmocka_unit_test(test_heard_of_before_the_repeat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
