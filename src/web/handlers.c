/*
 * handlers.c - health, numbers, and what is not there yet: thin covers of admin.h and twin.h.
 */
#include "web_private.h"

#include <string.h>

#include "base/log.h"

static const char JSON[] = "application/json";

void handle_health(struct web *web, struct web_request *rq, struct web_answer *an)
{
	(void)rq;
	an->status = admin_health(web->set.admin, &an->body);
	an->type = JSON;
}

void handle_health_live(struct web *web, struct web_request *rq, struct web_answer *an)
{
	(void)rq;
	an->status = admin_live(web->set.admin, &an->body);
	an->type = JSON;
}

void handle_health_ready(struct web *web, struct web_request *rq, struct web_answer *an)
{
	(void)rq;
	an->status = admin_ready(web->set.admin, &an->body);
	an->type = JSON;
}

void handle_stats(struct web *web, struct web_request *rq, struct web_answer *an)
{
	struct err err = { 0 };

	if (admin_stats(web->set.admin, &an->body, &err) < 0) {
		log_error("no statistics", LOG_S("error", err.text));
		web_answer_err(an, rq, &err);
		return;
	}
	an->type = JSON;
}

void handle_metrics(struct web *web, struct web_request *rq, struct web_answer *an)
{
	struct err err = { 0 };

	if (admin_metrics(web->set.admin, &an->body, &err) < 0) {
		log_error("no metrics", LOG_S("error", err.text));
		web_answer_err(an, rq, &err);
		return;
	}
	an->type = "text/plain; version=0.0.4; charset=utf-8";
}

void handle_broadcast(struct web *web, struct web_request *rq, struct web_answer *an)
{
	(void)web;
	web_answer_error(an, rq, 501, "not_implemented", NULL,
			 "broadcasts come with a later release");
}

/* The twin tells OTPs to whoever asks, so only this machine may: no tunnel, no proxy, no foreign
 * page that had its own name resolved to 127.0.0.1. */
static bool is_from_here(const struct web_request *rq)
{
	const char *host = webhook_header(&rq->hook, "Host", NULL);
	size_t n = host ? strcspn(host, ":") : 0;
	bool local = !host || strspn(host, "0123456789.") == n ||
		     (n == 9 && memcmp(host, "localhost", 9) == 0);

	return local && !webhook_header(&rq->hook, "X-Forwarded-For", NULL) &&
	       !webhook_header(&rq->hook, "Forwarded", NULL);
}

void handle_twin(struct web *web, struct web_request *rq, struct web_answer *an)
{
	if (!is_from_here(rq)) {
		web_answer_error(an, rq, 403, "sandbox_is_local", NULL,
				 "the sandbox answers on this machine only, not through a proxy");
		return;
	}
	an->status = twin_answer(web->set.twin, &rq->hook, &an->body, &an->type);
	if (an->status == 401)
		an->challenge = "Basic realm=\"Twilio API\"";
}
