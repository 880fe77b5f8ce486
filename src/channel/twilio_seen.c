/*
 * twilio_seen.c - the URL that Twilio requested, which is not always ours.
 *
 * PUBLIC_URL and the raw target when it is set. Else the headers: those of a
 * proxy count only when the peer is in TRUSTED_PROXIES. The target is used as
 * it came, never decoded. X-Forwarded-Port and -Prefix are not read: PUBLIC_URL
 * says both in one place.
 */
#include "twilio_private.h"

#include <strings.h>

static const char *without_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* The first item of a list header, trimmed; empty when absent. */
static struct str first_item(const struct webhook *w, const char *header)
{
	const char *value = webhook_header(w, header, NULL);
	size_t n;

	if (!value)
		return (struct str){ "", 0 };
	value = without_blanks(value);
	n = strcspn(value, ",");
	while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
		n--;
	return (struct str){ value, n };
}

static bool is_word(struct str s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* Characters that a Host header may hold (RFC 3986: reg-name, IP-literal, port). */
static bool is_host(struct str s)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-._~:[]%!$&'()*+;=";

	return s.n > 0 && strspn(s.p, allowed) >= s.n; /* a header's value ends with a NUL */
}

/* Path and query of the request line, also when it holds a whole URL. */
static const char *raw_target(const char *target)
{
	const char *authority, *path;

	if (!target || *target == '/')
		return target;
	if (strncasecmp(target, "http://", 7) != 0 && strncasecmp(target, "https://", 8) != 0)
		return NULL;
	authority = strstr(target, "://") + 3;
	path = authority + strcspn(authority, "/?");
	return *path == '/' ? path : NULL;
}

static int from_headers(const struct twilio *t, const struct webhook *w, const char *target,
			struct arena *a, struct str *url_out)
{
	bool two_hosts, https = w->tls;
	const char *own = webhook_header(w, "Host", &two_hosts);
	struct str host = str_of(own ? without_blanks(own) : "");

	if (two_hosts)
		return -1;
	if (twilio_proxies_has(&t->proxies, w->peer)) {
		struct str proto = first_item(w, "X-Forwarded-Proto");
		struct str forwarded = first_item(w, "X-Forwarded-Host");

		if (is_word(proto, "https") || is_word(proto, "http"))
			https = proto.n == 5;
		if (forwarded.n)
			host = forwarded;
	}
	while (host.n && (host.p[host.n - 1] == ' ' || host.p[host.n - 1] == '\t'))
		host.n--;
	if (!is_host(host))
		return -1;
	*url_out = twilio_joined(
		(struct str[]){ str_of(https ? "https://" : "http://"), host, str_of(target) }, 3,
		a);
	return 0;
}

int twilio_url_seen(const struct twilio *t, const struct webhook *w, struct arena *a,
		    struct twilio_url *u_out)
{
	const char *target = raw_target(w->target);
	struct str url;

	if (!target || strlen(target) > TWILIO_MAX_URL)
		return -1;
	if (*t->public_url)
		url = twilio_joined((struct str[]){ str_of(t->public_url), str_of(target) }, 2, a);
	else if (from_headers(t, w, target, a, &url) < 0)
		return -1;
	return twilio_url_split(url, u_out) ? 0 : -1;
}
