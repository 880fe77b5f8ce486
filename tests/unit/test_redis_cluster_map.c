/*
 * test_redis_cluster_map.c - slots of keys and commands, the map and redirections as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/store/redis_cluster_private.h"
#include "check.h"

static const struct {
	const char *key;
	unsigned slot;
} keys[] = {
	/* As CLUSTER KEYSLOT of Redis 7 answers. */
	{ "123456789", 12739 },
	{ "", 0 },
	{ "foo", 12182 },
	{ "samvad:{17}:ix", 12304 },
	{ "17", 12304 },
	{ "samvad:{17}:s:whatsapp:+919876543210", 12304 },
	{ "{user1000}.following", 3443 },
	{ "foo{}{bar}", 8363 },
	{ "foo{{bar}}zap", 4015 },
	{ "foo{bar}{zap}", 5061 },
	{ "foo{bar", 15278 },
	{ "whatsapp_session:whatsapp:+919876543210", 14065 },
};

static void slots_of_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++)
		if (redis_slot_of_key(str_of(keys[i].key)) != keys[i].slot)
			fail_msg("%s: %u", keys[i].key, redis_slot_of_key(str_of(keys[i].key)));
}

static const struct {
	const char *words[6];
	int slot;
} commands[] = {
	{ { "GET", "foo" }, 12182 },
	{ { "HMGET", "samvad:{17}:n", "w" }, 12304 },
	{ { "EVALSHA", "0123", "1", "foo", "x" }, 12182 },
	{ { "EVAL", "return 1", "2", "{17}a", "{17}b" }, 12304 },
	{ { "EVALSHA", "0123", "0", "foo" }, REDIS_NO_SLOT },
	{ { "EVALSHA", "0123", "1" }, REDIS_NO_SLOT },
	{ { "PING" }, REDIS_NO_SLOT },
};

static void slots_of_commands(void **state)
{
	struct arena a = { 0 };
	struct redis_batch b;

	(void)state;
	redis_batch_init(&b, &a, REDIS_READ);
	for (size_t i = 0; i < COUNT(commands); i++) {
		struct redis_command *c = redis_command(&b, commands[i].words[0]);

		for (size_t j = 1; commands[i].words[j]; j++)
			redis_arg_text(c, commands[i].words[j]);
		if (redis_slot_of_command(c) != commands[i].slot)
			fail_msg("%s %zu: %d", commands[i].words[0], i, redis_slot_of_command(c));
	}
	arena_free(&a);
}

static redisReply *reply_of(const char *wire)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	assert_int_equal(redisReaderFeed(reader, wire, strlen(wire)), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	assert_non_null(reply);
	redisReaderFree(reader);
	return reply;
}

#define MASTER(host, port) "*3\r\n$" host "\r\n:" port "\r\n$2\r\nid\r\n"

static const struct {
	const char *name, *wire, *map; /* map NULL: refused */
} maps[] = {
	{ "two masters, one with a replica",
	  "*2\r\n*4\r\n:0\r\n:100\r\n" MASTER("8\r\n10.0.0.1", "7000")
		  MASTER("8\r\n10.0.0.9", "7009") "*3\r\n:101\r\n:16383\r\n" MASTER("8\r\n10.0.0.2",
										    "7001"),
	  "0-100 10.0.0.1:7000 101-16383 10.0.0.2:7001" },
	{ "a host without a name is the one that was asked",
	  "*1\r\n*3\r\n:5\r\n:5\r\n" MASTER("0\r\n", "7000"), "5-5 asked:7000" },
	{ "nor with an unknown one", "*1\r\n*3\r\n:5\r\n:6\r\n" MASTER("1\r\n?", "7000"),
	  "5-6 asked:7000" },
	{ "nor with none",
	  "*1\r\n*3\r\n:5\r\n:6\r\n"
	  "*3\r\n$-1\r\n:7000\r\n$2\r\nid\r\n",
	  "5-6 asked:7000" },
	{ "IPv6", "*1\r\n*3\r\n:0\r\n:1\r\n" MASTER("3\r\n::1", "7000"), "0-1 ::1:7000" },
	{ "no slot is served", "*0\r\n", NULL },
	{ "no array", "+OK\r\n", NULL },
	{ "an empty range", "*1\r\n*0\r\n", NULL },
	{ "a slot too many", "*1\r\n*3\r\n:0\r\n:16384\r\n" MASTER("1\r\nh", "7000"), NULL },
	{ "a negative slot", "*1\r\n*3\r\n:-1\r\n:1\r\n" MASTER("1\r\nh", "7000"), NULL },
	{ "the wrong way round", "*1\r\n*3\r\n:7\r\n:6\r\n" MASTER("1\r\nh", "7000"), NULL },
	{ "no master", "*1\r\n*2\r\n:0\r\n:1\r\n", NULL },
	{ "no port", "*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n$1\r\nh\r\n", NULL },
	{ "an impossible port", "*1\r\n*3\r\n:0\r\n:1\r\n" MASTER("1\r\nh", "70000"), NULL },
	{ "words for numbers", "*1\r\n*3\r\n$1\r\n0\r\n:1\r\n" MASTER("1\r\nh", "7000"), NULL },
};

