/*
 * base/futex.h - threads that wait for a word to change.
 *
 * For one who waits for one other, or a group that is woken at once: cheaper than a condition
 * variable, and nobody queues for a lock when woken. A wait may end early, so it stands in a loop
 * that looks at the word. Linux only (futex(2)); threads of one process.
 */
#ifndef SAMVAD_BASE_FUTEX_H
#define SAMVAD_BASE_FUTEX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Sleeps while *word is `value`, until a time of clock_mono_ms(). False: that has passed. */
bool futex_wait_until(atomic_int *word, int value, int64_t deadline_ms);
/* Wakes at most so many. The memory may be gone already: then nobody is woken. */
void futex_wake(atomic_int *word, int most);

#endif
