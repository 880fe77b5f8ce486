/*
 * admin.h - what an operator sees and may do, as plain functions.
 *
 * No request here: web/ asks, these write JSON. No private text is shown.
 * Any thread, between open and close.
 */
#ifndef SAMVAD_ADMIN_H
#define SAMVAD_ADMIN_H

#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "broadcast.h"
#include "conversation.h"
#include "integration.h"
#include "store.h"

struct admin; /* opaque */

struct admin_settings { /* borrowed, must outlive it */
	struct store *store;
	struct conversation *conversation;
	struct integration *integration;
	struct broadcaster *broadcaster;
	const struct clock *clock;
	const char *auth_url;	/* probed for health */
	const char *twilio_url; /* likewise */
	const char *version;
};

int admin_open(const struct admin_settings *set, struct admin **admin_out, struct err *err);
void admin_close(struct admin **admin);

/* Writes the body of GET /health; returns the HTTP status, 200 or 503. */
int admin_health(struct admin *admin, struct buf *out);
/* For orchestrators: ready means store reachable or spool writable. */
int admin_ready(struct admin *admin, struct buf *out);
int admin_live(struct admin *admin, struct buf *out);
/* Writes the body of GET /stats; -1 when the store does not answer. Counts
 * that took long are given again for some seconds ("as_of" says from when). */
int admin_stats(struct admin *admin, struct buf *out, struct err *err);
/* Where a contact is: {"step","flow","language","completed","revision"}, or null; no answers. */
int admin_session(struct admin *admin, const char *contact, struct buf *out, struct err *err);
/* What a contact agreed to and took back, newest first: {"contact","consent","entries":[{"at",
 * "consent","words","message_id"}…],"timestamp"}. */
int admin_consent(struct admin *admin, const char *contact, struct buf *out, struct err *err);
/* Who did what, newest first; of one object, or of all (NULL): {"entries":[{"at","action",
 * "object","detail","request_id"}…],"timestamp"}. */
int admin_audit(struct admin *admin, const char *object, unsigned limit, struct buf *out,
		struct err *err);
/* Writes Prometheus text, gauges brought up to date. */
int admin_metrics(struct admin *admin, struct buf *out, struct err *err);

#endif
