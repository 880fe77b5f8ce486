/*
 * twilio_url.c - URLs as text: taken apart, put together, and their variants.
 *
 * Nothing is decoded, lower-cased or normalised: the signature is over the
 * bytes that Twilio sent. Twilio is not consistent about ports, credentials
 * and the slash of an empty path, so a URL has several forms; host, path and
 * scheme never vary.
 */
#include "twilio_private.h"

#include <strings.h>

#include "base/form.h"

static struct str cut_front(struct str *rest, size_t n)
{
	struct str front = { rest->p, n };

	rest->p += n;
	rest->n -= n;
	return front;
}

/* Bytes before the first of these characters, or all. */
static size_t until(struct str s, const char *chars)
{
	for (; s.n && *chars; chars++) {
		const char *at = memchr(s.p, *chars, s.n);

		if (at)
			s.n = (size_t)(at - s.p);
	}
	return s.n;
}

static bool split_authority(struct str authority, struct twilio_url *u)
{
	const char *at = authority.n ? memrchr(authority.p, '@', authority.n) : NULL;
	const char *end = NULL;

	u->userinfo = cut_front(&authority, at ? (size_t)(at + 1 - authority.p) : 0);
	if (authority.n && authority.p[0] == '[') {
		end = memchr(authority.p, ']', authority.n);
		if (!end)
			return false;
		u->host = cut_front(&authority, (size_t)(end + 1 - authority.p));
	} else {
		u->host = cut_front(&authority, until(authority, ":"));
	}
	u->port = authority;
	for (size_t i = 0; i < u->port.n; i++) {
		if (i == 0 ? u->port.p[i] != ':' : u->port.p[i] < '0' || u->port.p[i] > '9')
			return false;
	}
	return u->host.n > 0;
}

bool twilio_url_split(struct str text, struct twilio_url *u_out)
{
	struct twilio_url u = { 0 };

	if (text.n > TWILIO_MAX_URL)
		return false;
	text.n = until(text, "#");
	if (text.n > 8 && strncasecmp(text.p, "https://", 8) == 0)
		u.scheme = cut_front(&text, 5);
	else if (text.n > 7 && strncasecmp(text.p, "http://", 7) == 0)
		u.scheme = cut_front(&text, 4);
	else
		return false;
	(void)cut_front(&text, 3);
	if (!split_authority(cut_front(&text, until(text, "/?")), &u))
		return false;
	u.path = cut_front(&text, until(text, "?"));
	u.query = text;
	*u_out = u;
	return true;
}

bool twilio_url_is_https(const struct twilio_url *u)
{
	return u->scheme.n == 5;
}

struct str twilio_joined(const struct str *parts, size_t count, struct arena *a)
{
	size_t n = 0;
	char *text;

	for (size_t i = 0; i < count; i++)
		n += parts[i].n;
	text = arena_alloc(a, n + 1);
	n = 0;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].n)
			memcpy(text + n, parts[i].p, parts[i].n);
		n += parts[i].n;
	}
	return (struct str){ text, n };
}

struct str twilio_url_join(const struct twilio_url *u, struct arena *a)
{
	const struct str parts[] = { u->scheme, { "://", 3 }, u->userinfo, u->host,
				     u->port,	u->path,      u->query };

	return twilio_joined(parts, sizeof parts / sizeof *parts, a);
}

/* ---- fields ---- */

/* Takes the next "name=value" off the front of *rest, empty parts skipped; false at the end. */
static bool next_field(struct str *rest, struct str *name_out, struct str *value_out)
{
	while (rest->n) {
		const char *amp = memchr(rest->p, '&', rest->n);
		struct str part = cut_front(rest, amp ? (size_t)(amp - rest->p) : rest->n);
		const char *equals = part.n ? memchr(part.p, '=', part.n) : NULL;

		if (amp)
			(void)cut_front(rest, 1);
		if (part.n == 0)
			continue;
		*name_out = cut_front(&part, equals ? (size_t)(equals - part.p) : part.n);
		if (equals)
			(void)cut_front(&part, 1);
		*value_out = part;
		return true;
	}
	return false;
}

static struct str without_mark(struct str query)
{
	if (query.n)
		(void)cut_front(&query, 1);
	return query;
}

struct str twilio_url_parameter(struct str query, const char *name, struct arena *a)
{
	struct str rest = without_mark(query), n, v;

