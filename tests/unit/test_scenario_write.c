/*
 * What happened becomes a .chat file: the file passes, and says what was said.
 *
 * The happenings are played on the engine here, with ids of their own, as a
 * running server would: the file must pass although ids differ.
 */
#include "base/files.h"
#include "check.h"
#include "scenario.h"
#include "template.h"

enum { MOST_EVENTS = 200 };

struct live {
	struct arena a;
	struct flow *flow;
	struct session *session;
	struct contact_facts facts;
	struct flow_env env;
	struct scenario_event events[MOST_EVENTS];
	size_t count;
	unsigned turns;
};

static const struct scenario_setting settings[] = {
	{ "WEB_APP_URL", "https://app.example", 0 },
	{ "AUTH_API_URL", "http://localhost:8001", 0 },
	{ "AUTH_API_OTP_PATH", "/api/send-otp", 0 },
	{ "AUTH_API_TIMEOUT_MS", "7000", 0 },
};

static void open_live(struct live *l)
{
	struct flow_faults faults = { .count = 0 };
	struct file_tree tree;
	struct value *all;
	struct err err = { 0 };

	*l = (struct live){ .turns = 0 };
	if (file_tree_read("templates/msme", &l->a, &tree, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(flow_load(&tree, &l->flow, &faults), 0);
	flow_faults_free(&faults);
	all = value_object(&l->a);
	for (size_t i = 0; i < COUNT(settings); i++)
		value_add_text(&l->a, all, settings[i].name, str_of(settings[i].value));
	l->env = (struct flow_env){ .now_ms = 1700000000123,
				    .contact = "whatsapp:IN.13491208655302741918",
				    .facts = &l->facts,
				    .settings = all,
				    .session_ttl_ms = 86400000 };
}

static void close_live(struct live *l)
{
	flow_free(&l->flow);
	arena_free(&l->a);
}

static void turn(struct live *l, const struct flow_input *input, const struct scenario_event *e)
{
	struct flow_result r;
	struct err err = { 0 };

	l->events[l->count++] = *e;
	l->env.now_ms += 1234;
	l->env.turn_id = arena_printf(&l->a, "%032x", 0xabcd00 + ++l->turns);
	if (l->session && l->session->expires_ms <= l->env.now_ms)
		l->session = NULL;
	if (flow_run(l->flow, l->session, input, &l->env, &l->a, &r, &err) < 0)
		fail_msg("%s", err.text);
	l->session = r.session;
	l->facts.known = true;
	l->facts.unfinished = !r.session->completed;
	memcpy(l->facts.language, r.session->language, sizeof l->facts.language);
	for (size_t i = 0; i < r.effect_count; i++) {
		if (r.effects[i].kind == FLOW_CONSENT)
			l->facts.consent = r.effects[i].consent;
		if (r.effects[i].kind == FLOW_SAY)
			l->events[l->count++] =
				(struct scenario_event){ .kind = SCENARIO_REPLIED,
							 .text = r.effects[i].text };
	}
}

static void come(struct live *l, struct inbound in)
{
	struct inbound *kept = arena_alloc(&l->a, sizeof *kept);

	in.external_id = "SM1";
	in.receiver = in.account = "";
	in.text = in.text ? in.text : "";
	in.payload = in.payload ? in.payload : "";
	in.place = in.place ? in.place : "";
	*kept = in;
	turn(l, &(struct flow_input){ .kind = FLOW_INPUT_MESSAGE, .message = kept },
	     &(struct scenario_event){ .kind = SCENARIO_SAID, .message = kept });
}

static void say(struct live *l, const char *text)
{
	come(l, (struct inbound){ .kind = INBOUND_TEXT, .text = text });
}

static void end_call(struct live *l, const char *outcome, int status, const char *json)
{
	struct scenario_event e = { .kind = SCENARIO_CALLED,
				    .name = l->session->call.name,
				    .outcome = outcome,
				    .status = status,
				    .text = str_of(json) };
	struct flow_input in = { .kind = FLOW_INPUT_OUTCOME, .call_id = l->session->call.id };
	struct value *answer = NULL;

	if (*json)
		assert_int_equal(value_from_json(&l->a, str_of(json), &answer, NULL), 0);
	in.answer = answer;
	in.outcome = outcome ? outcome : flow_call_outcome(l->flow, e.name, status, answer);
	turn(l, &in, &e);
}

static void wait_ms(struct live *l, int64_t ms)
{
	l->env.now_ms += ms;
	l->events[l->count++] = (struct scenario_event){ .kind = SCENARIO_PASSED, .ms = ms };
}

/* Writes, reads and runs. */
static const char *round_trip(struct live *l, struct buf *chat)
{
	const struct scenario_record r = { .title = "what happened\non Friday",
					   .contact = l->env.contact,
					   .profile_name = "Asha",
					   .settings = settings,
					   .setting_count = COUNT(settings),
					   .events = l->events,
					   .event_count = l->count };
	struct scenario *s;
	struct scenario_fault fault = { .file = NULL };
	struct err err = { 0 };

	if (scenario_write(&r, chat, &err) < 0)
		fail_msg("%s", err.text);
	if (scenario_parse("written.chat", (struct str){ chat->data, chat->len }, &l->a, &s,
			   &fault) < 0 ||
	    scenario_run(s, l->flow, NULL, &l->a, &fault) < 0)
		return arena_printf(&l->a, "%u: %s", fault.line, fault.what);
	return "";
}

static void live_through_all(struct live *l)
{
	say(l, "Hi\n");
	come(l, (struct inbound){ .kind = INBOUND_MEDIA,
				  .text = "my card\r\n\r\nas a picture",
				  .media = { { "http://x", "image/jpeg" } },
				  .media_count = 1 });
	come(l, (struct inbound){ .kind = INBOUND_LOCATION,
				  .latitude = "19.07",
				  .longitude = "72.88",
				  .place = "Mumbai" });
	come(l, (struct inbound){ .kind = INBOUND_OTHER });
	say(l, "  Asha\n\n# Devi ");
	say(l, "");
	say(l, "> 3");
	say(l, "3");
	wait_ms(l, 90061500);
	say(l, "hi");
	say(l, "Asha Devi");
	wait_ms(l, 59000);
	say(l, "3");
	say(l, "400001");
	say(l, "9876543210");
	come(l, (struct inbound){ .kind = INBOUND_CHOICE, .text = "Yes", .payload = "yes" });
	say(l, "still there?");
	end_call(l, NULL, 200, "{\"success\":\nfalse}");
	say(l, "yes");
	end_call(l, "timeout", 0, "");
	wait_ms(l, 3600000);
	say(l, "yes");
	end_call(l, "ok", 0, "");
	say(l, "status");
	say(l, "STOP");
}

static void what_happened_passes(void **state)
{
	static const char *const lines[] = {
		"# what happened\n",
		"contact whatsapp:IN.13491208655302741918\n",
		"profile Asha\n",
		"setting WEB_APP_URL https://app.example\n",
		"\n> Hi\n< 🌟 *Welcome to MSMEBazaar!*\n",
		"\nmedia image/jpeg my card\n| \n| as a picture\n< 🙈",
		"\nlocation 19.07 72.88 Mumbai\n",
		"\nother \n",
		"\n>   Asha\n| \n| # Devi \n",
		"\n> \n",
		"\n> > 3\n",
		"\npass 1501m\n",
		"\nbutton yes Yes\n",
		"\ncall send_otp -> 200 {\"success\": false}\n",
		"\ncall send_otp -> timeout\n",
		"\npass 1h\n",
		"\ncall send_otp -> ok\n",
		"\n< Your reference: REG-…\n",
		"phone=%2B919876543210&source",
	};
	struct live l;
	struct buf chat;

	(void)state;
	open_live(&l);
	buf_init(&chat, 65536);
	live_through_all(&l);
	CHECK_SAME(round_trip(&l, &chat), "", chat.data);
	for (size_t i = 0; i < COUNT(lines); i++)
		CHECK_CASE(strstr(chat.data, lines[i]) != NULL, lines[i]);
	assert_null(strstr(chat.data, "pass 59"));
	buf_free(&chat);
	close_live(&l);
}

/* Each reply counts: a file written of a conversation that went another way does not pass. */
static void what_did_not_happen_fails(void **state)
{
	struct live l;
	size_t replies = 0, last;

	(void)state;
	open_live(&l);
	live_through_all(&l);
	last = l.count;
	for (size_t i = 0; i < last; i++) {
		struct str was = l.events[i].text;
		struct buf chat;

		if (l.events[i].kind != SCENARIO_REPLIED)
			continue;
		replies++;
		l.events[i].text = str_of("Something else");
		buf_init(&chat, 65536);
		CHECK_CASE(*round_trip(&l, &chat), was.p);
		buf_free(&chat);
		l.events[i].text = was;
	}
	assert_true(replies > 15);
	close_live(&l);
}

static void what_cannot_be_written(void **state)
{
	static const struct inbound blank = { .kind = INBOUND_CHOICE,
					      .text = "",
					      .payload = "a b" };
	static const struct inbound typeless = { .kind = INBOUND_MEDIA, .text = "" };
	static const struct inbound placeless = {
		.kind = INBOUND_LOCATION, .latitude = "", .longitude = "", .place = ""
	};
	static const struct inbound long_one = { .kind = INBOUND_TEXT, .text = "0123456789" };
	static const struct {
		const char *name;
		struct scenario_event e;
		enum err_kind kind;
	} rows[] = {
		{ "button", { .kind = SCENARIO_SAID, .message = &blank }, ERR_INPUT },
		{ "media", { .kind = SCENARIO_SAID, .message = &typeless }, ERR_INPUT },
		{ "location", { .kind = SCENARIO_SAID, .message = &placeless }, ERR_INPUT },
		{ "call", { .kind = SCENARIO_CALLED, .name = "" }, ERR_INPUT },
		{ "outcome",
		  { .kind = SCENARIO_CALLED, .name = "c", .outcome = "a b" },
		  ERR_INPUT },
		{ "too long", { .kind = SCENARIO_SAID, .message = &long_one }, ERR_FULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct scenario_record r = { .events = &rows[i].e, .event_count = 1 };
		struct err err = { 0 };
		struct buf out;

		buf_init(&out, 12);
		CHECK_CASE(scenario_write(&r, &out, &err) < 0, rows[i].name);
		CHECK_CASE(err.kind == rows[i].kind, rows[i].name);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_happened_passes),
		cmocka_unit_test(what_did_not_happen_fails),
		cmocka_unit_test(what_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
