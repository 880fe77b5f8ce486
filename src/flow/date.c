/*
 * date.c - calendar days as numbers (the proleptic Gregorian calendar).
 */
#include "date_private.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 86400000, RELATIVE_DIGITS = 5 };

/* Days since 1970-01-01 of a date; years from 1. Counts in years that begin in March. */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
	int64_t year = m <= 2 ? y - 1 : y;
	int64_t era = year / 400, of_era = year - era * 400;
	int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
	int64_t z = days + 719468;
	int64_t era = z / 146097, of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	*d = of_year - (153 * month + 2) / 5 + 1;
	*m = month + (month < 10 ? 3 : -9);
	*y = year + era * 400 + (*m <= 2);
}

static bool in_range(int64_t days)
{
	return days >= days_of(1, 1, 1) && days <= days_of(9999, 12, 31);
}

/* False for 31 April and its like. */
static bool days_if_real(int64_t y, int64_t m, int64_t d, int64_t *days_out)
{
	int64_t back[3];

	if (y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || d > 31)
		return false;
	*days_out = days_of(y, m, d);
	civil(*days_out, &back[0], &back[1], &back[2]);
	return back[0] == y && back[1] == m && back[2] == d;
}

int64_t flow_date_of(int64_t ms, int64_t utc_offset_ms)
{
	int64_t local = ms + utc_offset_ms;

	return local >= 0 ? local / DAY_MS : -((-local + DAY_MS - 1) / DAY_MS);
}

/* Three numbers with the same separator between them, and how many digits each has. */
static bool three_numbers(const char *text, const char *separators, int64_t n[3], size_t digits[3])
{
	char separator = '\0';

	for (int i = 0; i < 3; i++) {
		digits[i] = strspn(text, "0123456789");
		if (digits[i] < 1 || digits[i] > 4)
			return false;
		n[i] = strtoll(text, NULL, 10);
		text += digits[i];
		if (i == 2)
			break;
		if (!*text || !strchr(separators, *text) || (i == 1 && *text != separator))
			return false;
		separator = *text++;
		text += *text == ' ';
	}
	return *text == '\0' || (*text == '.' && !text[1] && separator == '.');
}

bool flow_date_parse(const char *stored, int64_t *days_out)
{
	int64_t n[3];
	size_t digits[3];

	return three_numbers(stored, "-", n, digits) && digits[0] == 4 && digits[1] == 2 &&
	       digits[2] == 2 && strlen(stored) == FLOW_DATE_CHARS &&
	       days_if_real(n[0], n[1], n[2], days_out);
}

bool flow_date_read(const char *folded, const char *order, int64_t *days_out)
{
	int64_t n[3], part[128] = { 0 };
	size_t digits[3];

	if (!three_numbers(folded, "-./", n, digits))
		return false;
	if (digits[0] == 4) /* nobody means anything else by it */
		order = "ymd";
	for (int i = 0; i < 3; i++) {
		if (digits[i] > 2 ? order[i] != 'y' || digits[i] != 4 : order[i] == 'y')
			return false;
		part[(unsigned char)order[i]] = n[i];
	}
	return days_if_real(part['y'], part['m'], part['d'], days_out);
}

const char *flow_date_stored(int64_t days, struct arena *a)
{
	return in_range(days) ? flow_date_shown(days, "YYYY-MM-DD", a) : NULL;
}

const char *flow_date_shown(int64_t days, const char *pattern, struct arena *a)
{
	int64_t y, m, d;
	const char *text;
	struct buf out;

	civil(days, &y, &m, &d);
	buf_init(&out, 200);
	while (*pattern) {
		if (strncmp(pattern, "YYYY", 4) == 0) {
			(void)buf_addf(&out, "%04lld", (long long)y);
			pattern += 4;
		} else if (strncmp(pattern, "MM", 2) == 0 || strncmp(pattern, "DD", 2) == 0) {
			(void)buf_addf(&out, "%02lld", (long long)(*pattern == 'M' ? m : d));
			pattern += 2;
		} else {
			(void)buf_addc(&out, *pattern++);
		}
	}
	text = arena_strndup(a, out.data, out.len);
	buf_free(&out);
	return text;
}

bool flow_day_parse(const char *text, struct flow_day *day_out)
{
	const char *p = text + 5;
	size_t digits;

	*day_out = (struct flow_day){ .given = true };
	if (strncmp(text, "today", 5) != 0)
		return flow_date_parse(text, &day_out->days);
	day_out->relative = true;
	if (!*p)
		return true;
	digits = strspn(p + 1, "0123456789");
	if ((*p != '+' && *p != '-') || digits == 0 || digits > RELATIVE_DIGITS || p[1 + digits])
		return false;
	day_out->days = strtoll(p, NULL, 10);
	return true;
}

int64_t flow_day_on(const struct flow_day *day, int64_t today)
{
	return day->relative ? today + day->days : day->days;
}
