/*
 * held.c - session and facts of those who wrote lately, as the last commit left them.
 *
 * Who is in the middle of a conversation need not be loaded for each message: the commit
 * checks the message's id, the revision and what else was assumed (struct turn_held), and
 * a conflict loads. So an entry may be wrong, and never does harm; it is taken out by the
 * turn that uses it and comes back with what that turn committed. A contact that
 * another process serves as well would pay a conflict for each message: it is shunned for
 * a while. One entry per slot, the newer one wins. Who waits for a call is not kept.
 */
#include "conversation_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/metric.h"

enum {
	SLOTS = 4096,
	LOCKS = 64,
	ENTRY_MAX = 2048, /* bytes of one session: with SLOTS bounds the memory */
	KEEP_MS = 5 * 60 * 1000,
	SHUN_MS = 10 * 60 * 1000,
};

struct entry {
	uint64_t hash; /* of the contact; the contact itself is compared too */
	int64_t until_ms;
	struct contact_facts facts;
	struct session *session; /* in the arena, as the contact */
	const char *contact;
	struct arena arena;
};

struct slot {
	struct entry *entry;
	uint64_t shunned; /* hash of a contact */
	int64_t shunned_until_ms;
};

struct held {
	pthread_mutex_t locks[LOCKS]; /* each guards every LOCKS-th slot */
	struct slot slots[SLOTS];
};

struct held *held_new(void)
{
	struct held *h = mem_alloc(sizeof *h);

	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&h->locks[i], NULL);
	return h;
}

static void free_entry(struct entry *e)
{
	if (!e)
		return;
	arena_free(&e->arena);
	free(e);
}

void held_free(struct held **held)
{
	struct held *h = *held;

	if (!h)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		free_entry(h->slots[i].entry);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&h->locks[i]);
	free(h);
	*held = NULL;
}

static struct slot *lock(struct held *h, uint64_t hash)
{
	size_t i = (size_t)(hash % SLOTS);

	pthread_mutex_lock(&h->locks[i % LOCKS]);
	return &h->slots[i];
}

static void unlock(struct held *h, uint64_t hash)
{
	pthread_mutex_unlock(&h->locks[hash % SLOTS % LOCKS]);
}

static bool is_of(const struct entry *e, uint64_t hash, const char *contact)
{
	return e && e->hash == hash && strcmp(e->contact, contact) == 0;
}

bool held_take(struct held *h, const char *contact, int64_t now_ms, struct arena *a,
	       struct turn_view *view_out)
{
	uint64_t hash = hash64(str_of(contact));
	struct entry *e = NULL;
	struct slot *slot;
	bool good;

	if (!h)
		return false;
	slot = lock(h, hash);
	if (is_of(slot->entry, hash, contact)) {
		e = slot->entry;
		slot->entry = NULL;
	}
	unlock(h, hash);
	good = e && clock_mono_ms() < e->until_ms && e->session->expires_ms > now_ms;
	if (good) {
		*view_out = (struct turn_view){ .facts = e->facts, .session = e->session };
		arena_take(a, &e->arena);
	}
	free_entry(e);
	return good;
}

static struct entry *new_entry(const char *contact, uint64_t hash,
			       const struct contact_facts *facts, const struct session *session)
{
	struct entry *e = mem_alloc(sizeof *e);

	e->hash = hash;
	e->until_ms = clock_mono_ms() + KEEP_MS;
	e->facts = *facts;
	e->contact = arena_strdup(&e->arena, contact);
	e->session = session_copy(session, &e->arena);
	e->session->revision++; /* as the commit has stored it */
	return e;
}

void held_put(struct held *h, const char *contact, const struct contact_facts *facts,
	      const struct session *session)
{
	uint64_t hash = hash64(str_of(contact));
	struct entry *e, *old;
	struct slot *slot;

	if (!h || facts->parked || session->call.id[0])
		return;
	e = new_entry(contact, hash, facts, session);
	if (e->arena.used > ENTRY_MAX) {
		free_entry(e);
		return;
	}
	slot = lock(h, hash);
	old = slot->entry;
	if ((slot->shunned == hash && clock_mono_ms() < slot->shunned_until_ms) ||
	    (is_of(old, hash, contact) && old->session->revision > e->session->revision))
		old = e; /* not wanted, or a later turn was faster */
	else
		slot->entry = e;
	unlock(h, hash);
	free_entry(old);
}

void held_shun(struct held *h, const char *contact)
{
	uint64_t hash = hash64(str_of(contact));
	struct slot *slot;

	if (!h)
		return;
	metric_add(metric_counter("samvad_held_conflicts_total", NULL,
				  "Turns run again because the session held in memory was not the "
				  "stored one any more"),
		   1);
	slot = lock(h, hash);
	slot->shunned = hash;
	slot->shunned_until_ms = clock_mono_ms() + SHUN_MS;
	unlock(h, hash);
}

void held_expire(struct held *h)
{
	int64_t now_ms = clock_mono_ms();

	for (uint64_t i = 0; h && i < SLOTS; i++) {
		struct slot *slot = lock(h, i);
		struct entry *e = slot->entry;

		if (e && e->until_ms <= now_ms)
			slot->entry = NULL;
		else
			e = NULL;
		unlock(h, i);
		free_entry(e);
	}
}
