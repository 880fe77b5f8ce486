/*
 * test_world.c - a running server in sandbox mode as the place of a conversation.
 *
 * A phone of the twin's says the lines, the switches of its demo Auth API end
 * the calls, its clock lets time pass. All by HTTP (src/twin/API.md): nothing
 * here knows the program from inside.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/form.h"
#include "base/json.h"
#include "test_private.h"

enum {
	LOOK_MS = 20,
	LOOK_LATE_MS = 100,
	BEGIN_MS = 10000,  /* from a message to the call that it begins */
	LATE_MS = 45000,   /* from "one moment" to the result */
	HOLD_MS = 60000,   /* the demo's longest delay */
	ANSWER_MS = 60000, /* a held message's webhook, fallback included */
	TURN_MS = 1000,	   /* each turn takes a second */
	RESEND_MS = 61000, /* sooner the demo sends no second OTP to a number */
	JSON_MAX = 65536,
	NOTICE_MAX = 65536,
};

/* ---- asking ---- */

/* Expects a status of 2xx; the answer, if it is JSON, in the arena. */
static int ask(struct client *cl, const char *method, const char *path, const char *json,
	       struct arena *a, struct value **answer_out, struct err *err)
{
	struct value *answer = NULL;
	struct str body;
	int status;

	if (client_ask(cl, method, path, json, &status, &body, err) < 0)
		return -1;
	if (status < 200 || status > 299)
		return client_sandbox_refused(status, body, err);
	if (answer_out && value_from_json(a, body, &answer, err) < 0)
		return err_prefix(err, "the sandbox's answer to %s", path);
	if (answer_out)
		*answer_out = answer;
	return 0;
}

int test_world_greet(struct client *cl, struct err *err)
{
	struct str body;
	int status;

	if (client_ask(cl, "GET", "/sandbox/api/faults", NULL, &status, &body, err) < 0)
		return -1;
	return status == 200 ? 0
			     : err_set(err, ERR_PERM,
				       "the server at %s is not in sandbox mode (it answered %d)",
				       cl->base, status);
}

int test_world_advance(struct client *cl, int64_t ms, struct err *err)
{
	char json[64];

	(void)snprintf(json, sizeof json, "{\"advance_ms\":%lld}", (long long)ms);
	return ask(cl, "POST", "/sandbox/api/clock", json, NULL, NULL, err);
}

static int advance(struct test_world *w, int64_t ms, struct err *err)
{
	if (ms <= 0)
		return 0;
	w->resend_ms -= ms;
	return test_world_advance(w->client, ms, err);
}

static int set_auth(struct test_world *w, const char *word, struct err *err)
{
	char json[96];

	(void)snprintf(json, sizeof json, "{\"auth\":\"%s\",\"auth_delay_ms\":%d}", word, HOLD_MS);
	return ask(w->client, "PUT", "/sandbox/api/faults", json, NULL, NULL, err);
}

static int reset_faults(struct test_world *w, struct err *err)
{
	if (ask(w->client, "DELETE", "/sandbox/api/demo", NULL, NULL, NULL, err) < 0)
		return -1;
	return ask(w->client, "DELETE", "/sandbox/api/faults", NULL, NULL, NULL, err);
}

/* The session as it can be seen from outside; NULL in *text_out: there is none. */
static int session_text(struct test_world *w, const char *name, struct arena *a,
			const char **text_out, struct err *err)
{
	struct value *session;
	struct buf path;
	int ret;

	buf_init(&path, 512);
	(void)buf_adds(&path, "/sandbox/session?contact=");
	(void)percent_encode(&path, str_of(w->address));
	ret = ask(w->client, "GET", path.data, NULL, a, &session, err);
	buf_free(&path);
	if (ret < 0)
		return -1;
	*text_out = value_get(session, name) ? client_text(session, name) : NULL;
	return 0;
}

/* ---- the phone ---- */

