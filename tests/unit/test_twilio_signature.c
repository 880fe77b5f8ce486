/*
 * Signatures: every row of the vector file over the webhook road and the
 * explaining one, then what the file does not hold.
 */
#include "twilio_check.h"

#define TOKEN "12345"

/* A webhook whose target and headers give back `url`. */
struct request {
	struct webhook w;
	char *base; /* for PUBLIC_URL */
};

static struct request request_of(const char *url)
{
	struct request r = { 0 };
	const char *path = strstr(url, "://") + 3;

	path += strcspn(path, "/?");
	r.base = strndup(url, (size_t)(path - url));
	r.w.target = path;
	r.w.peer = "127.0.0.1";
	return r;
}

static enum verify_result verify(const char *url, const char *tokens, const char *method,
				 const char *type, struct str body, const char *signature,
				 const char **why)
{
	struct channel_settings set = twilio_settings();
	struct request r = request_of(url);
	struct channel_verified v;
	struct arena a = { 0 };
	struct channel *c;
	enum verify_result result;

	set.public_url = r.base;
	set.auth_tokens = tokens;
	c = twilio_opened(&set);
	r.w.method = method;
	r.w.body = body;
	webhook_add(&r.w, "Content-Type", type);
	webhook_add(&r.w, "x-twilio-signature", signature);
	result = channel_verify(c, &r.w, &a, &v, why);
	arena_free(&a);
	channel_close(&c);
	free(r.base);
	return result;
}

static void test_vectors(void **state)
{
	cJSON *rows = read_vectors("tests/unit/data/twilio-signatures.json");
	const cJSON *row;
	int checked = 0;

	(void)state;
	cJSON_ArrayForEach(row, rows)
	{
		const char *id = row_text(row, "id"), *body = row_text(row, "body");
		bool valid = cJSON_IsTrue(cJSON_GetObjectItem(row, "valid"));
		bool disputed = cJSON_IsTrue(cJSON_GetObjectItem(row, "disputed"));
		bool post = strcmp(row_text(row, "method"), "POST") == 0;
		struct twilio_explanation x;
		struct arena a = { 0 };
		enum verify_result got;
		const char *why;

		if (!body)
			body = row_text(row, "form_body");
		got = verify(row_text(row, "url"), row_text(row, "token"), row_text(row, "method"),
			     row_text(row, "content_type"), str_of(body ? body : ""),
			     row_text(row, "signature"), &why);
		if (!disputed && (got == VERIFY_OK) != valid)
			fail_msg("%s: verified as %d (%s)", id, got, why);
		if (post && !disputed) {
			CHECK_CASE(twilio_explain(row_text(row, "token"), row_text(row, "url"),
						  row_text(row, "signature"),
						  str_of(body ? body : ""),
						  row_text(row, "content_type"), &a, &x, NULL) == 0,
				   id);
			CHECK_CASE(x.valid == valid, id);
			CHECK_CASE(valid ? x.hint == NULL : x.hint != NULL, id);
			if (valid)
				CHECK_SAME(x.signed_url, row_text(row, "signed_url"), id);
		}
		checked += !disputed;
		arena_free(&a);
	}
	cJSON_Delete(rows);
	assert_true(checked >= 50);
}

static const char *sign(const char *token, const char *url, struct str body)
{
	static char out[BASE64_SHA1_SIZE];
	struct err err = { 0 };

	if (twilio_sign(token, url, body, out, &err) < 0)
		fail_msg("%s: %s", url, err.text);
	return out;
}

