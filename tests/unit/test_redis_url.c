/*
 * test_redis_url.c - REDIS_URL, and what error words of a server mean.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/store/redis_private.h"

#define SAME(a, b) ((a) == NULL ? (b) == NULL : (b) != NULL && strcmp((a), (b)) == 0)

/* A place list as text: "host:port host:port". */
static const char *places_of(const struct redis_address *a, struct arena *arena)
{
	const char *text = "";

	for (size_t i = 0; i < a->place_count; i++)
		text = arena_printf(arena, "%s%s%s:%d", text, i ? " " : "", a->places[i].host,
				    a->places[i].port);
	return text;
}

static const struct {
	const char *url, *places;
	int db;
	const char *user, *password;
	enum redis_form form;
	bool tls;
	const char *master;
} good[] = {
	{ "redis://localhost:6379/0", "localhost:6379", 0, NULL, NULL, REDIS_SINGLE, false, NULL },
	{ "redis://", "localhost:6379", 0, NULL, NULL, REDIS_SINGLE, false, NULL },
	{ "redis:///7", "localhost:6379", 7, NULL, NULL, REDIS_SINGLE, false, NULL },
	{ "redis://redis", "redis:6379", 0, NULL, NULL, REDIS_SINGLE, false, NULL },
	{ "redis://redis/", "redis:6379", 0, NULL, NULL, REDIS_SINGLE, false, NULL },
	{ "redis://redis:", "redis:6379", 0, NULL, NULL, REDIS_SINGLE, false, NULL },
	{ "REDIS://cache.example:1/15", "cache.example:1", 15, NULL, NULL, REDIS_SINGLE, false,
	  NULL },
	{ "redis://10.0.0.7:65535", "10.0.0.7:65535", 0, NULL, NULL, REDIS_SINGLE, false, NULL },
	{ "redis://[::1]:6380/2", "::1:6380", 2, NULL, NULL, REDIS_SINGLE, false, NULL },
	{ "redis://[fe80::1]", "fe80::1:6379", 0, NULL, NULL, REDIS_SINGLE, false, NULL },
	{ "redis://:pw@h", "h:6379", 0, NULL, "pw", REDIS_SINGLE, false, NULL },
	{ "redis://app:pw@h:7000/1", "h:7000", 1, "app", "pw", REDIS_SINGLE, false, NULL },
	{ "redis://app:p%40s%3As%2F%2c%25@h", "h:6379", 0, "app", "p@s:s/,%", REDIS_SINGLE, false,
	  NULL },
	{ "redis://a%20b:x@[::1]:1/1", "::1:1", 1, "a b", "x", REDIS_SINGLE, false, NULL },
	{ "redis://app:p:q@h", "h:6379", 0, "app", "p:q", REDIS_SINGLE, false, NULL },
	{ "redis://app:p@q@h", "h:6379", 0, "app", "p@q", REDIS_SINGLE, false, NULL },
	{ "redis://:a,b@h", "h:6379", 0, NULL, "a,b", REDIS_SINGLE, false, NULL },
	{ "rediss://cache.example/1", "cache.example:6379", 1, NULL, NULL, REDIS_SINGLE, true,
	  NULL },
	{ "REDISS://app:pw@h:7000", "h:7000", 0, "app", "pw", REDIS_SINGLE, true, NULL },
	{ "redis://h1:1,h2,[::1]:3", "h1:1 h2:6379 ::1:3", 0, NULL, NULL, REDIS_CLUSTER, false,
	  NULL },
	{ "rediss://:a,b@h1:1,h2:2/0", "h1:1 h2:2", 0, NULL, "a,b", REDIS_CLUSTER, true, NULL },
	{ "redis+cluster://h:7", "h:7", 0, NULL, NULL, REDIS_CLUSTER, false, NULL },
	{ "rediss+cluster://u:p@h", "h:6379", 0, "u", "p", REDIS_CLUSTER, true, NULL },
	{ "redis+sentinel://h/mymaster", "h:26379", 0, NULL, NULL, REDIS_SENTINEL, false,
	  "mymaster" },
	{ "redis+sentinel://u:p@s1:1,s2,s3:3/m.1-x_2/5", "s1:1 s2:26379 s3:3", 5, "u", "p",
	  REDIS_SENTINEL, false, "m.1-x_2" },
	{ "rediss+sentinel://s1/m/", "s1:26379", 0, NULL, NULL, REDIS_SENTINEL, true, "m" },
};

