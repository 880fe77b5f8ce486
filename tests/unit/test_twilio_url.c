/*
 * Which URL was requested (public URL, proxies, Host), and which forms of it are accepted.
 */
#include "twilio_check.h"

#define TOKEN "12345"

struct header {
	const char *name;
	const char *value;
};

struct row {
	const char *name;
	const char *public_url;
	const char *proxies;
	const char *peer;
	bool tls;
	const char *target;
	struct header headers[5];
	const char *signed_url; /* NULL: no URL can be told */
};

static void check(const struct row *r)
{
	struct channel_settings set = twilio_settings();
	struct webhook w = {
		.method = "POST", .target = r->target, .peer = r->peer, .tls = r->tls
	};
	char signature[BASE64_SHA1_SIZE] = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	struct channel_verified v;
	struct arena a = { 0 };
	struct channel *c;
	const char *why = "";
	bool ok;

	set.public_url = r->public_url;
	set.trusted_proxies = r->proxies;
	c = twilio_opened(&set);
	w.body = str_of("Body=Hi");
	if (r->signed_url)
		assert_int_equal(twilio_sign(TOKEN, r->signed_url, w.body, signature, NULL), 0);
	webhook_add(&w, "X-Twilio-Signature", signature);
	for (size_t i = 0; i < COUNT(r->headers) && r->headers[i].name; i++)
		webhook_add(&w, r->headers[i].name, r->headers[i].value);
	ok = channel_verify(c, &w, &a, &v, &why) == VERIFY_OK;
	CHECK_CASE(ok == (r->signed_url != NULL), r->name);
	if (!r->signed_url)
		CHECK_SAME(why, "no_host", r->name);
	arena_free(&a);
	channel_close(&c);
}

#define LOCAL "127.0.0.0/8,::1"
#define HOST                                                                                       \
	{                                                                                          \
		"Host", "bot.example"                                                              \
	}
#define PROTO(p)                                                                                   \
	{                                                                                          \
		"X-Forwarded-Proto", p                                                             \
	}
#define FHOST(h)                                                                                   \
	{                                                                                          \
		"X-Forwarded-Host", h                                                              \
	}