/* What was heard so far is done with. */
static void turn_page(struct test_world *w)
{
	w->taken = w->heard;
	w->told = 0;
	w->late = w->passed = false;
}

static int begin(void *world, const char *contact, const char *profile_name, struct err *err)
{
	struct test_world *w = world;
	struct arena a = { 0 };
	struct value *phone;
	struct json_writer j;
	struct buf json;
	int ret;

	buf_init(&json, JSON_MAX);
	json_begin(&j, &json);
	json_object(&j, NULL);
	json_add_text(&j, "profile_name", profile_name);
	json_add_bool(&j, "bsuid", !contact_number(contact));
	json_end(&j);
	ret = reset_faults(w, err) < 0
		      ? -1
		      : ask(w->client, "POST", "/sandbox/api/phones", json.data, &a, &phone, err);
	if (ret == 0) {
		(void)snprintf(w->phone, sizeof w->phone, "%s", client_text(phone, "id"));
		(void)snprintf(w->address, sizeof w->address, "%s", client_text(phone, "address"));
		if (!*w->phone || !*w->address)
			ret = err_set(err, ERR_INPUT, "the sandbox gave a phone without id");
	}
	buf_free(&json);
	arena_free(&a);
	return ret;
}

static void write_message(const struct inbound *in, struct buf *json)
{
	struct json_writer j;

	json_begin(&j, json);
	json_object(&j, NULL);
	json_add_bool(&j, "wait", true);
	switch (in->kind) {
	case INBOUND_TEXT:
		json_add_text(&j, "text", in->text);
		break;
	case INBOUND_CHOICE:
		json_add_text(&j, "payload", in->payload);
		json_add_text(&j, "title", in->text);
		break;
	case INBOUND_MEDIA:
		json_add_text(&j, "media_type", in->media[0].type);
		json_add_text(&j, "caption", in->text);
		break;
	case INBOUND_LOCATION:
		json_add_text(&j, "latitude", in->latitude);
		json_add_text(&j, "longitude", in->longitude);
		if (*in->place)
			json_add_text(&j, "label", in->place);
		break;
	case INBOUND_OTHER: /* a card of somebody else's */
		json_add_text(&j, "media_type", "text/vcard");
		break;
	}
	json_end(&j);
}

/* Net's thread. */
static void note_answer(void *world, const struct net_answer *answer)
{
	struct test_world *w = world;

	(void)answer; /* how it ended shows in what is heard */
	atomic_store(&w->answered, true);
}

/* The message's webhook stays open until the call ends: somebody else waits for it. */
static int say_and_leave(struct test_world *w, const char *path, struct str json, struct err *err)
{
	struct net_request req = { .method = "POST",
				   .url = arena_printf(&w->client->arena, "%s%s", w->client->base,
						       path),
				   .headers = { { "Content-Type", "application/json" } },
				   .header_count = 1,
				   .body = json,
				   .timeout_ms = ANSWER_MS };

	atomic_store(&w->answered, false);
	if (net_submit(w->client->net, &req, note_answer, w, err) < 0)
		return -1;
	w->under_way = true;
	return 0;
}

static int say_and_wait(struct test_world *w, const char *path, const char *json, struct err *err)
{
	struct str body;
	int status;

	if (client_ask(w->client, "POST", path, json, &status, &body, err) < 0)
		return -1;
	return status == 201 ? 0 : client_sandbox_refused(status, body, err);
}

/* Until the session waits at the call's step. */
static int await_call(struct test_world *w, const struct scenario_call *call, struct err *err)
{
	int64_t until = clock_mono_ms() + BEGIN_MS;

	while (clock_mono_ms() < until) {
		struct arena a = { 0 };
		const char *step = NULL;
		int got = session_text(w, "step", &a, &step, err);
		bool there = got == 0 && step && strcmp(step, call->step) == 0;

		arena_free(&a);
		if (got < 0 || there)
			return got;
		(void)poll(NULL, 0, LOOK_MS);
	}
	return err_set(err, ERR_INPUT, "the call %s was not begun: the session is not at step %s",
		       call->name, call->step);
}

