/*
 * redis_url.c - REDIS_URL taken apart.
 *
 *   redis://[user:pass@]host:port/db            one server
 *   redis://[user:pass@]host:port,host:port     a Cluster, by some of its nodes
 *   redis+cluster://[user:pass@]host:port       a Cluster, by one
 *   redis+sentinel://[user:pass@]host:port,…/name/db   the master of a Sentinel set
 *
 * With rediss in place of redis each speaks TLS. What is half understood is
 * refused, and no error text shows a part of the URL: it may hold a password.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "redis_private.h"

enum {
	DEFAULT_PORT = 6379,
	SENTINEL_PORT = 26379,
	MAX_PORT = 65535,
	MAX_DB = 1000000,
	MAX_URL = 2048,
	MAX_HOST = 255,
	MAX_PLACES = 64,
};

static int malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_PERM, "REDIS_URL: %s: use redis://host:port/db", what);
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

static bool name_is_clean(struct str name, const char *also)
{
	for (size_t i = 0; i < name.n; i++)
		if (!isalnum((unsigned char)name.p[i]) && !memchr(also, name.p[i], strlen(also)))
			return false;
	return name.n <= MAX_HOST;
}

/* One host[:port] into the next place. */
static int parse_place(struct str s, struct redis_address *address, struct err *err)
{
	struct redis_place *place = &address->places[address->place_count];
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
	place->port = address->form == REDIS_SENTINEL ? SENTINEL_PORT : DEFAULT_PORT;
	if (port.p && port.n)
		place->port = small_number(port, MAX_PORT);
	if (place->port < 1)
		return malformed(err, "the port must be 1 to 65535");
	if (!name_is_clean(host, "-._:"))
		return malformed(err, "the host holds a character no host may hold");
	place->host = host.n ? mem_strndup(host.p, host.n) : mem_strdup("localhost");
	address->place_count++;
	return 0;
}

static int parse_places(struct str list, struct redis_address *address, struct err *err)
{
	size_t count = 1;

	for (size_t i = 0; i < list.n; i++)
		count += list.p[i] == ',';
	if (count > MAX_PLACES)
		return malformed(err, "a list of more than 64 servers");
	if (count > 1 && address->form == REDIS_SINGLE)
		address->form = REDIS_CLUSTER;
	address->places = mem_array(count, sizeof *address->places);
	for (struct str left = list; count > 0; count--) {
		const char *comma = left.n ? memchr(left.p, ',', left.n) : NULL;
		struct str one = { left.p, comma ? (size_t)(comma - left.p) : left.n };

		if (one.n == 0 && address->form != REDIS_SINGLE)
			return malformed(err, "a list with an empty place");
		if (parse_place(one, address, err) < 0)
			return -1;
		if (comma)
			left = (struct str){ comma + 1, left.n - one.n - 1 };
	}
	return 0;
}

static int parse_db(struct str path, struct redis_address *address, struct err *err)
{
	address->db = path.n ? small_number(path, MAX_DB) : 0;
	if (address->db < 0)
		return malformed(err, "the database behind '/' must be a number");
	if (address->db > 0 && address->form == REDIS_CLUSTER)
		return malformed(err, "a Cluster has database 0 only");
	return 0;
}

/* What stands behind the first '/'. */
static int parse_path(struct str path, struct redis_address *address, struct err *err)
{
	const char *slash;

	if (path.n && memchr(path.p, '?', path.n))
		return malformed(err, "options behind '?' are not known here");
	if (address->form != REDIS_SENTINEL)
		return parse_db(path, address, err);
	slash = path.n ? memchr(path.p, '/', path.n) : NULL;
	if (slash) {
		struct str db = { slash + 1, path.n - (size_t)(slash - path.p) - 1 };

		if (parse_db(db, address, err) < 0)
			return -1;
		path.n = (size_t)(slash - path.p);
	}
	if (path.n == 0 || !name_is_clean(path, "-._"))
		return malformed(err, "Sentinel needs the name of the master: "
				      "redis+sentinel://host:port/name");
	address->master = mem_strndup(path.p, path.n);
	return 0;
}

/* What stands behind the scheme. */
static int parse_rest(struct str rest, struct redis_address *address, struct err *err)
{
	struct str places = rest, path = { NULL, 0 };
	const char *at, *slash;

	if (strstr(rest.p, "://"))
		return malformed(err,
				 "a list of servers has one beginning, redis://host:port,host");
	slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
	if (slash) {
		places.n = (size_t)(slash - rest.p);
		path = (struct str){ slash + 1, rest.n - places.n - 1 };
	}
	at = places.n ? memrchr(places.p, '@', places.n) : NULL;
	if (at) {
		if (parse_user((struct str){ places.p, (size_t)(at - places.p) }, address, err) < 0)
			return -1;
		places = (struct str){ at + 1, (size_t)(places.p + places.n - at) - 1 };
	}
	if (parse_places(places, address, err) < 0)
		return -1;
	return parse_path(path, address, err);
}

static const struct {
	const char *scheme;
	enum redis_form form;
	bool tls;
} schemes[] = {
	{ "redis://", REDIS_SINGLE, false },
	{ "rediss://", REDIS_SINGLE, true },
	{ "redis+cluster://", REDIS_CLUSTER, false },
	{ "rediss+cluster://", REDIS_CLUSTER, true },
	{ "redis+sentinel://", REDIS_SENTINEL, false },
	{ "rediss+sentinel://", REDIS_SENTINEL, true },
};

int redis_url_parse(const char *url, struct redis_address *address_out, struct err *err)
{
	*address_out = (struct redis_address){ 0 };
	if (strlen(url) > MAX_URL)
		return malformed(err, "longer than 2048 bytes");
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t n = strlen(schemes[i].scheme);

		if (strncasecmp(url, schemes[i].scheme, n) != 0)
			continue;
		address_out->form = schemes[i].form;
		address_out->tls = schemes[i].tls;
		if (parse_rest(str_of(url + n), address_out, err) == 0)
			return 0;
		redis_address_free(address_out);
		return -1;
	}
	return malformed(err, "it must start with redis://, rediss:// (TLS), redis+cluster:// or "
			      "redis+sentinel://");
}

void redis_address_free(struct redis_address *address)
{
	for (size_t i = 0; i < address->place_count; i++)
		free(address->places[i].host);
	free(address->places);
	free(address->master);
	free(address->user);
	if (address->password)
		mem_wipe_free(address->password, strlen(address->password));
	*address = (struct redis_address){ 0 };
}
