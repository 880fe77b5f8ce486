/*
 * redis_url.c - REDIS_URL taken apart.
 *
 * One server over plain TCP. What this version cannot do yet (TLS, Cluster,
 * Sentinel) is refused by name: a setting half understood would be worse than
 * none. No error text shows a part of the URL, for it may hold a password.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "redis_private.h"

enum { DEFAULT_PORT = 6379, MAX_PORT = 65535, MAX_DB = 1000000, MAX_URL = 2048, MAX_HOST = 255 };

static const char use_plain[] = "use redis://host:port/db";

static int unsupported(struct err *err, const char *what)
{
	return err_set(err, ERR_PERM, "REDIS_URL: %s not supported yet: %s", what, use_plain);
}

static int malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_PERM, "REDIS_URL: %s: %s", what, use_plain);
}

/* Decimal digits only, 0 to max; -1 otherwise. */
static int small_number(struct str s, int max)
{
	int n = 0;

	if (s.n == 0 || s.n > 7)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		n = n * 10 + (s.p[i] - '0');
	}
	return n <= max ? n : -1;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL when a '%' lacks its digits or a NUL is meant. The caller owns it. */
static char *percent_decoded(struct str s)
{
	char *out = mem_alloc(s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int high, low;

		if (s.p[i] != '%') {
			out[n++] = s.p[i];
			continue;
		}
		high = i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
		low = i + 2 < s.n ? hex_value(s.p[i + 2]) : -1;
		if (high < 0 || low < 0 || high + low == 0) {
			mem_wipe_free(out, s.n + 1);
			return NULL;
		}
		out[n++] = (char)(high << 4 | low);
		i += 2;
	}
	return out;
}

static int parse_user(struct str info, struct redis_address *address, struct err *err)
{
	const char *colon = memchr(info.p, ':', info.n);
	struct str user = { info.p, colon ? (size_t)(colon - info.p) : info.n };
	struct str password = { colon ? colon + 1 : "", colon ? info.n - user.n - 1 : 0 };

	if (password.n == 0)
		return malformed(err, "a password is missing before '@' (:password@ or "
				      "user:password@)");
	address->password = percent_decoded(password);
	address->user = user.n ? percent_decoded(user) : NULL;
	if (!address->password || (user.n && !address->user))
		return malformed(err, "'%' without two hex digits before '@'");
	return 0;
}

static bool host_is_clean(struct str host)
{
	for (size_t i = 0; i < host.n; i++)
		if (!isalnum((unsigned char)host.p[i]) && !memchr("-._:", host.p[i], 4))
			return false;
	return host.n <= MAX_HOST;
}

static int parse_host(struct str s, struct redis_address *address, struct err *err)
{
	struct str host = s, port = { NULL, 0 };
	const char *end;

	if (s.n && s.p[0] == '[') { /* an IPv6 address: its colons are not the port's */
		end = memchr(s.p, ']', s.n);
		if (!end || end == s.p + 1)
			return malformed(err, "'[' without an address and ']'");
		host = (struct str){ s.p + 1, (size_t)(end - s.p) - 1 };
		end++;
		if (end < s.p + s.n && *end != ':')
			return malformed(err, "only a port may follow ']'");
	} else {
		end = s.n ? memchr(s.p, ':', s.n) : NULL;
		if (end)
			host.n = (size_t)(end - s.p);
		if (end && memchr(end + 1, ':', s.n - host.n - 1))
			return malformed(err, "an IPv6 address needs [ and ]");
	}
	if (end && end < s.p + s.n)
		port = (struct str){ end + 1, (size_t)(s.p + s.n - end) - 1 };
	address->place.port = port.p && port.n ? small_number(port, MAX_PORT) : DEFAULT_PORT;
	if (address->place.port < 1)
		return malformed(err, "the port must be 1 to 65535");
	if (!host_is_clean(host))
		return malformed(err, "the host holds a character no host may hold");
	address->place.host = host.n ? mem_strndup(host.p, host.n) : mem_strdup("localhost");
	return 0;
}

static int parse_db(struct str path, struct redis_address *address, struct err *err)
{
	if (path.n && memchr(path.p, '?', path.n))
		return malformed(err, "options behind '?' are not known here");
	address->db = path.n ? small_number(path, MAX_DB) : 0;
	if (address->db < 0)
		return malformed(err, "the database behind '/' must be a number");
	return 0;
}

/* What stands behind redis:// */
static int parse_rest(struct str rest, struct redis_address *address, struct err *err)
{
	struct str host = rest, path = { NULL, 0 };
	const char *at, *slash;

	if (strstr(rest.p, ",redis"))
		return unsupported(err, "a list of servers (Redis Cluster) is");
	slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
	if (slash) {
		host.n = (size_t)(slash - rest.p);
		path = (struct str){ slash + 1, rest.n - host.n - 1 };
	}
	at = host.n ? memrchr(host.p, '@', host.n) : NULL;
	if (at) {
		if (parse_user((struct str){ host.p, (size_t)(at - host.p) }, address, err) < 0)
			return -1;
		host = (struct str){ at + 1, (size_t)(host.p + host.n - at) - 1 };
	}
	if (host.n && memchr(host.p, ',', host.n))
		return unsupported(err, "a list of servers (Redis Cluster) is");
	if (parse_host(host, address, err) < 0)
		return -1;
	return parse_db(path, address, err);
}

int redis_url_parse(const char *url, struct redis_address *address_out, struct err *err)
{
	static const struct {
		const char *scheme, *what;
	} later[] = {
		{ "rediss://", "rediss:// (TLS) is" },
		{ "redis+sentinel://", "Redis Sentinel is" },
		{ "redis-sentinel://", "Redis Sentinel is" },
		{ "unix://", "a unix socket is" },
	};
	static const char plain[] = "redis://";

	*address_out = (struct redis_address){ .place.port = DEFAULT_PORT };
	if (strlen(url) > MAX_URL)
		return malformed(err, "longer than 2048 bytes");
	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		if (strncasecmp(url, later[i].scheme, strlen(later[i].scheme)) == 0)
			return unsupported(err, later[i].what);
	if (strncasecmp(url, plain, sizeof plain - 1) != 0)
		return malformed(err, "it must start with redis://");
	if (parse_rest(str_of(url + sizeof plain - 1), address_out, err) == 0)
		return 0;
	redis_address_free(address_out);
	return -1;
}

void redis_address_free(struct redis_address *address)
{
	free(address->place.host);
	free(address->user);
	if (address->password)
		mem_wipe_free(address->password, strlen(address->password));
	*address = (struct redis_address){ 0 };
}
