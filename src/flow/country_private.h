/*
 * country_private.h - phone numbers of a country.
 */
#ifndef SAMVAD_FLOW_COUNTRY_PRIVATE_H
#define SAMVAD_FLOW_COUNTRY_PRIVATE_H

#include "definition_private.h"

/* By ISO 3166 code; NULL when the table has no such row. */
const struct flow_country *flow_country_find(const char *code);
const char *const *flow_country_codes(size_t *count_out);
/* The E.164 form of a mobile number as people write it (national, with the trunk prefix, the
 * calling code, + or 00; blanks, dashes, dots and parentheses between), or NULL. The text is
 * folded. */
const char *flow_country_number(const struct flow_country *c, const char *folded, struct arena *a);
/* An E.164 number of that country as it is read there: "06 12 34 56 78". */
const char *flow_country_shown(const struct flow_country *c, const char *stored, struct arena *a);

#endif
