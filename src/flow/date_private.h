/*
 * date_private.h - calendar days, without a clock: written, stored ("2026-11-20"), shown.
 */
#ifndef SAMVAD_FLOW_DATE_PRIVATE_H
#define SAMVAD_FLOW_DATE_PRIVATE_H

#include "definition_private.h"

enum { FLOW_DATE_CHARS = 10 }; /* of the stored form */

/* Days since 1970-01-01 of a moment at this offset from UTC. */
int64_t flow_date_of(int64_t ms, int64_t utc_offset_ms);
/* The stored form as days; false when it is none. */
bool flow_date_parse(const char *stored, int64_t *days_out);
/* What people write, folded: "2026-11-20", and 20.11.2026, 20/11/2026, 20-11-2026 by the order
 * ("dmy", "mdy", "ymd"). Years have four digits. */
bool flow_date_read(const char *folded, const char *order, int64_t *days_out);
/* The stored form, in the arena; NULL outside the years 1 to 9999. */
const char *flow_date_stored(int64_t days, struct arena *a);
/* By a pattern of DD, MM, YYYY and anything else. */
const char *flow_date_shown(int64_t days, const char *pattern, struct arena *a);
/* "today", "today+7", "today-30" or a stored form. */
bool flow_day_parse(const char *text, struct flow_day *day_out);
int64_t flow_day_on(const struct flow_day *day, int64_t today);

#endif
