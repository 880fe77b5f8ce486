/*
 * base/clock.h - time as an object.
 *
 * Pure rooms get `now` as an argument; the rooms above read it from a clock,
 * which may be real, shifted (the sandbox's virtual clock) or standing still
 * (tests). Any thread.
 */
#ifndef SAMVAD_BASE_CLOCK_H
#define SAMVAD_BASE_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct clock {
	bool standing;		   /* real time does not flow */
	_Atomic int64_t offset_ms; /* added to real time, or the time itself when standing */
};

void clock_init_real(struct clock *c);
void clock_init_standing(struct clock *c, int64_t now_ms);
/* Moves wall time forward. */
void clock_advance(struct clock *c, int64_t ms);

/* Milliseconds since 1970-01-01T00:00Z by this clock. */
int64_t clock_now_ms(const struct clock *c);
/* Monotonic milliseconds, never shifted: for deadlines and durations only. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

enum { CLOCK_ISO_SIZE = 25 }; /* with its NUL */
/* Writes "2026-11-20T09:28:40.123Z". */
void clock_format_iso(int64_t ms, char out[CLOCK_ISO_SIZE]);

#endif
