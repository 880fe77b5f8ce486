/*
 * test_config.c - the settings table: defaults, `.env`, faults, rules between settings.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/files.h"

extern char **environ;

static char folder[] = "/tmp/test_config_XXXXXX";

/* A clean environment and an empty folder with at most one `.env`. */
static void begin(const char *const *env, const char *env_file)
{
	clearenv();
	for (; env && *env; env++)
		assert_int_equal(putenv((char *)(uintptr_t)*env), 0);
	(void)unlink(".env");
	if (env_file)
		assert_int_equal(file_write_atomic(".env", str_of(env_file), 0600, NULL), 0);
}

static void check_text(const char *row, const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		fail_msg("%s: got \"%s\", expected \"%s\"", row, got, want);
}

static void test_defaults(void **state)
{
	struct config c;
	struct err err = { 0 };

	(void)state;
	begin(NULL, NULL);
	assert_int_equal(config_load(&c, &err), 0);
	assert_int_equal(config_check(&c, &err), 0);
	assert_true(c.sandbox);
	assert_int_equal(c.port, 5000);
	assert_int_equal(c.session_ttl_s, 86400);
	assert_int_equal(c.reply_budget_ms, 8000);
	check_text("host", c.host, "127.0.0.1");
	check_text("number", c.twilio_whatsapp_number, "whatsapp:+14155238886");
	check_text("twin", c.twilio_api_base, "http://127.0.0.1:5000/sandbox/twilio");
	check_text("demo", c.auth_api_url, "http://127.0.0.1:5000/sandbox/auth");
	check_text("unset", c.redis_url, "");
	config_free(&c);
}

