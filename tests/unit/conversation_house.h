/*
 * conversation_house.h - turns on a store in memory and a clock that stands, for tests.
 */
#ifndef SAMVAD_TESTS_CONVERSATION_HOUSE_H
#define SAMVAD_TESTS_CONVERSATION_HOUSE_H

#include "check.h"

#include "../../src/conversation/conversation_private.h"
#include "../../src/store/driver_private.h"

#define KEYS "k1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define WHO  "whatsapp:+919876543210"

enum { HOUSE_TTL_MS = 86400000 };

struct house {
	struct conversation processes[2]; /* on one store */
	struct seal_ring *ring;
	struct store *store;
	struct store_driver driver; /* the memory driver, with what a test puts in its place */
	struct bot *bot;
	struct clock clock;
	struct arena arena;
};

/* 0, or -1: the test cannot begin. `replace` may be NULL. */
static inline int house_open(struct house *h, void (*replace)(struct store_driver *driver))
{
	struct flow_faults faults = { 0 };
	const struct store_driver *memory;
	struct store_settings set = { 0 };
	void *self;

	if (seal_ring_parse(KEYS, &h->ring, NULL) < 0 ||
	    bot_load("templates", "msme", &h->bot, &faults, NULL) < 0)
		return -1;
	flow_faults_free(&faults);
	set.ring = h->ring;
	if (driver_memory_open(&set, &memory, &self, NULL) < 0)
		return -1;
	h->driver = *memory;
	if (replace)
		replace(&h->driver);
	if (store_open_driver(&set, &h->driver, self, &h->store, NULL) < 0)
		return -1;
	clock_init_standing(&h->clock, 1763600000000);
	for (size_t i = 0; i < COUNT(h->processes); i++) {
		h->processes[i].set.store = h->store;
		h->processes[i].set.clock = &h->clock;
		h->processes[i].set.settings = value_object(&h->arena);
		h->processes[i].set.session_ttl_ms = HOUSE_TTL_MS;
	}
	return 0;
}

static inline void house_close(struct house *h)
{
	store_close(&h->store);
	bot_release(&h->bot);
	seal_ring_free(&h->ring);
	arena_free(&h->arena);
}

/* One message of WHO to a process. */
static inline int house_write(struct house *h, unsigned process, const char *id, const char *text,
			      struct turn_done *done_out, struct err *err)
{
	struct inbound in;

	inbound_init(&in);
	in.channel = "twilio";
	in.contact = WHO;
	in.external_id = id;
	in.text = text;
	return turn_message(&h->processes[process], h->bot, &in, TURN_INLINE, &h->arena, done_out,
			    err);
}

#endif
