/*
 * admin.h - what an operator sees and may do, as plain functions.
 *
 * No request here: web/ asks, these write JSON. No private text is shown, but for records: they
 * are kept to be read.
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
	const struct value *settings; /* "env" of texts */
	const char *auth_url;	      /* probed for health */
	const char *twilio_url;	      /* likewise */
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
/* ---- records ---- */

struct admin_record_query {
	const char *type;
	const char *contact; /* NULL: of all */
	const char *state;   /* "": any */
	const char *cursor;  /* "": the first page */
	unsigned limit;
};
/* Whether a pack keeps records of this type. */
bool admin_record_known(struct admin *admin, const char *type);
/* Newest first:
 * {"records":[{"type","id","contact","state","created_at","updated_at","fields":{…}}…],
 * "next_cursor","timestamp"}; at most 500. */
int admin_record_list(struct admin *admin, const struct admin_record_query *q, struct buf *out,
		      struct err *err);
/* One of them; 1/0/-1. */
int admin_record_show(struct admin *admin, const char *type, const char *id, struct buf *out,
		      struct err *err);
struct admin_record_change {
	const char *type;
	const char *id;
	const char *state; /* the new one */
	bool tell;	   /* its contact, with the pack's text for it */
	const char *request_id;
};
/* {"id","state","changed","told"}; told: "queued", or why not. 1/0/-1; ERR_INPUT: the pack has no
 * such state, ERR_PERM: somebody else was first. With an audit entry. */
int admin_record_change(struct admin *admin, const struct admin_record_change *ch, struct buf *out,
			struct err *err);
/* All of them (limit and cursor do not count), piece by piece, until write() says false. */
int admin_record_export(struct admin *admin, const struct admin_record_query *q, bool csv,
			bool (*write)(void *arg, const char *bytes, size_t n), void *arg,
			struct err *err);

/* Writes Prometheus text, gauges brought up to date. */
int admin_metrics(struct admin *admin, struct buf *out, struct err *err);

#endif