static void test_env_file(void **state)
{
	static const struct {
		const char *name;
		const char *line;
		const char *want; /* of DATA_DIR */
	} rows[] = {
		{ "plain", "DATA_DIR=/srv/a\n", "/srv/a" },
		{ "export", "export DATA_DIR=/srv/a\n", "/srv/a" },
		{ "blanks round the =", "  DATA_DIR = /srv/a  \n", "/srv/a" },
		{ "comment behind", "DATA_DIR=/srv/a # here\n", "/srv/a" },
		{ "hash inside", "DATA_DIR=/srv/a#b\n", "/srv/a#b" },
		{ "double quotes", "DATA_DIR=\"/srv/a b\" # c\n", "/srv/a b" },
		{ "escape", "DATA_DIR=\"/srv/\\\"a\\\"\"\n", "/srv/\"a\"" },
		{ "single quotes are literal", "DATA_DIR='/srv/\\a'\n", "/srv/\\a" },
		{ "CRLF", "DATA_DIR=/srv/a\r\n", "/srv/a" },
		{ "no newline at the end", "DATA_DIR=/srv/a", "/srv/a" },
		{ "byte order mark",
		  "\xef\xbb\xbf"
		  "DATA_DIR=/srv/a\n",
		  "/srv/a" },
		{ "the last one wins", "DATA_DIR=/srv/b\n\n# x\nDATA_DIR=/srv/a\n", "/srv/a" },
		{ "empty means unset", "DATA_DIR=\n", "./data" },
		{ "others' settings are left alone", "OTHER=1\n", "./data" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct config c;
		struct err err = { 0 };

		begin(NULL, rows[i].line);
		if (config_load(&c, &err) < 0)
			fail_msg("%s: %s", rows[i].name, err.text);
		check_text(rows[i].name, c.data_dir, rows[i].want);
		config_free(&c);
	}
}

static void test_environment_wins(void **state)
{
	const char *const env[] = { "PORT=7000", "FLOW=", NULL };
	struct config c;

	(void)state;
	begin(env, "PORT=6000\nLOG_LEVEL=warn\n");
	assert_int_equal(config_load(&c, NULL), 0);
	assert_int_equal(c.port, 7000);
	check_text(".env", c.log_level, "warn");
	check_text("empty in the environment", c.flow, "msme");
	config_free(&c);
}

static void test_faults(void **state)
{
	static const struct {
		const char *name;
		const char *set;      /* environment */
		const char *env_file; /* or NULL */
		const char *says;
	} rows[] = {
		{ "port too large", "PORT=65536", NULL, "PORT" },
		{ "port not a number", "PORT=80a", NULL, "PORT" },
		{ "port negative", "PORT=-1", NULL, "PORT" },
		{ "bool", "METRICS_PUBLIC=yes", NULL, "METRICS_PUBLIC" },
		{ "choice", "LOG_LEVEL=loud", NULL, "debug info warn error" },
		{ "not a URL", "AUTH_API_URL=localhost:8001", NULL, "AUTH_API_URL" },
		{ "URL without host", "PUBLIC_URL=https://", NULL, "PUBLIC_URL" },
		{ "URL with query", "PUBLIC_URL=https://a/?b", NULL, "PUBLIC_URL" },
		{ "blank in a token", "ADMIN_TOKEN=a b", NULL, "ADMIN_TOKEN" },
		{ "sender", "TWILIO_WHATSAPP_NUMBER=whatsapp:", NULL, "TWILIO_WHATSAPP_NUMBER" },
		{ "sender that is a word", "TWILIO_WHATSAPP_NUMBER=junk", NULL, "is not a sender" },
		{ "URL with port 0", "AUTH_API_URL=http://a:0/b", NULL, "port" },
		{ "URL with a large port", "PUBLIC_URL=https://u:p@a:65536", NULL, "port" },
		{ "URL with an empty port", "WEB_APP_URL=https://a:", NULL, "port" },
		{ "path without its slash", "AUTH_API_OTP_PATH=otp", NULL, "begin it with /" },
		{ "host that is none", "HOST=999.1.1.1", NULL, "IPv4" },
		{ "host that looks like loopback", "HOST=127.example.org", NULL, "IPv4" },
		{ "host with a port", "HOST=127.0.0.1:80", NULL, "IPv4" },
		{ "unknown in the environment", "SAMVAD_PROT=1", NULL, "did you mean PORT" },
		{ "unknown in .env", "X=1", "SAMVAD_FLOW=x\n", "did you mean FLOW" },
		{ "no =", "X=1", "PORT=1\nnonsense\n", "line 2" },
		{ "no name", "X=1", "=3\n", "line 1" },
		{ "open quote", "X=1", "\nFLOW=\"x\n", "line 2" },
		{ "junk behind the quote", "X=1", "FLOW=\"x\" y\n", "line 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *const env[] = { rows[i].set, NULL };
		struct config c;
		struct err err = { 0 };

		begin(env, rows[i].env_file);
		if (config_load(&c, &err) == 0)
			fail_msg("%s: was accepted", rows[i].name);
		if (err.kind != ERR_INPUT || !strstr(err.text, rows[i].says))
			fail_msg("%s: says \"%s\"", rows[i].name, err.text);
	}
}

static void test_secret_is_not_told(void **state)
{
	const char *const env[] = { "ADMIN_TOKEN=hush hush", NULL };
	const char *const good[] = { "ADMIN_TOKEN=hush", "TWILIO_AUTH_TOKEN=hush", NULL };
	struct config c;
	struct err err = { 0 };
	struct buf out;

	(void)state;
	begin(env, NULL);
	assert_int_equal(config_load(&c, &err), -1);
	assert_null(strstr(err.text, "hush"));
	begin(good, NULL);
	assert_int_equal(config_load(&c, &err), 0);
	buf_init(&out, 65536);
	assert_int_equal(config_print(&c, &out), 0);
	assert_null(strstr(out.data, "hush"));
	assert_non_null(strstr(out.data, "ADMIN_TOKEN=(set)\n"));
	assert_non_null(strstr(out.data, "SESSION_KEYS=(unset)\n"));
	assert_non_null(strstr(out.data, "PORT=5000\n"));
	buf_free(&out);
	config_free(&c);
}

static void test_rules(void **state)
{
	static const struct {
		const char *name;
		const char *env[4];
		bool sandbox;
		const char *says; /* NULL: accepted */
	} rows[] = {
		{ "nothing set", { NULL }, true, NULL },
		{ "no token, other host", { "HOST=0.0.0.0" }, true, "TWILIO_AUTH_TOKEN" },
		{ "no token, no sandbox", { "SANDBOX=0" }, false, "TWILIO_AUTH_TOKEN" },
		{ "a token", { "TWILIO_AUTH_TOKEN=t", "HOST=0.0.0.0" }, false, NULL },
		{ "both, loopback", { "TWILIO_AUTH_TOKEN=t", "SANDBOX=1" }, true, NULL },
		{ "both, not loopback",
		  { "TWILIO_AUTH_TOKEN=t", "SANDBOX=1", "HOST=10.0.0.1" },
		  true,
		  "SANDBOX=0" },
		{ "quiet hours", { "QUIET_HOURS=21:00-09:00+05:30" }, true, NULL },
		{ "quiet hours without zone", { "QUIET_HOURS=21:00-09:00" }, true, "QUIET_HOURS" },
		{ "Redis without keys", { "REDIS_URL=redis://localhost" }, true, "openssl rand" },
		{ "Redis with keys",
		  { "REDIS_URL=redis://localhost", "SESSION_KEYS=a:00" },
		  true,
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct config c;
		struct err err = { 0 };
		int got;

		begin(rows[i].env, NULL);
		assert_int_equal(config_load(&c, &err), 0);
		got = config_check(&c, &err);
		if (c.sandbox != rows[i].sandbox)
			fail_msg("%s: sandbox is %d", rows[i].name, c.sandbox);
		if (got != (rows[i].says ? -1 : 0) || (got && !strstr(err.text, rows[i].says)))
			fail_msg("%s: %d, \"%s\"", rows[i].name, got, err.text);
		config_free(&c);
	}
}

static void test_values(void **state)
{
	const char *const env[] = { "TWILIO_WHATSAPP_NUMBER=+15550001111",
				    "PUBLIC_URL=https://a.example/", "PORT=0",
				    "AUTH_API_URL=http://auth:1", NULL };
	struct config c;

	(void)state;
	begin(env, NULL);
	assert_int_equal(config_load(&c, NULL), 0);
	check_text("bare number", c.twilio_whatsapp_number, "whatsapp:+15550001111");
	check_text("final slash", c.public_url, "https://a.example");
	check_text("no port yet", c.twilio_api_base, "");
	config_use_port(&c, 1234);
	check_text("port known", c.twilio_api_base, "http://127.0.0.1:1234/sandbox/twilio");
	check_text("given one stays", c.auth_api_url, "http://auth:1");
	config_free(&c);
}

/* Phones that somebody made up must not reach real people, whosever token it is. */
static void test_sandbox_with_a_token_sends_to_the_twin(void **state)
{
	static const struct {
		const char *name;
		const char *env[4];
		const char *base;
	} rows[] = {
		{ "sandbox and token",
		  { "TWILIO_AUTH_TOKEN=t", "SANDBOX=1" },
		  "http://127.0.0.1:5000/sandbox/twilio" },
		{ "given one stays",
		  { "TWILIO_AUTH_TOKEN=t", "SANDBOX=1", "TWILIO_API_BASE=http://x:1" },
		  "http://x:1" },
		{ "production", { "TWILIO_AUTH_TOKEN=t" }, "https://api.twilio.com" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct config c;

		begin(rows[i].env, NULL);
		assert_int_equal(config_load(&c, NULL), 0);
		check_text(rows[i].name, c.twilio_api_base, rows[i].base);
		config_free(&c);
	}
}

static void test_tables(void **state)
{
	struct buf markdown, example;

	(void)state;
	buf_init(&markdown, 65536);
	buf_init(&example, 65536);
	assert_int_equal(config_print_markdown(&markdown), 0);
	assert_int_equal(config_print_env_example(&example), 0);
	assert_non_null(strstr(markdown.data, "| `PORT` | `5000` |"));
	assert_non_null(strstr(markdown.data, "| `ADMIN_TOKEN` | – |"));
	assert_non_null(strstr(example.data, "\n#PORT=5000\n"));
	begin(NULL, example.data); /* as it stands it changes nothing and has no fault */
	{
		struct config c;

		assert_int_equal(config_load(&c, NULL), 0);
		config_free(&c);
	}
	buf_free(&markdown);
	buf_free(&example);
}

static int enter_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
	(void)state;
	(void)unlink(".env");
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

/* Settings that packs declare: the table knows nothing of them. */
static void test_other_names(void **state)
{
	static const struct {
		const char *name, *env, *env_file, *want; /* NULL: nothing is said */
	} rows[] = {
		{ "nowhere", NULL, "PORT=5000\n", NULL },
		{ "no .env", NULL, NULL, NULL },
		{ "environment", "SHOP_URL=http://a", NULL, "http://a" },
		{ ".env", NULL, "SHOP_URL=http://b\n", "http://b" },
		{ "environment first", "SHOP_URL=http://a", "SHOP_URL=http://b\n", "http://a" },
		{ "empty is unset", "SHOP_URL=", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *env[] = { rows[i].env, NULL };
		const char *got;
		struct config c;

		begin(env, rows[i].env_file);
		assert_int_equal(config_load(&c, NULL), 0);
		got = config_other(&c, "SHOP_URL");
		check_text(rows[i].name, got ? got : "(unset)",
			   rows[i].want ? rows[i].want : "(unset)");
		config_free(&c);
	}
	assert_true(config_has("ADMIN_TOKEN"));
	assert_false(config_has("SHOP_URL"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_env_file),
		cmocka_unit_test(test_other_names),
		cmocka_unit_test(test_environment_wins),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_secret_is_not_told),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_sandbox_with_a_token_sends_to_the_twin),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests_name("config", tests, enter_folder, leave_folder);
}
