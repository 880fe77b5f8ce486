/*
 * twilio_explain.c - for people who are stuck: make a signature, or find out
 * why one does not fit.
 *
 * Explaining checks as the server does and then, one at a time, undoes the
 * mistakes that tunnels, proxies and shells make, until the signature fits: the
 * one that fits is the answer. Nothing here weakens the server's own check.
 */
#include "twilio_private.h"

#include <ctype.h>
#include <strings.h>

/* What is checked; an attempt changes a copy. */
struct attempt {
	struct twilio_url url;
	struct str body;
	struct str token;
	struct str signature;
	enum twilio_body_kind kind;
	struct arena *arena;
};

static bool fits(const struct attempt *t, struct twilio_match *match_out)
{
	struct twilio_signed s;
	const char *why;

	return twilio_signed_init(&s, t->kind, t->body, &t->url, t->arena, &why) == 0 &&
	       twilio_signed_match(&s, &t->url, &t->token, 1, t->signature, match_out);
}

static struct str trimmed(struct str s, const char *chars)
{
	while (s.n && strchr(chars, s.p[0]))
		s.p++, s.n--;
	while (s.n && strchr(chars, s.p[s.n - 1]))
		s.n--;
	return s;
}

static struct str formatted(struct arena *a, const char *prefix, struct str s, const char *suffix)
{
	return str_of(arena_printf(a, "%s%.*s%s", prefix, (int)s.n, s.p, suffix));
}

static struct str lowered(struct arena *a, struct str s)
{
	char *to = arena_strndup(a, s.p, s.n);

	for (size_t i = 0; i < s.n; i++)
		to[i] = (char)tolower((unsigned char)to[i]);
	return (struct str){ to, s.n };
}

/* ---- the usual mistakes: each changes the attempt, or says false: does not apply. `step`
 * counts from 0 for those that can be made in several ways. ---- */

static bool trim_secrets(struct attempt *t, unsigned step)
{
	struct str token = t->token, signature = t->signature;

	t->token = trimmed(token, " \t\r\n\"'");
	t->signature = trimmed(signature, " \t\r\n\"'");
	return step == 0 && t->token.n && (t->token.n != token.n || t->signature.n != signature.n);
}

static bool decode_signature(struct attempt *t, unsigned step)
{
	char *to;
	size_t n = 0;

	if (step > 0 || t->signature.n > 100 || !memchr(t->signature.p, '%', t->signature.n))
		return false;
	to = arena_alloc(t->arena, t->signature.n + 1);
	n = form_unescape(t->signature, to, NULL);
	t->signature = (struct str){ to, n };
	return true;
}

static bool restore_plus_in_signature(struct attempt *t, unsigned step)
{
	char *to;

	if (step > 0 || !memchr(t->signature.p, ' ', t->signature.n))
		return false;
	to = arena_strndup(t->arena, t->signature.p, t->signature.n);
	for (size_t i = 0; i < t->signature.n; i++)
		if (to[i] == ' ')
			to[i] = '+';
	t->signature.p = to;
	return true;
}

static bool drop_line_end(struct attempt *t, unsigned step)
{
	size_t n = t->body.n;

	t->body = trimmed(t->body, "\r\n");
	return step == 0 && t->body.n != n;
}

static bool keep_plus(struct attempt *t, unsigned step)
{
	char *to;
	size_t n = 0;

	if (step > 0 || t->kind != TWILIO_BODY_FORM || !t->body.n ||
	    !memchr(t->body.p, '+', t->body.n))
		return false;
	to = arena_alloc(t->arena, t->body.n * 3 + 1);
	for (size_t i = 0; i < t->body.n; i++) {
		if (t->body.p[i] == '+') {
			memcpy(to + n, "%2B", 3);
			n += 3;
		} else {
			to[n++] = t->body.p[i];
		}
	}
	t->body = (struct str){ to, n };
	return true;
}

