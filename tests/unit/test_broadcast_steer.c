/*
 * test_broadcast_steer.c - pauses of every kind, cancelling, and failed messages that go again.
 */
#include "broadcast_house.h"

static void pause_resume_cancel(void **state)
{
	struct fixture *f = *state;
	const struct value *got;
	const char *id;

	add_people(f, 20, "name", "Asha", CONSENT_NONE);
	open_room(f);
	id = text_of(ask(f, "{\"message\":\"Hi\"}", "", 202), "broadcast_id");
	UNTIL(is_used(id));
	got = steer(f, id, BROADCASTER_PAUSE, 1);
	assert_string_equal(text_of(got, "state"), "paused");
	assert_string_equal(text_of(got, "why"), "admin");
	UNTIL(!is_used(id));
	(void)steer(f, id, BROADCASTER_PAUSE, 1);
	(void)steer(f, id, BROADCASTER_RESUME, 1);
	(void)steer(f, id, BROADCASTER_RESUME, 1);
	UNTIL(is_used(id));
	assert_int_equal(play_outbox(f, id, 5, OUTBOUND_ACCEPTED, 0, 0), 5);
	got = steer(f, id, BROADCASTER_CANCEL, 1);
	assert_string_equal(text_of(got, "state"), "cancelled");
	assert_int_equal(number_of(value_get(got, "progress"), "cancelled"), 15);
	assert_int_equal(number_of(value_get(got, "progress"), "accepted"), 5);
	(void)steer(f, id, BROADCASTER_CANCEL, 1);
	(void)steer(f, id, BROADCASTER_RESUME, -1);
	(void)steer(f, id, BROADCASTER_PAUSE, -1);
	(void)steer(f, id, BROADCASTER_RETRY, -1);
	(void)steer(f, "00000000000000000000000000000000", BROADCASTER_PAUSE, 0);
	UNTIL(!is_used(id));
}

static size_t audit_count(struct fixture *f, const char *id, const char *action)
{
	struct audit_entry *list = NULL;
	size_t count = 0, n = 0;

	assert_int_equal(store_audit_list(f->store, id, 50, &f->arena, &list, &count, NULL), 0);
	for (size_t i = 0; i < count; i++)
		n += strcmp(list[i].action, action) == 0;
	return n;
}

static void failures_pause_it_once(void **state)
{
	struct fixture *f = *state;
	const struct value *got;
	const char *id;

	add_people(f, 100, "name", "Asha", CONSENT_NONE);
	open_room(f);
	id = text_of(ask(f, "{\"message\":\"Hi\"}", "", 202), "broadcast_id");
	UNTIL(is_used(id));
	assert_int_equal(play_outbox(f, id, 30, OUTBOUND_DEAD, OUTBOUND_FAILED, 21610), 30);
	assert_int_equal(play_outbox(f, id, 24, OUTBOUND_DEAD, OUTBOUND_FAILED, 63024), 24);
	UNTIL(progress(f, id, "failed") == 24);
	assert_int_equal(progress(f, id, "skipped"), 30);
	assert_string_equal(text_of(show(f, id), "state"), "sending");
	assert_int_equal(play_outbox(f, id, 6, OUTBOUND_DEAD, OUTBOUND_FAILED, 63024), 6);
	UNTIL(state_is(f, id, "paused"));
	got = show(f, id);
	assert_string_equal(text_of(got, "why"), "failures");
	assert_int_equal(number_of(got, "why_code"), 63024);
	assert_non_null(strstr(text_of(got, "why_text"), "63024"));
	assert_int_equal(audit_count(f, id, "broadcast.pause"), 1);
	UNTIL(!is_used(id));
	/* who resumes has seen those */
	(void)steer(f, id, BROADCASTER_RESUME, 1);
	UNTIL(is_used(id));
	assert_int_equal(play_outbox(f, id, 100, OUTBOUND_ACCEPTED, 0, 0), 40);
	UNTIL(state_is(f, id, "done"));
	assert_int_equal(audit_count(f, id, "broadcast.pause"), 1);
}

