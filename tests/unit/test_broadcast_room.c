/*
 * test_broadcast_room.c - the whole room on a store in memory and a clock that stands: planning,
 * leases, pauses, rounds. The outbox is played by hand here, row by row.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../src/broadcast/broadcast_private.h"
#include "../../src/conversation/conversation_private.h"
#include "base/cond.h"

#define KEYS "k1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define NOW  INT64_C(1795167000000) /* 2026-11-20T09:30:00Z */
#define HOUR INT64_C(3600000)

/* ---- the outbox, as far as this room knows it ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char used[OUTBOX_MAX_BROADCASTS][ID_HEX_SIZE];
static size_t used_count;
static struct outbox_state outbox_now;

void outbox_wake(struct outbox *box)
{
	(void)box;
}

void outbox_use_broadcasts(struct outbox *box, const char (*ids)[ID_HEX_SIZE], size_t count)
{
	(void)box;
	pthread_mutex_lock(&lock);
	memcpy(used, ids, count * sizeof *ids);
	used_count = count;
	pthread_mutex_unlock(&lock);
}

void outbox_look(struct outbox *box, struct outbox_state *state_out)
{
	(void)box;
	pthread_mutex_lock(&lock);
	*state_out = outbox_now;
	pthread_mutex_unlock(&lock);
}

static bool is_used(const char *id)
{
	bool yes = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < used_count; i++)
		yes |= strcmp(used[i], id) == 0;
	pthread_mutex_unlock(&lock);
	return yes;
}

/* ---- the house ---- */

struct fixture {
	struct conversation conversation;
	struct seal_ring *ring;
	struct store *store;
	struct channel *channel;
	struct clock clock;
	struct broadcaster *broadcaster;
	struct broadcaster_settings set;
	struct arena arena;
	unsigned people;
};

static int open_channel(struct fixture *f)
{
	const struct channel_settings set = { .account_sid = "AC0",
					      .auth_tokens = "t",
					      .sender = "whatsapp:+15550001111",
					      .messaging_service_sid = "",
					      .api_base = "http://127.0.0.1:1",
					      .public_url = "",
					      .trusted_proxies = "" };

	return channel_open_twilio(&set, &f->channel, NULL);
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);
	struct flow_faults faults = { 0 };
	struct store_settings set = { 0 };

	outbox_now = (struct outbox_state){ 0 };
	used_count = 0;
	clock_init_standing(&f->clock, NOW);
	if (seal_ring_parse(KEYS, &f->ring, NULL) < 0 || open_channel(f) < 0 ||
	    bot_load("templates", "msme", &f->conversation.bot, &faults, NULL) < 0)
		return -1;
	pthread_mutex_init(&f->conversation.bot_lock, NULL);
	set.ring = f->ring;
	if (store_open_memory(&set, &f->store, NULL) < 0)
		return -1;
	f->set = (struct broadcaster_settings){ .store = f->store,
						.outbox = (struct outbox *)f,
						.channel = f->channel,
						.conversation = &f->conversation,
						.clock = &f->clock,
						.send_rate = 80 };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	broadcaster_close(&f->broadcaster);
	store_close(&f->store);
	channel_close(&f->channel);
	bot_release(&f->conversation.bot);
	pthread_mutex_destroy(&f->conversation.bot_lock);
	seal_ring_free(&f->ring);
	arena_free(&f->arena);
	test_free(f);
	return 0;
}

static void open_room(struct fixture *f)
{
	assert_int_equal(broadcaster_open(&f->set, &f->broadcaster, NULL), 0);
}

static void add_people(struct fixture *f, unsigned count, const char *step, const char *name,
		       enum consent consent)
{
	for (unsigned i = 0; i < count; i++) {
		struct session s = { .flow = "msme",
				     .flow_version = 1,
				     .step = step,
				     .shown_step = step,
				     .language = "en",
				     .created_ms = NOW,
				     .updated_ms = NOW,
				     .expires_ms = NOW + 48 * HOUR,
				     .receiver = "",
				     .account = "" };
		struct consent_event event = { consent, "STOP", "SM1" };
		struct turn t = { .contact = arena_printf(&f->arena, "whatsapp:+9198%08u",
							  f->people++),
				  .now_ms = NOW,
				  .session = &s,
				  .facts = { .known = true,
					     .language = "en",
					     .first_in_ms = NOW,
					     .last_in_ms = NOW,
					     .consent = consent },
				  .consent = consent ? &event : NULL };
		enum commit_result result;

		s.call = (struct session_call){ "", "", "", "", 0 };
		if (name)
			assert_int_equal(session_set(&s, &f->arena, "name", name, NULL), 0);
		assert_int_equal(store_commit(f->store, &t, &result, NULL, NULL), 0);
		assert_int_equal(result, COMMIT_DONE);
	}
}

/* ---- asking ---- */

static const struct value *parse(struct fixture *f, const struct buf *out)
{
	struct value *v = NULL;

	if (value_from_json(&f->arena, (struct str){ out->data, out->len }, &v, NULL) < 0)
		fail_msg("no JSON: %s", out->data);
	return v;
}

