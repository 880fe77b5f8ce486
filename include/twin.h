/*
 * twin.h - Twilio's side and a demo Auth API, for work without an account.
 *
 * Reached over HTTP under /sandbox only, in sandbox mode only: the rest of
 * the program speaks with it as with the real ones. Keeps its few messages
 * in memory.
 */
#ifndef SAMVAD_TWIN_H
#define SAMVAD_TWIN_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "model/webhook.h"

struct twin; /* opaque */

struct twin_settings { /* borrowed during open; clock until close */
	const char *account_sid;
	const char *auth_token;
	const struct clock *clock;
};

int twin_open(const struct twin_settings *set, struct twin **twin_out, struct err *err);
void twin_close(struct twin **twin);

/* Answers one request below /sandbox: status, type and body. Any thread. Knows:
 *   POST /sandbox/auth/api/send-otp      demo Auth API: honours Idempotency-Key, 200/422/429
 *   GET  /sandbox/auth/health
 *   GET  /sandbox/auth/sms?phone=...     the last SMS of a number (the OTP), for chat
 *   POST /sandbox/twilio/2010-04-01/Accounts/{sid}/Messages.json   create
 *   GET  the same                        list, with To= and DateSent filters
 *   GET  .../Messages/{sid}.json         fetch
 */
int twin_answer(struct twin *twin, const struct webhook *w, struct buf *body_out,
		const char **type_out);

#endif
