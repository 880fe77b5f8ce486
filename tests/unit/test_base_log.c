/*
 * Log lines: both forms, quoting, the bound, context, one write per line.
 */
#include "base_check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/json.h"
#include "base/log.h"

/* A socket that keeps the borders of writes: one read gives one write. */
static int ends[2];

static void setup_log(enum log_level level, enum log_format format)
{
	const struct log_settings set = {
		.level = level, .format = format, .fd = ends[0], .pseudonym_key = "0123456789abcde"
	};

	log_setup(&set);
	log_context_clear();
}

static int open_ends(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
}

static int close_ends(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* The line of one write, "" when nothing was written. */
static const char *line(void)
{
	static char text[8192];
	ssize_t n = recv(ends[1], text, sizeof text - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void test_text(void **state)
{
	static const struct {
		const char *name, *value, *shown;
	} cases[] = {
		{ "plain", "abc-1.5/x", "abc-1.5/x" },
		{ "blank", "a b", "\"a b\"" },
		{ "empty", "", "\"\"" },
		{ "NULL", NULL, "null" },
		{ "quotes", "a\"b", "\"a\\\"b\"" },
		{ "equals sign", "a=b", "\"a=b\"" },
		{ "backslash", "a\\b", "\"a\\\\b\"" },
		{ "line breaks", "a\r\nb", "\"a\\r\\nb\"" },
		{ "terminal escape", "\x1b[2J", "\"\\u001b[2J\"" },
		{ "delete", "\x7f", "\"\\u007f\"" },
		{ "C1 control", "\xc2\x9b", "\"\\u009b\"" },
		{ "line separator, override", "\u2028\u202e", "\"\\u2028\\u202e\"" },
		{ "Hindi", "हाँ", "\"हाँ\"" },
		{ "ill-formed", "a\xff", "\"a\xef\xbf\xbd\"" },
	};

	(void)state;
	setup_log(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf tail;
		const char *got;

		buf_init(&tail, 200);
		(void)buf_addf(&tail, " info  stored value=%s n=-7\n", cases[i].shown);
		log_info("stored", LOG_S("value", cases[i].value), LOG_I("n", -7));
		got = line();
		CHECK_CASE(strlen(got) == 8 + tail.len, cases[i].name);
		CHECK_CASE(got[2] == ':' && got[5] == ':', cases[i].name);
		CHECK_SAME(got + 8, tail.data, cases[i].name);
		buf_free(&tail);
	}
}

static void test_fields(void **state)
{
	static const struct {
		const char *name;
		struct log_field field;
		const char *shown;
	} cases[] = {
		{ "smallest", LOG_I("v", INT64_MIN), "-9223372036854775808" },
		{ "real", { .key = "v", .type = LOG_FIELD_REAL, .u.real = 0.25 }, "0.25" },
		{ "not a number",
		  { .key = "v", .type = LOG_FIELD_REAL, .u.real = __builtin_nan("") },
		  "null" },
		{ "true", { .key = "v", .type = LOG_FIELD_BOOL, .u.number = 1 }, "true" },
		{ "false", { .key = "v", .type = LOG_FIELD_BOOL, .u.number = 0 }, "false" },
		{ "text", LOG_S("v", "a\"\x01"), "\"a\\\"\\u0001\"" },
		{ "NULL", LOG_S("v", NULL), "null" },
	};

	(void)state;
	setup_log(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf tail;
		const char *got;

		buf_init(&tail, 200);
		(void)buf_addf(&tail, "Z\",\"level\":\"warn\",\"what\":\"stored\",\"v\":%s}\n",
			       cases[i].shown);
		log_write(LOG_LEVEL_WARN, "stored",
			  (const struct log_field[]){ cases[i].field, { .key = NULL } });
		got = line();
		CHECK_CASE(strncmp(got, "{\"ts\":\"2", 8) == 0, cases[i].name);
		CHECK_SAME(strstr(got, "Z\""), tail.data, cases[i].name);
		buf_free(&tail);
	}
	log_info("alone");
	assert_non_null(strstr(line(), "\"what\":\"alone\"}\n"));
	log_write(LOG_LEVEL_INFO, "no list", NULL);
	assert_non_null(strstr(line(), "\"what\":\"no list\"}\n"));
}

/* Values of every length round the bound, of bytes that grow when escaped: always one line of valid
 * JSON. */
static void test_bound(void **state)
{
	static const struct {
		const char *name, *unit;
	} cases[] = { { "ASCII", "x" },
		      { "escapes", "\x01" },
		      { "quotes", "\"" },
		      { "UTF-8", "हि" },
		      { "ill-formed", "\xff" } };
	char *value = calloc(1, 6000);

	(void)state;
	setup_log(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t unit = strlen(cases[i].unit);
		bool cut = false;

		for (size_t n = 0; n + unit < 5000; n += unit) {
			struct cJSON *root;
			const char *got;
			size_t len;

			memcpy(value + n, cases[i].unit, unit);
			value[n + unit] = '\0';
			if (n > 20 && n < 600)
				continue;
			log_info("big", LOG_I("first", 1), LOG_S("value", value), LOG_I("last", 2));
			got = line();
			len = strlen(got);
			CHECK_CASE(len > 0 && len <= 4096, cases[i].name);
			CHECK_CASE(strchr(got, '\n') == got + len - 1, cases[i].name);
			CHECK_CASE(json_parse(str_of(got), &root, NULL) == 0, cases[i].name);
			CHECK_CASE(json_bool(root, "cut", false) ==
					   (json_int(root, "last", 0, NULL) != 2),
				   cases[i].name);
			CHECK_CASE(!cut || json_bool(root, "cut", false), cases[i].name);
			CHECK_CASE(json_int(root, "first", 0, NULL) == 1, cases[i].name);
			cut = json_bool(root, "cut", false);
			json_free(&root);
		}
		CHECK_CASE(cut, cases[i].name);
		setup_log(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
		log_info("big", LOG_S("value", value), LOG_I("last", 2));
		CHECK_CASE(strstr(line(), " cut=true\n"), cases[i].name);
		setup_log(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
	}
	free(value);
}

static void test_levels(void **state)
{
	static const struct {
		enum log_level set, wrote;
		bool shown;
		const char *name;
	} cases[] = {
		{ LOG_LEVEL_DEBUG, LOG_LEVEL_DEBUG, true, "debug" },
		{ LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, false, "debug" },
		{ LOG_LEVEL_INFO, LOG_LEVEL_INFO, true, "info" },
		{ LOG_LEVEL_WARN, LOG_LEVEL_INFO, false, "info" },
		{ LOG_LEVEL_WARN, LOG_LEVEL_WARN, true, "warn" },
		{ LOG_LEVEL_ERROR, LOG_LEVEL_WARN, false, "warn" },
		{ LOG_LEVEL_ERROR, LOG_LEVEL_ERROR, true, "error" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got;

		setup_log(cases[i].set, LOG_FORMAT_TEXT);
		CHECK_CASE(log_enabled(cases[i].wrote) == cases[i].shown, cases[i].name);
		log_write(cases[i].wrote, "what", NULL);
		got = line();
		CHECK_CASE((*got != '\0') == cases[i].shown, cases[i].name);
		CHECK_CASE(!*got || strstr(got, cases[i].name) == got + 9, cases[i].name);
	}
}

static void *log_elsewhere(void *arg)
{
	(void)arg;
	log_info("elsewhere");
	return NULL;
}

static void test_context(void **state)
{
	char pseudonym[LOG_PSEUDONYM_SIZE], other[LOG_PSEUDONYM_SIZE];
	const struct log_settings other_key = { .fd = ends[0], .pseudonym_key = "other" };
	char expected[100], long_trace[100];
	pthread_t thread;

	(void)state;
	setup_log(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	log_pseudonym("whatsapp:+919876543210", pseudonym);
	assert_int_equal(strlen(pseudonym), 16);
	log_context_trace("t1");
	log_context_contact("whatsapp:+919876543210");
	log_context_trace(NULL);
	log_context_contact(NULL);
	log_info("here");
	(void)snprintf(expected, sizeof expected, " info  here trace=t1 contact=%s\n", pseudonym);
	assert_string_equal(line() + 8, expected);

	assert_int_equal(pthread_create(&thread, NULL, log_elsewhere, NULL), 0);
	pthread_join(thread, NULL);
	assert_string_equal(line() + 8, " info  elsewhere\n");

	memset(long_trace, 'x', sizeof long_trace - 1);
	long_trace[sizeof long_trace - 1] = '\0';
	log_context_trace(long_trace);
	log_info("here");
	assert_int_equal(strspn(strstr(line(), "trace=") + 6, "x"), 64);
	log_context_clear();
	log_info("here");
	assert_string_equal(line() + 8, " info  here\n");

	log_pseudonym("whatsapp:+919876543211", other);
	assert_string_not_equal(pseudonym, other);
	log_setup(&other_key);
	log_pseudonym("whatsapp:+919876543210", other);
	assert_string_not_equal(pseudonym, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	cmocka_unit_test(test_fields),
		cmocka_unit_test(test_bound),	cmocka_unit_test(test_levels),
		cmocka_unit_test(test_context),
	};

	return cmocka_run_group_tests(tests, open_ends, close_ends);
}
