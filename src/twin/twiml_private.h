/*
 * twiml_private.h - TwiML as Twilio reads it: what it asks for, and what is wrong with it.
 */
#ifndef SAMVAD_TWIN_TWIML_PRIVATE_H
#define SAMVAD_TWIN_TWIML_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

enum { TWIML_MAX_MESSAGES = 10, TWIML_MAX_MEDIA = 10 };

struct twiml_message {
	const char *text; /* "" when there is only media */
	const char *media[TWIML_MAX_MEDIA];
	size_t media_count;
	const char *to; /* NULL when not given, as all that follow */
	const char *from;
	const char *action;
	const char *status_callback;
	int error_code; /* it cannot be sent: 21617, 14103 … */
};

struct twiml {
	struct twiml_message messages[TWIML_MAX_MESSAGES];
	size_t count;
	const char *next; /* the document that goes on, from Redirect or action; or NULL */
	bool next_get;	  /* asked for with GET */

	int code;	     /* 0: nothing is wrong */
	bool fatal;	     /* nothing was carried out: the fallback is asked */
	const char *verdict; /* "ok", "invalid_xml", "invalid_twiml" */
	char why[256];
};

/* Reads a webhook's answer; texts live in the arena. content_type may be NULL. Pure. */
void twiml_read(struct str body, const char *content_type, struct arena *a, struct twiml *out);

#endif
