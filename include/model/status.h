/*
 * model/status.h - where an outbound message is, as a ladder that is only climbed.
 *
 *   none < queued < sending < sent < delivered < read
 * failed and undelivered win over queued, sending and sent; delivered may
 * still become read; nothing ever steps back. (Twilio, "Message status values".)
 */
#ifndef SAMVAD_MODEL_STATUS_H
#define SAMVAD_MODEL_STATUS_H

#include <stdbool.h>

enum status {
	STATUS_NONE,
	STATUS_QUEUED, /* accepted and scheduled count as queued */
	STATUS_SENDING,
	STATUS_SENT,
	STATUS_DELIVERED,
	STATUS_READ,
	STATUS_FAILED,
	STATUS_UNDELIVERED,
	STATUS_CANCELED,
};

/* The provider's word, or STATUS_NONE when unknown. */
enum status status_parse(const char *word);
const char *status_name(enum status s);
/* The state after hearing `news`; returns `now` when the news would step back. */
enum status status_climb(enum status now, enum status news);
bool status_is_final(enum status s);

#endif
