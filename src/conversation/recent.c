/*
 * recent.c - the replies given lately, by message id.
 *
 * While the store is away a repeated delivery must still get its first
 * answer; the store cannot be asked, so the last few thousand are kept here.
 * One entry per slot, the newer one wins: a lost entry costs a notice, no more.
 */
#include "conversation_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"

enum { SLOTS = 4096 };

struct entry { /* one piece of memory with all its texts */
	const char *contact;
	const char *external_id;
	struct str texts[REPLY_MAX_TEXTS];
	size_t count;
	char bytes[];
};

struct recent {
	pthread_mutex_t lock;
	struct entry *slots[SLOTS];
};

static size_t slot_of(const char *contact, const char *external_id)
{
	return (size_t)((hash64(str_of(contact)) * 31 + hash64(str_of(external_id))) % SLOTS);
}

struct recent *recent_new(void)
{
	struct recent *r = mem_alloc(sizeof *r);

	pthread_mutex_init(&r->lock, NULL);
	return r;
}

void recent_free(struct recent **recent)
{
	struct recent *r = *recent;

	if (!r)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		free(r->slots[i]);
	pthread_mutex_destroy(&r->lock);
	free(r);
	*recent = NULL;
}

/* Copies to *to, which has room for it and a NUL, and moves it on. */
static struct str put(char **to, struct str s)
{
	struct str copy = { *to, s.n };

	if (s.n)
		memcpy(*to, s.p, s.n);
	(*to)[s.n] = '\0';
	*to += s.n + 1;
	return copy;
}

static struct entry *new_entry(struct str contact, struct str external_id, const struct str *texts,
			       size_t count)
{
	size_t size = sizeof(struct entry) + contact.n + 1 + external_id.n + 1;
	struct entry *e;
	char *to;

	for (size_t i = 0; i < count; i++)
		size += texts[i].n + 1;
	e = mem_alloc(size);
	to = e->bytes;
	e->contact = put(&to, contact).p;
	e->external_id = put(&to, external_id).p;
	e->count = count;
	for (size_t i = 0; i < count; i++)
		e->texts[i] = put(&to, texts[i]);
	return e;
}

void recent_put(struct recent *r, const char *contact, const char *external_id,
		const struct str *texts, size_t count)
{
	size_t slot = slot_of(contact, external_id);
	struct entry *e = new_entry(str_of(contact), str_of(external_id), texts,
				    count < REPLY_MAX_TEXTS ? count : REPLY_MAX_TEXTS);
	struct entry *old;

	pthread_mutex_lock(&r->lock);
	old = r->slots[slot];
	r->slots[slot] = e;
	pthread_mutex_unlock(&r->lock);
	free(old);
}

void reply_copy(const struct reply *from, struct arena *a, struct reply *to)
{
	struct str *texts = arena_array(a, from->count, sizeof *texts);

	for (size_t i = 0; i < from->count; i++)
		texts[i] = (struct str){ arena_strndup(a, from->texts[i].p, from->texts[i].n),
					 from->texts[i].n };
	*to = (struct reply){ from->state, texts, from->count };
}

bool recent_get(struct recent *r, const char *contact, const char *external_id, struct arena *a,
		struct reply *reply_out)
{
	const struct entry *e;
	bool found;

	pthread_mutex_lock(&r->lock);
	e = r->slots[slot_of(contact, external_id)];
	found = e && strcmp(e->contact, contact) == 0 && strcmp(e->external_id, external_id) == 0;
	if (found)
		reply_copy(&(struct reply){ REPLY_INLINE, e->texts, e->count }, a, reply_out);
	pthread_mutex_unlock(&r->lock);
	return found;
}
