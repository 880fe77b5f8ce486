/*
 * test_http.c - the conversations of a pack, played on a running server: in which order, and sums.
 *
 * Each has a phone of its own and begins two hours after the one before, so
 * that no limit of the program's counts them together. Failing calls open the
 * program's breaker, whose pause no virtual clock shortens: so conversations
 * whose calls go well are played first, and one of them is played again after
 * each that has failing calls. A success closes the breaker.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "test_private.h"

enum {
	BETWEEN_MS = 2 * 3600000, /* limits and the demo's pause are over by then */
	CLOSE_MS = 75000,	  /* the breaker's longest pause, and some */
	CLOSE_LOOK_MS = 1000,
};

struct play {
	const char *name;
	const struct file *file;
	bool skipped; /* or its fault was told */
	unsigned calls;
	unsigned failures;
	unsigned tail; /* failures in a row at its end */
};

struct round {
	struct client *client;
	const struct flow *flow;
	const char *folder;
	struct play *plays;
	size_t count;
	const struct play *healer; /* passed, and all its calls went well; or NULL */
	unsigned failures;	   /* in a row, as the program's breaker counts them */
	size_t passed, failed, skipped;
	size_t unseen;
};

/* ---- one conversation ---- */

/* 1 it can be played, 0 not, -1 a fault; told when not. */
static int survey(struct round *r, struct play *p)
{
	struct test_world w = { .client = r->client, .flow = r->flow };
	struct scenario_fault fault;
	struct arena a = { 0 };
	struct scenario *s;
	int can = scenario_parse(p->name, p->file->text, &a, &s, &fault);

	if (can == 0)
		can = scenario_survey(s, r->flow, &test_world_doors, &w, &a, &fault);
	else
		can = -1;
	p->calls = w.calls;
	p->failures = w.failures;
	p->tail = w.failures_in_a_row;
	p->skipped = can != 1;
	r->failed += can < 0;
	r->skipped += can == 0;
	if (can == 0)
		fault.what = arena_printf(&a, "cannot be played over HTTP: %s", fault.what);
	if (can != 1)
		test_print_fault(can < 0 ? "FAILED" : "skipped", &fault);
	arena_free(&a);
	return can;
}

/* Whether it passes; tells why not unless it is to be quiet. */
static bool passes(struct round *r, const struct play *p, bool quiet)
{
	struct test_world w = { .client = r->client, .flow = r->flow };
	struct scenario_fault fault = { p->name, 1, "" };
	struct arena a = { 0 };
	struct err err = { 0 };
	struct scenario *s;
	size_t unseen = 0;
	int ret;

	if (test_world_advance(r->client, BETWEEN_MS, &err) < 0) {
		fault.what = err.text;
		ret = -1;
	} else {
		ret = scenario_parse(p->name, p->file->text, &a, &s, &fault);
		if (ret == 0)
			ret = scenario_play(s, r->flow, &test_world_doors, &w, &a, &unseen, &fault);
	}
	test_world_leave(&w);
	if (ret < 0 && !quiet)
		test_print_fault("FAILED", &fault);
	if (!quiet)
		r->unseen += unseen;
	arena_free(&a);
	return ret == 0;
}

/* ---- the breaker ---- */

/* Plays a good conversation until it passes: then the breaker is closed. */
static void heal(struct round *r)
{
	int64_t until = clock_mono_ms() + CLOSE_MS;

	while (r->failures && r->healer) {
		if (passes(r, r->healer, true))
			r->failures = 0;
		else if (clock_mono_ms() > until)
			break;
		else
			(void)poll(NULL, 0, CLOSE_LOOK_MS);
	}
}

static bool would_trip(struct round *r, const struct play *p)
{
	return p->failures && r->failures && r->failures + p->failures >= WORLD_MAX_FAILURES;
}

/* ---- all of them ---- */

static void skip(struct round *r, struct play *p)
{
	(void)printf("skipped %s:1: cannot be played over HTTP: too many calls have failed before, "
		     "and no conversation passes that would end one well\n",
		     p->name);
	p->skipped = true;
	r->skipped++;
}

static void play(struct round *r, struct play *p)
{
	if (p->failures)
		heal(r);
	if (would_trip(r, p)) {
		skip(r, p);
		return;
	}
	if (passes(r, p, false)) {
		(void)printf("ok      %s\n", p->name);
		r->passed++;
		r->failures = p->calls > p->tail ? p->tail : r->failures + p->failures;
		if (p->calls && !p->failures && !r->healer)
			r->healer = p;
	} else {
		r->failed++;
		r->failures += p->failures;
	}
	(void)fflush(stdout);
}

static void play_all(struct round *r)
{
	for (int failing = 0; failing < 2; failing++) {
		for (size_t i = 0; i < r->count; i++) {
			if (!r->plays[i].skipped && (r->plays[i].failures > 0) == failing)
				play(r, &r->plays[i]);
		}
	}
	heal(r); /* as it was found */
}

static void collect(struct round *r, const struct file_tree *pack, struct arena *a)
{
	r->plays = arena_array(a, pack->count, sizeof *r->plays);
	for (size_t i = 0; i < pack->count; i++) {
		struct play *p = &r->plays[r->count];

		if (!scenario_is_chat(pack->files[i].path))
			continue;
		*p = (struct play){ .name = arena_printf(a, "%s/%s", r->folder,
							 pack->files[i].path),
				    .file = &pack->files[i] };
		r->count++;
		(void)survey(r, p);
	}
}

int test_over_http(const struct command *self, const char *folder, const struct file_tree *pack,
		   const struct flow *flow, struct client *cl)
{
	struct round r = { .client = cl, .flow = flow, .folder = folder };
	struct arena a = { 0 };
	struct err err = { 0 };

	if (test_world_greet(cl, &err) < 0)
		return command_failed(self, &err);
	collect(&r, pack, &a);
	play_all(&r);
	if (!r.count)
		(void)printf("%s: there is no conversation in %s/tests\n", folder, folder);
	if (r.unseen)
		(void)printf("%s: %zu expectations do not show over HTTP: values, records, consent "
			     "and what is in a call\n",
			     folder, r.unseen);
	(void)printf("%zu passed, %zu failed, %zu cannot be played over HTTP\n", r.passed, r.failed,
		     r.skipped);
	arena_free(&a);
	return r.passed && !r.failed ? EXIT_OK : EXIT_FAULT;
}