/* There is nothing that a pause could keep from failing as well. */
static void the_last_failures_end_it(void **state)
{
	struct fixture *f = *state;
	const char *id;

	add_people(f, 60, "name", "Asha", CONSENT_NONE);
	open_room(f);
	id = text_of(ask(f, "{\"message\":\"Hi\"}", "", 202), "broadcast_id");
	UNTIL(is_used(id));
	assert_int_equal(play_outbox(f, id, 60, OUTBOUND_DEAD, OUTBOUND_FAILED, 63024), 60);
	UNTIL(state_is(f, id, "done"));
	assert_int_equal(audit_count(f, id, "broadcast.pause"), 0);
}

static void configuration_pauses_it(void **state)
{
	struct fixture *f = *state;
	const char *id;

	add_people(f, 3, "name", "Asha", CONSENT_NONE);
	outbox_now = (struct outbox_state){ .config_code = 20003, .config_ms = NOW - 1 };
	open_room(f);
	id = text_of(ask(f, "{\"message\":\"Hi\"}", "", 202), "broadcast_id");
	UNTIL(is_used(id)); /* that was before */
	pthread_mutex_lock(&lock);
	outbox_now.config_ms = NOW + 1;
	pthread_mutex_unlock(&lock);
	UNTIL(state_is(f, id, "paused"));
	assert_string_equal(text_of(show(f, id), "why"), "configuration");
	assert_int_equal(number_of(show(f, id), "why_code"), 20003);
	clock_advance(&f->clock, 60000);
	(void)steer(f, id, BROADCASTER_RESUME, 1);
	UNTIL(is_used(id));
}

/* Of a row that waits. */
static const char *first_text(struct fixture *f, const char *id)
{
	struct outbound *rows = NULL;
	const char *next;
	size_t count = 0;

	assert_int_equal(store_recipients_page(f->store, id, "", 1000, &f->arena, &rows, &count,
					       &next, NULL),
			 0);
	for (size_t i = 0; i < count; i++)
		if (rows[i].state == OUTBOUND_WAITING)
			return rows[i].text;
	return "";
}

static void failed_ones_go_again(void **state)
{
	struct fixture *f = *state;
	const char *id;

	add_people(f, 40, "name", "Asha", CONSENT_NONE);
	open_room(f);
	id = text_of(ask(f, "{\"message\":\"Dear {{name}}\"}", "", 202), "broadcast_id");
	UNTIL(is_used(id));
	(void)steer(f, id, BROADCASTER_RETRY, -1); /* nothing has failed */
	assert_int_equal(play_outbox(f, id, 20, OUTBOUND_ACCEPTED, 0, 0), 20);
	assert_int_equal(play_outbox(f, id, 15, OUTBOUND_DEAD, OUTBOUND_FAILED, 63024), 15);
	assert_int_equal(play_outbox(f, id, 5, OUTBOUND_DEAD, OUTBOUND_UNTOLD, 0), 5);
	UNTIL(state_is(f, id, "done"));
	clock_advance(&f->clock, 1000);
	(void)steer(f, id, BROADCASTER_RETRY, 1);
	UNTIL(progress(f, id, "waiting") == 15);
	UNTIL(is_used(id));
	assert_int_equal(number_of(show(f, id), "audience"), 40);
	assert_int_equal(progress(f, id, "failed"), 0);
	assert_int_equal(progress(f, id, "unsure"), 5);
	assert_string_equal(first_text(f, id), "Dear Asha");
	/* some fail again: once in this round, and then in the next */
	UNTIL(state_is(f, id, "sending"));
	assert_int_equal(play_outbox(f, id, 3, OUTBOUND_DEAD, OUTBOUND_FAILED, 63024), 3);
	assert_int_equal(play_outbox(f, id, 50, OUTBOUND_ACCEPTED, 0, 0), 12);
	UNTIL(state_is(f, id, "done"));
	assert_int_equal(progress(f, id, "failed"), 3);
	clock_advance(&f->clock, 1000);
	(void)steer(f, id, BROADCASTER_RETRY, 1);
	UNTIL(progress(f, id, "waiting") == 3);
	assert_int_equal(number_of(show(f, id), "audience"), 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(pause_resume_cancel),	     ROOM_TEST(failures_pause_it_once),
		ROOM_TEST(the_last_failures_end_it), ROOM_TEST(configuration_pauses_it),
		ROOM_TEST(failed_ones_go_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
