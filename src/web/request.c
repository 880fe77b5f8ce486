/*
 * request.c - from CivetWeb's request to ours: headers, id, body, admin token.
 *
 * Everything is bounded before it is kept. The body is read here and nowhere
 * else; CivetWeb's form reader is not used.
 */
#include "web_private.h"

#include <civetweb.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/id.h"

/* ---- head ---- */

static bool is_id_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

void web_request_id(const char *given, char out[WEB_REQUEST_ID_MAX + 1])
{
	size_t n = 0;

	while (given && is_id_char(given[n]) && n <= WEB_REQUEST_ID_MAX)
		n++;
	if (n == 0 || n > WEB_REQUEST_ID_MAX || given[n])
		id_random(out);
	else
		memcpy(out, given, n + 1);
}

static void take_headers(struct webhook *hook, const struct mg_request_info *info)
{
	int n = info->num_headers < WEBHOOK_MAX_HEADERS ? info->num_headers : WEBHOOK_MAX_HEADERS;

	for (int i = 0; i < n; i++)
		hook->headers[i] = (struct webhook_header){ info->http_headers[i].name,
							    info->http_headers[i].value };
	hook->header_count = (size_t)n;
}

/* Two different lengths or hosts: somebody on the way sees another request than we do. */
static bool has_conflict(const struct webhook *hook)
{
	static const char *const once[] = { "Content-Length", "Transfer-Encoding", "Host",
					    "Content-Type", "Authorization" };
	bool conflict;

	for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
		(void)webhook_header(hook, once[i], &conflict);
		if (conflict)
			return true;
	}
	return webhook_header(hook, "Content-Length", NULL) &&
	       webhook_header(hook, "Transfer-Encoding", NULL);
}

/* "12abc" is 12 for CivetWeb and may be something else for a proxy. */
static bool has_odd_length(const struct webhook *hook)
{
	const char *length = webhook_header(hook, "Content-Length", NULL);

	return length && (!*length || length[strspn(length, "0123456789")] != '\0');
}

int web_request_take(struct web_request *rq, struct mg_connection *conn, struct web_answer *an)
{
	const struct mg_request_info *info = mg_get_request_info(conn);

	*rq = (struct web_request){ .started_us = clock_mono_us() };
	take_headers(&rq->hook, info);
	web_request_id(webhook_header(&rq->hook, "X-Request-Id", NULL), rq->id);
	rq->path = info->local_uri_raw ? info->local_uri_raw : "";
	rq->hook.method = info->request_method;
	rq->hook.target = rq->path;
	if (info->query_string)
		rq->hook.target = arena_printf(&rq->arena, "%s?%s", rq->path, info->query_string);
	rq->hook.body = str_of("");
	rq->hook.peer = info->remote_addr;
	rq->hook.tls = info->is_ssl != 0;
	rq->hook.request_id = rq->id;

	an->close = true; /* a request that is refused here is not read any further */
	if (info->num_headers >= WEBHOOK_MAX_HEADERS) {
		/* there may be more, which CivetWeb does not tell */
		web_answer_error(an, rq, 431, "too_many_headers", NULL,
				 "fewer than %d headers, please", WEBHOOK_MAX_HEADERS);
		return -1;
	}
	if (has_conflict(&rq->hook)) {
		web_answer_error(an, rq, 400, "malformed", NULL,
				 "a header occurs twice with different values, or both "
				 "Content-Length and Transfer-Encoding are given");
		return -1;
	}
	if (has_odd_length(&rq->hook)) {
		web_answer_error(an, rq, 400, "malformed", "Content-Length",
				 "Content-Length is not a number");
		return -1;
	}
	an->close = false;
	return 0;
}

void web_request_free(struct web_request *rq)
{
	arena_free(&rq->arena);
}

bool web_media_is(const char *content_type, const char *media)
{
	size_t n = strlen(media);

	if (!content_type)
		return false;
	content_type += strspn(content_type, " \t");
	if (strncasecmp(content_type, media, n) != 0)
		return false;
	content_type += n;
	content_type += strspn(content_type, " \t");
	return *content_type == '\0' || *content_type == ';';
}

/* ---- body ---- */

static int too_large(struct web_request *rq, const struct web_route *route, struct web_answer *an)
{
	an->close = true;
	if (route->max_body)
		web_answer_error(an, rq, 413, "too_large", route->bulk,
				 "the body is larger than %zu bytes", route->max_body);
	else
		web_answer_error(an, rq, 413, "too_large", NULL, "this route takes no body");
	return -1;
}

