/*
 * contact.c - addresses of people: what is one, and whether a number is inside.
 */
#include "model/contact.h"

#include <string.h>

enum { E164_MIN = 2, E164_MAX = 15 }; /* digits (ITU-T E.164: country code and number) */

bool contact_is_valid(const char *address)
{
	const char *colon;
	size_t n;

	if (!address)
		return false;
	for (n = 0; address[n]; n++)
		if (n == CONTACT_MAX || address[n] < '!' || address[n] > '~')
			return false;
	colon = strchr(address, ':');
	return colon && colon > address && colon[1] != '\0';
}

const char *contact_number(const char *address)
{
	const char *colon = address ? strchr(address, ':') : NULL;
	const char *plus = colon ? colon + 1 : NULL;
	size_t digits;

	if (!plus || plus[0] != '+' || plus[1] == '0')
		return NULL;
	digits = strspn(plus + 1, "0123456789");
	if (digits < E164_MIN || digits > E164_MAX || plus[1 + digits] != '\0')
		return NULL;
	return plus;
}

const char *consent_name(enum consent c)
{
	switch (c) {
	case CONSENT_NONE:
		return "none";
	case CONSENT_IN:
		return "in";
	case CONSENT_OUT:
		return "out";
	}
	return "unknown";
}
