/*
 * test_private.h - what test.c shares with its parts: conversations made, tried on changed packs,
 * and played on a running server.
 */
#ifndef SAMVAD_COMMAND_TEST_PRIVATE_H
#define SAMVAD_COMMAND_TEST_PRIVATE_H

#include <stdatomic.h>

#include "command_private.h"
#include "flow.h"
#include "scenario.h"

/* ---- test.c ---- */

/* "label  file:12: what", to standard output. */
void test_print_fault(const char *label, const struct scenario_fault *fault);
/* "label: folder/flow.json:12: step name, exit next, branch 2"; the line is not ended. */
void test_print_place(const char *label, const char *folder, const struct flow_place *p);

/* ---- test_world.c: a sandbox as the place of a conversation ---- */

enum { WORLD_MAX_FAILURES = 5 }; /* in a row; then the program calls no more: serve_rooms.c */

struct test_world { /* of one conversation; zeroed but for what is borrowed */
	struct client *client;
	const struct flow *flow;
	char phone[96];	       /* its id */
	char address[96];      /* "whatsapp:+91…" */
	size_t heard;	       /* messages of the program's that were read */
	size_t taken;	       /* of these before what was said last */
	size_t told;	       /* since then */
	bool late;	       /* the answer was "one moment": the reply follows */
	bool passed;	       /* time went by: texts come by themselves */
	int64_t resend_ms;     /* before the demo sends the next OTP */
	bool under_way;	       /* a call is held back */
	_Atomic bool answered; /* the message that began it was */
	const char *release;   /* the switch that lets it go, or NULL: its time-out does */
	/* what scenario_survey finds out */
	unsigned calls;
	unsigned failures;
	unsigned failures_in_a_row;
};
extern const struct scenario_world test_world_doors;

/* Lets time pass in the sandbox. */
int test_world_advance(struct client *cl, int64_t ms, struct err *err);
/* Removes the phone: the sandbox has room for 64. */
void test_world_leave(struct test_world *w);
/* -1: nothing there, or no sandbox. */
int test_world_greet(struct client *cl, struct err *err);

/* ---- test_demo.c: the switches of the demo APIs ---- */

/* Whether it goes to the pack's own demo API, which can be told the answer; so many times. */
bool test_demo_is_pack(const struct scenario_call *call);
unsigned test_demo_times(const struct flow *flow, const struct scenario_call *call);

/* The one that ends a call so, and the one that holds it back until then; NULL: there is none. */
const char *test_demo_switch(const struct flow *flow, const struct scenario_call *call);
const char *test_demo_hold(const struct flow *flow, const struct scenario_call *call);
/* The world's cannot_call; also counts the calls that fail. */
const char *test_demo_cannot(void *world, const struct scenario_call *call, struct arena *a);

/* ---- test_http.c ---- */

/* Plays the conversations of a pack; returns the exit status. */
int test_over_http(const struct command *self, const char *folder, const struct file_tree *pack,
		   const struct flow *flow, struct client *cl);

/* ---- test_mutate.c ---- */

/* Tells which changes of the pack its conversations do not notice; returns the exit status. */
int test_mutate(const struct command *self, const char *folder, const struct file_tree *pack,
		bool strict);

/* ---- test_generate.c ---- */

struct test_generation {
	const char *out; /* a folder, or NULL: tests/generated in the pack's */
	bool strict;	 /* what cannot be reached is a fault */
};
/* Writes conversations that pass every place; returns the exit status. */
int test_generate(const struct command *self, const char *folder, const struct file_tree *pack,
		  const struct flow *flow, struct test_generation wish);

#endif