/* One mg_read takes all that was announced; a chunked body comes in pieces. Returns bytes, or -1.
 */
static long read_all(struct mg_connection *conn, char *body, size_t want, bool chunked)
{
	size_t n = 0;

	while (n < want) {
		int got = mg_read(conn, body + n, want - n);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
		if (!chunked)
			break;
	}
	return (long)n;
}

static struct patience_wait wait_on(const struct web *web, const struct mg_request_info *info)
{
	return (struct patience_wait){ .peer = info->remote_addr,
				       .peer_port = (uint16_t)info->remote_port,
				       .own_port = web->port };
}

static int broken_body(struct web_request *rq, struct web_answer *an, bool late)
{
	an->close = true;
	if (late)
		web_answer_error(an, rq, 408, "timeout", NULL,
				 "the body did not arrive within %d seconds",
				 WEB_PATIENCE_MS / 1000);
	else
		web_answer_error(an, rq, 400, "malformed", NULL,
				 "the body ended early, or is not chunked as it says");
	return -1;
}

static int read_body(struct web *web, struct web_request *rq, const struct web_route *route,
		     struct mg_connection *conn, struct web_answer *an)
{
	const struct mg_request_info *info = mg_get_request_info(conn);
	bool chunked = info->content_length < 0;
	/* one byte more than allowed tells a chunked body that is too large */
	size_t want = chunked ? route->max_body + 1 : (size_t)info->content_length;
	char *body = arena_alloc(&rq->arena, want + 1);
	struct patience_wait wait = wait_on(web, info);
	int64_t began = clock_mono_ms();
	bool late;
	long n;

	patience_begin(web->patience, &wait, WEB_PATIENCE_MS);
	n = read_all(conn, body, want, chunked);
	late = patience_end(web->patience, &wait);
	if (clock_mono_ms() - began >= WEB_PATIENCE_MS - 500)
		late = true; /* CivetWeb's own limit, when nothing came at all */
	if (chunked && n > (long)route->max_body)
		return too_large(rq, route, an);
	if (wait.ended || n < 0 || (!chunked && (size_t)n < want))
		return broken_body(rq, an, late);
	body[n] = '\0';
	rq->hook.body = (struct str){ body, (size_t)n };
	return 0;
}

void web_request_discard(struct web *web, struct mg_connection *conn)
{
	struct patience_wait wait = wait_on(web, mg_get_request_info(conn));
	char chunk[16384];
	size_t n = 0;
	int got;

	patience_begin(web->patience, &wait, WEB_DISCARD_MS);
	while (n < WEB_DISCARD_MAX && (got = mg_read(conn, chunk, sizeof chunk)) > 0)
		n += (size_t)got;
	(void)patience_end(web->patience, &wait);
}

int web_request_body(struct web *web, struct web_request *rq, const struct web_route *route,
		     struct mg_connection *conn, struct web_answer *an)
{
	const struct mg_request_info *info = mg_get_request_info(conn);
	const char *expect = webhook_header(&rq->hook, "Expect", NULL);

	if (info->content_length > (long long)route->max_body)
		return too_large(rq, route, an);
	if (route->media &&
	    !web_media_is(webhook_header(&rq->hook, "Content-Type", NULL), route->media)) {
		an->close = info->content_length != 0;
		web_answer_error(an, rq, 415, "unsupported_media_type", NULL, "send %s",
				 route->media);
		return -1;
	}
	if (info->content_length == 0)
		return 0;
	if (expect && strcasecmp(expect, "100-continue") == 0)
		(void)mg_write(conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	return read_body(web, rq, route, conn, an);
}

/* ---- who calls ---- */

bool web_admin_allowed(const struct web *web, const struct web_request *rq, struct web_answer *an)
{
	const char *header = webhook_header(&rq->hook, "Authorization", NULL);
	uint8_t digest[SHA256_SIZE];

	if (!web->set.admin_token[0]) {
		web_answer_error(an, rq, 403, "admin_disabled", NULL,
				 "no admin token is set: set ADMIN_TOKEN and start again");
		return false;
	}
	if (header && strncasecmp(header, "Bearer ", 7) == 0) {
		sha256(str_of(header + 7 + strspn(header + 7, " ")), digest);
		if (equal_secret((struct str){ (const char *)digest, sizeof digest },
				 (struct str){ (const char *)web->admin_digest,
					       sizeof web->admin_digest }))
			return true;
	}
	an->challenge = "Bearer realm=\"samvad\"";
	web_answer_error(an, rq, 401, "unauthorized", NULL,
			 "send the admin token as Authorization: Bearer <ADMIN_TOKEN>");
	return false;
}