static void test_seen(void **state)
{
	static const struct row rows[] = {
		{ "public URL",
		  "https://b.example",
		  LOCAL,
		  "9.9.9.9",
		  false,
		  "/in?a=1",
		  { { 0 } },
		  "https://b.example/in?a=1" },
		{ "public URL ends with a slash",
		  "https://b.example/",
		  "",
		  "9.9.9.9",
		  false,
		  "/in",
		  { HOST },
		  "https://b.example/in" },
		{ "public URL with a path",
		  "https://b.example/bot/",
		  "",
		  "",
		  false,
		  "/in",
		  { HOST },
		  "https://b.example/bot/in" },
		{ "public URL wins over headers",
		  "https://b.example",
		  LOCAL,
		  "127.0.0.1",
		  false,
		  "/in",
		  { HOST, PROTO("http"), FHOST("evil.example") },
		  "https://b.example/in" },
		{ "target stays raw",
		  "https://b.example",
		  "",
		  "",
		  false,
		  "//a/../%2F%41?x=%20+",
		  { { 0 } },
		  "https://b.example//a/../%2F%41?x=%20+" },
		{ "whole URL as target",
		  "https://b.example",
		  "",
		  "",
		  false,
		  "http://10.0.0.1:5000/in?a",
		  { HOST },
		  "https://b.example/in?a" },
		{ "Host alone",
		  "",
		  LOCAL,
		  "9.9.9.9",
		  false,
		  "/in",
		  { HOST },
		  "http://bot.example/in" },
		{ "Host and our TLS",
		  "",
		  LOCAL,
		  "9.9.9.9",
		  true,
		  "/in",
		  { HOST },
		  "https://bot.example/in" },
		{ "Host with port",
		  "",
		  LOCAL,
		  "9.9.9.9",
		  false,
		  "/in",
		  { { "Host", "bot.example:5000" } },
		  "http://bot.example:5000/in" },
		{ "stranger's headers are nothing",
		  "",
		  LOCAL,
		  "9.9.9.9",
		  false,
		  "/in",
		  { HOST, PROTO("https"), FHOST("evil.example") },
		  "http://bot.example/in" },
		{ "ngrok on this machine",
		  "",
		  LOCAL,
		  "127.0.0.1",
		  false,
		  "/in",
		  { { "Host", "x.ngrok-free.app" }, PROTO("https"), FHOST("x.ngrok-free.app") },
		  "https://x.ngrok-free.app/in" },
		{ "proxy changes the host",
		  "",
		  LOCAL,
		  "::1",
		  false,
		  "/in",
		  { HOST, PROTO("https"), FHOST("outer.example") },
		  "https://outer.example/in" },
		{ "first of several",
		  "",
		  LOCAL,
		  "127.0.0.1",
		  false,
		  "/in",
		  { HOST, PROTO(" HTTPS , http"), FHOST("outer.example , inner.example") },
		  "https://outer.example/in" },
		{ "odd proto is ignored",
		  "",
		  LOCAL,
		  "127.0.0.1",
		  false,
		  "/in",
		  { HOST, PROTO("gopher") },
		  "http://bot.example/in" },
		{ "proxy says http to our TLS",
		  "",
		  LOCAL,
		  "127.0.0.1",
		  true,
		  "/in",
		  { HOST, PROTO("http") },
		  "http://bot.example/in" },
		{ "empty forwarded host",
		  "",
		  LOCAL,
		  "127.0.0.1",
		  false,
		  "/in",
		  { HOST, PROTO("https"), FHOST("") },
		  "https://bot.example/in" },
		{ "mapped IPv4 peer",
		  "",
		  "10.1.0.0/16",
		  "::ffff:10.1.2.3",
		  false,
		  "/in",
		  { HOST, PROTO("https") },
		  "https://bot.example/in" },
		{ "outside the network",
		  "",
		  "10.1.0.0/16",
		  "10.2.2.3",
		  false,
		  "/in",
		  { HOST, PROTO("https") },
		  "http://bot.example/in" },
		{ "odd mask inside",
		  "",
		  "10.0.0.0/12",
		  "10.15.0.1",
		  false,
		  "/in",
		  { HOST, PROTO("https") },
		  "https://bot.example/in" },
		{ "odd mask outside",
		  "",
		  "10.0.0.0/12",
		  "10.16.0.1",
		  false,
		  "/in",
		  { HOST, PROTO("https") },
		  "http://bot.example/in" },
		{ "IPv6 network",
		  "",
		  "fd00::/8",
		  "fd12::1",
		  false,
		  "/in",
		  { HOST, PROTO("https") },
		  "https://bot.example/in" },
		{ "zone of the peer",
		  "",
		  "fe80::/10",
		  "fe80::1%eth0",
		  false,
		  "/in",
		  { HOST, PROTO("https") },
		  "https://bot.example/in" },
		{ "everybody",
		  "",
		  "0.0.0.0/0, ::/0",
		  "9.9.9.9",
		  false,
		  "/in",
		  { HOST, PROTO("https") },
		  "https://bot.example/in" },
		{ "all of IPv4 is not IPv6",
		  "",
		  "0.0.0.0/0",
		  "2001:db8::1",
		  false,
		  "/in",
		  { HOST, PROTO("https") },
		  "http://bot.example/in" },
		{ "nobody",
		  "",
		  "",
		  "127.0.0.1",
		  false,
		  "/in",
		  { HOST, PROTO("https") },
		  "http://bot.example/in" },
		{ "peer is no address",
		  "",
		  "0.0.0.0/0",
		  "unix",
		  false,
		  "/in",
		  { HOST, PROTO("https") },
		  "http://bot.example/in" },
		{ "peer with a slash",
		  "",
		  "0.0.0.0/0",
		  "1.2.3.4/8",
		  false,
		  "/in",
		  { HOST, PROTO("https") },
		  "http://bot.example/in" },
		{ "no Host", "", LOCAL, "127.0.0.1", false, "/in", { PROTO("https") }, NULL },
		{ "empty Host", "", LOCAL, "127.0.0.1", false, "/in", { { "Host", " " } }, NULL },
		{ "two Hosts",
		  "",
		  LOCAL,
		  "9.9.9.9",
		  false,
		  "/in",
		  { HOST, { "host", "b" } },
		  NULL },
		{ "Host with a path",
		  "",
		  LOCAL,
		  "9.9.9.9",
		  false,
		  "/in",
		  { { "Host", "a/b" } },
		  NULL },
		{ "Host with a user",
		  "",
		  LOCAL,
		  "9.9.9.9",
		  false,
		  "/in",
		  { { "Host", "a@b" } },
		  NULL },
		{ "no path", "https://b.example", "", "", false, "*", { HOST }, NULL },
		{ "empty target", "https://b.example", "", "", false, "", { HOST }, NULL },
		{ "no target", "https://b.example", "", "", false, NULL, { HOST }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i]);
}

