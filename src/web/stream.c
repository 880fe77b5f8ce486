/*
 * stream.c - an answer that is written piece by piece, as long as the client listens.
 *
 * Nothing is buffered: each piece is on the wire when the write returns, or
 * the stream is over. Each stream takes a thread, so there are few. What the
 * writer waits for is its own business; it looks up at least every 15 seconds,
 * and writes a comment then, so that a client that left is noticed.
 */
#include "web_private.h"

#include <civetweb.h>

#include "base/log.h"

struct web_stream {
	struct web *web;
	struct mg_connection *conn;
	bool ended;
};

/* A quarter of the threads at most: requests must get through beside streams. */
static unsigned places(const struct web *web)
{
	unsigned quarter = web->threads / 4 ? web->threads / 4 : 1;

	return quarter < WEB_MAX_STREAMS ? quarter : WEB_MAX_STREAMS;
}

bool web_stream_admit(struct web *web, const struct web_request *rq, struct web_answer *an)
{
	if (atomic_fetch_add(&web->streams, 1) < places(web))
		return true;
	atomic_fetch_sub(&web->streams, 1);
	web_answer_error(an, rq, 503, "too_many_streams", NULL,
			 "%u streams are open already; close a page", places(web));
	return false;
}

bool web_stream_write(struct web_stream *st, const char *bytes, size_t n)
{
	const struct mg_request_info *info = mg_get_request_info(st->conn);
	struct patience_wait wait = { .peer = info->remote_addr,
				      .peer_port = (uint16_t)info->remote_port,
				      .own_port = st->web->port,
				      .writing = true };

	if (st->ended || atomic_load(&st->web->draining)) {
		st->ended = true;
		return false;
	}
	patience_begin(st->web->patience, &wait, WEB_PATIENCE_MS);
	st->ended = mg_write(st->conn, bytes, n) != (int)n;
	st->ended |= patience_end(st->web->patience, &wait);
	return !st->ended;
}

void web_stream_run(struct web *web, struct web_request *rq, struct web_answer *an,
		    struct mg_connection *conn)
{
	struct web_stream st = { .web = web, .conn = conn };
	struct buf head;

	an->close = true; /* the end of the connection is the end of the body */
	mg_disable_connection_keep_alive(conn);
	buf_init(&head, WEB_MAX_HEAD);
	(void)web_answer_format(an, rq, false, &head);
	if (web_stream_write(&st, head.data, head.len))
		an->stream(web, rq, &st);
	buf_free(&head);
	atomic_fetch_sub(&web->streams, 1);
}