static void test_worked_examples(void **state)
{
	(void)state;
	assert_string_equal(
		sign(TOKEN, "https://example.com/myapp.php?foo=1&bar=2",
		     str_of("To=%2B18005551212&CallSid=CA1234567890ABCDE&Caller=%2B14158675310&"
			    "Digits=1234&From=%2B14158675310")),
		"L/OH5YylLD5NRKLltdqwSvS0BnU=");
	assert_string_equal(
		sign(TOKEN, "https://mycompany.com/myapp.php?foo=1&bar=2#rc=2&rt=5000",
		     str_of("CallSid=CA1234567890ABCDE&Caller=%2B12349013030&Digits=1234&"
			    "From=%2B12349013030&To=%2B18005551212")),
		"0/KCTR6DLpKmkAf8muzZqo1nDgQ=");
}

/* Two bodies that sign the same string give the same signature. */
static void test_same_string(void **state)
{
	static const struct {
		const char *name;
		const char *one;
		const char *other;
		bool same;
	} cases[] = {
		{ "order of fields", "b=2&a=1", "a=1&b=2", true },
		{ "order of equal names", "t=b&t=a", "t=a&t=b", true },
		{ "repeats", "t=a&t=a", "t=a", true },
		{ "repeat with another value", "t=a&t=b", "t=a", false },
		{ "blank as + and %20", "a=x+y", "a=x%20y", true },
		{ "blank is signed", "a=x+y", "a=xy", false },
		{ "empty field has its name", "a=&b=1", "b=1", false },
		{ "empty field without =", "a&b=1", "a=&b=1", true },
		{ "NUL is signed", "a=x%00y", "a=xy", false },
		{ "invalid UTF-8 is signed as bytes", "a=%FF", "a=%EF%BF%BD", false },
		{ "upper before lower case", "a=2&B=1", "B=1&a=2", true },
		{ "name alone sorts", "Reason=z&ReasonX=a", "ReasonX=a&Reason=z", true },
		{ "numbers sort as bytes", "M10=b&M2=c&M1=a", "M1=a&M10=b&M2=c", true },
		{ "form accents are not composed", "a=e%CC%81", "a=%C3%A9", false },
		{ "stray percent stays", "a=%zz", "a=%25zz", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char one[BASE64_SHA1_SIZE];

		memcpy(one, sign(TOKEN, "https://a.example/x", str_of(cases[i].one)), sizeof one);
		CHECK_CASE((strcmp(one, sign(TOKEN, "https://a.example/x",
					     str_of(cases[i].other))) == 0) == cases[i].same,
			   cases[i].name);
	}
}

static void test_refusals(void **state)
{
	static const char good[] = "https://bot.example/webhook";
	const char *ok = strdup(sign(TOKEN, good, str_of("Body=Hi")));
	const struct {
		const char *name;
		const char *url;
		const char *tokens;
		const char *type;
		const char *body;
		const char *signature;
		const char *why; /* NULL: accepted */
	} cases[] = {
		{ "good", good, TOKEN, FORM_TYPE, "Body=Hi", ok, NULL },
		{ "charset", good, TOKEN, FORM_TYPE "; charset=UTF-8", "Body=Hi", ok, NULL },
		{ "second token", good, "new-one," TOKEN, FORM_TYPE, "Body=Hi", ok, NULL },
		{ "blanks between tokens", good, " x , " TOKEN " ", FORM_TYPE, "Body=Hi", ok,
		  NULL },
		{ "other token", good, "12346", FORM_TYPE, "Body=Hi", ok, "mismatch" },
		{ "other body", good, TOKEN, FORM_TYPE, "Body=Ho", ok, "mismatch" },
		{ "one field more", good, TOKEN, FORM_TYPE, "Body=Hi&x=", ok, "mismatch" },
		{ "other path", "https://bot.example/webhook/", TOKEN, FORM_TYPE, "Body=Hi", ok,
		  "mismatch" },
		{ "other scheme", "http://bot.example/webhook", TOKEN, FORM_TYPE, "Body=Hi", ok,
		  "mismatch" },
		{ "query added", "https://bot.example/webhook?x=1", TOKEN, FORM_TYPE, "Body=Hi", ok,
		  "mismatch" },
		{ "no header", good, TOKEN, FORM_TYPE, "Body=Hi", NULL, "no_signature" },
		{ "empty header", good, TOKEN, FORM_TYPE, "Body=Hi", "", "no_signature" },
		{ "short", good, TOKEN, FORM_TYPE, "Body=Hi", "abc=", "mismatch" },
		{ "another type", good, TOKEN, "application/json", "Body=Hi", ok, "body_hash" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *why = "";
		enum verify_result r = verify(cases[i].url, cases[i].tokens, "POST", cases[i].type,
					      str_of(cases[i].body), cases[i].signature, &why);

		CHECK_CASE((r == VERIFY_OK) == (cases[i].why == NULL), cases[i].name);
		if (cases[i].why)
			CHECK_SAME(why, cases[i].why, cases[i].name);
	}
	free((void *)ok);
}

static void test_two_headers(void **state)
{
	static const struct {
		const char *name;
		const char *second; /* NULL: the same again */
		const char *why;
	} cases[] = {
		{ "the same twice", NULL, NULL },
		{ "a wrong one behind", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "two_signatures" },
		{ "an empty one behind", "", "two_signatures" },
	};
	struct channel_settings set = twilio_settings();
	struct channel *c;

	(void)state;
	set.public_url = "https://bot.example";
	c = twilio_opened(&set);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct webhook w = { .method = "POST", .target = "/in", .body = { "a=1", 3 } };
		const char *ok = sign(TOKEN, "https://bot.example/in", w.body), *why = "";
		struct channel_verified v;
		struct arena a = { 0 };

		webhook_add(&w, "X-Twilio-Signature", ok);
		webhook_add(&w, "X-TWILIO-SIGNATURE", cases[i].second ? cases[i].second : ok);
		CHECK_CASE((channel_verify(c, &w, &a, &v, &why) == VERIFY_OK) == !cases[i].why,
			   cases[i].name);
		if (cases[i].why)
			CHECK_SAME(why, cases[i].why, cases[i].name);
		arena_free(&a);
	}
	channel_close(&c);
}

/* A GET signs its URL only: fields in its body must prove nothing. */
static void test_get(void **state)
{
	static const char url[] = "https://bot.example/in?Body=a%20b&From=whatsapp%3A%2B1";
	const char *ok = strdup(sign(TOKEN, url, str_of(""))), *why;

	(void)state;
	assert_int_equal(verify(url, TOKEN, "GET", NULL, str_of(""), ok, &why), VERIFY_OK);
	assert_int_equal(verify(url, TOKEN, "GET", FORM_TYPE, str_of("Body=x"), ok, &why),
			 VERIFY_OK);
	assert_int_equal(verify(url, TOKEN, "POST", FORM_TYPE, str_of("Body=x"), ok, &why),
			 VERIFY_BAD);
	free((void *)ok);
}

static void test_large_bodies(void **state)
{
	enum { SIZE = 65536 };
	char *body = malloc(SIZE + 1);
	const char *why;

	(void)state;
	assert_non_null(body);
	memset(body, 'x', SIZE);
	memcpy(body, "Body=", 5);
	body[SIZE] = '\0';
	assert_int_equal(verify("https://b.example/", TOKEN, "POST", FORM_TYPE, str_of(body),
				sign(TOKEN, "https://b.example/", str_of(body)), &why),
			 VERIFY_OK);
	for (int i = 0; i < SIZE; i++)
		body[i] = i % 2 ? '&' : 'a'; /* 32,768 fields */
	assert_int_equal(verify("https://b.example/", TOKEN, "POST", FORM_TYPE, str_of(body),
				"AAAAAAAAAAAAAAAAAAAAAAAAAAA=", &why),
			 VERIFY_BAD);
	assert_string_equal(why, "too_many_fields");
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),	     cmocka_unit_test(test_worked_examples),
		cmocka_unit_test(test_same_string),  cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_two_headers),  cmocka_unit_test(test_get),
		cmocka_unit_test(test_large_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
