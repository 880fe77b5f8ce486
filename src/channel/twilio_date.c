/*
 * twilio_date.c - RFC 2822 dates, as Twilio's API writes them.
 *
 * By hand: strptime follows the process's locale.
 */
#include "twilio_date_private.h"

#include <stdio.h>
#include <string.h>

/* Days since 1970-01-01 of a date of the Gregorian calendar (years from March,
 * so that the leap day is the last). */
static int64_t days_of(int year, int month, int day)
{
	int y = month > 2 ? year : year - 1;
	int from_march = (month + 9) % 12;
	int64_t leap_days = y / 4 - y / 100 + y / 400;

	return 365 * (int64_t)y + leap_days + (153 * from_march + 2) / 5 + day - 1 - 719468;
}

static int month_of(const char *name)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (memcmp(names + 3 * i, name, 3) == 0)
			return i + 1;
	return 0;
}

int twilio_date_parse(const char *text, int64_t *ms_out)
{
	const char *comma = strchr(text, ',');
	int day, year, hour, minute, second, zone_hour, zone_minute, month;
	char name[4], sign;
	int64_t s;

	if (comma)
		text = comma + 1;
	if (sscanf(text, " %2d %3[A-Za-z] %4d %2d:%2d:%2d %c%2d%2d", &day, name, &year, &hour,
		   &minute, &second, &sign, &zone_hour, &zone_minute) != 9 ||
	    strlen(name) != 3 || (sign != '+' && sign != '-'))
		return -1;
	month = month_of(name);
	if (month == 0 || year < 1970 || day < 1 || day > 31 || hour < 0 || hour > 23 ||
	    minute < 0 || minute > 59 || second < 0 || second > 60)
		return -1;
	s = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	s -= (sign == '-' ? -1 : 1) * (zone_hour * 3600 + zone_minute * 60);
	*ms_out = s * 1000;
	return 0;
}
