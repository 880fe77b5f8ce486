/*
 * base/cond.h - condition variables whose waits have a deadline.
 *
 * Deadlines are times of clock_mono_ms(): nobody who sets the system's clock
 * makes a wait longer. Spurious wake-ups occur, so a wait stands in a loop:
 *   while (!ready && cond_wait_until(&changed, &lock, deadline_ms))
 *           ;
 */
#ifndef SAMVAD_BASE_COND_H
#define SAMVAD_BASE_COND_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Aborts when the system gives none. Ended with pthread_cond_destroy. */
void cond_init(pthread_cond_t *cond);
/* Waits with the lock held. False: the deadline has passed. */
bool cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t deadline_ms);

#endif