static void good_urls(void **state)
{
	struct arena arena = { 0 };
	struct redis_address a;
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (redis_url_parse(good[i].url, &a, &err) < 0)
			fail_msg("%s: %s", good[i].url, err.text);
		if (!SAME(places_of(&a, &arena), good[i].places) || a.db != good[i].db ||
		    !SAME(a.user, good[i].user) || !SAME(a.password, good[i].password) ||
		    a.form != good[i].form || a.tls != good[i].tls ||
		    !SAME(a.master, good[i].master))
			fail_msg("%s: %s %d %s %s", good[i].url, places_of(&a, &arena), a.db,
				 a.user ? a.user : "-", a.password ? a.password : "-");
		redis_address_free(&a);
	}
	arena_free(&arena);
}

static const struct {
	const char *url, *says;
} bad[] = {
	{ "", "must start with redis://" },
	{ "localhost:6379", "must start with redis://" },
	{ "http://h", "must start with redis://" },
	{ "redis-sentinel://h/m", "redis+sentinel://" },
	{ "unix:///run/redis.sock", "must start with redis://" },
	{ "redis://h1:1,redis://h2:2", "one beginning" },
	{ "redis://:hunter2@h1,redis://:hunter2@h2/0", "one beginning" },
	{ "redis://h1,", "an empty place" },
	{ "redis://,h1", "an empty place" },
	{ "redis+cluster://", "an empty place" },
	{ "redis://:hunter2@h1,h2/1", "database 0 only" },
	{ "redis+cluster://h/3", "database 0 only" },
	{ "redis+sentinel://:hunter2@h", "the name of the master" },
	{ "redis+sentinel://h/", "the name of the master" },
	{ "redis+sentinel://h//1", "the name of the master" },
	{ "redis+sentinel://h/m m", "the name of the master" },
	{ "redis+sentinel://h/m/x", "must be a number" },
	{ "redis+sentinel://h/m/1/2", "must be a number" },
	{ "redis+sentinel:///m", "an empty place" },
	{ "rediss://h:0", "1 to 65535" },
	{ "redis://h1:1,h2:x", "1 to 65535" },
	{ "redis://user@h", "a password is missing" },
	{ "redis://hunter2:@h", "a password is missing" },
	{ "redis://:hunter2%4@h", "two hex digits" },
	{ "redis://:hunter2%zz@h", "two hex digits" },
	{ "redis://:hunter2%00@h", "two hex digits" },
	{ "redis://%g1:hunter2@h", "two hex digits" },
	{ "redis://h:0", "1 to 65535" },
	{ "redis://h:65536", "1 to 65535" },
	{ "redis://h:+1", "1 to 65535" },
	{ "redis://h:99999999999999999999", "1 to 65535" },
	{ "redis://::1", "an IPv6 address needs" },
	{ "redis://[::1", "without an address" },
	{ "redis://[]", "without an address" },
	{ "redis://[::1]6379", "only a port" },
	{ "redis://h/x", "must be a number" },
	{ "redis://h/-1", "must be a number" },
	{ "redis://h/1/2", "must be a number" },
	{ "redis://h/0?ssl=true", "options behind '?'" },
	{ "redis://h h", "no host may hold" },
	{ "redis://:hunter/2@h", "" }, /* '/' ends the host: it must be %2F */
};

static void bad_urls(void **state)
{
	struct redis_address a;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err err = { 0 };

		if (redis_url_parse(bad[i].url, &a, &err) == 0)
			fail_msg("%s: accepted", bad[i].url);
		if (err.kind != ERR_PERM || !strstr(err.text, bad[i].says))
			fail_msg("%s: %s", bad[i].url, err.text);
		if (strstr(err.text, "hunter"))
			fail_msg("%s: the text tells a secret", bad[i].url);
		assert_null(a.places);
		assert_null(a.password);
	}
}

