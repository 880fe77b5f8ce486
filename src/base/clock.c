/*
 * clock.c - real, shifted and standing time.
 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#include "base_private.h"

static int64_t read_us(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		base_die("samvad: the system has no clock");
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void clock_init_real(struct clock *c)
{
	c->standing = false;
	atomic_init(&c->offset_ms, 0);
}

void clock_init_standing(struct clock *c, int64_t now_ms)
{
	c->standing = true;
	atomic_init(&c->offset_ms, now_ms);
}

void clock_advance(struct clock *c, int64_t ms)
{
	atomic_fetch_add(&c->offset_ms, ms);
}

int64_t clock_now_ms(const struct clock *c)
{
	int64_t offset = atomic_load(&c->offset_ms);

	return c->standing ? offset : read_us(CLOCK_REALTIME) / 1000 + offset;
}

int64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

void clock_format_iso(int64_t ms, char out[CLOCK_ISO_SIZE])
{
	/* The years 0000 to 9999 have four digits; what lies outside shows as the nearest end. */
	const int64_t first = -62167219200000, last = 253402300799999;
	char text[80]; /* what the compiler believes six ints may need */
	int64_t rest;
	struct tm tm;
	time_t s;

	if (ms < first)
		ms = first;
	if (ms > last)
		ms = last;
	rest = ((ms % 1000) + 1000) % 1000;
	s = (time_t)((ms - rest) / 1000);
	if (!gmtime_r(&s, &tm))
		base_die("samvad: gmtime_r failed inside its range");
	(void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
		       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)rest);
	for (int i = 0; i < CLOCK_ISO_SIZE - 1; i++)
		out[i] = text[i];
	out[CLOCK_ISO_SIZE - 1] = '\0';
}
