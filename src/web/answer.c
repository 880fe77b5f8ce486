/*
 * answer.c - writes an answer: errors as JSON, and all of it as one piece of bytes.
 */
#include "web_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"

void web_answer_init(struct web_answer *an)
{
	*an = (struct web_answer){ .status = 200 };
	buf_init(&an->body, WEB_MAX_ANSWER);
}

void web_answer_free(struct web_answer *an)
{
	buf_free(&an->body);
}

static void write_error(struct buf *out, const char *code, const char *message, const char *field,
			const char *request_id)
{
	struct json_writer w;

	json_begin(&w, out);
	json_object(&w, NULL);
	json_object(&w, "error");
	json_add_text(&w, "code", code);
	json_add_text(&w, "message", message);
	if (field)
		json_add_text(&w, "field", field);
	json_end(&w);
	json_add_text(&w, "request_id", request_id);
	json_end(&w);
}

void web_answer_error(struct web_answer *an, const struct web_request *rq, int status,
		      const char *code, const char *field, const char *fmt, ...)
{
	char message[640];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof message, fmt, args);
	va_end(args);
	buf_reset(&an->body);
	an->status = status;
	an->type = "application/json";
	write_error(&an->body, code, message, field, rq->id);
}

void web_answer_err(struct web_answer *an, const struct web_request *rq, const struct err *err)
{
	static const struct {
		int status;
		const char *code;
		const char *message; /* NULL: the error's own text */
	} rows[] = {
		[ERR_NONE] = { 500, "internal", "something went wrong here; see the log" },
		[ERR_INPUT] = { 400, "malformed", NULL },
		[ERR_TEMP] = { 503, "unavailable", "not possible just now; try again" },
		[ERR_PERM] = { 500, "internal", "something is set up wrong here; see the log" },
		[ERR_FULL] = { 503, "no_space", "no space left to keep this; try again" },
		[ERR_UNSURE] = { 503, "unavailable", "not possible just now; try again" },
		[ERR_BUG] = { 500, "internal", "something went wrong here; see the log" },
	};
	size_t i = (size_t)err->kind < sizeof rows / sizeof *rows ? (size_t)err->kind : ERR_BUG;

	web_answer_error(an, rq, rows[i].status, rows[i].code, NULL, "%s",
			 rows[i].message ? rows[i].message : err->text);
}

static const char *reason_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} rows[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].status == status)
			return rows[i].phrase;
	return "Status";
}

/* "Fri, 20 Nov 2026 09:28:40 GMT", worked out once a second per thread. */
static const char *http_date(void)
{
	static _Thread_local time_t shown;
	static _Thread_local char text[40];
	time_t now = time(NULL);
	struct tm tm;

	if (now != shown && gmtime_r(&now, &tm)) {
		(void)strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		shown = now;
	}
	return text;
}

static void add_line(struct buf *wire, const char *name, const char *value)
{
	(void)buf_adds(wire, name);
	(void)buf_adds(wire, value);
	(void)buf_adds(wire, "\r\n");
}

/* Line by line, not with one format string, which would be half of an answer's cost. */
int web_answer_format(const struct web_answer *an, const struct web_request *rq, bool with_body,
		      struct buf *wire)
{
	(void)buf_adds(wire, "HTTP/1.1 ");
	(void)buf_add_int(wire, an->status);
	add_line(wire, " ", reason_phrase(an->status));
	add_line(wire, "Date: ", http_date());
	add_line(wire, "X-Request-Id: ", rq->id);
	(void)buf_adds(wire, "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n");
	if (an->type)
		add_line(wire, "Content-Type: ", an->type);
	if (an->headers)
		(void)buf_adds(wire, an->headers);
	if (an->status != 204 && !an->stream) {
		(void)buf_adds(wire, "Content-Length: ");
		(void)buf_add_int(wire, (int64_t)an->body.len);
		(void)buf_adds(wire, "\r\n");
	}
	if (an->allow)
		add_line(wire, "Allow: ", an->allow);
	if (an->challenge)
		add_line(wire, "WWW-Authenticate: ", an->challenge);
	if (an->status == 503)
		(void)buf_adds(wire, "Retry-After: 5\r\n");
	if (an->close)
		(void)buf_adds(wire, "Connection: close\r\n");
	(void)buf_adds(wire, "\r\n");
	if (with_body && an->status != 204)
		(void)buf_add(wire, an->body.data, an->body.len);
	return wire->full ? -1 : 0;
}