static void endless_url(void **state)
{
	char url[4096];
	struct redis_address a;
	struct err err = { 0 };

	(void)state;
	memset(url, 'a', sizeof url);
	memcpy(url, "redis://", 8);
	url[sizeof url - 1] = '\0';
	assert_int_equal(redis_url_parse(url, &a, &err), -1);
	url[1024] = '\0'; /* no host is that long either */
	assert_int_equal(redis_url_parse(url, &a, &err), -1);
}

static const struct {
	const char *says;
	enum err_kind kind;
	const char *hides; /* NULL: nothing */
} refusals[] = {
	{ "LOADING Redis is loading the dataset in memory", ERR_TEMP, NULL },
	{ "READONLY You can't write against a read only replica.", ERR_TEMP, NULL },
	{ "MASTERDOWN Link with MASTER is down", ERR_TEMP, NULL },
	{ "CLUSTERDOWN Hash slot not served", ERR_TEMP, NULL },
	{ "BUSY Redis is busy running a script.", ERR_TEMP, NULL },
	{ "TRYAGAIN Multiple keys request during rehashing of slot", ERR_TEMP, NULL },
	{ "MISCONF Redis is configured to save RDB snapshots", ERR_TEMP, NULL },
	{ "NOREPLICAS Not enough good replicas to write.", ERR_TEMP, NULL },
	{ "ERR max number of clients reached", ERR_TEMP, NULL },
	{ "OOM command not allowed when used memory > 'maxmemory'.", ERR_FULL, NULL },
	{ "ERR Error running script (call to f_0): @user_script:9: @user_script: 9: -OOM command "
	  "not allowed when used memory > 'maxmemory'.",
	  ERR_FULL, "f_0" },
	{ "NOAUTH Authentication required.", ERR_PERM, NULL },
	{ "WRONGPASS invalid username-password pair or user is disabled.", ERR_PERM, NULL },
	{ "NOPERM this user has no permissions to run the 'evalsha' command", ERR_PERM, NULL },
	{ "MOVED 3999 10.0.0.1:6381", ERR_PERM, "10.0.0.1" },
	{ "WRONGTYPE Operation against a key holding the wrong kind of value", ERR_PERM, NULL },
	{ "ERR unknown command 'EVALSHA', with args beginning with: '5' 's:+919876543210'", ERR_BUG,
	  "98765" },
	{ "ERR value is not an integer or out of range", ERR_BUG, NULL },
};

static void refusals_have_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		char text[256];
		redisReply reply = { .type = REDIS_REPLY_ERROR, .str = text };
		struct err err = { 0 };

		(void)snprintf(text, sizeof text, "%s", refusals[i].says);
		reply.len = strlen(text);
		assert_int_equal(redis_error_set(&err, &reply), -1);
		if (err.kind != refusals[i].kind)
			fail_msg("%s: %s", refusals[i].says, err_kind_name(err.kind));
		if (refusals[i].hides && strstr(err.text, refusals[i].hides))
			fail_msg("%s: shown as %s", refusals[i].says, err.text);
	}
}

static void keys_carry_their_shard(void **state)
{
	struct arena a = { 0 };

	(void)state;
	assert_string_equal(redis_key(&a, 17, "ix", NULL, NULL), "samvad:{17}:ix");
	assert_string_equal(redis_key(&a, 0, "s", "whatsapp:+1", NULL), "samvad:{0}:s:whatsapp:+1");
	assert_string_equal(redis_key(&a, 255, "t", "a:b", "c"), "samvad:{255}:t:a:b c");
	/* Stored data hangs on this: it must never change. */
	assert_int_equal(redis_shard("a"), 0x8c);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls),
		cmocka_unit_test(bad_urls),
		cmocka_unit_test(endless_url),
		cmocka_unit_test(refusals_have_kinds),
		cmocka_unit_test(keys_carry_their_shard),
	};

	return cmocka_run_group_tests_name("redis url", tests, NULL, NULL);
}
