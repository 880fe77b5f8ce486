/*
 * once.c - whether a row was seen lately, in bounded memory.
 *
 * A store may name a contact again on a later page of an audience. Where rows
 * are written their ids tell; who only counts asks here. A contact is named
 * again soon or never, so two generations are enough: when the younger one is
 * full, the older one is forgotten. Not for what must be exact.
 */
#include "broadcast_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { SLOTS = 2 * BROADCASTER_ONCE };

struct broadcaster_once {
	uint64_t ids[2][SLOTS]; /* open addressing; 0: free */
	unsigned young;
	size_t count; /* in the young one */
};

struct broadcaster_once *broadcaster_once_new(void)
{
	struct broadcaster_once *o = mem_alloc(sizeof *o);

	*o = (struct broadcaster_once){ 0 };
	return o;
}

void broadcaster_once_free(struct broadcaster_once *o)
{
	free(o);
}

/* Row ids are hex of a digest: half of one is enough to tell them apart. Never 0. */
static uint64_t number_of(const char *id)
{
	char half[17];

	(void)snprintf(half, sizeof half, "%s", id);
	return strtoull(half, NULL, 16) | 1;
}

/* *at_out: where it is, or where it would go. */
static bool is_in(const uint64_t *ids, uint64_t number, size_t *at_out)
{
	size_t at = (number >> 1) % SLOTS;

	while (ids[at] && ids[at] != number)
		at = (at + 1) % SLOTS;
	*at_out = at;
	return ids[at] == number;
}

bool broadcaster_once(struct broadcaster_once *o, const char *id)
{
	uint64_t number = number_of(id);
	size_t at;

	if (is_in(o->ids[!o->young], number, &at) || is_in(o->ids[o->young], number, &at))
		return false;
	if (o->count == BROADCASTER_ONCE) {
		o->young = !o->young;
		o->count = 0;
		memset(o->ids[o->young], 0, sizeof o->ids[o->young]);
		(void)is_in(o->ids[o->young], number, &at);
	}
	o->ids[o->young][at] = number;
	o->count++;
	return true;
}
