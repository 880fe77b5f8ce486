/*
 * redis_cluster_map.c - slots of keys, and what a Cluster's node says about where they are.
 */
#include <stdlib.h>
#include <string.h>

#include "redis_cluster_private.h"

/* ---- slots ---- */

/* CRC-16/XMODEM, as the Cluster's specification asks for. */
static unsigned crc16(struct str s)
{
	unsigned crc = 0;

	for (size_t i = 0; i < s.n; i++) {
		crc ^= (unsigned)(unsigned char)s.p[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1 & 0xffff;
	}
	return crc;
}

unsigned redis_slot_of_key(struct str key)
{
	const char *open = key.n ? memchr(key.p, '{', key.n) : NULL;
	const char *close = open ? memchr(open + 1, '}', key.n - (size_t)(open + 1 - key.p)) : NULL;

	/* What stands in the first braces, unless that is nothing. */
	if (close && close > open + 1)
		key = (struct str){ open + 1, (size_t)(close - open) - 1 };
	return crc16(key) % REDIS_SLOTS;
}

static bool is_word(const struct redis_command *c, int i, const char *word)
{
	return i < c->argc && str_is((struct str){ c->argv[i], c->argvlen[i] }, word);
}

int redis_slot_of_command(const struct redis_command *c)
{
	/* Every command of ours has its key first, but for a script's, which come third. */
	bool script = is_word(c, 0, "EVALSHA") || is_word(c, 0, "EVAL");
	int at = script ? 3 : 1;

	if (at >= c->argc || (script && is_word(c, 2, "0")))
		return REDIS_NO_SLOT;
	return (int)redis_slot_of_key((struct str){ c->argv[at], c->argvlen[at] });
}

/* ---- CLUSTER SLOTS: [[first, last, [host, port, …], replica …], …] ---- */

static bool is_int(const redisReply *r)
{
	return r && r->type == REDIS_REPLY_INTEGER;
}

static bool read_range(const redisReply *r, const char *asked, struct arena *a,
		       struct redis_range *range)
{
	const redisReply *first = redis_reply_at(r, 0), *last = redis_reply_at(r, 1);
	const redisReply *master = redis_reply_at(r, 2), *port = redis_reply_at(master, 1);
	const char *host = redis_reply_text(redis_reply_at(master, 0), a);

	if (!is_int(first) || !is_int(last) || !is_int(port) || first->integer < 0 ||
	    last->integer >= REDIS_SLOTS || first->integer > last->integer || port->integer < 1 ||
	    port->integer > 65535)
		return false;
	range->first = (unsigned)first->integer;
	range->last = (unsigned)last->integer;
	range->place.port = (int)port->integer;
	/* A node that does not know its own name means: where you have found me. */
	if (!*host || strcmp(host, "?") == 0)
		host = asked;
	range->place.host = arena_strdup(a, host);
	return true;
}

int redis_ranges_read(const redisReply *reply, const char *asked, struct arena *a,
		      struct redis_range **ranges_out, size_t *count_out, struct err *err)
{
	if (reply->type != REDIS_REPLY_ARRAY)
		return err_set(err, ERR_TEMP, "Redis answers CLUSTER SLOTS in an unknown way");
	if (reply->elements == 0)
		return err_set(err, ERR_TEMP, "the Redis Cluster serves no slot yet");
	*ranges_out = arena_array(a, reply->elements, sizeof **ranges_out);
	*count_out = reply->elements;
	for (size_t i = 0; i < reply->elements; i++)
		if (!read_range(reply->element[i], asked, a, &(*ranges_out)[i]))
			return err_set(err, ERR_TEMP,
				       "Redis answers CLUSTER SLOTS in an unknown way");
	return 0;
}

/* ---- redirections ---- */

/* "MOVED 3999 127.0.0.1:6381"; an IPv6 address stands without brackets. */
static bool read_place(const char *text, const char *asked, struct arena *a,
		       struct redis_place *place)
{
	const char *slot = strchr(text, ' '), *host = slot ? strchr(slot + 1, ' ') : NULL;
	const char *colon = host ? strrchr(host, ':') : NULL;
	long port = colon ? strtol(colon + 1, NULL, 10) : 0;

	if (port < 1 || port > 65535)
		return false;
	host++;
	place->host = host == colon ? arena_strdup(a, asked)
				    : arena_strndup(a, host, (size_t)(colon - host));
	place->port = (int)port;
	return true;
}

enum redis_turn redis_turn_of(const redisReply *reply, const char *asked, struct arena *a,
			      struct redis_place *place_out)
{
	if (redis_reply_refuses(reply, "MOVED ") && read_place(reply->str, asked, a, place_out))
		return REDIS_TURN_MOVED;
	if (redis_reply_refuses(reply, "ASK ") && read_place(reply->str, asked, a, place_out))
		return REDIS_TURN_ASK;
	if (redis_reply_refuses(reply, "TRYAGAIN"))
		return REDIS_TURN_AGAIN;
	if (redis_reply_refuses(reply, "CLUSTERDOWN"))
		return REDIS_TURN_DOWN;
	return REDIS_TURN_NONE;
}
