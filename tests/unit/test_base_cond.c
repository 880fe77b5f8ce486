/*
 * Waits end at their deadline, not before it, and at once when they are signalled.
 */
#include "base/clock.h"
#include "base/cond.h"
#include "check.h"

enum { LONG_MS = 60000 };

struct bell {
	pthread_mutex_t lock;
	pthread_cond_t rung;
	bool is_rung;
};

static void bell_init(struct bell *b)
{
	pthread_mutex_init(&b->lock, NULL);
	cond_init(&b->rung);
	b->is_rung = false;
}

static void bell_end(struct bell *b)
{
	pthread_cond_destroy(&b->rung);
	pthread_mutex_destroy(&b->lock);
}

static void *ring(void *arg)
{
	struct bell *b = arg;

	pthread_mutex_lock(&b->lock);
	b->is_rung = true;
	pthread_cond_signal(&b->rung);
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

static void test_deadline(void **state)
{
	static const struct {
		const char *name;
		int64_t in_ms;
	} cases[] = {
		{ "long ago", -LONG_MS },
		{ "just now", 0 },
		{ "soon", 30 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const int64_t deadline = clock_mono_ms() + cases[i].in_ms;
		struct bell b;

		bell_init(&b);
		pthread_mutex_lock(&b.lock);
		while (cond_wait_until(&b.rung, &b.lock, deadline))
			; /* a spurious wake-up */
		pthread_mutex_unlock(&b.lock);
		CHECK_CASE(clock_mono_ms() >= deadline, cases[i].name);
		bell_end(&b);
	}
}

static void test_signal(void **state)
{
	const int64_t deadline = clock_mono_ms() + LONG_MS;
	struct bell b;
	pthread_t thread;

	(void)state;
	bell_init(&b);
	pthread_mutex_lock(&b.lock); /* the thread rings when the wait has let go of it */
	assert_int_equal(pthread_create(&thread, NULL, ring, &b), 0);
	while (!b.is_rung && cond_wait_until(&b.rung, &b.lock, deadline))
		;
	pthread_mutex_unlock(&b.lock);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(b.is_rung);
	assert_true(clock_mono_ms() < deadline);
	bell_end(&b);
}

static void test_word_deadline(void **state)
{
	const int64_t deadline = clock_mono_ms() + 30;
	atomic_int word = 1;

	(void)state;
	assert_true(cond_word_wait_until(&word, 0, deadline + LONG_MS)); /* it is another value */
	assert_true(clock_mono_ms() < deadline + LONG_MS);
	while (cond_word_wait_until(&word, 1, deadline))
		; /* it may end early */
	assert_true(clock_mono_ms() >= deadline);
}

static void *change(void *arg)
{
	atomic_int *word = arg;

	atomic_store(word, 1);
	cond_word_wake(word, 2);
	return NULL;
}

static void *wait_for_change(void *arg)
{
	const int64_t deadline = clock_mono_ms() + LONG_MS;
	atomic_int *word = arg;

	while (!atomic_load(word) && cond_word_wait_until(word, 0, deadline))
		;
	assert_true(clock_mono_ms() < deadline);
	return NULL;
}

static void test_word_wakes_all(void **state)
{
	void *(*const roads[])(void *) = { wait_for_change, wait_for_change, change };
	pthread_t threads[COUNT(roads)];
	atomic_int word = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(roads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, roads[i], &word), 0);
	for (size_t i = 0; i < COUNT(roads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_word_deadline),
		cmocka_unit_test(test_word_wakes_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
