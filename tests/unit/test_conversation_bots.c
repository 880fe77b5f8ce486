/*
 * test_conversation_bots.c - several packs in one process, and turns that a timer begins.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../src/conversation/conversation_private.h"

#define KEYS "k1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define WHO  "whatsapp:+919876543210"
#define ONE  "whatsapp:+14155238886"
#define TWO  "whatsapp:+14155238887"

/* A pack that asks one question and reminds of it after half an hour. */
#define PACK(name)                                                                                 \
	"{\"flow\": \"" name "\", \"version\": 1, \"languages\": {\"en\": {}}, \"start\": \"q\", " \
	"\"reminders\": [{\"after\": \"30m\", \"say\": \"there\"}], \"values\": {\"v\": "          \
	"{\"type\": \"text\"}}, \"steps\": {\"q\": {\"ask\": \"ask\", \"save\": \"v\", "           \
	"\"wrong\": \"ask\", \"next\": \"done\"}, \"done\": {\"end\": true, \"again\": "           \
	"\"there\"}}, \"commands\": {\"stop\": {\"words\": {\"en\": [\"stop\"]}, \"do\": "         \
	"{\"consent\": \"out\", \"say\": \"ask\"}}}, \"system\": {\"one_moment\": \"ask\", "       \
	"\"too_fast\": \"ask\", \"trouble\": \"ask\", \"still_working\": \"ask\", "                \
	"\"media_instead\": \"ask\", \"way_out\": \"ask\", \"expired\": \"ask\", "                 \
	"\"flow_changed\": \"ask\"}}"

struct fixture {
	struct conversation conversation;
	struct seal_ring *ring;
	struct store *store;
	struct bot *bot;
	struct channel *channel;
	struct clock clock;
	struct arena arena;
	char dir[64];
};

static void write_file(struct fixture *f, const char *path, const char *text)
{
	char *full = arena_printf(&f->arena, "%s/%s", f->dir, path);
	struct err err = { 0 };

	for (char *p = full + strlen(f->dir) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (folder_make(full, &err) < 0)
			fail_msg("%s", err.text);
		*p = '/';
	}
	if (file_write_atomic(full, str_of(text), 0600, &err) < 0)
		fail_msg("%s", err.text);
}

static void write_packs(struct fixture *f)
{
	write_file(f, "twiml/reply.xml",
		   "<Response>{{#texts}}<Message>{{.}}</Message>{{/texts}}</Response>");
	write_file(f, "one/flow.json", PACK("one"));
	write_file(f, "one/en/ask.txt", "One?");
	write_file(f, "one/en/there.txt", "One there");
	write_file(f, "two/flow.json", PACK("two"));
	write_file(f, "two/en/ask.txt", "Two?");
	write_file(f, "two/en/there.txt", "Two there");
	write_file(f, "twin/flow.json", PACK("one"));
	write_file(f, "twin/en/ask.txt", "Again one");
	write_file(f, "twin/en/there.txt", "Again one");
	write_file(f, "broken/flow.json", "{}");
}