/* What the pack's demo API shall say. */
static int tell_demo(struct test_world *w, const struct scenario_call *call, struct err *err)
{
	struct buf json;
	int ret;

	buf_init(&json, JSON_MAX);
	(void)buf_addf(&json, "{\"status\":%d,\"times\":%u,\"body\":%s}", call->status,
		       test_demo_times(w->flow, call), *call->json ? call->json : "{}");
	ret = json.full
		      ? err_set(err, ERR_INPUT, "the answer of the call %s is too long", call->name)
		      : ask(w->client, "PUT", "/sandbox/api/demo", json.data, NULL, NULL, err);
	buf_free(&json);
	return ret;
}

static int choose_answer(struct test_world *w, const struct scenario_call *call, struct err *err)
{
	const char *word = test_demo_switch(w->flow, call);
	const char *hold = call->held ? test_demo_hold(w->flow, call) : word;

	if (!word || !hold) /* the survey has seen to that */
		return err_set(err, ERR_BUG, "no answer for the call %s", call->name);
	if (test_demo_is_pack(call) && call->status && tell_demo(w, call, err) < 0)
		return -1;
	if (strcmp(word, "ok") == 0 && !test_demo_is_pack(call)) {
		if (advance(w, w->resend_ms, err) < 0)
			return -1;
		w->resend_ms = RESEND_MS;
	}
	w->release = strcmp(word, "hang") == 0 ? NULL : word;
	return set_auth(w, hold, err);
}

static int say(void *world, const struct inbound *message, const struct scenario_call *call,
	       struct err *err)
{
	struct test_world *w = world;
	struct buf json;
	char path[160];
	int ret = -1;

	buf_init(&json, JSON_MAX);
	write_message(message, &json);
	(void)snprintf(path, sizeof path, "/sandbox/api/phones/%s/messages", w->phone);
	/* a lease that ends while a call is held back would have it made again */
	if (!w->under_way && advance(w, TURN_MS, err) < 0)
		goto out;
	if (call && choose_answer(w, call, err) < 0)
		goto out;
	turn_page(w);
	if (!call || !call->held)
		ret = say_and_wait(w, path, json.data, err);
	else if (say_and_leave(w, path, (struct str){ json.data, json.len }, err) == 0)
		ret = await_call(w, call, err);
out:
	buf_free(&json);
	return ret;
}

/* Net tells every request's end within its time-out. */
static void await_answer(struct test_world *w)
{
	while (w->under_way && !atomic_load(&w->answered))
		(void)poll(NULL, 0, LOOK_MS);
	w->under_way = false;
}

static int end_call(void *world, const struct scenario_call *held, struct err *err)
{
	struct test_world *w = world;

	(void)held;
	turn_page(w);
	w->resend_ms = RESEND_MS; /* now, not when it was asked for */
	if (w->release && set_auth(w, w->release, err) < 0)
		return -1;
	await_answer(w);
	return 0;
}

static int pass(void *world, int64_t ms, struct err *err)
{
	struct test_world *w = world;

	turn_page(w);
	w->passed = true;
	return advance(w, ms, err);
}

static int finish(void *world, struct err *err)
{
	struct test_world *w = world;
	int ret = reset_faults(w, err); /* lets go what is held */

	turn_page(w);
	await_answer(w);
	return ret;
}

void test_world_leave(struct test_world *w)
{
	char path[160];

	(void)snprintf(path, sizeof path, "/sandbox/api/phones/%s", w->phone);
	if (*w->phone) /* it is nobody's loss when it stays */
		(void)ask(w->client, "DELETE", path, NULL, NULL, NULL, NULL);
}

/* ---- what the program says ---- */

