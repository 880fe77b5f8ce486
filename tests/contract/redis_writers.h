/*
 * redis_writers.h - threads that write turns without end, and know what became of each.
 *
 * Each has contacts of its own, in many shards, and gives each one message
 * after the other: sure answers count, an unsure one is looked up as the
 * conductor does it, and what was surely not done is tried again. So in the
 * end the store must hold exactly what was counted. A test includes
 * redis_writers.c itself, behind a fixture.
 */
#ifndef SAMVAD_TESTS_REDIS_WRITERS_H
#define SAMVAD_TESTS_REDIS_WRITERS_H

#include <pthread.h>
#include <stdatomic.h>

#include "../../src/store/driver_private.h"

enum { WRITERS = 8, CONTACTS_EACH = 24 };

struct writers {
	const char *town; /* a digit: other writers on the same store have another one */
	const struct store_driver *driver;
	void *self;
	pthread_t threads[WRITERS];
	atomic_bool over;
	atomic_int next;    /* number of the thread that starts now */
	atomic_long done;   /* turns that are surely stored */
	atomic_long temp;   /* answers "not done, try later" */
	atomic_long unsure; /* answers "maybe" */
	atomic_long broken; /* what must never be: a conflict, a lost turn, another error */
	char why[1024];	    /* of the first that broke; written once */
	uint64_t revisions[WRITERS][CONTACTS_EACH];
};

void writers_start(struct writers *w, const char *town, const struct store_driver *driver,
		   void *self);
/* Until so many more turns are stored. */
void writers_wait(struct writers *w, long more);
/* Ends them and checks every contact: its revision, its last messages, nothing twice. */
void writers_finish(struct writers *w);

#endif
