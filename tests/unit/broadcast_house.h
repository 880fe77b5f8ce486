/*
 * broadcast_house.h - the broadcasts' room on a store in memory and a clock that stands, for tests.
 *
 * The outbox is played by hand: its doors that the room knows are defined here, so a test file
 * that includes this must use nothing else of it.
 */
#ifndef SAMVAD_TESTS_BROADCAST_HOUSE_H
#define SAMVAD_TESTS_BROADCAST_HOUSE_H

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

static inline bool is_used(const char *id)
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

static inline int open_channel(struct fixture *f)
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

static inline int setup(void **state)
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

static inline int teardown(void **state)
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

static inline void open_room(struct fixture *f)
{
	assert_int_equal(broadcaster_open(&f->set, &f->broadcaster, NULL), 0);
}

static inline void add_people(struct fixture *f, unsigned count, const char *step, const char *name,
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

static inline const struct value *parse(struct fixture *f, const struct buf *out)
{
	struct value *v = NULL;

	if (value_from_json(&f->arena, (struct str){ out->data, out->len }, &v, NULL) < 0)
		fail_msg("no JSON: %s", out->data);
	return v;
}

static inline const char *text_of(const struct value *v, const char *name)
{
	const struct value *member = value_get(v, name);

	return member && member->kind == VALUE_TEXT ? member->text.p : "";
}

static inline long number_of(const struct value *v, const char *name)
{
	return strtol(text_of(v, name), NULL, 10);
}

static inline const struct value *ask(struct fixture *f, const char *body, const char *key,
				      int want)
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

static inline const struct value *show(struct fixture *f, const char *id)
{
	const struct value *v;
	struct buf out;

	buf_init(&out, 65536);
	assert_int_equal(broadcaster_show(f->broadcaster, id, &out, NULL), 1);
	v = parse(f, &out);
	buf_free(&out);
	return v;
}

static inline long progress(struct fixture *f, const char *id, const char *outcome)
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

static inline void pause_shortly(void)
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

static inline bool state_is(struct fixture *f, const char *id, const char *state)
{
	return strcmp(text_of(show(f, id), "state"), state) == 0;
}

static inline const struct value *steer(struct fixture *f, const char *id,
					enum broadcaster_action action, int want)
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
static inline size_t play_outbox(struct fixture *f, const char *id, unsigned max,
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

#define ROOM_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
