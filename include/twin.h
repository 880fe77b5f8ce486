/*
 * twin.h - a Twilio WhatsApp sandbox inside the program: Twilio's side, phones, a demo Auth API.
 *
 * A peer: it is reached over HTTP below /sandbox, and reaches the rest of the
 * program over HTTP only, with signed webhooks. src/twin/API.md tells every
 * route. In sandbox mode only; keeps everything in bounded memory. Any thread.
 */
#ifndef SAMVAD_TWIN_H
#define SAMVAD_TWIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "model/webhook.h"

struct twin; /* opaque */

struct twin_settings { /* borrowed during open; clock until close */
	const char *account_sid;
	const char *auth_tokens;  /* "new,old": the first signs, all are good for REST */
	struct clock *clock;	  /* POST /sandbox/api/clock moves it */
	const char *sender;	  /* the account's WhatsApp sender */
	const char *service_sid;  /* the account's Messaging Service; "": any well-formed one */
	const char *webhook_url;  /* as Twilio's sandbox page has it; "": nothing is delivered */
	const char *fallback_url; /* "": the webhook URL, where a fallback is needed */
	const char *status_url;	  /* for messages that name no StatusCallback; "": none */
	const char *session_url;  /* asked before and after a delivery, with ?contact=; "": not */
	const char *page_dir;	  /* index.html and what it needs */
	const char *packs_dir;	  /* PACK/demo.json: the packs' demo APIs; "": there are none */
};

/* Starts its threads. */
int twin_open(const struct twin_settings *set, struct twin **twin_out, struct err *err);
/* Nothing new is delivered, who waits for something is answered at once, event streams end. */
void twin_stop(struct twin *twin);
/* Ends what is under way. No other call may be under way or follow. */
void twin_close(struct twin **twin);

enum { TWIN_HEADERS_MAX = 512 };

struct twin_reply {
	int status;
	const char *type;		/* NULL: no body */
	char headers[TWIN_HEADERS_MAX]; /* more header lines, each with CRLF, or "" */
	bool dropped;			/* a fault: the connection shall end without an answer */
};
/* Answers one request below /sandbox. Blocks as long as the request or a fault asks for. */
void twin_answer(struct twin *twin, const struct webhook *w, struct buf *body_out,
		 struct twin_reply *reply_out);

/* Where a stream of events begins: behind `since`, or Last-Event-ID, or with the next one. */
uint64_t twin_events_from(struct twin *twin, const struct webhook *w);
/* Appends events behind *since, in the form of Server-Sent Events, and moves it. Waits at most
 * max_wait_ms for one: then nothing is appended. -1: the twin is stopping. */
int twin_events_read(struct twin *twin, uint64_t *since, int max_wait_ms, struct buf *out);

#endif
