/*
 * store_fixture.h - the same named cases over every store driver.
 *
 * A test file has a table of cases and includes store_fixture.c (the build
 * links one object per test). Each case gets a fresh, empty store.
 */
#ifndef SAMVAD_TESTS_STORE_FIXTURE_H
#define SAMVAD_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/store/driver_private.h"
#include "redis_server.h"

#define WHO   "whatsapp:+919876543210"
#define OTHER "whatsapp:IN.13491208655302741918"
#define NOW   INT64_C(1790000000000)
#define HOUR  INT64_C(3600000)
#define DAY   (24 * HOUR)

#define KEY_A "a:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "b:f0f1f2f3f4f5f6f7f8f9fafbfcfdfefff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"

struct fixture {
	const struct driver_row *driver;
	char dir[64];
	char url[256];
	struct redis_server redis;
	struct seal_ring *ring;
	struct store_settings set;
	struct store *store;
	void *faulty; /* the wrapper's state, for plans; NULL when there is none */
	struct arena a;
	struct err err;
};

struct driver_row {
	const char *name;
	int (*open)(struct fixture *f); /* fills f->store; 0 or -1 with f->err */
	bool redis;			/* a server of its own */
	bool cluster;			/* the program's Cluster, emptied */
	bool kept;			/* data survives closing */
};

struct contract_case {
	const char *name;
	void (*run)(struct fixture *f);
	bool kept_only; /* runs only where data survives closing */
};

/* Runs each case over each driver of the build; returns the number of failures. */
int contract_run(const char *group, const struct contract_case *cases, size_t count);
/* Over the driver of this name only. */
int contract_run_on(const char *driver, const char *group, const struct contract_case *cases,
		    size_t count);

/* Closes, and opens again with these keys on the same data. Returns open's answer. */
int fixture_reopen(struct fixture *f, const char *keys);

/* ---- short words for cases; each fails the test when the store errs ---- */
struct session *a_session(struct fixture *f, const char *step);
struct str *a_text(struct fixture *f, const char *text);
struct inbound *a_message(struct fixture *f, const char *contact, const char *external_id);
/* A turn at NOW with a message and one reply text. */
struct turn a_turn(struct fixture *f, const char *contact, const char *external_id,
		   enum reply_state state, const char *reply, const struct session *session);
/* A turn at NOW without a message. */
struct turn a_result(struct fixture *f, const char *contact, const struct session *session);
struct outbound *a_row(struct fixture *f, const char *contact, const char *text);
enum commit_result commit(struct fixture *f, const struct turn *t);
struct turn_view load_at(struct fixture *f, const char *contact, const char *external_id,
			 int64_t now_ms);
struct reply reply_of(struct fixture *f, const char *contact, const char *external_id);
struct outbound row_of(struct fixture *f, const char *contact, const char *id);
/* Claims from the lines at now_ms for a minute; returns how many, rows in *rows_out. */
size_t claim(struct fixture *f, int64_t now_ms, struct outbound **rows_out);
/* From a broadcast's queue, with a pace; claims with their facts. */
size_t claim_queue(struct fixture *f, const char *broadcast, int64_t pace_ms, int64_t now_ms,
		   struct outbox_claim **claims_out);
void settle(struct fixture *f, const struct outbound *row, enum outbound_state state,
	    int64_t due_ms);
/* Commits rows for a contact, in a turn of its own. */
void queue(struct fixture *f, const char *contact, const struct outbound *rows, size_t n);
/* "first", "second", "third" in the line of WHO. */
void queue_three(struct fixture *f, struct outbound *rows);
/* A broadcast to everyone, stored; with audit entry and request key ("" none). */
struct broadcast *a_broadcast(struct fixture *f, const char *request_key);
/* A waiting recipient's row of it, not stored. */
struct outbound *a_recipient(struct fixture *f, const char *broadcast, const char *contact);
void recipients(struct fixture *f, const struct outbound *rows, size_t n);
/* Rows in this state, by the counts; reason OUTBOUND_NO_REASON: any. */
int64_t counted(struct fixture *f, const char *broadcast, enum outbound_state state,
		enum outbound_reason reason);
/* Fails unless the counts are what a walk through the rows finds. */
void assert_counts(struct fixture *f, const char *broadcast);
void assert_reply(struct reply r, enum reply_state state, const char *text);

#endif
