/*
 * quiet_hours.c - the hours in which no broadcast leaves. Pure.
 *
 * They are of one clock, given by its offset from UTC: no table of zones and
 * no summer time, which the countries that this is made for do not have.
 */
#include "broadcast.h"

enum { DAY_MIN = 24 * 60, MINUTE_MS = 60 * 1000, ZONE_MOST_MIN = 14 * 60 };

/* "HH:MM"; 24:00 is a good end of a day. */
static const char *read_clock(const char *p, int most, int *minutes_out)
{
	for (int i = 0; i < 5; i++)
		if (i == 2 ? p[i] != ':' : p[i] < '0' || p[i] > '9')
			return NULL;
	if (p[3] > '5')
		return NULL;
	*minutes_out = ((p[0] - '0') * 10 + p[1] - '0') * 60 + (p[3] - '0') * 10 + p[4] - '0';
	return *minutes_out <= most ? p + 5 : NULL;
}

static const char *read_zone(const char *p, int *offset_out)
{
	int sign = *p == '-' ? -1 : 1;

	if (*p == 'Z') {
		*offset_out = 0;
		return p + 1;
	}
	if (*p != '+' && *p != '-')
		return NULL;
	p = read_clock(p + 1, ZONE_MOST_MIN, offset_out);
	*offset_out *= sign;
	return p;
}

int broadcaster_parse_quiet(const char *text, struct quiet_hours *quiet_out, struct err *err)
{
	struct quiet_hours q = { 0 };
	const char *p = text;

	*quiet_out = q;
	if (!*text)
		return 0;
	if (!(p = read_clock(p, DAY_MIN, &q.from_min)) || *p++ != '-' ||
	    !(p = read_clock(p, DAY_MIN, &q.to_min)) || !(p = read_zone(p, &q.offset_min)) || *p)
		return err_set(err, ERR_INPUT,
			       "\"%.40s\" are no quiet hours; write from-to and the offset of that "
			       "clock from UTC, such as 21:00-09:00+05:30 or 22:00-08:00Z",
			       text);
	q.from_min %= DAY_MIN;
	q.to_min %= DAY_MIN;
	if (q.from_min == q.to_min)
		return err_set(err, ERR_INPUT,
			       "\"%.40s\" would be quiet never or always; leave it empty for no "
			       "quiet hours",
			       text);
	*quiet_out = q;
	return 0;
}

int64_t broadcaster_quiet_until(const struct quiet_hours *quiet, int64_t now_ms)
{
	const int64_t day_ms = (int64_t)DAY_MIN * MINUTE_MS;
	int64_t from_ms = (int64_t)quiet->from_min * MINUTE_MS;
	int64_t to_ms = (int64_t)quiet->to_min * MINUTE_MS;
	int64_t there = now_ms + (int64_t)quiet->offset_min * MINUTE_MS;
	int64_t in_day = ((there % day_ms) + day_ms) % day_ms;
	int64_t length = (to_ms - from_ms + day_ms) % day_ms;
	int64_t into = (in_day - from_ms + day_ms) % day_ms;

	return into < length ? now_ms + length - into : 0;
}
