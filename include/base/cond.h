/*
 * base/cond.h - waits that have a deadline: for condition variables and for words.
 *
 * Deadlines are times of clock_mono_ms(): nobody who sets the system's clock
 * makes a wait longer. Spurious wake-ups occur, so a wait stands in a loop:
 *   while (!ready && cond_wait_until(&changed, &lock, deadline_ms))
 *           ;
 */
#ifndef SAMVAD_BASE_COND_H
#define SAMVAD_BASE_COND_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Aborts when the system gives none. Ended with pthread_cond_destroy. */
void cond_init(pthread_cond_t *cond);
/* Waits with the lock held. False: the deadline has passed. */
bool cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t deadline_ms);

/* The same for a word that stands for itself, without a lock: for one who waits for one other, or
 * for a group that is woken at once and would else queue for the lock (futex(2), of one process).
 * Sleeps while *word is `value`. False: the deadline has passed. */
bool cond_word_wait_until(atomic_int *word, int value, int64_t deadline_ms);
/* Wakes at most so many. The memory may be gone already: then nobody is woken. */
void cond_word_wake(atomic_int *word, int most);

#endif