static bool body_as_form(struct attempt *t, unsigned step)
{
	bool other = t->kind != TWILIO_BODY_FORM;

	t->kind = TWILIO_BODY_FORM;
	return step == 0 && other;
}

static bool without_fields(struct attempt *t, unsigned step)
{
	bool had = t->body.n > 0 && t->kind == TWILIO_BODY_FORM;

	t->kind = TWILIO_BODY_NONE;
	return step == 0 && had;
}

static bool ignore_hash(struct attempt *t, unsigned step)
{
	bool hashed = t->kind == TWILIO_BODY_HASHED;

	t->kind = TWILIO_BODY_NONE;
	return step == 0 && hashed;
}

static bool same_url(struct attempt *t, unsigned step)
{
	(void)t;
	return step == 0;
}

static bool slash_at_end(struct attempt *t, unsigned step)
{
	struct str *path = &t->url.path;

	if (step > 0 || path->n < 2)
		return false;
	if (path->p[path->n - 1] == '/')
		path->n--;
	else
		*path = formatted(t->arena, "", *path, "/");
	return true;
}

static bool without_query(struct attempt *t, unsigned step)
{
	bool had = t->url.query.n > 0;

	t->url.query.n = 0;
	return step == 0 && had;
}

static bool query_decoded(struct attempt *t, unsigned step)
{
	char *to;

	if (step > 0 || !t->url.query.n)
		return false;
	to = arena_alloc(t->arena, t->url.query.n + 1);
	t->url.query = (struct str){ to, form_unescape(t->url.query, to, NULL) };
	return true;
}

static bool with_local_port(struct attempt *t, unsigned step)
{
	static const char *const ports[] = { ":5000", ":80",   ":443",	":8080", ":8000",
					     ":3000", ":8443", ":4040", ":5001", ":8001" };

	if (step >= sizeof ports / sizeof *ports)
		return false;
	t->url.port = str_of(ports[step]);
	return true;
}

static bool lower_case_host(struct attempt *t, unsigned step)
{
	struct str host = t->url.host;

	t->url.host = lowered(t->arena, host);
	return step == 0 && memcmp(host.p, t->url.host.p, host.n) != 0;
}

static bool with_www(struct attempt *t, unsigned step)
{
	struct str *host = &t->url.host;

	if (step > 0)
		return false;
	if (host->n > 4 && strncasecmp(host->p, "www.", 4) == 0)
		*host = (struct str){ host->p + 4, host->n - 4 };
	else
		*host = formatted(t->arena, "www.", *host, "");
	return true;
}

/* Drops 1, 2, ... leading parts of the path. */
static bool without_prefix(struct attempt *t, unsigned step)
{
	struct str path = t->url.path;

	for (unsigned i = 0; i <= step; i++) {
		const char *slash = path.n > 1 ? memchr(path.p + 1, '/', path.n - 1) : NULL;

		if (!slash || step > 8)
			return false;
		path.n -= (size_t)(slash - path.p);
		path.p = slash;
	}
	t->url.path = path;
	return true;
}

static bool with_prefix(struct attempt *t, unsigned step)
{
	static const char *const prefixes[] = { "/api",	     "/bot",	"/whatsapp", "/twilio",
						"/webhooks", "/samvad", "/v1",	     "/webhook" };

	if (step >= sizeof prefixes / sizeof *prefixes)
		return false;
	t->url.path = formatted(t->arena, prefixes[step], t->url.path, "");
	return true;
}

static bool other_path(struct attempt *t, unsigned step)
{
	static const char *const paths[] = { "", "/webhook", "/webhook/status", "/whatsapp",
					     "/sms" };

	if (step >= sizeof paths / sizeof *paths)
		return false;
	t->url.path = str_of(paths[step]);
	return true;
}

