/*
 * test_broadcast_room.c - from an order to its end: planning, leases, keys, times, lists.
 */
#include "broadcast_house.h"

#include <unistd.h>

static void planned_sent_done(void **state)
{
	struct fixture *f = *state;
	const struct value *told;
	const char *id;

	add_people(f, 600, "name", "Asha", CONSENT_NONE);
	add_people(f, 7, "name", "Asha", CONSENT_OUT);
	add_people(f, 5, "name", NULL, CONSENT_NONE);
	add_people(f, 9, "sector", "Asha", CONSENT_NONE);
	open_room(f);
	told = ask(f, "{\"message\":\"Dear {{name}}\",\"target_step\":\"name\"}", "", 202);
	id = text_of(told, "broadcast_id");
	assert_int_equal(number_of(told, "recipient_count"), 600);
	assert_int_equal(number_of(value_get(told, "skipped"), "opted_out"), 7);
	assert_int_equal(number_of(value_get(told, "skipped"), "no_value"), 5);
	assert_int_equal(value_get(told, "planning")->kind, VALUE_FALSE);
	assert_string_not_equal(text_of(told, "expected_finish"), "");
	UNTIL(is_used(id));
	assert_string_equal(text_of(show(f, id), "state"), "sending");
	assert_int_equal(play_outbox(f, id, 1000, OUTBOUND_ACCEPTED, 0, 0), 600);
	UNTIL(state_is(f, id, "done"));
	UNTIL(!is_used(id));
	assert_int_equal(progress(f, id, "accepted"), 600);
	assert_int_equal(progress(f, id, "skipped"), 12);
	assert_int_equal(number_of(show(f, id), "audience"), 612);
}

/* A row that waits though its broadcast is done is not forgotten. */
static void what_is_left_behind_is_sent(void **state)
{
	struct fixture *f = *state;
	struct broadcast b;
	const char *id;

	add_people(f, 3, "name", "Asha", CONSENT_NONE);
	open_room(f);
	id = text_of(ask(f, "{\"message\":\"Hi\"}", "", 202), "broadcast_id");
	broadcaster_close(&f->broadcaster);
	assert_int_equal(store_broadcast_get(f->store, id, &f->arena, &b, NULL), 1);
	b.state = BROADCAST_DONE;
	b.finished_ms = NOW;
	assert_int_equal(store_broadcast_change(f->store, &b, NULL, NULL), 1);
	open_room(f);
	UNTIL(state_is(f, id, "sending"));
	UNTIL(is_used(id));
	assert_int_equal(play_outbox(f, id, 10, OUTBOUND_ACCEPTED, 0, 0), 3);
	UNTIL(state_is(f, id, "done"));
}

static void nobody_is_there(void **state)
{
	struct fixture *f = *state;
	const char *id;

	open_room(f);
	id = text_of(ask(f, "{\"message\":\"Hi\"}", "", 202), "broadcast_id");
	UNTIL(state_is(f, id, "done"));
	assert_int_equal(number_of(show(f, id), "audience"), 0);
}

static void a_dry_run_writes_nothing(void **state)
{
	struct fixture *f = *state;
	const struct value *told;
	struct broadcast *list;
	struct audit_entry *audit;
	size_t count = 1;

	add_people(f, 300, "name", "Asha", CONSENT_NONE);
	add_people(f, 4, "name", "Asha", CONSENT_OUT);
	open_room(f);
	told = ask(f, "{\"message\":\"Hi\",\"dry_run\":true}", "k", 200);
	assert_int_equal(number_of(told, "recipient_count"), 300);
	assert_int_equal(number_of(value_get(told, "skipped"), "opted_out"), 4);
	assert_null(value_get(told, "broadcast_id"));
	assert_int_equal(
		store_broadcast_list(f->store, false, 0, "", 10, &f->arena, &list, &count, NULL),
		0);
	assert_int_equal(count, 0);
	assert_int_equal(store_audit_list(f->store, NULL, 10, &f->arena, &audit, &count, NULL), 0);
	assert_int_equal(count, 0);
}