	while (next_field(&rest, &n, &v)) {
		char *text;

		if (!str_is(n, name))
			continue;
		text = arena_alloc(a, v.n + 1);
		return (struct str){ text, form_unescape(v, text, NULL) };
	}
	return (struct str){ NULL, 0 };
}

/* ---- forms of one URL ---- */

enum encoding { ENCODING_AS_GIVEN, ENCODING_QUOTE, ENCODING_AGAIN };

static struct str quote_escaped(struct str query, struct arena *a)
{
	char *to = arena_alloc(a, query.n * 3 + 1);
	size_t n = 0;

	for (size_t i = 0; i < query.n; i++) {
		if (query.p[i] == '\'') {
			memcpy(to + n, "%27", 3);
			n += 3;
		} else {
			to[n++] = query.p[i];
		}
	}
	return (struct str){ to, n };
}

static size_t escape(struct str s, char *to)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "-_.!~*'()";
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c && strchr(plain, c)) {
			to[n++] = (char)c;
		} else {
			to[n++] = '%';
			to[n++] = digits[c >> 4];
			to[n++] = digits[c & 15];
		}
	}
	return n;
}

/* Each name and value decoded and encoded anew, as one of the libraries does. */
static struct str encoded_again(struct str query, struct arena *a)
{
	struct str rest = without_mark(query), name, value;
	/* At worst each byte becomes three; a '=' may be new to each field. */
	char *to = arena_alloc(a, query.n * 4 + 1), *plain = arena_alloc(a, query.n + 1);
	size_t n = 0;

	while (next_field(&rest, &name, &value)) {
		to[n] = n ? '&' : '?';
		n++;
		n += escape((struct str){ plain, form_unescape(name, plain, NULL) }, to + n);
		to[n++] = '=';
		n += escape((struct str){ plain, form_unescape(value, plain, NULL) }, to + n);
	}
	return (struct str){ to, n };
}

static bool same(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* False when this encoding gives nothing new. */
static bool encode_query(struct str *query, enum encoding how, struct arena *a)
{
	struct str given = *query;

	if (how == ENCODING_AS_GIVEN)
		return true;
	if (given.n == 0)
		return false;
	if (how == ENCODING_QUOTE) {
		if (!memchr(given.p, '\'', given.n))
			return false;
		*query = quote_escaped(given, a);
		return true;
	}
	*query = encoded_again(given, a);
	return !same(given, *query);
}

enum port_form { PORT_AS_GIVEN, PORT_NONE, PORT_DEFAULT };

/* What form i changes. */
struct change {
	enum port_form port;
	bool slash; /* drops the path "/", or adds it */
	bool no_userinfo;
	enum encoding encoding;
};

static struct change change_of(unsigned i)
{
	return (struct change){ i % 3, i / 3 % 2, i / 6 % 2, i / 12 };
}

const char *twilio_url_form_name(const struct twilio_url *u, unsigned i, struct arena *a)
{
	static const char *const ports[] = { "as given", "without port", "with the default port" };
	static const char *const encodings[] = { "", ", quote as %27", ", query encoded again" };
	struct change c = change_of(i);
	const char *slash = u->path.n ? ", without the slash" : ", with a slash";

	return arena_printf(a, "%s%s%s%s", ports[c.port], c.slash ? slash : "",
			    c.no_userinfo ? ", without user and password" : "",
			    encodings[c.encoding]);
}

bool twilio_url_form(const struct twilio_url *u, unsigned i, struct arena *a, struct str *url_out)
{
	struct change c = change_of(i);
	struct twilio_url v = *u;

	if ((c.port == PORT_NONE && !u->port.n) || (c.port == PORT_DEFAULT && u->port.n) ||
	    (c.no_userinfo && !u->userinfo.n) || (c.slash && u->path.n > 1))
		return false;
	if (c.encoding > ENCODING_AGAIN || !encode_query(&v.query, c.encoding, a))
		return false;
	if (c.port == PORT_NONE)
		v.port = (struct str){ "", 0 };
	else if (c.port == PORT_DEFAULT)
		v.port = str_of(twilio_url_is_https(u) ? ":443" : ":80");
	if (c.slash)
		v.path = str_of(u->path.n ? "" : "/");
	if (c.no_userinfo)
		v.userinfo = (struct str){ "", 0 };
	*url_out = twilio_url_join(&v, a);
	return true;
}
