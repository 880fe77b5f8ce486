/*
 * load.h - the parts of the load generator.
 *
 * load.c            options in, one line of JSON out
 * load_script.c     conversations as signed requests, built before the clock runs
 * load_run.c        connections and the loop: closed, open, slow clients
 * load_histogram.c  latencies with 1.6 % resolution
 */
#ifndef SAMVAD_BENCH_LOAD_H
#define SAMVAD_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/* ---- script ---- */

enum { TALK_LENGTH = 8 }; /* messages of a whole conversation */

struct load_options {
	uint16_t port;
	const char *path;
	const char *token;     /* signs; not NULL */
	const char *get;       /* not NULL: GET this path instead of conversations */
	const char *expect;    /* not NULL: every answer must contain this */
	int status;	       /* every answer must have it */
	bool forge;	       /* signatures that do not fit */
	bool cycle;	       /* begin again when all conversations are over */
	bool same;	       /* with cycle: the same bytes for the same message, always */
	bool preopen;	       /* keep all connections open, also idle ones */
	unsigned first;	       /* number of the first contact: other runs use others */
	unsigned talks;	       /* how many contacts */
	unsigned length;       /* messages of each, at most TALK_LENGTH */
	unsigned connections;  /* that send as fast as they can, or at the rate */
	unsigned slow;	       /* that send byte by byte, beside those */
	unsigned slow_byte_us; /* a byte of each of these so often */
	double rate;	       /* requests/s at fixed times; 0: closed loop */
	double warm, seconds;  /* not measured, then measured; seconds 0: until all is said */
};

struct load_request {
	struct str wire;
	struct str expect;    /* what the answer must contain */
	uint64_t answer_hash; /* of the first answer; 0: none yet */
};

struct load_script {
	struct arena arena;
	struct load_request *requests; /* conversation by conversation */
	size_t talks;
	size_t length;
};

/* Builds all requests. What the caller gets is released by arena_free(&s->arena). */
void script_build(const struct load_options *o, struct load_script *s);

/* ---- histogram ---- */

enum { HISTOGRAM_SUB = 64, HISTOGRAM_ROWS = 40 };

struct histogram { /* nanoseconds */
	uint64_t counts[HISTOGRAM_ROWS * HISTOGRAM_SUB];
	uint64_t total;
	uint64_t most;
};

void histogram_add(struct histogram *h, uint64_t ns);
/* The value that so many of all (0..1) do not exceed, in microseconds. */
double histogram_us(const struct histogram *h, double share);

/* ---- run ---- */

struct load_result {
	struct histogram latency; /* open loop: from the time it was due */
	uint64_t answers;	  /* right ones, in the measured time */
	double seconds;		  /* of the measured time */
	uint64_t all_answers;	  /* right ones, warm-up and tail as well */
	uint64_t wrong;		  /* another status, or without what was expected */
	uint64_t lost;		  /* no answer at all */
	uint64_t retried;	  /* sent again: a kept connection was closed meanwhile */
	uint64_t opened;	  /* connections */
	uint64_t unsent;	  /* open loop: due, and never sent for want of a connection */
	uint64_t slow_answers;	  /* slow clients that came to their end */
	uint64_t slow_cut;	  /* slow clients that were shown the door */
};

/* Runs until the time or the script is over. 0, or -1 when there is no socket to be had. */
int load_run(const struct load_options *o, struct load_script *s, struct load_result *r);

#endif
