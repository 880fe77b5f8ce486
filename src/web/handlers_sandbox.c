/*
 * handlers_sandbox.c - the twin's doors: requests, the stream of events, and the one thing that
 * the twin asks of the program itself.
 */
#include "web_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/form.h"
#include "base/log.h"
#include "model/contact.h"

enum { HEARTBEAT_MS = 15000, EVENTS_MAX = 1 << 21 };

/* ---- who may ---- */

/* Who follows a link to the page comes from elsewhere, and gets no more than the page. */
static bool is_visit(const struct web_request *rq)
{
	const char *mode = webhook_header(&rq->hook, "Sec-Fetch-Mode", NULL);
	const char *dest = webhook_header(&rq->hook, "Sec-Fetch-Dest", NULL);

	return mode && strcmp(mode, "navigate") == 0 && dest && strcmp(dest, "document") == 0 &&
	       strcmp(rq->hook.method, "GET") == 0 && strcmp(rq->path, "/sandbox") == 0;
}

/* A foreign page in a browser of this machine names itself here. */
static bool is_own_page(const struct web_request *rq)
{
	const char *origin = webhook_header(&rq->hook, "Origin", NULL);
	const char *host = webhook_header(&rq->hook, "Host", NULL);
	const char *site = webhook_header(&rq->hook, "Sec-Fetch-Site", NULL);
	const char *rest = origin ? strstr(origin, "://") : NULL;

	if (site && strcmp(site, "cross-site") == 0 && !is_visit(rq))
		return false;
	return !origin || (rest && host && strcmp(rest + 3, host) == 0);
}

/* The twin tells OTPs to whoever asks, so only this machine may: no tunnel, no proxy, no foreign
 * page that had its own name resolved to 127.0.0.1. */
static bool is_from_here(const struct web_request *rq)
{
	const char *host = webhook_header(&rq->hook, "Host", NULL);
	size_t n = host ? strcspn(host, ":") : 0;
	bool local = !host || strspn(host, "0123456789.") == n ||
		     (n == 9 && memcmp(host, "localhost", 9) == 0);

	return local && is_own_page(rq) && !webhook_header(&rq->hook, "X-Forwarded-For", NULL) &&
	       !webhook_header(&rq->hook, "Forwarded", NULL);
}

static bool may(const struct web_request *rq, struct web_answer *an)
{
	if (is_from_here(rq))
		return true;
	web_answer_error(an, rq, 403, "sandbox_is_local", NULL,
			 "the sandbox answers on this machine only, not through a proxy or to "
			 "another site's page");
	return false;
}

/* ---- what they get ---- */

void handle_twin(struct web *web, struct web_request *rq, struct web_answer *an)
{
	struct twin_reply reply;

	if (!may(rq, an))
		return;
	twin_answer(web->set.twin, &rq->hook, &an->body, &reply);
	an->status = reply.status;
	an->type = reply.type;
	an->headers = arena_strdup(&rq->arena, reply.headers);
	an->drop = reply.dropped;
	if (an->status == 401)
		an->challenge = "Basic realm=\"Twilio API\"";
}

static void write_events(struct web *web, struct web_request *rq, struct web_stream *st)
{
	uint64_t since = twin_events_from(web->set.twin, &rq->hook);
	bool open = web_stream_write(st, "retry: 1000\n\n", 13);
	struct buf piece;

	buf_init(&piece, EVENTS_MAX);
	while (open) {
		buf_reset(&piece);
		if (twin_events_read(web->set.twin, &since, HEARTBEAT_MS, &piece) < 0)
			break;
		if (piece.len == 0)
			(void)buf_adds(&piece, ": still here\n\n");
		open = web_stream_write(st, piece.data, piece.len);
	}
	buf_free(&piece);
}

void handle_twin_events(struct web *web, struct web_request *rq, struct web_answer *an)
{
	if (!may(rq, an))
		return;
	an->type = "text/event-stream; charset=utf-8";
	if (strcmp(rq->hook.method, "GET") == 0 && web_stream_admit(web, rq, an))
		an->stream = write_events;
}

void handle_twin_session(struct web *web, struct web_request *rq, struct web_answer *an)
{
	const char *query = strchr(rq->hook.target, '?');
	struct err err = { 0 };
	struct form form;
	struct str contact;

	if (!may(rq, an))
		return;
	if (form_decode(str_of(query ? query + 1 : ""), &rq->arena, &form, &err) < 0) {
		web_answer_err(an, rq, &err);
		return;
	}
	contact = form_get(&form, "contact");
	if (!contact.p || !contact_is_valid(contact.p)) {
		web_answer_error(an, rq, 400, "malformed", "contact",
				 "write contact=whatsapp:%%2B919876543210");
		return;
	}
	if (admin_session(web->set.admin, contact.p, &an->body, &err) < 0) {
		log_error("no session to be shown", LOG_S("error", err.text));
		web_answer_err(an, rq, &err);
		return;
	}
	an->type = "application/json";
}
