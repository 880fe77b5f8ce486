/*
 * test_store_rate.c - the store's contract: the rate of a sender, shared by all who send.
 *
 * Real time: the store's own clock decides. A grant lies somewhere between the call and its
 * answer, so a window counts only grants that lie in it for certain.
 */
#include "store_fixture.c"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"

enum { WORKERS = 3, RATE = 60, RUN_MS = 1300, MAX_GRANTS = 4096 };

#define SENDER "whatsapp:+14155238886"

struct grant {
	int64_t from_us; /* when it was asked for */
	int64_t to_us;	 /* when it was there */
	unsigned sends;
};

struct sender {
	struct store *store;
	bool spare;
	int64_t until_us;
	struct grant grants[MAX_GRANTS];
	size_t count;
	unsigned sends;
	int errors;
};

static void *send_all(void *arg)
{
	struct sender *s = arg;
	struct err err;

	while (clock_mono_us() < s->until_us && s->count < MAX_GRANTS) {
		struct grant *g = &s->grants[s->count];
		int64_t wait_ms = 0;

		g->from_us = clock_mono_us();
		if (store_rate_take(s->store, SENDER, RATE, s->spare, 5, &g->sends, &wait_ms,
				    &err) < 0) {
			s->errors++;
			break;
		}
		g->to_us = clock_mono_us();
		s->sends += g->sends;
		s->count += g->sends > 0;
		if (g->sends == 0)
			(void)poll(NULL, 0, (int)(wait_ms < 1 ? 1 : wait_ms)); /* only a pause */
	}
	return NULL;
}

/* All that was surely sent in the second that begins with g. */
static unsigned in_second(const struct sender *senders, const struct grant *first)
{
	unsigned sends = 0;

	for (int i = 0; i < WORKERS; i++)
		for (size_t k = 0; k < senders[i].count; k++) {
			const struct grant *g = &senders[i].grants[k];

			if (g->from_us >= first->from_us && g->to_us < first->from_us + 1000000)
				sends += g->sends;
		}
	return sends;
}

static struct sender *run_senders(struct fixture *f, struct store *second, bool first_is_spare)
{
	struct sender *senders = arena_array(&f->a, WORKERS, sizeof *senders);
	int64_t until_us = clock_mono_us() + RUN_MS * 1000;
	pthread_t threads[WORKERS];

	for (int i = 0; i < WORKERS; i++) {
		senders[i].store = i % 2 && second ? second : f->store;
		senders[i].spare = first_is_spare && i == 0;
		senders[i].until_us = until_us;
		assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
	}
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	return senders;
}

static void no_second_holds_more(struct fixture *f)
{
	struct store *second = NULL;
	struct sender *senders;
	unsigned all = 0;

	if (f->driver->redis) /* as another process would */
		assert_int_equal(store_open(&f->set, &second, &f->err), 0);
	senders = run_senders(f, second, false);
	store_close(&second);
	for (int i = 0; i < WORKERS; i++) {
		assert_int_equal(senders[i].errors, 0);
		all += senders[i].sends;
		for (size_t k = 0; k < senders[i].count; k++) {
			unsigned sends = in_second(senders, &senders[i].grants[k]);

			if (sends > RATE)
				fail_msg("%u sends in a second", sends);
		}
	}
	assert_true(all > RATE / 4); /* also on a busy machine */
}

static void a_broadcast_leaves_a_fifth(struct fixture *f)
{
	struct sender *s = arena_alloc(&f->a, sizeof *s);

	s->store = f->store;
	s->spare = true;
	s->until_us = clock_mono_us() + RUN_MS * 1000;
	(void)send_all(s);
	assert_int_equal(s->errors, 0);
	for (size_t k = 0; k < s->count; k++) {
		unsigned sends = 0;

		for (size_t j = k; j < s->count; j++)
			if (s->grants[j].to_us < s->grants[k].from_us + 1000000)
				sends += s->grants[j].sends;
		if (sends > RATE * 4 / 5)
			fail_msg("%u sends of a broadcast in a second", sends);
	}
	assert_true(s->sends > RATE / 4);
}

static unsigned taken_in_ms(struct fixture *f, const char *sender, int64_t duration_ms)
{
	const int64_t until = clock_mono_ms() + duration_ms;
	unsigned all = 0;

	while (clock_mono_ms() < until) {
		unsigned granted = 0;
		int64_t wait_ms = 0;

		must(f, store_rate_take(f->store, sender, RATE, false, 5, &granted, &wait_ms,
					&f->err));
		all += granted;
		if (granted == 0) {
			assert_true(wait_ms > 0);
			(void)poll(NULL, 0, (int)wait_ms); /* only a pause */
		}
	}
	return all;
}

static void a_complaint_slows_one_sender(struct fixture *f)
{
	unsigned slow;

	must(f, store_rate_slow(f->store, SENDER, 10, 60000, &f->err));
	slow = taken_in_ms(f, SENDER, 600);
	if (slow > RATE / 10 + 1)
		fail_msg("%u sends though slowed", slow);
	assert_true(taken_in_ms(f, "whatsapp:+14155230000", 300) > RATE / 10 + 1);
}

static const struct contract_case cases[] = {
	{ .name = "no second holds more than the rate", .run = no_second_holds_more },
	{ .name = "a broadcast leaves a fifth", .run = a_broadcast_leaves_a_fifth },
	{ .name = "a complaint slows one sender", .run = a_complaint_slows_one_sender },
};

int main(void)
{
	static const char *const drivers_with_a_clock[] = { "memory", "sqlite", "redis" };
	int failed = 0;

	for (int i = 0; i < 3; i++) /* the wrapped ones would only take as long again */
		failed += contract_run_on(drivers_with_a_clock[i], "store rate", cases,
					  sizeof cases / sizeof *cases);
	return failed;
}
