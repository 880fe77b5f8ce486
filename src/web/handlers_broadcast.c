/*
 * handlers_broadcast.c - broadcasts over HTTP: thin covers of broadcast.h.
 */
#include "web_private.h"

#include <string.h>

#include "base/log.h"

static const char JSON[] = "application/json";

enum { LIST_USUAL = 20, RECIPIENTS_USUAL = 100 };

/* An admin may hear why. */
static void refuse(struct web_request *rq, struct web_answer *an, const char *field,
		   const struct err *err)
{
	const char *named = field && *field ? field : NULL;

	switch (err->kind) {
	case ERR_INPUT:
		web_answer_error(an, rq, 400, "malformed", named, "%s", err->text);
		return;
	case ERR_PERM:
		web_answer_error(an, rq, 409, "conflict", named, "%s", err->text);
		return;
	case ERR_TEMP:
		log_warn("broadcast request", LOG_S("error", err->text));
		web_answer_error(an, rq, 503, "unavailable", NULL, "%s", err->text);
		return;
	case ERR_NONE:
	case ERR_FULL:
	case ERR_UNSURE:
	case ERR_BUG:
		break;
	}
	log_error("broadcast request", LOG_S("error", err->text));
	web_answer_err(an, rq, err);
}

/* What curl -d says of a body unless it is told is let pass: the body is read as JSON anyway. */
static bool is_json(const struct web_request *rq)
{
	const char *type = webhook_header(&rq->hook, "Content-Type", NULL);

	return !type || web_media_is(type, JSON) ||
	       web_media_is(type, "application/x-www-form-urlencoded");
}

void handle_broadcast_send(struct web *web, struct web_request *rq, struct web_answer *an)
{
	bool twice = false;
	const char *key = webhook_header(&rq->hook, "Idempotency-Key", &twice);
	const struct broadcaster_request order = { .body = rq->hook.body,
						   .key = key ? key : "",
						   .request_id = rq->id,
						   .arena = &rq->arena };
	const char *field = NULL;
	struct err err = { 0 };
	int status;

	if (!is_json(rq)) {
		web_answer_error(an, rq, 415, "unsupported_media_type", NULL, "send %s", JSON);
		return;
	}
	if (twice) {
		web_answer_error(an, rq, 400, "malformed", "Idempotency-Key",
				 "Idempotency-Key is there twice, and not the same");
		return;
	}
	status = broadcaster_send(web->set.broadcaster, &order, &an->body, &field, &err);
	if (status < 0) {
		refuse(rq, an, field, &err);
		return;
	}
	an->status = status;
	an->type = JSON;
}

/* Of a look-up: 1 there, 0 not there, -1. */
static void answer_lookup(struct web_request *rq, struct web_answer *an, int got, const char *field,
			  const struct err *err)
{
	if (got > 0) {
		an->type = JSON;
		return;
	}
	if (got < 0)
		refuse(rq, an, field, err);
	else
		web_answer_error(an, rq, 404, "not_found", NULL,
				 "there is no broadcast with this id; GET /broadcasts lists them");
}

/* Only what can be an id gets to the store. */
static bool is_id(const char *part)
{
	return strlen(part) == ID_HEX_SIZE - 1 &&
	       strspn(part, "0123456789abcdef") == ID_HEX_SIZE - 1;
}

void handle_broadcast_list(struct web *web, struct web_request *rq, struct web_answer *an)
{
	struct err err = { 0 };
	struct form query;
	unsigned limit;

	if (web_request_query(rq, &query, an) < 0 ||
	    web_query_limit(rq, &query, LIST_USUAL, &limit, an) < 0)
		return;
	if (broadcaster_list(web->set.broadcaster, web_query_text(rq, &query, "before"), limit,
			     &an->body, &err) < 0)
		refuse(rq, an, "before", &err);
	else
		an->type = JSON;
}

void handle_broadcast_show(struct web *web, struct web_request *rq, struct web_answer *an)
{
	struct err err = { 0 };
	int got = is_id(rq->part)
			  ? broadcaster_show(web->set.broadcaster, rq->part, &an->body, &err)
			  : 0;

	answer_lookup(rq, an, got, NULL, &err);
}

void handle_broadcast_recipients(struct web *web, struct web_request *rq, struct web_answer *an)
{
	struct err err = { 0 };
	struct form query;
	unsigned limit;
	int got = 0;

	if (web_request_query(rq, &query, an) < 0 ||
	    web_query_limit(rq, &query, RECIPIENTS_USUAL, &limit, an) < 0)
		return;
	if (is_id(rq->part))
		got = broadcaster_recipients(
			web->set.broadcaster, rq->part, web_query_text(rq, &query, "cursor"),
			web_query_text(rq, &query, "outcome"), limit, &an->body, &err);
	answer_lookup(rq, an, got, "outcome", &err);
}

static void steer(struct web *web, struct web_request *rq, struct web_answer *an,
		  enum broadcaster_action action)
{
	struct err err = { 0 };
	int got = is_id(rq->part) ? broadcaster_steer(web->set.broadcaster, rq->part, action,
						      rq->id, &an->body, &err)
				  : 0;

	answer_lookup(rq, an, got, NULL, &err);
}

void handle_broadcast_pause(struct web *web, struct web_request *rq, struct web_answer *an)
{
	steer(web, rq, an, BROADCASTER_PAUSE);
}

void handle_broadcast_resume(struct web *web, struct web_request *rq, struct web_answer *an)
{
	steer(web, rq, an, BROADCASTER_RESUME);
}

void handle_broadcast_cancel(struct web *web, struct web_request *rq, struct web_answer *an)
{
	steer(web, rq, an, BROADCASTER_CANCEL);
}

void handle_broadcast_retry(struct web *web, struct web_request *rq, struct web_answer *an)
{
	steer(web, rq, an, BROADCASTER_RETRY);
}
