/*
 * broadcast.h - one text to many: accept, plan, watch, steer.
 *
 * Checks what an admin asks for, freezes it as a row of the store, writes one
 * outbound row for each contact of the audience (page by page, by whichever
 * process has the planner's lease, from where the last one stood), tells the
 * outbox which broadcasts to send now, and ends or pauses them. Sends nothing
 * itself. Answers are JSON for whoever asked; contacts are in them, texts of
 * single recipients are not. One thread; every function may be called from any.
 */
#ifndef SAMVAD_BROADCAST_H
#define SAMVAD_BROADCAST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "channel.h"
#include "conversation.h"
#include "outbox.h"
#include "store/broadcast.h"

struct broadcaster; /* opaque: see src/broadcast/ */

/* ---- quiet_hours.c: pure ---- */

struct quiet_hours {  /* from == to: none */
	int from_min; /* minutes after midnight */
	int to_min;
	int offset_min; /* of their clock from UTC */
};
/* "21:00-09:00+05:30", "22:00-08:00Z", or "" for none. -1 ERR_INPUT says what to write. */
int broadcaster_parse_quiet(const char *text, struct quiet_hours *quiet_out, struct err *err);
/* 0 when now is not quiet, else the moment when quiet ends. */
int64_t broadcaster_quiet_until(const struct quiet_hours *quiet, int64_t now_ms);

/* ---- the room ---- */

struct broadcaster_settings { /* borrowed, must outlive it */
	struct store *store;
	struct outbox *outbox;
	struct channel *channel;
	struct conversation *conversation; /* its bot knows steps, values and languages */
	const struct value *settings;	   /* "env" of templates */
	const struct clock *clock;
	struct quiet_hours quiet;
	unsigned send_rate;  /* of the sender, for estimates */
	bool sandbox_sender; /* the provider's shared sandbox: membership ends after 72 h */
};

/* Starts the thread that plans and watches. */
int broadcaster_open(const struct broadcaster_settings *set, struct broadcaster **b_out,
		     struct err *err);
/* Ends the thread at its next page; another process goes on, or the next start. */
void broadcaster_close(struct broadcaster **b);

struct broadcaster_request {
	struct str body;	/* JSON */
	const char *key;	/* Idempotency-Key, or "" */
	const char *request_id; /* for the audit entry */
	struct arena *arena;	/* keeps what *field_out names */
};
/* POST /send-broadcast. Returns the HTTP status, the body is in out: 202 accepted (the same answer
 * again for the same key and request, with the numbers as they are now), 200 for a dry run. -1:
 * refused; *field_out names the member ("" none). ERR_INPUT 400; ERR_PERM 409: the key was used
 * for another request; else the store's. Waits a few seconds at most for planning, so that
 * the answer has whole numbers; "planning": true says that they still grow.
 *
 * Body: "message" (Mustache with the contact's saved values, at most 1600 characters; may be
 * absent if "content_sid" is given), "target_step", "dry_run", "send_at" (ISO 8601 with zone, at
 * most 35 days ahead), "content_sid" (HX + 32 hex: sent to those outside the 24-hour window, and
 * to all when there is no message), "content_variables" (object of texts, Mustache).
 * 202: {"message","broadcast_id","recipient_count","skipped":{reason:n},"status_url",
 *       "planning","expected_finish","timestamp"}
 * 200: the same without id and URL, with "dry_run": true. */
int broadcaster_send(struct broadcaster *b, const struct broadcaster_request *rq, struct buf *out,
		     const char **field_out, struct err *err);

/* GET /broadcasts?limit=&before=: {"broadcasts":[progress…],"next":"…"|null,"timestamp"}. */
int broadcaster_list(struct broadcaster *b, const char *before, unsigned limit, struct buf *out,
		     struct err *err);
/* GET /broadcasts/{id}. 1/0/-1.
 * {"broadcast_id","state":"planning|scheduled|sending|quiet|paused|cancelled|done","why","why_code",
 *  "why_text","target_step","has_template","created_at","send_at","planned_at","finished_at",
 *  "audience","recipient_count","progress":{"waiting","sending","accepted","delivered","read",
 *  "failed","unsure","parked","skipped","cancelled"},"skipped":{reason:n},
 *  "failures":[{"code","text","count"}],"rate_per_second","expected_finish","audit":[…],"timestamp"}
 * The ten numbers of "progress" add up to "audience"; "recipient_count" is the audience without
 * skips. */
int broadcaster_show(struct broadcaster *b, const char *id, struct buf *out, struct err *err);
/* GET /broadcasts/{id}/recipients?cursor=&limit=&outcome=: {"recipients":[{"contact","outcome",
 * "reason","error_code","error_text","attempts","external_id","updated_at"}…],"next":…}; outcome is
 * a word of "progress". A page may hold fewer than limit. 1/0/-1. */
int broadcaster_recipients(struct broadcaster *b, const char *id, const char *cursor,
			   const char *outcome, unsigned limit, struct buf *out, struct err *err);
/* POST /broadcasts/{id}/{pause,resume,cancel,retry-failed}: the progress afterwards. Doing
 * what is done already is fine. 1/0 not there/-1: ERR_PERM 409 it cannot be done now (say, resume
 * of a cancelled one), the text says why. */
enum broadcaster_action {
	BROADCASTER_PAUSE,
	BROADCASTER_RESUME,
	BROADCASTER_CANCEL,
	BROADCASTER_RETRY
};
int broadcaster_steer(struct broadcaster *b, const char *id, enum broadcaster_action action,
		      const char *request_id, struct buf *out, struct err *err);

struct broadcaster_state { /* for metrics */
	int64_t open;	   /* neither done nor cancelled */
	int64_t waiting;   /* rows of them not sent yet */
};
void broadcaster_look(struct broadcaster *b, struct broadcaster_state *state_out);

#endif
