/*
 * redis_fixture.h - the Redis driver itself, with a second pair of eyes on its server.
 *
 * The tests of what is special to Redis work below the guard of store.c, so
 * that they see keys and boxes. Tests include redis_fixture.c (the build links
 * one object per test).
 */
#ifndef SAMVAD_TESTS_REDIS_FIXTURE_H
#define SAMVAD_TESTS_REDIS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/store/redis_private.h"
#include "redis_server.h"

#define WHO    "whatsapp:+919876543210"
#define NOW    INT64_C(1790000000000)
#define HOUR   INT64_C(3600000)
#define DAY    (24 * HOUR)
#define SECRET "hunter2@:/%"

struct redis_fixture {
	struct redis_server server;
	struct store_settings set;
	const struct store_driver *driver;
	void *self;
	redisContext *look; /* sees database 0 */
	char url[256];
	struct arena a;
	struct err err;
};

/* Starts a server and opens the driver on its database 0. */
struct redis_fixture *fixture_start(const struct redis_server_options *options, int timeout_ms);
/* Opens (again) on this URL; returns open's answer. */
int fixture_open(struct redis_fixture *f, const char *url, int timeout_ms);
/* Opens the driver on servers that are not its own: there is nothing to look with. */
struct redis_fixture *fixture_on(const char *url, int timeout_ms);
void fixture_end(struct redis_fixture *f);

/* A command on the second connection; its reply must be no error. Freed by the caller. */
redisReply *look(struct redis_fixture *f, const char *format, ...);
int64_t look_int(struct redis_fixture *f, const char *format, ...);
/* How often a command ran since CONFIG RESETSTAT, by INFO commandstats. */
int64_t calls_of(struct redis_fixture *f, const char *command);

/* A turn at NOW; external_id may be NULL. */
struct driver_turn a_turn(const char *contact, const char *external_id, uint64_t revision);
struct driver_outbound a_row(const char *id, const char *contact);
/* Each fails the test when the driver errs. */
enum commit_result commit(struct redis_fixture *f, const struct driver_turn *t);
struct driver_view load(struct redis_fixture *f, const char *contact, const char *external_id);
/* The broadcast "b1", made at NOW. */
void create_broadcast(struct redis_fixture *f, const char *request_key);
/* Claims at NOW for an hour; returns how many. */
size_t claim(struct redis_fixture *f, const char *broadcast, unsigned max,
	     struct driver_claim **claims_out);

#define assert_err(f, call, expected)                                                              \
	do {                                                                                       \
		(f)->err = (struct err){ 0 };                                                      \
		assert_int_equal((call), -1);                                                      \
		if ((f)->err.kind != (expected))                                                   \
			fail_msg("%s: %s", err_kind_name((f)->err.kind), (f)->err.text);           \
	} while (0)

#endif
