/*
 * The hints of `samvad verify`: one row per mistake that people make.
 */
#include "twilio_check.h"

#define TOKEN "6f1d2c3b4a5968778695a4b3c2d1e0f9"
#define BODY  "Body=Hi+there&From=whatsapp%3A%2B15005550111"

struct row {
	const char *name;
	const char *signed_url; /* what Twilio signed, with BODY */
	const char *url;	/* what was given */
	const char *body;	/* NULL: BODY */
	const char *type;	/* NULL: form */
	const char *in_hint;
};

static void explain(const char *name, const char *token, const char *url, const char *signature,
		    const char *body, const char *type, const char *in_hint)
{
	struct twilio_explanation x;
	struct arena a = { 0 };
	struct err err = { 0 };
	size_t n;

	if (twilio_explain(token, url, signature, str_of(body), type, &a, &x, &err) < 0)
		fail_msg("%s: %s", name, err.text);
	CHECK_CASE(!x.valid && x.hint, name);
	if (!strstr(x.hint, in_hint))
		fail_msg("%s: the hint is <%s>", name, x.hint);
	n = strlen(x.hint);
	CHECK_CASE(x.hint[0] >= 'A' && x.hint[0] <= 'Z' && x.hint[n - 1] == '.', name);
	CHECK_CASE(!strstr(x.hint, TOKEN), name);
	arena_free(&a);
}

static void test_mistakes(void **state)
{
	static const struct row rows[] = {
		{ "http behind a proxy", "https://b.example/webhook", "http://b.example/webhook",
		  NULL, NULL, "scheme differs: Twilio signed https://b.example/webhook" },
		{ "https for http", "http://b.example/webhook", "https://b.example/webhook", NULL,
		  NULL, "scheme differs" },
		{ "slash missing", "https://b.example/webhook/", "https://b.example/webhook", NULL,
		  NULL, "slash at the end" },
		{ "slash and scheme", "https://b.example/webhook/", "http://b.example/webhook",
		  NULL, NULL, "signed https://b.example/webhook/" },
		{ "slash too many", "https://b.example/webhook", "https://b.example/webhook/", NULL,
		  NULL, "slash at the end" },
		{ "query added", "https://b.example/w", "https://b.example/w?x=1", NULL, NULL,
		  "query differs" },
		{ "query encoded otherwise", "https://b.example/w?x=a b",
		  "https://b.example/w?x=a%20b", NULL, NULL, "another encoding" },
		{ "local port", "https://b.example:5000/w", "https://b.example/w", NULL, NULL,
		  "port differs: Twilio signed https://b.example:5000/w" },
		{ "host case", "https://b.example/w", "https://B.example/w", NULL, NULL,
		  "case of the host" },
		{ "www", "https://www.b.example/w", "https://b.example/w", NULL, NULL, "\"www.\"" },
		{ "prefix too many", "https://b.example/webhook", "https://b.example/a/b/webhook",
		  NULL, NULL, "has a prefix" },
		{ "prefix missing", "https://b.example/bot/webhook", "https://b.example/webhook",
		  NULL, NULL, "lacks a prefix" },
		{ "path missing", "https://b.example", "https://b.example/webhook", NULL, NULL,
		  "path differs" },
		{ "echo adds a line break", "https://b.example/w", "https://b.example/w", BODY "\n",
		  NULL, "line break" },
		{ "body decoded once", "https://b.example/w", "https://b.example/w",
		  "Body=Hi%20there&From=whatsapp:+15005550111", NULL, "%2B" },
		{ "content type changed", "https://b.example/w", "https://b.example/w", NULL,
		  "application/json", "signed as a form" },
		{ "local address", "https://x.ngrok-free.app/w", "http://localhost:5000/w", NULL,
		  NULL, "local address" },
		{ "tunnel has a new name", "https://x.ngrok-free.app/w",
		  "https://y.ngrok-free.app/w", NULL, NULL, "tunnel" },
		{ "body changed", "https://b.example/w", "https://b.example/w", "Body=Ho", NULL,
		  "primary auth token" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		char signature[BASE64_SHA1_SIZE];

		assert_int_equal(twilio_sign(TOKEN, r->signed_url, str_of(BODY), signature, NULL),
				 0);
		explain(r->name, TOKEN, r->url, signature, r->body ? r->body : BODY,
			r->type ? r->type : FORM_TYPE, r->in_hint);
	}
}

static void test_secrets_and_signatures(void **state)
{
	static const char url[] = "https://b.example/w";
	char ok[BASE64_SHA1_SIZE], text[64];

	(void)state;
	/* Found by trying: a signature with '+' and '/'. */
	for (int i = 0;; i++) {
		(void)snprintf(text, sizeof text, "Body=%d", i);
		assert_int_equal(twilio_sign(TOKEN, url, str_of(text), ok, NULL), 0);
		if (strchr(ok, '+') && strchr(ok, '/'))
			break;
		assert_true(i < 10000);
	}
	explain("line break behind the token", TOKEN "\n", url, ok, text, FORM_TYPE, "line break");
	explain("quotes around the token", "\"" TOKEN "\"", url, ok, text, FORM_TYPE, "quotes");
	explain("no signature", TOKEN, url, "", text, FORM_TYPE, "no signature");
	explain("NULL signature", TOKEN, url, NULL, text, FORM_TYPE, "no signature");
	explain("cut signature", TOKEN, url, "abcd", text, FORM_TYPE, "28 characters");
	explain("other token", "0" TOKEN, url, ok, text, FORM_TYPE, "primary auth token");
	explain("fields lost", TOKEN, url, "", "", FORM_TYPE, "no signature");
	explain("JSON without hash", TOKEN, url, ok, "{}", "application/json", "bodySHA256");
	for (char *p = ok; *p; p++)
		if (*p == '+')
			*p = ' ';
	explain("plus became a blank", TOKEN, url, ok, text, FORM_TYPE, "blank where a +");
}

static void test_get_and_json(void **state)
{
	static const char url[] =
		"https://b.example/w?bodySHA256="
		"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
	struct twilio_explanation x;
	struct arena a = { 0 };
	char signature[BASE64_SHA1_SIZE];

	(void)state;
	assert_int_equal(twilio_sign(TOKEN, url, str_of(""), signature, NULL), 0);
	explain("form where GET was signed", TOKEN, url, signature, BODY, FORM_TYPE,
		"without any form field");
	explain("JSON changed", TOKEN, url, signature, "{ }", "application/json",
		"belongs to another body");
	assert_int_equal(twilio_explain(TOKEN, url, signature, str_of("{}"), "application/json", &a,
					&x, NULL),
			 0);
	assert_true(x.valid);
	assert_int_equal(
		twilio_explain(TOKEN, url, signature, str_of(""), "application/json", &a, &x, NULL),
		0);
	assert_true(x.valid); /* an empty body is hashed as {} */
	arena_free(&a);
}

static void test_usage(void **state)
{
	struct twilio_explanation x;
	struct arena a = { 0 };
	struct err err = { 0 };
	char out[BASE64_SHA1_SIZE];

	(void)state;
	assert_int_equal(twilio_sign("", "https://b.example", str_of(""), out, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(twilio_sign(TOKEN, "b.example/w", str_of(""), out, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(
		twilio_explain(TOKEN, "https:///w", "", str_of(""), FORM_TYPE, &a, &x, &err), -1);
	assert_int_equal(twilio_explain("", "https://b", "", str_of(""), FORM_TYPE, &a, &x, &err),
			 -1);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_secrets_and_signatures),
		cmocka_unit_test(test_get_and_json),
		cmocka_unit_test(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