/* A store may name a contact on two pages. */
static void each_is_counted_once(void **state)
{
	struct broadcaster_once *once = broadcaster_once_new();
	char id[ID_HEX_SIZE], contact[32];

	(void)state;
	for (unsigned i = 0; i < 5 * BROADCASTER_ONCE; i++) {
		(void)snprintf(contact, sizeof contact, "whatsapp:+91%u", i);
		outbound_recipient_id("b", contact, id);
		assert_true(broadcaster_once(once, id));
		assert_false(broadcaster_once(once, id));
		if (i < BROADCASTER_ONCE)
			continue;
		(void)snprintf(contact, sizeof contact, "whatsapp:+91%u", i - BROADCASTER_ONCE + 1);
		outbound_recipient_id("b", contact, id);
		assert_false(broadcaster_once(once, id));
	}
	broadcaster_once_free(once);
}

/* Its time has passed meanwhile: that is no reason to refuse a repeat. */
static void a_late_repeat_gets_the_first_answer(void **state)
{
	static const char body[] = "{\"message\":\"Hi\",\"send_at\":\"2026-11-20T10:00:00Z\"}";
	struct fixture *f = *state;
	const struct value *one, *two;

	add_people(f, 3, "name", "Asha", CONSENT_NONE);
	open_room(f);
	one = ask(f, body, "k", 202);
	clock_advance(&f->clock, 5 * HOUR);
	two = ask(f, body, "k", 202);
	assert_string_equal(text_of(one, "broadcast_id"), text_of(two, "broadcast_id"));
	assert_int_equal(number_of(two, "recipient_count"), 3);
	(void)ask(f, body, "other", -1);
	(void)ask(f, body, "", -1);
}