static const struct {
	bool (*undo)(struct attempt *t, unsigned step);
	const char *hint; /* {url}: what was signed */
} mistakes[] = {
	{ same_url,
	  "The scheme differs: Twilio signed {url}. A tunnel or proxy takes the TLS off, so "
	  "set PUBLIC_URL to the public address, or list the proxy in TRUSTED_PROXIES and "
	  "let it send X-Forwarded-Proto." },
	{ trim_secrets, "The token or the signature has blanks, quotes or a line break around it; "
			"without them it fits {url}." },
	{ decode_signature, "The signature was given percent-encoded; decoded it fits {url}." },
	{ restore_plus_in_signature,
	  "The signature has a blank where a + belongs: it was decoded as "
	  "a form value on its way here. With + it fits {url}." },
	{ drop_line_end,
	  "The body ends with a line break that Twilio did not send; give it with "
	  "printf or --data-binary instead of echo. Without it the signature fits {url}." },
	{ keep_plus, "The body holds + where Twilio sent %2B: it was decoded on its way here. Give "
		     "the raw body; with %2B the signature fits {url}." },
	{ body_as_form,
	  "The body was signed as a form ({url}), but the content type given is another "
	  "one: something in between changed Content-Type." },
	{ without_fields,
	  "Twilio signed {url} without any form field: either it calls with GET (set the "
	  "method to POST in the Twilio console), or a redirect dropped the body." },
	{ ignore_hash,
	  "The signature fits {url}, but its bodySHA256 is missing or belongs to another body: "
	  "the body was changed on its way, or given with a line break too many." },
	{ slash_at_end,
	  "The slash at the end of the path differs: Twilio signed {url}. Enter the same "
	  "URL in the Twilio console that the server sees, and avoid redirects." },
	{ without_query,
	  "The query differs: Twilio signed {url}, without one. Something in between "
	  "added the query." },
	{ query_decoded,
	  "The query was signed in another encoding ({url}): use the raw target of the "
	  "request, not a decoded one." },
	{ with_local_port,
	  "The port differs: Twilio signed {url}. Give exactly the URL of the Twilio "
	  "console as PUBLIC_URL." },
	{ lower_case_host,
	  "The case of the host name differs: Twilio signed {url}. Write the host in "
	  "PUBLIC_URL exactly as in the Twilio console." },
	{ with_www,
	  "The host differs by \"www.\": Twilio signed {url}. Use that host in PUBLIC_URL." },
	{ without_prefix,
	  "The path has a prefix that Twilio does not use: it signed {url}. A proxy adds "
	  "the prefix; take it out of PUBLIC_URL." },
	{ with_prefix, "The path lacks a prefix: Twilio signed {url}. A proxy strips it; add it to "
		       "PUBLIC_URL." },
	{ other_path,
	  "The path differs: Twilio signed {url}. Correct the URL in the Twilio console." },
};

/* ---- no mistake fits ---- */

static bool host_ends(const struct twilio_url *u, const char *suffix)
{
	size_t n = strlen(suffix);

	return u->host.n >= n && strncasecmp(u->host.p + u->host.n - n, suffix, n) == 0;
}

static const char no_signature[] =
	"There is no signature: requests of Twilio carry it in the header X-Twilio-Signature, so "
	"this one did not come from Twilio or a proxy dropped the header.";
static const char cut_signature[] =
	"A signature has 28 characters and ends with =; this one was cut or is none.";
static const char no_body_hash[] =
	"The body is no form, so the URL must carry its SHA-256 as bodySHA256; here it is missing "
	"or belongs to another body. Messages come as application/x-www-form-urlencoded.";
static const char local_address[] =
	"The URL is a local address, but Twilio signs the public one: give the https address of "
	"your tunnel (ngrok shows it as \"Forwarding\") and set PUBLIC_URL to it.";
static const char tunnel_address[] =
	"Nothing near this URL fits. The tunnel may have a new address since: compare it with the "
	"URL in the Twilio console; then compare the token, which must be the account's primary "
	"auth token.";
