/*
 * twilio_date_private.h - dates of Twilio's API: "Thu, 24 Aug 2023 05:01:45 +0000".
 */
#ifndef SAMVAD_TWILIO_DATE_PRIVATE_H
#define SAMVAD_TWILIO_DATE_PRIVATE_H

#include <stdint.h>

/* 0 and milliseconds since 1970, or -1. */
int twilio_date_parse(const char *text, int64_t *ms_out);

#endif
