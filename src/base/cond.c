/*
 * cond.c - condition variables on the monotonic clock.
 */
#include "base/cond.h"

#include <time.h>

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

bool cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t deadline_ms)
{
	const struct timespec until = { .tv_sec = (time_t)(deadline_ms / 1000),
					.tv_nsec = (long)(deadline_ms % 1000) * 1000000L };

	/* Any failure counts as late: a caller that loops must not spin. */
	return pthread_cond_timedwait(cond, lock, &until) == 0;
}