static const char wrong_token[] =
	"Nothing near this URL fits. Check that the token is the primary auth token of the account "
	"that owns the number (no API key, no secondary or test token), that the body is raw and "
	"whole, and that the URL is the one in the Twilio console.";

static const char *guess(const struct attempt *t)
{
	static const struct {
		const char *host_end;
		const char *hint;
	} hosts[] = {
		{ "localhost", local_address },
		{ "127.0.0.1", local_address },
		{ "[::1]", local_address },
		{ "0.0.0.0", local_address },
		{ ".ngrok.io", tunnel_address },
		{ ".ngrok-free.app", tunnel_address },
		{ ".ngrok.app", tunnel_address },
		{ ".ngrok-free.dev", tunnel_address },
		{ ".trycloudflare.com", tunnel_address },
	};

	if (t->signature.n == 0)
		return no_signature;
	if (t->signature.n != TWILIO_SIGNATURE_LENGTH)
		return cut_signature;
	if (t->kind == TWILIO_BODY_HASHED)
		return no_body_hash;
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		if (host_ends(&t->url, hosts[i].host_end))
			return hosts[i].hint;
	return wrong_token;
}

static const char *hint_with(const char *hint, const char *url, struct arena *a)
{
	const char *at = strstr(hint, "{url}");

	return at ? arena_printf(a, "%.*s%s%s", (int)(at - hint), hint, url, at + 5) : hint;
}

static const char *find_mistake(const struct attempt *given)
{
	struct twilio_match match;

	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		for (unsigned step = 0;; step++) {
			struct attempt t = *given;

			if (!mistakes[i].undo(&t, step))
				break;
			if (fits(&t, &match))
				return hint_with(mistakes[i].hint, match.url.p, t.arena);
			t.url.scheme = str_of(twilio_url_is_https(&t.url) ? "http" : "https");
			if (fits(&t, &match))
				return hint_with(mistakes[i].hint, match.url.p, t.arena);
		}
	}
	return guess(given);
}

static int take_url(const char *url, struct twilio_url *u_out, struct err *err)
{
	if (!twilio_url_split(str_of(url), u_out))
		return err_set(err, ERR_INPUT,
			       "the URL must begin with https:// or http:// and name a host");
	return 0;
}

int twilio_explain(const char *token, const char *url, const char *signature, struct str body,
		   const char *content_type, struct arena *a, struct twilio_explanation *out,
		   struct err *err)
{
	struct attempt t = {
		.body = body,
		.token = str_of(token),
		.signature = str_of(signature ? signature : ""),
		.kind = twilio_body_kind("POST", content_type),
		.arena = a,
	};
	struct twilio_match match;

	*out = (struct twilio_explanation){ 0 };
	if (t.token.n == 0)
		return err_set(err, ERR_INPUT, "the token is empty");
	if (take_url(url, &t.url, err) < 0)
		return -1;
	if (fits(&t, &match)) {
		out->valid = true;
		out->variant = twilio_url_form_name(&t.url, match.form, a);
		out->signed_url = match.url.p;
	} else {
		out->hint = find_mistake(&t);
	}
	return 0;
}

int twilio_sign(const char *token, const char *url, struct str form_body,
		char out[BASE64_SHA1_SIZE], struct err *err)
{
	struct arena a = { 0 };
	struct twilio_signed s;
	struct twilio_url u;
	const char *why;
	int ret = -1;

	if (!*token) {
		(void)err_set(err, ERR_INPUT, "the token is empty");
		goto out;
	}
	if (take_url(url, &u, err) < 0)
		goto out;
	if (twilio_signed_init(&s, TWILIO_BODY_FORM, form_body, &u, &a, &why) < 0) {
		(void)err_set(err, ERR_INPUT, "the form has too many fields");
		goto out;
	}
	twilio_signed_compute(&s, twilio_url_join(&u, &a), str_of(token), out);
	ret = 0;
out:
	arena_free(&a);
	return ret;
}