static const char *map_text(const struct redis_range *ranges, size_t count, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = arena_printf(a, "%s%s%u-%u %s:%d", text, i ? " " : "", ranges[i].first,
				    ranges[i].last, ranges[i].place.host, ranges[i].place.port);
	return text;
}

static void maps_are_read(void **state)
{
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(maps); i++) {
		redisReply *reply = reply_of(maps[i].wire);
		struct redis_range *ranges;
		struct err err = { 0 };
		size_t count;
		int ret = redis_ranges_read(reply, "asked", &a, &ranges, &count, &err);

		if ((ret == 0) != (maps[i].map != NULL))
			fail_msg("%s: %d %s", maps[i].name, ret, err.text);
		if (ret == 0 && strcmp(map_text(ranges, count, &a), maps[i].map) != 0)
			fail_msg("%s: %s", maps[i].name, map_text(ranges, count, &a));
		if (ret < 0 && err.kind != ERR_TEMP)
			fail_msg("%s: %s", maps[i].name, err_kind_name(err.kind));
		freeReplyObject(reply);
	}
	arena_free(&a);
}

static const struct {
	const char *wire;
	enum redis_turn turn;
	const char *host;
	int port;
} turns[] = {
	{ "-MOVED 3999 127.0.0.1:6381\r\n", REDIS_TURN_MOVED, "127.0.0.1", 6381 },
	{ "-MOVED 3999 ::1:6381\r\n", REDIS_TURN_MOVED, "::1", 6381 },
	{ "-MOVED 3999 redis-2.example:6381\r\n", REDIS_TURN_MOVED, "redis-2.example", 6381 },
	{ "-MOVED 3999 :6381\r\n", REDIS_TURN_MOVED, "asked", 6381 },
	{ "-ASK 3999 127.0.0.1:6381\r\n", REDIS_TURN_ASK, "127.0.0.1", 6381 },
	{ "-TRYAGAIN Multiple keys request during rehashing of slot\r\n", REDIS_TURN_AGAIN, NULL,
	  0 },
	{ "-CLUSTERDOWN The cluster is down\r\n", REDIS_TURN_DOWN, NULL, 0 },
	{ "-CLUSTERDOWN Hash slot not served\r\n", REDIS_TURN_DOWN, NULL, 0 },
	{ "-MOVED 3999\r\n", REDIS_TURN_NONE, NULL, 0 },
	{ "-MOVED 3999 host\r\n", REDIS_TURN_NONE, NULL, 0 },
	{ "-MOVED 3999 host:0\r\n", REDIS_TURN_NONE, NULL, 0 },
	{ "-ASK 3999 host:99999\r\n", REDIS_TURN_NONE, NULL, 0 },
	{ "-ERR no such key\r\n", REDIS_TURN_NONE, NULL, 0 },
	{ "+MOVED 3999 127.0.0.1:6381\r\n", REDIS_TURN_NONE, NULL, 0 },
	{ "$-1\r\n", REDIS_TURN_NONE, NULL, 0 },
};

static void redirections_are_read(void **state)
{
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(turns); i++) {
		redisReply *reply = reply_of(turns[i].wire);
		struct redis_place place = { NULL, 0 };

		if (redis_turn_of(reply, "asked", &a, &place) != turns[i].turn)
			fail_msg("%s", turns[i].wire);
		if (turns[i].host &&
		    (strcmp(place.host, turns[i].host) != 0 || place.port != turns[i].port))
			fail_msg("%s: %s %d", turns[i].wire, place.host, place.port);
		freeReplyObject(reply);
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_of_keys),
		cmocka_unit_test(slots_of_commands),
		cmocka_unit_test(maps_are_read),
		cmocka_unit_test(redirections_are_read),
	};

	return cmocka_run_group_tests_name("redis cluster map", tests, NULL, NULL);
}