static const char *text_of(const struct value *v, const char *name)
{
	const struct value *member = value_get(v, name);

	return member && member->kind == VALUE_TEXT ? member->text.p : "";
}

static long number_of(const struct value *v, const char *name)
{
	return strtol(text_of(v, name), NULL, 10);
}

static const struct value *ask(struct fixture *f, const char *body, const char *key, int want)
{
	const struct broadcaster_request rq = { str_of(body), key, "r1", &f->arena };
	const struct value *v;
	const char *field;
	struct err err = { 0 };
	struct buf out;

	buf_init(&out, 65536);
	if (broadcaster_send(f->broadcaster, &rq, &out, &field, &err) != want)
		fail_msg("%s: %s: %s %s", body, field, err.text, out.data);
	v = want > 0 ? parse(f, &out) : NULL;
	buf_free(&out);
	return v;
}

static const struct value *show(struct fixture *f, const char *id)
{
	const struct value *v;
	struct buf out;

	buf_init(&out, 65536);
	assert_int_equal(broadcaster_show(f->broadcaster, id, &out, NULL), 1);
	v = parse(f, &out);
	buf_free(&out);
	return v;
}

static long progress(struct fixture *f, const char *id, const char *outcome)
{
	return number_of(value_get(show(f, id), "progress"), outcome);
}

/* Looks until it is so; the watcher looks every quarter of a second. */
#define UNTIL(cond)                                                                                \
	do {                                                                                       \
		int64_t until_ = clock_mono_ms() + 5000;                                           \
		while (!(cond)) {                                                                  \
			if (clock_mono_ms() > until_)                                              \
				fail_msg("never: %s", #cond);                                      \
			pause_shortly();                                                           \
		}                                                                                  \
	} while (0)

static void pause_shortly(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	int64_t until = clock_mono_ms() + 10;
	pthread_cond_t c;

	cond_init(&c);
	pthread_mutex_lock(&m);
	while (cond_wait_until(&c, &m, until))
		;
	pthread_mutex_unlock(&m);
	pthread_cond_destroy(&c);
	pthread_mutex_destroy(&m);
}

static bool state_is(struct fixture *f, const char *id, const char *state)
{
	return strcmp(text_of(show(f, id), "state"), state) == 0;
}

static const struct value *steer(struct fixture *f, const char *id, enum broadcaster_action action,
				 int want)
{
	const struct value *v = NULL;
	struct err err = { 0 };
	struct buf out;
	int got;

	buf_init(&out, 65536);
	got = broadcaster_steer(f->broadcaster, id, action, "r2", &out, &err);
	if (got != want)
		fail_msg("%d: %d %s", action, got, err.text);
	if (got == 1)
		v = parse(f, &out);
	else if (got < 0)
		assert_int_equal(err.kind, ERR_PERM);
	buf_free(&out);
	return v;
}

/* Sends up to max rows: they end like this. */
static size_t play_outbox(struct fixture *f, const char *id, unsigned max,
			  enum outbound_state state, enum outbound_reason reason, int code)
{
	int64_t now = clock_now_ms(&f->clock);
	struct outbox_claim *claims = NULL;
	struct arena a = { 0 };
	size_t count = 0;

	assert_int_equal(store_outbox_claim(f->store, id, 0, now, now + 60000, max, &a, &claims,
					    &count, NULL),
			 0);
	for (size_t i = 0; i < count; i++) {
		claims[i].row.state = state;
		claims[i].row.reason = reason;
		claims[i].row.error_code = code;
		claims[i].row.external_id = state == OUTBOUND_ACCEPTED
						    ? arena_printf(&a, "SM%s", claims[i].row.id)
						    : "";
		assert_int_equal(store_outbox_settle(f->store, &claims[i].row, 1, now, NULL), 0);
	}
	arena_free(&a);
	return count;
}

/* ---- cases ---- */

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
		store_broadcast_list(f->store, false, 0, 10, &f->arena, &list, &count, NULL), 0);
	assert_int_equal(count, 0);
	assert_int_equal(store_audit_list(f->store, NULL, 10, &f->arena, &audit, &count, NULL), 0);
	assert_int_equal(count, 0);
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

static void failed_ones_go_again(void **state)
{
	struct fixture *f = *state;
	const char *id;

	add_people(f, 40, "name", "Asha", CONSENT_NONE);
	open_room(f);
	id = text_of(ask(f, "{\"message\":\"Hi\"}", "", 202), "broadcast_id");
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

#define ROOM_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(planned_sent_done),
		ROOM_TEST(nobody_is_there),
		ROOM_TEST(a_dry_run_writes_nothing),
		ROOM_TEST(the_same_key_is_the_same_broadcast),
		ROOM_TEST(another_process_goes_on_after_a_crash),
		ROOM_TEST(pause_resume_cancel),
		ROOM_TEST(failures_pause_it_once),
		ROOM_TEST(configuration_pauses_it),
		ROOM_TEST(failed_ones_go_again),
		ROOM_TEST(nothing_leaves_before_its_time),
		ROOM_TEST(quiet_hours_hold_it),
		ROOM_TEST(lists_and_recipients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
