/*
 * handlers.c - health, numbers, and what is not there yet: thin covers of admin.h.
 */
#include "web_private.h"

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
