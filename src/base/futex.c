/*
 * futex.c - Linux' futex(2) for words of this process.
 */
#include "base/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

bool futex_wait_until(atomic_int *word, int value, int64_t deadline_ms)
{
	const struct timespec until = { .tv_sec = (time_t)(deadline_ms / 1000),
					.tv_nsec = (long)(deadline_ms % 1000) * 1000000L };

	return syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, &until, NULL,
		       FUTEX_BITSET_MATCH_ANY) == 0 ||
	       errno != ETIMEDOUT;
}

void futex_wake(atomic_int *word, int most)
{
	/* It fails only for an address that is none any more. */
	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, most, NULL, NULL, 0);
}
