/*
 * serve.c - one request from its row in the table to the last byte of its answer.
 *
 * Checks in this order: known path, method, caller, size, media type; only
 * then is a body read. One log line and one count per request; query strings,
 * bodies and numbers never get there.
 */
#include "web_private.h"

#include <civetweb.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"

/* A path is logged unless it may hold a person's number. */
static const char *path_shown(const char *path)
{
	size_t digits = 0;

	for (size_t i = 0; path[i]; i++) {
		digits = path[i] >= '0' && path[i] <= '9' ? digits + 1 : 0;
		if (digits == 6 || i == 120)
			return "(hidden)";
	}
	return path;
}

static int refuse_route(struct web_request *rq, struct web_answer *an, enum web_match match,
			const struct buf *allow)
{
	if (match == MATCH_NO_PATH) {
		web_answer_error(an, rq, 404, "not_found", NULL,
				 "nothing is here; webhooks go to POST /webhook");
		return -1;
	}
	an->allow = arena_strdup(&rq->arena, allow->data);
	web_answer_error(an, rq, 405, "method_not_allowed", NULL, "use %s", an->allow);
	return -1;
}

static bool caller_allowed(const struct web *web, const struct web_route *route,
			   const struct web_request *rq, struct web_answer *an)
{
	switch (route->who) {
	case WHO_METRICS:
		return web->set.metrics_public || web_admin_allowed(web, rq, an);
	case WHO_ADMIN:
		return web_admin_allowed(web, rq, an);
	case WHO_PUBLIC:
	case WHO_SIGNED:
	case WHO_SANDBOX:
		return true;
	}
	return false;
}

static const struct web_route *answer_request(struct web *web, struct web_request *rq,
					      struct mg_connection *conn, struct web_answer *an)
{
	const struct web_route *route = NULL;
	struct buf allow;
	enum web_match match;
	bool unread = mg_get_request_info(conn)->content_length != 0;

	buf_init(&allow, 256);
	match = web_route_find(rq->hook.method, rq->path, web->set.twin != NULL, &route, &allow);
	if (match != MATCH_FOUND) {
		an->close = unread;
		(void)refuse_route(rq, an, match, &allow);
	} else if (atomic_load(&web->refusing)) {
		an->close = true;
		web_answer_error(an, rq, 503, "stopping", NULL,
				 "the server is stopping; try again");
	} else if (!caller_allowed(web, route, rq, an)) {
		an->close = unread;
	} else if (web_request_body(web, rq, route, conn, an) == 0) {
		rq->part = web_route_id(route, rq->path, &rq->arena);
		route->handler(web, rq, an);
	}
	buf_free(&allow);
	return route;
}

/* Half of the threads busy: those who wait in the queue come before those who may come back. */
static bool must_close(const struct web *web, const struct web_request *rq,
		       const struct mg_connection *conn)
{
	const char *version = mg_get_request_info(conn)->http_version;
	const char *wish = webhook_header(&rq->hook, "Connection", NULL);

	return atomic_load(&web->draining) || atomic_load(&web->connections) > web->threads / 2 ||
	       !version || strcmp(version, "1.1") != 0 || (wish && strcasecmp(wish, "close") == 0);
}

static void lose_answer(void)
{
	log_debug("the client left before its answer");
	metric_add(metric_counter("samvad_http_answers_lost_total", NULL,
				  "Answers whose client was gone, or read them too slowly."),
		   1);
}

static void send_whole(struct web *web, const struct web_request *rq, struct web_answer *an,
		       struct mg_connection *conn)
{
	const struct mg_request_info *info = mg_get_request_info(conn);
	struct patience_wait wait = { .peer = info->remote_addr,
				      .peer_port = (uint16_t)info->remote_port,
				      .own_port = web->port,
				      .writing = true };
	struct buf wire;

	an->close |= must_close(web, rq, conn);
	if (an->close)
		mg_disable_connection_keep_alive(conn);
	buf_init(&wire, an->body.len + WEB_MAX_OUR_HEAD);
	if (web_answer_format(an, rq, strcmp(rq->hook.method, "HEAD") != 0, &wire) < 0)
		log_error("an answer outgrows its head", LOG_S("path", path_shown(rq->path)));
	patience_begin(web->patience, &wait, WEB_PATIENCE_MS);
	if (mg_write(conn, wire.data, wire.len) != (int)wire.len)
		lose_answer();
	(void)patience_end(web->patience, &wait);
	buf_free(&wire);
}

static void send_answer(struct web *web, struct web_request *rq, struct web_answer *an,
			struct mg_connection *conn)
{
	if (an->drop)
		mg_disable_connection_keep_alive(conn); /* it ends with nothing written */
	else if (an->stream)
		web_stream_run(web, rq, an, conn);
	else
		send_whole(web, rq, an, conn);
}

void web_serve(struct web *web, struct mg_connection *conn)
{
	struct web_request rq;
	struct web_answer an;
	const struct web_route *route = NULL;

	web_answer_init(&an);
	if (web_request_take(&rq, conn, &an) == 0) {
		log_context_trace(rq.id);
		route = answer_request(web, &rq, conn, &an);
	}
	send_answer(web, &rq, &an, conn);
	if (an.close && mg_get_request_info(conn)->content_length != 0)
		web_request_discard(web, conn);
	web_route_count_answer(route, an.status);
	log_info("request", LOG_S("method", rq.hook.method), LOG_S("path", path_shown(rq.path)),
		 LOG_I("status", an.status), LOG_I("ms", (clock_mono_us() - rq.started_us) / 1000));
	log_context_clear();
	web_answer_free(&an);
	web_request_free(&rq);
}
