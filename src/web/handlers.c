/*
 * handlers.c - health, numbers, the ledger and who did what: thin covers of admin.h.
 */
#include "web_private.h"

#include <string.h>

#include "base/log.h"
#include "model/contact.h"

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

/* A number of the query, `otherwise` when it is not there; 0: it is none. */
static unsigned query_number(const struct form *query, const char *name, unsigned otherwise)
{
	struct str text = form_get(query, name);
	unsigned n = 0;

	if (!text.p)
		return otherwise;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || n > 1000000)
			return 0;
		n = n * 10 + (unsigned)(text.p[i] - '0');
	}
	return n;
}

int web_request_query(struct web_request *rq, struct form *query_out, struct web_answer *an)
{
	const char *mark = strchr(rq->hook.target, '?');
	struct err err = { 0 };

	if (form_decode(str_of(mark ? mark + 1 : ""), &rq->arena, query_out, &err) == 0)
		return 0;
	web_answer_error(an, rq, 400, "malformed", NULL, "the query: %s", err.text);
	return -1;
}

const char *web_query_text(struct web_request *rq, const struct form *query, const char *name)
{
	struct str text = form_get(query, name);

	return arena_strndup(&rq->arena, text.p ? text.p : "", text.n);
}

int web_query_limit(struct web_request *rq, const struct form *query, unsigned otherwise,
		    unsigned *limit_out, struct web_answer *an)
{
	*limit_out = query_number(query, "limit", otherwise);
	if (*limit_out)
		return 0;
	web_answer_error(an, rq, 400, "malformed", "limit", "limit is not a number from 1 on");
	return -1;
}

void handle_audit(struct web *web, struct web_request *rq, struct web_answer *an)
{
	struct err err = { 0 };
	struct form query;
	const char *object;
	unsigned limit;

	if (web_request_query(rq, &query, an) < 0 ||
	    web_query_limit(rq, &query, 100, &limit, an) < 0)
		return;
	object = web_query_text(rq, &query, "object");
	if (admin_audit(web->set.admin, *object ? object : NULL, limit, &an->body, &err) < 0) {
		log_error("no audit", LOG_S("error", err.text));
		web_answer_err(an, rq, &err);
		return;
	}
	an->type = JSON;
}

void handle_consent(struct web *web, struct web_request *rq, struct web_answer *an)
{
	struct err err = { 0 };
	struct form query;
	char *contact;

	if (web_request_query(rq, &query, an) < 0)
		return;
	contact = arena_strdup(&rq->arena, web_query_text(rq, &query, "contact"));
	for (char *p = contact; *p; p++)
		if (*p == ' ') /* a plus that was not escaped; no address holds a blank */
			*p = '+';
	if (!contact_is_valid(contact)) {
		web_answer_error(an, rq, 400, "malformed", "contact",
				 "contact is no address; write "
				 "/consent?contact=whatsapp%%3A%%2B919876543210");
		return;
	}
	if (admin_consent(web->set.admin, contact, &an->body, &err) < 0) {
		log_error("no ledger", LOG_S("error", err.text));
		web_answer_err(an, rq, &err);
		return;
	}
	an->type = JSON;
}