static int load(struct fixture *f, const char *senders, struct err *err)
{
	struct flow_faults faults = { 0 };
	int ret;

	bot_release(&f->bot);
	if (senders)
		write_file(f, "senders.json", senders);
	ret = bot_load(f->dir, "one", &f->bot, &faults, err);
	flow_faults_free(&faults);
	return ret;
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);
	struct store_settings set = { 0 };

	(void)memcpy(f->dir, "/tmp/samvad-bots-XXXXXX", sizeof "/tmp/samvad-bots-XXXXXX");
	if (!mkdtemp(f->dir) || seal_ring_parse(KEYS, &f->ring, NULL) < 0)
		return -1;
	set.ring = f->ring;
	if (store_open_memory(&set, &f->store, NULL) < 0)
		return -1;
	if (channel_open_twilio(&(struct channel_settings){ .account_sid = "AC1",
							    .auth_tokens = "t",
							    .sender = ONE,
							    .messaging_service_sid = "",
							    .api_base = "http://127.0.0.1",
							    .public_url = "",
							    .trusted_proxies = "" },
				&f->channel, NULL) < 0)
		return -1;
	f->conversation.set.channel = f->channel;
	write_packs(f);
	clock_init_standing(&f->clock, 1763600000000);
	f->conversation.set.store = f->store;
	f->conversation.set.clock = &f->clock;
	f->conversation.set.settings = value_object(&f->arena);
	f->conversation.set.session_ttl_ms = 86400000;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const left[] = {
		"twiml/reply.xml",
		"one/flow.json",
		"one/en/ask.txt",
		"one/en/there.txt",
		"two/flow.json",
		"two/en/ask.txt",
		"two/en/there.txt",
		"twin/flow.json",
		"twin/en/ask.txt",
		"twin/en/there.txt",
		"broken/flow.json",
		"senders.json",
		"twiml",
		"one/en",
		"one",
		"two/en",
		"two",
		"twin/en",
		"twin",
		"broken",
		"",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(left); i++)
		(void)remove(arena_printf(&f->arena, "%s/%s", f->dir, left[i]));
	channel_close(&f->channel);
	store_close(&f->store);
	bot_release(&f->bot);
	seal_ring_free(&f->ring);
	arena_free(&f->arena);
	test_free(f);
	return 0;
}

static const char *say(struct fixture *f, const char *receiver, const char *text)
{
	static unsigned sent;
	struct turn_done done;
	struct inbound in;
	struct err err = { 0 };

	inbound_init(&in);
	in.channel = "twilio";
	in.contact = WHO;
	in.receiver = receiver;
	in.external_id = arena_printf(&f->arena, "SM%u", ++sent);
	in.text = text;
	clock_advance(&f->clock, 2000);
	if (turn_message(&f->conversation, f->bot, &in, TURN_INLINE, &f->arena, &done, &err) < 0)
		fail_msg("%s", err.text);
	return done.reply.count
		       ? arena_strndup(&f->arena, done.reply.texts[0].p, done.reply.texts[0].n)
		       : "";
}

/* ---- packs ---- */

