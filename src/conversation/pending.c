/*
 * pending.c - the table behind spool_private.h: open addressing, linear probing.
 */
#include "spool_private.h"

#include <stdlib.h>

#include "base/mem.h"

static struct pending_slot *slot_for(const struct pending *p, uint64_t key)
{
	size_t i = (size_t)key & (p->size - 1);

	while (p->slots[i].key && p->slots[i].key != key)
		i = (i + 1) & (p->size - 1);
	return &p->slots[i];
}

static void grow(struct pending *p)
{
	struct pending old = *p;

	p->size = old.size ? old.size * 2 : 64;
	p->slots = mem_array(p->size, sizeof *p->slots);
	p->used = 0;
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].count > 0) {
			*slot_for(p, old.slots[i].key) = old.slots[i];
			p->used++;
		}
	free(old.slots);
}

void pending_add(struct pending *p, uint64_t key, int64_t n)
{
	struct pending_slot *slot;

	key = key ? key : 1;
	if (p->used * 2 >= p->size)
		grow(p);
	slot = slot_for(p, key);
	if (!slot->key) {
		slot->key = key;
		p->used++;
	}
	slot->count += n;
}

bool pending_has(const struct pending *p, uint64_t key)
{
	return p->size > 0 && slot_for(p, key ? key : 1)->count > 0;
}

void pending_clear(struct pending *p)
{
	free(p->slots);
	*p = (struct pending){ 0 };
}
