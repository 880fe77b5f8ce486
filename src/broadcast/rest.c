/*
 * rest.c - rests between pages, for messages come first.
 *
 * Reading the audience could keep the store and a processor busy without a
 * break. While people write, it takes a fifth of the time at most: after each
 * page it rests four times as long as the page took. While nobody writes it does not rest.
 */
#include "broadcast_private.h"

#include <time.h>

enum {
	REST_TIMES = 4,
	REST_MAX_MS = 250, /* a page that hung must not hold up a stop */
};

bool broadcaster_heard(const struct broadcaster *b, uint64_t *received)
{
	uint64_t before = *received;

	*received = conversation_received(b->set.conversation);
	return *received != before;
}

void broadcaster_rest_begin(struct broadcaster_rest *r, const struct broadcaster *b)
{
	*r = (struct broadcaster_rest){ .b = b, .began_us = clock_mono_us() };
	(void)broadcaster_heard(b, &r->received);
}

void broadcaster_rest(struct broadcaster_rest *r)
{
	int64_t us = REST_TIMES * (clock_mono_us() - r->began_us);
	struct timespec ts;

	if (broadcaster_heard(r->b, &r->received)) {
		if (us > REST_MAX_MS * 1000)
			us = REST_MAX_MS * 1000;
		ts = (struct timespec){ .tv_nsec = us * 1000 };
		(void)nanosleep(&ts, NULL); /* a signal may make it shorter */
	}
	broadcaster_rest_begin(r, r->b);
}