static void test_forms(void **state)
{
	static const struct {
		const char *url;
		const char *signed_url;
		const char *variant; /* NULL: refused */
	} cases[] = {
		{ "https://h/p", "https://h/p", "as given" },
		{ "https://h:8443/p", "https://h/p", "without port" },
		{ "https://h/p", "https://h:443/p", "with the default port" },
		{ "http://h/p", "http://h:80/p", "with the default port" },
		{ "https://h:8443/p", "https://h:443/p", NULL },
		{ "https://u:p@h/p", "https://h/p", "as given, without user and password" },
		{ "https://u:p@h:1/p", "https://h/p", "without port, without user and password" },
		{ "https://u:p@h/p", "https://h:443/p",
		  "with the default port, without user and password" },
		{ "https://h/p", "https://u:p@h/p", NULL },
		{ "https://h/", "https://h", "as given, without the slash" },
		{ "https://h", "https://h/", "as given, with a slash" },
		{ "https://h/?a=1", "https://h?a=1", "as given, without the slash" },
		{ "https://h?a=1", "https://h/?a=1", "as given, with a slash" },
		{ "https://h/p/", "https://h/p", NULL },
		{ "https://h/p?b=it's+me", "https://h/p?b=it%27s+me", "as given, quote as %27" },
		{ "https://h/p?b=it%27s+me", "https://h/p?b=it's%20me",
		  "as given, query encoded again" },
		{ "https://h:1/p?a=%7e&b",
		  "https://h/p?a=~&b=", "without port, query encoded again" },
		{ "https://h/p?a=%zz", "https://h/p?a=%25zz", "as given, query encoded again" },
		{ "https://h/p?a=1&b=2", "https://h/p?b=2&a=1", NULL },
		{ "https://H/p", "https://h/p", NULL },
		{ "https://[::1]:5000/p", "https://[::1]/p", "without port" },
		{ "https://[::1]/p", "https://[::1]:443/p", "with the default port" },
		{ "https://h/p#rc=2", "https://h/p", "as given" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct twilio_explanation x;
		struct arena a = { 0 };
		struct str body = str_of("Body=Hi&To=x");
		char signature[BASE64_SHA1_SIZE];

		CHECK_CASE(twilio_sign(TOKEN, cases[i].signed_url, body, signature, NULL) == 0,
			   cases[i].url);
		CHECK_CASE(twilio_explain(TOKEN, cases[i].url, signature, body, FORM_TYPE, &a, &x,
					  NULL) == 0,
			   cases[i].url);
		CHECK_CASE(x.valid == (cases[i].variant != NULL), cases[i].url);
		if (x.valid) {
			CHECK_SAME(x.variant, cases[i].variant, cases[i].url);
			CHECK_SAME(x.signed_url, cases[i].signed_url, cases[i].url);
		}
		arena_free(&a);
	}
}

static void test_settings(void **state)
{
	static const struct {
		const char *name;
		struct channel_settings set; /* NULL: as usual */
		const char *in_error;	     /* NULL: opens */
	} cases[] = {
		{ "as usual", { 0 }, NULL },
		{ "no proxies", { .trusted_proxies = "" }, NULL },
		{ "proxies with blanks", { .trusted_proxies = " 10.0.0.1 ,\t::1/128, " }, NULL },
		{ "bad network",
		  { .trusted_proxies = "127.0.0.1,10.0.0.0/33" },
		  "\"10.0.0.0/33\"" },
		{ "bad IPv6 mask", { .trusted_proxies = "::1/129" }, "\"::1/129\"" },
		{ "name for address", { .trusted_proxies = "localhost" }, "\"localhost\"" },
		{ "empty mask", { .trusted_proxies = "10.0.0.0/" }, "\"10.0.0.0/\"" },
		{ "signed mask", { .trusted_proxies = "10.0.0.0/+8" }, "TRUSTED_PROXIES" },
		{ "no token", { .auth_tokens = "" }, "TWILIO_AUTH_TOKEN" },
		{ "only commas", { .auth_tokens = " , ," }, "TWILIO_AUTH_TOKEN" },
		{ "five tokens", { .auth_tokens = "a,b,c,d,e" }, "TWILIO_AUTH_TOKEN" },
		{ "public URL without scheme", { .public_url = "b.example" }, "PUBLIC_URL" },
		{ "public URL with query", { .public_url = "https://b.example/?a" }, "PUBLIC_URL" },
		{ "public URL with fragment",
		  { .public_url = "https://b.example/#a" },
		  "PUBLIC_URL" },
		{ "public URL of another scheme",
		  { .public_url = "ftp://b.example" },
		  "PUBLIC_URL" },
		{ "odd port", { .public_url = "https://b.example:x" }, "PUBLIC_URL" },
		{ "bad API base", { .api_base = "api.twilio.com" }, "TWILIO_API_BASE" },
		{ "bare number", { .sender = "+14155238886" }, "TWILIO_WHATSAPP_NUMBER" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct channel_settings *s = &cases[i].set;
		struct channel_settings set = twilio_settings();
		struct channel *c;
		struct err err = { 0 };
		int ret;

		set.trusted_proxies = s->trusted_proxies ? s->trusted_proxies : set.trusted_proxies;
		set.auth_tokens = s->auth_tokens ? s->auth_tokens : set.auth_tokens;
		set.public_url = s->public_url ? s->public_url : set.public_url;
		set.api_base = s->api_base ? s->api_base : set.api_base;
		set.sender = s->sender ? s->sender : set.sender;
		ret = channel_open_twilio(&set, &c, &err);
		CHECK_CASE((ret == 0) == (cases[i].in_error == NULL), cases[i].name);
		if (cases[i].in_error) {
			CHECK_CASE(err.kind == ERR_INPUT && c == NULL, cases[i].name);
			CHECK_CASE(strstr(err.text, cases[i].in_error) != NULL, cases[i].name);
		}
		channel_close(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
