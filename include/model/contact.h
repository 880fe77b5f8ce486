/*
 * model/contact.h - a person, by an address with its channel.
 *
 * "whatsapp:+919876543210", but also a business-scoped id such as
 * "whatsapp:IN.13491208655302741918": an address need not hold digits.
 */
#ifndef SAMVAD_MODEL_CONTACT_H
#define SAMVAD_MODEL_CONTACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONTACT_MAX = 191, LANGUAGE_MAX = 15 };

enum consent { CONSENT_NONE, CONSENT_IN, CONSENT_OUT };

/* What outlives a session: kept per contact, in plain fields. */
struct contact_facts {
	bool known; /* we have met */
	char language[LANGUAGE_MAX + 1];
	int64_t first_in_ms;
	int64_t last_in_ms; /* opens the 24-hour service window */
	enum consent consent;
	bool unfinished; /* the last session was not completed: it may have expired */
	/* Written by the store's own steps, not by a turn's commit: */
	int64_t consent_ms;  /* since when the consent is as it is */
	int64_t last_out_ms; /* the last attempt to send */
	int trouble_code;    /* the provider's code that says they cannot be reached, or 0 */
	int64_t trouble_ms;  /* when it was heard; a later message of theirs ends the trouble */
	unsigned parked;     /* messages that wait for their next one */
};

/* "channel:rest", 3 to CONTACT_MAX printable ASCII bytes without blanks. */
bool contact_is_valid(const char *address);
/* The E.164 number ("+91…") inside the address, or NULL when it holds none. */
const char *contact_number(const char *address);
const char *consent_name(enum consent c);

#endif
