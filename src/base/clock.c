/*
 * clock.c - real, shifted and standing time.
 */
#include "base/clock.h"

#include <string.h>
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

/* Each log line has a time: snprintf would be a third of its cost. */
static void put_digits(char *to, int count, int number)
{
	for (int i = count - 1; i >= 0; i--, number /= 10)
		to[i] = (char)('0' + number % 10);
}

void clock_format_iso(int64_t ms, char out[CLOCK_ISO_SIZE])
{
	/* The years 0000 to 9999 have four digits; what lies outside shows as the nearest end. */
	const int64_t first = -62167219200000, last = 253402300799999;
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
	memcpy(out, "yyyy-mm-ddThh:mm:ss.mmmZ", CLOCK_ISO_SIZE);
	put_digits(out, 4, tm.tm_year + 1900);
	put_digits(out + 5, 2, tm.tm_mon + 1);
	put_digits(out + 8, 2, tm.tm_mday);
	put_digits(out + 11, 2, tm.tm_hour);
	put_digits(out + 14, 2, tm.tm_min);
	put_digits(out + 17, 2, tm.tm_sec);
	put_digits(out + 20, 3, (int)rest);
}
