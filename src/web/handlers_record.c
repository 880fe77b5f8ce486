/*
 * handlers_record.c - records over HTTP: thin covers of admin.h.
 */
#include "web_private.h"

#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "model/contact.h"

static const char JSON[] = "application/json";

enum { LIST_USUAL = 50 };

static void refuse(struct web_request *rq, struct web_answer *an, const char *field,
		   const struct err *err)
{
	if (err->kind == ERR_INPUT)
		web_answer_error(an, rq, 400, "malformed", field, "%s", err->text);
	else if (err->kind == ERR_PERM)
		web_answer_error(an, rq, 409, "conflict", NULL, "%s", err->text);
	else
		web_answer_err(an, rq, err);
	if (err->kind != ERR_INPUT && err->kind != ERR_PERM)
		log_error("records request", LOG_S("error", err->text));
}

static void not_found(struct web_request *rq, struct web_answer *an, const char *what)
{
	web_answer_error(an, rq, 404, "not_found", NULL, "%s", what);
}

/* The type is the route's first part; what is behind it, or "". */
static const char *id_of(const struct web_request *rq)
{
	const char *slash = strchr(rq->path + strlen("/records/"), '/');

	return slash ? slash + 1 : "";
}

static bool is_type(const struct web *web, struct web_request *rq, struct web_answer *an)
{
	if (admin_record_known(web->set.admin, rq->part))
		return true;
	not_found(rq, an, "no pack keeps records of this type");
	return false;
}

static int read_query(struct web_request *rq, struct admin_record_query *q, struct form *form,
		      struct web_answer *an)
{
	char *contact;

	if (web_request_query(rq, form, an) < 0 ||
	    web_query_limit(rq, form, LIST_USUAL, &q->limit, an) < 0)
		return -1;
	contact = arena_strdup(&rq->arena, web_query_text(rq, form, "contact"));
	for (char *p = contact; *p; p++)
		if (*p == ' ') /* a plus that was not escaped */
			*p = '+';
	if (*contact && !contact_is_valid(contact)) {
		web_answer_error(
			an, rq, 400, "malformed", "contact",
			"contact is no address; write contact=whatsapp%%3A%%2B919876543210");
		return -1;
	}
	q->type = rq->part;
	q->contact = *contact ? contact : NULL;
	q->state = web_query_text(rq, form, "state");
	q->cursor = web_query_text(rq, form, "cursor");
	return 0;
}

/* ---- all of them, as a file ---- */

static bool write_piece(void *arg, const char *bytes, size_t n)
{
	return web_stream_write(arg, bytes, n);
}

/* A file that broke off has no end: JSON is none then, and the connection just closes. */
static void export_all(struct web *web, struct web_request *rq, struct web_stream *st)
{
	struct admin_record_query q = { 0 };
	struct web_answer ignored;
	struct err err = { 0 };
	struct form form;

	web_answer_init(&ignored); /* the query was read well once */
	if (read_query(rq, &q, &form, &ignored) == 0 &&
	    admin_record_export(web->set.admin, &q,
				strcmp(web_query_text(rq, &form, "format"), "csv") == 0,
				write_piece, st, &err) < 0)
		log_warn("an export broke off", LOG_S("error", err.text));
	web_answer_free(&ignored);
}

static void begin_export(struct web *web, struct web_request *rq, struct web_answer *an,
			 const char *format)
{
	bool csv = strcmp(format, "csv") == 0;

	if (!csv && strcmp(format, "json") != 0) {
		web_answer_error(an, rq, 400, "malformed", "format", "format is csv or json");
		return;
	}
	an->type = csv ? "text/csv; charset=utf-8" : JSON;
	an->headers =
		arena_printf(&rq->arena, "Content-Disposition: attachment; filename=\"%s.%s\"\r\n",
			     rq->part, format);
	if (strcmp(rq->hook.method, "GET") == 0 && web_stream_admit(web, rq, an))
		an->stream = export_all;
}

/* ---- one page, one record ---- */

void handle_record_list(struct web *web, struct web_request *rq, struct web_answer *an)
{
	struct admin_record_query q = { 0 };
	struct err err = { 0 };
	struct form form;
	const char *format;

	if (!is_type(web, rq, an) || read_query(rq, &q, &form, an) < 0)
		return;
	format = web_query_text(rq, &form, "format");
	if (*format)
		begin_export(web, rq, an, format);
	else if (admin_record_list(web->set.admin, &q, &an->body, &err) < 0)
		refuse(rq, an, "cursor", &err);
	else
		an->type = JSON;
}

void handle_record_show(struct web *web, struct web_request *rq, struct web_answer *an)
{
	struct err err = { 0 };
	int got;

	if (!is_type(web, rq, an))
		return;
	got = admin_record_show(web->set.admin, rq->part, id_of(rq), &an->body, &err);
	if (got < 0)
		refuse(rq, an, NULL, &err);
	else if (got == 0)
		not_found(rq, an, "there is no record with this id");
	else
		an->type = JSON;
}

static void change(struct web *web, struct web_request *rq, struct web_answer *an,
		   const struct admin_record_change *ch)
{
	struct err err = { 0 };
	int got = admin_record_change(web->set.admin, ch, &an->body, &err);

	if (got < 0)
		refuse(rq, an, "state", &err);
	else if (got == 0)
		not_found(rq, an, "there is no record with this id");
	else
		an->type = JSON;
}

void handle_record_change(struct web *web, struct web_request *rq, struct web_answer *an)
{
	struct admin_record_change ch = { .type = rq->part, .id = id_of(rq), .request_id = rq->id };
	struct cJSON *root = NULL;
	struct err err = { 0 };

	if (!is_type(web, rq, an))
		return;
	if (json_parse(rq->hook.body, &root, &err) < 0) {
		web_answer_error(an, rq, 400, "malformed", NULL, "the body: %s", err.text);
		return;
	}
	ch.state = arena_strdup(&rq->arena, json_text(root, "state", ""));
	ch.tell = json_bool(root, "tell", false);
	json_free(&root);
	if (*ch.state)
		change(web, rq, an, &ch);
	else
		web_answer_error(an, rq, 400, "malformed", "state",
				 "write {\"state\": \"resolved\", \"tell\": true}");
}