/* The texts of all messages of the program's to this phone behind the first `skip`. */
static int read_messages(struct test_world *w, size_t skip, struct arena *a, struct str **texts_out,
			 size_t *count_out, struct err *err)
{
	const struct value *messages;
	struct value *state;
	size_t all = 0, mine = 0, count = 0;

	if (ask(w->client, "GET", "/sandbox/api/state", NULL, a, &state, err) < 0)
		return -1;
	messages = value_get(state, "messages");
	for (const struct value *m = messages ? messages->first : NULL; m; m = m->next)
		all++;
	*texts_out = arena_array(a, all, sizeof **texts_out);
	for (const struct value *m = messages ? messages->first : NULL; m; m = m->next) {
		if (strcmp(client_text(m, "direction"), "out") == 0 &&
		    strcmp(client_text(m, "phone"), w->phone) == 0 && mine++ >= skip)
			(*texts_out)[count++] = str_of(client_text(m, "text"));
	}
	*count_out = count;
	return 0;
}

/* "One moment": what the program says while the result of a call is to follow. */
static int is_notice(struct test_world *w, struct str text, struct arena *a, struct err *err)
{
	const char *language = NULL;
	struct buf notice;
	bool is;

	if (session_text(w, "language", a, &language, err) < 0)
		return -1;
	buf_init(&notice, NOTICE_MAX);
	is = flow_render_system(w->flow, "one_moment", language ? language : "", value_object(a),
				&notice, NULL) == 0 &&
	     str_is(text, notice.data);
	buf_free(&notice);
	return is;
}

static void tell(struct test_world *w, const struct str *texts, size_t count, struct arena *a,
		 struct scenario_heard *out)
{
	struct str *kept = arena_array(a, count, sizeof *kept);

	for (size_t i = 0; i < count; i++)
		kept[i] = (struct str){ arena_strndup(a, texts[i].p, texts[i].n), texts[i].n };
	w->told = w->late + count;
	*out = (struct scenario_heard){ kept, count, w->late || w->passed };
}

/* One look. 1 there is something to tell, 0, -1. What it needs besides is freed. */
static int look(struct test_world *w, const struct scenario_call *call, bool last, struct arena *a,
		struct scenario_heard *out, struct err *err)
{
	struct arena scratch = { 0 };
	struct str *texts = NULL;
	size_t count = 0;
	int ret = read_messages(w, w->taken, &scratch, &texts, &count, err);
	bool slow;
	int notice = ret == 0 && call && count && !w->late ? is_notice(w, texts[0], &scratch, err)
							   : w->late;

	if (ret < 0 || notice < 0) {
		arena_free(&scratch);
		return -1;
	}
	w->late = notice;
	w->heard = w->taken + count;
	slow = w->late || w->passed;
	if (!slow || count > w->told || last) {
		tell(w, texts + w->late, count - w->late, a, out);
		ret = 1;
	}
	arena_free(&scratch);
	return ret;
}

/* In time all is there when the webhook is answered; else the rest comes by and by. */
static int hear(void *world, const struct scenario_call *call, struct arena *a,
		struct scenario_heard *heard_out, struct err *err)
{
	int64_t until = clock_mono_ms() + LATE_MS;
	bool last = false;
	int got;

	while ((got = look(world, call, last, a, heard_out, err)) == 0) {
		(void)poll(NULL, 0, LOOK_LATE_MS);
		last = clock_mono_ms() > until;
	}
	heard_out->more = heard_out->more && !last;
	return got < 0 ? -1 : 0;
}

static int fact(void *world, const char *name, struct arena *a, const char **text_out,
		struct err *err)
{
	struct test_world *w = world;

	if (session_text(w, name, a, text_out, err) < 0)
		return -1;
	return *text_out != NULL;
}

const struct scenario_world test_world_doors = {
	.cannot_call = test_demo_cannot,
	.begin = begin,
	.say = say,
	.end_call = end_call,
	.pass = pass,
	.hear = hear,
	.fact = fact,
	.finish = finish,
};