static void test_without_senders_there_is_one(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	if (load(f, NULL, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(f->bot->flow_count, 1);
	assert_string_equal(flow_name(bot_flow(f->bot, ONE)), "one");
	assert_string_equal(flow_name(bot_flow(f->bot, NULL)), "one");
}

static void test_the_number_says_which(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	if (load(f, "{\"" TWO "\": \"two\", \"whatsapp:+1\": \"one\"}", &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(f->bot->flow_count, 2);
	assert_string_equal(flow_name(bot_flow(f->bot, ONE)), "one");
	assert_string_equal(flow_name(bot_flow(f->bot, TWO)), "two");
	if (load(f, "{\"default\": \"two\", \"" ONE "\": \"one\"}", &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(flow_name(f->bot->flow), "two");
	assert_string_equal(flow_name(bot_flow(f->bot, ONE)), "one");
	assert_string_equal(flow_name(bot_flow(f->bot, TWO)), "two");
}

static void test_all_or_nothing(void **state)
{
	static const struct {
		const char *senders, *says;
	} rows[] = {
		{ "[]", "/senders.json: is no object; write {\"whatsapp:+1…\": \"pack\"}" },
		{ "{", "/senders.json: line 1, column 2: " },
		{ "{\"+1 415\": \"two\"}",
		  "/senders.json: \"+1 415\" is no address; write one like "
		  "\"whatsapp:+14155238886\", or \"default\"" },
		{ "{\"" TWO "\": true}",
		  "/senders.json: \"" TWO "\" names no pack; write the name of a "
		  "folder in " },
		{ "{\"" TWO "\": \"../two\"}", "/senders.json: \"" TWO "\" names no pack; write" },
		{ "{\"" TWO "\": \"none\"}", "none" },
		{ "{\"" TWO "\": \"broken\"}", "/broken has faults: run samvad check " },
		{ "{\"" TWO "\": \"twin\"}",
		  "the packs one and twin both hold a flow \"one\"; name one "
		  "anew" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = { 0 };

		CHECK_CASE(load(f, rows[i].senders, &err) == -1, rows[i].senders);
		if (!strstr(err.text, rows[i].says))
			fail_msg("%s: got <%s>", rows[i].senders, err.text);
	}
}

static void test_who_writes_to_another_number_begins_there(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	if (load(f, "{\"" TWO "\": \"two\"}", &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(say(f, ONE, "hi"), "One?");
	assert_string_equal(say(f, TWO, "hi"), "Two?");
	assert_string_equal(say(f, TWO, "an answer"), "");
	assert_string_equal(say(f, TWO, "more"), "Two there");
	assert_string_equal(say(f, ONE, "hi"), "One?");
}

/* ---- timers ---- */

static size_t claim(struct fixture *f)
{
	int64_t now = clock_now_ms(&f->clock);
	struct call_due *due;
	size_t count = 0;
	struct err err = { 0 };

	if (store_calls_claim(f->store, now, now + CALL_LEASE_MS, 10, &f->arena, &due, &count,
			      &err) < 0)
		fail_msg("%s", err.text);
	return count;
}

static void timer(struct fixture *f)
{
	struct err err = { 0 };

	if (turn_timer(&f->conversation, f->bot, WHO, &f->arena, &err) < 0)
		fail_msg("%s", err.text);
}

static void test_a_reminder_is_said_once(void **state)
{
	struct fixture *f = *state;
	struct turn_view view;
	struct store_stats stats;
	struct err err = { 0 };

	if (load(f, "{\"" TWO "\": \"two\"}", &err) < 0)
		fail_msg("%s", err.text);
	(void)say(f, TWO, "hi");
	assert_int_equal(claim(f), 0);
	clock_advance(&f->clock, 31 * 60 * 1000);
	assert_int_equal(claim(f), 1);
	assert_int_equal(claim(f), 0); /* leased */
	timer(f);
	timer(f); /* nothing more to say */
	if (store_stats(f->store, clock_now_ms(&f->clock), &f->arena, &stats, &err) < 0 ||
	    store_load(f->store, WHO, NULL, clock_now_ms(&f->clock), &f->arena, &view, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(stats.outbox_waiting, 1);
	assert_int_equal(stats.calls_waiting, 0);
	assert_int_equal(view.session->reminded, 1);
	assert_int_equal(view.session->wake_ms, 0);
	clock_advance(&f->clock, 60 * 60 * 1000);
	assert_int_equal(claim(f), 0);
}

static void test_an_answer_comes_before_the_timer(void **state)
{
	struct fixture *f = *state;
	struct store_stats stats;
	struct err err = { 0 };

	if (load(f, NULL, &err) < 0)
		fail_msg("%s", err.text);
	(void)say(f, ONE, "hi");
	clock_advance(&f->clock, 31 * 60 * 1000);
	assert_int_equal(claim(f), 1);
	(void)say(f, ONE, "stop");
	timer(f);
	if (store_stats(f->store, clock_now_ms(&f->clock), &f->arena, &stats, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(stats.outbox_waiting, 0);
	clock_advance(&f->clock, 5 * 60 * 60 * 1000);
	assert_int_equal(claim(f), 0);
}

#define BOT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOT_TEST(test_without_senders_there_is_one),
		BOT_TEST(test_the_number_says_which),
		BOT_TEST(test_all_or_nothing),
		BOT_TEST(test_who_writes_to_another_number_begins_there),
		BOT_TEST(test_a_reminder_is_said_once),
		BOT_TEST(test_an_answer_comes_before_the_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
