/*
 * test_flow_command.c - every command in every language at every step leads to a known state.
 */
#include "flow_talk.h"

static const char *const steps[] = { "welcome", "name",		"sector", "pincode",
				     "phone",	"confirmation", "otp",	  "completed" };

struct command {
	const char *name;
	const char *words[8];
	const char *goes; /* step afterwards; NULL: where it was */
	const char *says; /* in English, or NULL: anything */
};

static const struct command commands[] = {
	{ "help",
	  { "help", "HELP", " Help! ", "help me", "?", "मदद", "सहायता" },
	  NULL,
	  "MSMEBazaar help" },
	{ "restart", { "restart", "RESTART", "start over", "फिर से शुरू करें" }, "name", "removed" },
	{ "support", { "support", "SUPPORT", "सपोर्ट", "संपर्क" }, NULL, "support@msmebazaar.com" },
	{ "stop", { "stop", "STOP", "Stop!", "unsubscribe", "बंद करें", "रोकें" }, NULL, "*START*" },
	{ "status", { "status", "STATUS", "स्थिति" }, NULL, NULL },
	{ "language", { "language", "भाषा" }, NULL, "*ENGLISH*" },
};

static const char *after(const char *step, const struct command *c)
{
	return c->goes ? c->goes : step;
}

static void everywhere(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	for (size_t i = 0; i < COUNT(steps) * COUNT(commands) * COUNT(commands[0].words); i++) {
		const struct command *c = &commands[i / COUNT(steps) % COUNT(commands)];
		const char *word = c->words[i / COUNT(steps) / COUNT(commands)];
		const char *step = steps[i % COUNT(steps)];
		const char *name, *call;
		size_t values;

		if (!word)
			continue;
		talk_at(&t, step);
		values = t.session->value_count;
		call = t.session->call.id;
		(void)talk_write(&t, word);
		name = arena_printf(&t.a, "%s at %s", word, step);
		CHECK_SAME(t.session->step, after(step, c), name);
		CHECK_SAME(t.last.exit, arena_printf(&t.a, "commands/%s", c->name), name);
		CHECK_CASE(talk_count(&t, FLOW_SAY) == 1, name);
		CHECK_CASE(!c->says || talk_said(&t, c->says), name);
		CHECK_CASE(talk_count(&t, FLOW_CALL) == 0, name);
		CHECK_CASE(t.session->wrong_answers == 0, name);
		CHECK_CASE(t.session->value_count == (c->goes ? 0 : values), name);
		CHECK_CASE(c->goes || strcmp(t.session->call.id, call) == 0, name);
	}
	talk_close(&t);
}

static void greetings(void **state)
{
	static const char *const words[] = { "hi",    "Hi!",  "HELLO",	 "hello 👋",	    "hey",
					     "start", "नमस्ते", "namaste", "join fancy-tiger" };
	struct talk t;

	(void)state;
	talk_open(&t);
	for (size_t i = 0; i < COUNT(steps) * COUNT(words); i++) {
		const char *step = steps[i % COUNT(steps)];
		const char *word = words[i / COUNT(steps)];
		const char *name = arena_printf(&t.a, "%s at %s", word, step);
		size_t values;

		talk_at(&t, step);
		values = t.session->value_count;
		(void)talk_write(&t, word);
		CHECK_SAME(t.session->step, strcmp(step, "welcome") == 0 ? "name" : step, name);
		CHECK_CASE(t.session->value_count == values, name);
		CHECK_CASE(talk_count(&t, FLOW_SAY) == 1, name);
		CHECK_CASE(talk_count(&t, FLOW_CALL) == 0, name);
	}
	talk_close(&t);
}

static void languages(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	for (size_t i = 0; i < COUNT(steps); i++) {
		const char *to = strcmp(steps[i], "welcome") == 0 ? "name" : steps[i];

		talk_at(&t, steps[i]);
		(void)talk_write(&t, "हिन्दी");
		CHECK_SAME(t.session->language, "hi", steps[i]);
		CHECK_SAME(t.session->step, to, steps[i]);
		CHECK_CASE(talk_said(&t, "हिन्दी में"), steps[i]);
		(void)talk_write(&t, "english");
		CHECK_SAME(t.session->language, "en", steps[i]);
		CHECK_SAME(t.session->step, to, steps[i]);
		CHECK_CASE(talk_said(&t, "in English"), steps[i]);
	}
	talk_close(&t);
}

/* A word inside a longer message is no command. */
static void never_in_parts(void **state)
{
	static const char *const texts[] = { "Helpinger", "Stopford",	 "Restarto",
					     "Hildegard", "stop it Ram", "this" };
	struct talk t;

	(void)state;
	talk_open(&t);
	for (size_t i = 0; i < COUNT(texts); i++) {
		talk_at(&t, "name");
		(void)talk_write(&t, texts[i]);
		CHECK_SAME(t.session->step, "sector", texts[i]);
		CHECK_SAME(session_get(t.session, "name"), texts[i], texts[i]);
	}
	talk_close(&t);
}

static void before_the_first_hello(void **state)
{
	static const struct {
		const char *word, *step;
	} rows[] = {
		{ "help", "welcome" },	  { "status", "welcome" }, { "stop", "welcome" },
		{ "support", "welcome" }, { "restart", "name" },   { "start", "name" },
		{ "hi", "name" },	  { "Asha Devi", "name" }, { "1", "name" },
	};
	struct talk t;

	(void)state;
	talk_open(&t);
	for (size_t i = 0; i < COUNT(rows); i++) {
		talk_forget(&t);
		(void)talk_write(&t, rows[i].word);
		CHECK_SAME(t.session->step, rows[i].step, rows[i].word);
		CHECK_CASE(t.session->value_count == 0, rows[i].word);
		CHECK_CASE(talk_count(&t, FLOW_SAY) == 1, rows[i].word);
		if (strcmp(rows[i].step, "welcome") != 0)
			continue;
		(void)talk_write(&t, "good to be here");
		CHECK_SAME(t.session->step, "name", rows[i].word);
		CHECK_CASE(talk_said(&t, "Welcome"), rows[i].word);
	}
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everywhere),
		cmocka_unit_test(greetings),
		cmocka_unit_test(languages),
		cmocka_unit_test(never_in_parts),
		cmocka_unit_test(before_the_first_hello),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
