/*
 * web.h - providers and people call in (CivetWeb).
 *
 * A table of routes: method, path, who may call, body limit, handler. A
 * CivetWeb thread turns the request into a struct webhook, a handler answers.
 * Knows HTTP, and decides nothing about a message or a status.
 */
#ifndef SAMVAD_WEB_H
#define SAMVAD_WEB_H

#include <stdbool.h>
#include <stdint.h>

#include "admin.h"
#include "base/clock.h"
#include "base/err.h"
#include "broadcast.h"
#include "channel.h"
#include "conversation.h"
#include "outbox.h"
#include "store.h"
#include "twin.h"

struct web; /* opaque */

struct web_settings { /* borrowed, must outlive it */
	const char *host;
	uint16_t port;		 /* 0: any free one, see web_port */
	unsigned threads;	 /* 0: 1100 */
	const char *admin_token; /* "" : admin routes answer 403 */
	bool metrics_public;
	struct channel *channel;
	struct conversation *conversation;
	struct store *store;
	struct outbox *outbox; /* hears status news */
	struct admin *admin;
	struct broadcaster *broadcaster;
	struct twin *twin; /* NULL: no /sandbox */
	const struct clock *clock;
};

/* Listens and answers. */
int web_open(const struct web_settings *set, struct web **web_out, struct err *err);
uint16_t web_port(const struct web *web);
/* Refuses new work, lets requests under way finish (at most grace_ms), stops. */
void web_close(struct web **web, int grace_ms);

#endif
