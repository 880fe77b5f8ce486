/*
 * twilio_errors.c - what Twilio's error codes mean for the message at hand.
 *
 * The code decides, then the HTTP status. Codes that normally come with a
 * status callback are listed too: Twilio says that the code and the moment of
 * one cause may change.
 */
#include "twilio_private.h"

/* Sorted by code. Ranges save rows where neighbours mean the same. */
static const struct {
	int first;
	int last;
	enum send_verdict verdict;
} rows[] = {
	{ 20003, 20003, SEND_CONFIG }, /* authentication */
	{ 20005, 20006, SEND_CONFIG }, /* account not active, access denied */
	{ 20404, 20404, SEND_CONFIG }, /* the account or the API base is not there */
	{ 20429, 20429, SEND_BUSY },   /* refused before processing */
	{ 20500, 20500, SEND_UNSURE }, /* broke in between: may have been accepted */
	{ 20503, 20503, SEND_TEMP },   /* refused before processing */
	{ 21211, 21211, SEND_PERM },   /* invalid To */
	{ 21212, 21212, SEND_CONFIG }, /* invalid From */
	{ 21408, 21408, SEND_CONFIG }, /* region not enabled */
	{ 21601, 21604, SEND_PERM },   /* no body, no sender, no recipient */
	{ 21606, 21606, SEND_CONFIG }, /* From is not ours */
	{ 21608, 21609, SEND_CONFIG }, /* trial account; invalid StatusCallback */
	{ 21610, 21610, SEND_PERM },   /* opted out */
	{ 21611, 21611, SEND_BUSY },   /* the sender's queue is full */
	{ 21612, 21612, SEND_PERM },   /* To cannot be reached from From */
	{ 21614, 21614, SEND_PERM },   /* no mobile number */
	{ 21617, 21623, SEND_PERM },   /* too long, no content, bad media */
	{ 21654, 21656, SEND_PERM },   /* content template or its variables */
	{ 21701, 21705, SEND_CONFIG }, /* Messaging Service missing, empty, invalid */
	{ 21910, 21910, SEND_PERM },   /* From and To of different channels */
	{ 30001, 30001, SEND_BUSY },   /* queue overflow */
	{ 30002, 30002, SEND_CONFIG }, /* account suspended */
	{ 30003, 30003, SEND_TEMP },   /* unreachable now */
	{ 30005, 30007, SEND_PERM },   /* unknown, landline, filtered */
	{ 30008, 30008, SEND_TEMP },   /* unknown cause */
	{ 30036, 30036, SEND_TEMP },   /* waited too long in the queue */
	{ 30410, 30410, SEND_TEMP },   /* provider timed out */
	{ 35111, 35125, SEND_PERM },   /* scheduling */
	{ 63001, 63001, SEND_CONFIG }, /* the channel refused the credentials */
	{ 63007, 63008, SEND_CONFIG }, /* no channel with this From; misconfigured */
	{ 63009, 63010, SEND_TEMP },   /* provider or Twilio internal */
	{ 63012, 63012, SEND_TEMP },
	{ 63017, 63018, SEND_BUSY },   /* rate of the account, of the sender */
	{ 63019, 63019, SEND_TEMP },   /* media could not be fetched */
	{ 63020, 63020, SEND_CONFIG }, /* business manager not connected */
	{ 63022, 63022, SEND_CONFIG }, /* name certificate */
	{ 63023, 63023, SEND_TEMP },   /* unknown cause */
	{ 63025, 63025, SEND_TEMP },   /* media already exists */
	{ 63026, 63026, SEND_CONFIG }, /* sender flagged as spam */
	{ 63029, 63029, SEND_TEMP },   /* template not downloaded yet */
	{ 63038, 63038, SEND_BUSY },   /* daily limit of the account */
	{ 63040, 63042, SEND_CONFIG }, /* template failed, paused, disabled */
	{ 63051, 63051, SEND_CONFIG }, /* sender locked */
	{ 63062, 63062, SEND_CONFIG }, /* terms not accepted */
	{ 90010, 90010, SEND_CONFIG }, /* account not active */
};

/* No code that we know: the HTTP status alone. A code of 63xxx that is new is
 * a channel's refusal of this message, as every other 4xx. */
static enum send_verdict by_status(int status)
{
	switch (status) {
	case 401:
	case 403:
	case 404: /* of the path, which names the account */
	case 407:
		return SEND_CONFIG;
	case 408: /* the request did not arrive whole */
		return SEND_TEMP;
	case 429:
		return SEND_BUSY;
	}
	if (status >= 500)
		return SEND_UNSURE;
	if (status >= 400)
		return SEND_PERM;
	return SEND_CONFIG; /* redirected: this is not Twilio's API */
}

enum send_verdict twilio_error_verdict(int code, int http_status)
{
	/* Rates and credentials are plain whatever the code is. */
	if (http_status == 429 || http_status == 401)
		return by_status(http_status);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (code >= rows[i].first && code <= rows[i].last)
			return rows[i].verdict;
	}
	return by_status(http_status);
}
