/*
 * spool_private.h - how many spooled messages each contact has.
 *
 * A hash table over 64-bit hashes of contacts; two contacts with one hash
 * only make each other wait. Not locked.
 */
#ifndef SAMVAD_CONVERSATION_SPOOL_PRIVATE_H
#define SAMVAD_CONVERSATION_SPOOL_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pending_slot {
	uint64_t key; /* 0: free */
	int64_t count;
};

struct pending { /* zeroed = empty */
	struct pending_slot *slots;
	size_t size; /* a power of two */
	size_t used; /* slots with a key, counts of 0 included */
};

void pending_add(struct pending *p, uint64_t key, int64_t n);
bool pending_has(const struct pending *p, uint64_t key);
/* Empties it and frees its memory. */
void pending_clear(struct pending *p);

#endif