static void the_same_key_is_the_same_broadcast(void **state)
{
	struct fixture *f = *state;
	const struct value *one, *two;
	const char *field;
	const struct broadcaster_request other = { str_of("{\"message\":\"Ho\"}"), "k", "r",
						   &f->arena };
	const struct broadcaster_request bad = { str_of("{\"message\":\"Ho\"}"), "a b", "r",
						 &f->arena };
	struct err err = { 0 };

	add_people(f, 3, "name", "Asha", CONSENT_NONE);
	open_room(f);
	one = ask(f, "{\"message\":\"Hi\"}", "k", 202);
	two = ask(f, "{ \"message\" : \"Hi\" }", "k", 202);
	assert_string_equal(text_of(one, "broadcast_id"), text_of(two, "broadcast_id"));
	assert_int_equal(number_of(two, "recipient_count"), 3);
	assert_int_equal(broadcaster_send(f->broadcaster, &other, NULL, &field, &err), -1);
	assert_int_equal(err.kind, ERR_PERM);
	assert_string_equal(field, "Idempotency-Key");
	assert_int_equal(broadcaster_send(f->broadcaster, &bad, NULL, &field, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(field, "Idempotency-Key");
}

/* What a process left behind that died while it planned. */
static void leave_half_planned(struct fixture *f, const char *id, int64_t lease_ms)
{
	struct broadcast b = { .state = BROADCAST_RUNNING,
			       .why = "",
			       .target_step = "",
			       .message = "Hi",
			       .content_sid = "",
			       .content_variables = "",
			       .request_key = "",
			       .request_digest = "",
			       .cursor = "",
			       .created_ms = NOW,
			       .planner_ms = lease_ms };
	const struct audit_entry audit = { NOW, "broadcast.create", id, "", "" };
	struct broadcast before;

	memcpy(b.id, id, sizeof b.id);
	assert_int_equal(store_broadcast_create(f->store, &b, &audit, &f->arena, &before, NULL), 1);
}

static void another_process_goes_on_after_a_crash(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef";
	struct fixture *f = *state;
	struct broadcast b;

	add_people(f, 10, "name", "Asha", CONSENT_NONE);
	leave_half_planned(f, id, 0);
	assert_int_equal(store_broadcast_get(f->store, id, &f->arena, &b, NULL), 1);
	b.planner_ms = NOW + 10000;
	assert_int_equal(store_broadcast_change(f->store, &b, NULL, NULL), 1);
	open_room(f);
	UNTIL(is_used(id)); /* it has looked: what is there may leave, but it plans nothing */
	assert_string_equal(text_of(show(f, id), "state"), "planning");
	assert_int_equal(number_of(show(f, id), "audience"), 0);
	clock_advance(&f->clock, 10001);
	UNTIL(number_of(show(f, id), "audience") == 10);
	UNTIL(state_is(f, id, "sending"));
}

static void nothing_leaves_before_its_time(void **state)
{
	struct fixture *f = *state;
	const char *id;

	add_people(f, 2, "name", "Asha", CONSENT_NONE);
	open_room(f);
	id = text_of(ask(f, "{\"message\":\"Hi\",\"send_at\":\"2026-11-20T10:30:00Z\"}", "", 202),
		     "broadcast_id");
	assert_string_equal(text_of(show(f, id), "state"), "scheduled");
	assert_int_equal(progress(f, id, "waiting"), 2);
	assert_false(is_used(id));
	clock_advance(&f->clock, HOUR - 1);
	assert_int_equal(play_outbox(f, id, 10, OUTBOUND_ACCEPTED, 0, 0), 0);
	clock_advance(&f->clock, 1);
	UNTIL(is_used(id));
	assert_string_equal(text_of(show(f, id), "state"), "sending");
	assert_int_equal(play_outbox(f, id, 10, OUTBOUND_ACCEPTED, 0, 0), 2);
	UNTIL(state_is(f, id, "done"));
}

static void quiet_hours_hold_it(void **state)
{
	struct fixture *f = *state;
	const char *id;

	add_people(f, 2, "name", "Asha", CONSENT_NONE);
	assert_int_equal(broadcaster_parse_quiet("09:00-10:00Z", &f->set.quiet, NULL), 0);
	open_room(f);
	id = text_of(ask(f, "{\"message\":\"Hi\"}", "", 202), "broadcast_id");
	assert_string_equal(text_of(show(f, id), "state"), "quiet");
	assert_non_null(strstr(text_of(show(f, id), "expected_finish"), "T10:00:00"));
	assert_false(is_used(id));
	clock_advance(&f->clock, HOUR / 2);
	UNTIL(is_used(id));
	assert_string_equal(text_of(show(f, id), "state"), "sending");
}

static void lists_and_recipients(void **state)
{
	struct fixture *f = *state;
	const struct value *v;
	struct err err = { 0 };
	const char *id;
	struct buf out;
	size_t n = 0;

	add_people(f, 3, "name", "Asha", CONSENT_NONE);
	add_people(f, 2, "name", "Asha", CONSENT_OUT);
	open_room(f);
	(void)ask(f, "{\"message\":\"One\"}", "", 202);
	clock_advance(&f->clock, 1000);
	id = text_of(ask(f, "{\"message\":\"Two\"}", "", 202), "broadcast_id");
	buf_init(&out, 65536);
	assert_int_equal(broadcaster_list(f->broadcaster, "", 1, &out, NULL), 0);
	v = parse(f, &out);
	assert_string_equal(text_of(value_get(v, "broadcasts")->first, "broadcast_id"), id);
	buf_reset(&out);
	assert_int_equal(broadcaster_list(f->broadcaster, text_of(v, "next"), 5, &out, NULL), 0);
	v = parse(f, &out);
	assert_string_not_equal(text_of(value_get(v, "broadcasts")->first, "broadcast_id"), id);
	assert_int_equal(value_get(v, "next")->kind, VALUE_FALSE);
	buf_reset(&out);
	assert_int_equal(broadcaster_recipients(f->broadcaster, id, "", "skipped", 100, &out, NULL),
			 1);
	for (const struct value *r = value_get(parse(f, &out), "recipients")->first; r;
	     r = r->next, n++)
		assert_string_equal(text_of(r, "reason"), "opted_out");
	assert_int_equal(n, 2);
	assert_int_equal(broadcaster_recipients(f->broadcaster, id, "", "lost", 1, &out, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(broadcaster_list(f->broadcaster, "x", 1, &out, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	buf_free(&out);
}

/* ---- rests ---- */

static void rests_while_people_write(void **state)
{
	struct fixture *f = *state;
	struct broadcaster b = { .set = f->set };
	struct broadcaster_rest rest;
	int64_t began;

	broadcaster_rest_begin(&rest, &b);
	began = rest.began_us -= 40000; /* a page that took so long */
	atomic_fetch_add(&f->conversation.received, 1);
	broadcaster_rest(&rest);
	assert_true(rest.began_us - began >= 200000);
	began = rest.began_us -= 60000000; /* it hung */
	atomic_fetch_add(&f->conversation.received, 1);
	broadcaster_rest(&rest);
	assert_true(rest.began_us - began < 90000000);
}

/* ---- what cannot be read ---- */

static void reopen_store(struct fixture *f, const char *dir, const char *keys)
{
	struct store_settings set = { .redis_url = "", .data_dir = dir };

	store_close(&f->store);
	seal_ring_free(&f->ring);
	assert_int_equal(seal_ring_parse(keys, &f->ring, NULL), 0);
	set.ring = f->ring;
	assert_int_equal(store_open(&set, &f->store, NULL), 0);
	f->set.store = f->store;
}

/* To whoever asks over HTTP, ERR_PERM would be a conflict of theirs. */
static void a_lost_key_is_no_refusal(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef";
	static const char other[] =
		"k2:"
		"ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
	static const char *const files[] = { "samvad.db", "samvad.db-wal", "samvad.db-shm",
					     "samvad.lock" };
	char dir[] = "/tmp/samvad-room-XXXXXX";
	struct fixture *f = *state;
	struct buf out;

	assert_non_null(mkdtemp(dir));
	reopen_store(f, dir, KEYS);
	leave_half_planned(f, id, 0);
	reopen_store(f, dir, other);
	open_room(f);
	buf_init(&out, 65536);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "show", "recipients", "steer" };
		struct err err = { 0 };
		int got =
			i == 0	 ? broadcaster_show(f->broadcaster, id, &out, &err)
			: i == 1 ? broadcaster_recipients(f->broadcaster, id, "", "", 1, &out, &err)
				 : broadcaster_steer(f->broadcaster, id, BROADCASTER_PAUSE, "r",
						     &out, &err);

		CHECK_CASE(got == -1, names[i]);
		CHECK_CASE(err.kind == ERR_BUG, names[i]);
	}
	buf_free(&out);
	broadcaster_close(&f->broadcaster);
	store_close(&f->store);
	for (size_t i = 0; i < COUNT(files); i++)
		(void)unlink(arena_printf(&f->arena, "%s/%s", dir, files[i])); /* some are gone */
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(planned_sent_done),
		ROOM_TEST(what_is_left_behind_is_sent),
		ROOM_TEST(nobody_is_there),
		ROOM_TEST(a_dry_run_writes_nothing),
		cmocka_unit_test(each_is_counted_once),
		ROOM_TEST(the_same_key_is_the_same_broadcast),
		ROOM_TEST(a_late_repeat_gets_the_first_answer),
		ROOM_TEST(another_process_goes_on_after_a_crash),
		ROOM_TEST(nothing_leaves_before_its_time),
		ROOM_TEST(quiet_hours_hold_it),
		ROOM_TEST(lists_and_recipients),
		ROOM_TEST(rests_while_people_write),
		ROOM_TEST(a_lost_key_is_no_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
