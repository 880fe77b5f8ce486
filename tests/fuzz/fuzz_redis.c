/*
 * Arbitrary bytes as REDIS_URL, and as what a server says about where its keys are: a Cluster's
 * map and redirections. What is taken for good keeps its limits.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/store/redis_cluster_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool place_is_possible(const struct redis_place *place)
{
	return place->host && place->port >= 1 && place->port <= 65535;
}

static void try_url(const char *url)
{
	struct redis_address address;
	struct err err = { 0 };

	if (redis_url_parse(url, &address, &err) < 0) {
		if (err.kind != ERR_PERM || !err.text[0] || address.places || address.password)
			abort();
		return;
	}
	if (address.place_count == 0 || address.db < 0 ||
	    (address.form == REDIS_SENTINEL) != (address.master != NULL))
		abort();
	for (size_t i = 0; i < address.place_count; i++)
		if (!place_is_possible(&address.places[i]) || !*address.places[i].host)
			abort();
	redis_address_free(&address);
}

static void try_reply(const redisReply *reply, struct arena *a)
{
	struct redis_range *ranges;
	struct redis_place place = { NULL, 0 };
	enum redis_turn turn = redis_turn_of(reply, "asked", a, &place);
	struct err err = { 0 };
	size_t count;

	if ((turn == REDIS_TURN_MOVED || turn == REDIS_TURN_ASK) != (place.host != NULL) ||
	    (place.host && !place_is_possible(&place)))
		abort();
	if (reply->type == REDIS_REPLY_ERROR && redis_error_set(&err, reply) != -1)
		abort();
	if (redis_ranges_read(reply, "asked", a, &ranges, &count, &err) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (ranges[i].first > ranges[i].last || ranges[i].last >= REDIS_SLOTS ||
		    !place_is_possible(&ranges[i].place))
			abort();
}

/* hiredis allocates what a head promises; the server is trusted with that, a fuzzer is not. */
static bool promises_much(const uint8_t *data, size_t size)
{
	size_t digits = 0;

	for (size_t i = 0; i < size; i++) {
		digits = data[i] >= '0' && data[i] <= '9' ? digits + 1 : 0;
		if (digits > 6)
			return true;
	}
	return false;
}

static void try_replies(const uint8_t *data, size_t size)
{
	redisReader *reader = redisReaderCreate();
	struct arena a = { 0 };
	void *reply;

	if (!reader || redisReaderFeed(reader, (const char *)data, size) != REDIS_OK)
		abort();
	while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply) {
		try_reply(reply, &a);
		freeReplyObject(reply);
	}
	redisReaderFree(reader);
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	try_url(text);
	free(text);
	if (!promises_much(data, size))
		try_replies(data, size);
	return 0;
}
