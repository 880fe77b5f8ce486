/*
 * cond.c - condition variables and words on the monotonic clock.
 */
#include "base/cond.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base_private.h"

void cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	if (pthread_condattr_init(&attr) != 0 ||
	    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
	    pthread_cond_init(cond, &attr) != 0)
		base_die("samvad: the system gives no condition variable");
	(void)pthread_condattr_destroy(&attr);
}

static struct timespec moment(int64_t ms)
{
	return (struct timespec){ .tv_sec = (time_t)(ms / 1000),
				  .tv_nsec = (long)(ms % 1000) * 1000000L };
}

bool cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t deadline_ms)
{
	const struct timespec until = moment(deadline_ms);

	/* Any failure counts as late: a caller that loops must not spin. */
	return pthread_cond_timedwait(cond, lock, &until) == 0;
}

bool cond_word_wait_until(atomic_int *word, int value, int64_t deadline_ms)
{
	const struct timespec until = moment(deadline_ms);

	return syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, &until, NULL,
		       FUTEX_BITSET_MATCH_ANY) == 0 ||
	       errno != ETIMEDOUT;
}

void cond_word_wake(atomic_int *word, int most)
{
	/* It fails only for an address that is none any more. */
	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, most, NULL, NULL, 0);
}
