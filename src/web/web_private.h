/*
 * web_private.h - what the files of web/ share: request, answer, route, server.
 *
 * The road: server.c takes the connection's request, routes.c finds its row,
 * request.c checks and reads it, a handler fills the answer, answer.c writes it.
 */
#ifndef SAMVAD_WEB_PRIVATE_H
#define SAMVAD_WEB_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/form.h"
#include "base/metric.h"
#include "model/webhook.h"
#include "web.h"

struct mg_connection;
struct mg_context;

enum {
	WEB_MAX_BODY = 65536,	   /* of a request */
	WEB_MAX_ANSWER = 16 << 20, /* of an answer's body */
	WEB_MAX_HEAD = 16384,	   /* request line and headers together */
	WEB_MAX_OUR_HEAD = 4096,   /* status line and headers of an answer */
	WEB_PATIENCE_MS = 10000,   /* a whole body must have come by then, a whole answer gone */
	WEB_MAX_STREAMS = 32,	   /* at once; fewer when there are few threads */
	WEB_DISCARD_MS = 1000,
	WEB_DISCARD_MAX = 4 << 20,
	WEB_REQUEST_ID_MAX = 64,
	/* A thousand connections at once are all served, though hundreds of them are slow. */
	WEB_THREADS = 1100,
};

/* What is not a setting: names and values. tests/bench/bare.c starts with the same. */
#define WEB_CIVETWEB_OPTIONS                                                                       \
	"connection_queue", "1024", "listen_backlog", "1024", "request_timeout_ms", "10000",       \
		"enable_keep_alive", "yes", "keep_alive_timeout_ms", "5000", "tcp_nodelay", "1",   \
		"decode_url", "no", "enable_directory_listing", "no", "enable_auth_domain_check",  \
		"no", "access_control_allow_origin", "", "access_control_allow_methods", "",       \
		"access_control_allow_headers", ""

/* ---- routes ---- */

enum web_who {
	WHO_PUBLIC,
	WHO_SIGNED,  /* the handler verifies the provider's signature before anything else */
	WHO_ADMIN,   /* bearer token */
	WHO_METRICS, /* likewise, unless METRICS_PUBLIC */
	WHO_SANDBOX, /* the route exists in sandbox mode only */
};

struct web_request;
struct web_answer;
struct web_stream;
/* Runs until the stream ends: the client left, or the server drains. */
typedef void (*web_stream_writer)(struct web *web, struct web_request *rq, struct web_stream *st);
typedef void (*web_handler)(struct web *web, struct web_request *rq, struct web_answer *an);

struct web_route {
	const char *method; /* GET answers HEAD as well; "*": the handler decides */
	const char *path;   /* ends with '*': everything that begins so; "{id}": any one segment */
	enum web_who who;
	size_t max_body;
	const char *media; /* required media type, or NULL */
	web_handler handler;
	const char *bulk; /* the member that makes a body too large, named in a 413; or NULL */
};

enum web_match { MATCH_FOUND, MATCH_NO_PATH, MATCH_NO_METHOD };

extern const struct web_route web_routes[];
extern const size_t web_route_count;

/* On MATCH_NO_METHOD adds the methods that the path knows to `allow` ("GET, HEAD"). */
enum web_match web_route_find(const char *method, const char *path, bool sandbox,
			      const struct web_route **route_out, struct buf *allow);
/* What stands in the path for the row's "{id}", or "". */
const char *web_route_id(const struct web_route *route, const char *path, struct arena *a);
/* Counts one answered request; route NULL: none matched. */
void web_route_count_answer(const struct web_route *route, int status);

/* ---- request and answer ---- */

struct web_request {
	struct webhook hook;
	const char *path; /* undecoded, without query */
	const char *part; /* the "{id}" of its route, or "" */
	char id[WEB_REQUEST_ID_MAX + 1];
	struct arena arena;
	int64_t started_us;
};

struct web_answer {
	int status;
	const char *type;      /* NULL: no body */
	const char *allow;     /* 405 only */
	const char *challenge; /* WWW-Authenticate, 401 only */
	const char *headers;   /* more lines, each with CRLF; NULL: none */
	struct buf body;
	bool close;		  /* end the connection: its body was not read */
	bool drop;		  /* end it without an answer */
	web_stream_writer stream; /* writes the body itself, after the head; or NULL */
};

void web_answer_init(struct web_answer *an);
void web_answer_free(struct web_answer *an);
/* Replaces the body by {"error":{...},"request_id":...}. field may be NULL. */
void web_answer_error(struct web_answer *an, const struct web_request *rq, int status,
		      const char *code, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* The error as an answer: the kind chooses status and code. */
void web_answer_err(struct web_answer *an, const struct web_request *rq, const struct err *err);
/* Status line, headers and body in one piece. */
int web_answer_format(const struct web_answer *an, const struct web_request *rq, bool with_body,
		      struct buf *wire);

/* Fills rq from the connection; `an` gets the refusal and -1 when it is malformed. */
int web_request_take(struct web_request *rq, struct mg_connection *conn, struct web_answer *an);
void web_request_free(struct web_request *rq);
/* Takes the caller's id when it is well-formed, else makes one. */
void web_request_id(const char *given, char out[WEB_REQUEST_ID_MAX + 1]);
/* True when the header's media type (parameters aside) is `media`. */
bool web_media_is(const char *content_type, const char *media);
/* Reads the body; -1 with the refusal in `an`. */
int web_request_body(struct web *web, struct web_request *rq, const struct web_route *route,
		     struct mg_connection *conn, struct web_answer *an);
/* Reads and forgets what is left of a body: closing on unread bytes would reset the
 * connection, and the client might lose the answer that tells it why. Bounded. */
void web_request_discard(struct web *web, struct mg_connection *conn);
/* Decodes the query. -1: the refusal is in `an`. */
int web_request_query(struct web_request *rq, struct form *query_out, struct web_answer *an);
/* "" when absent. */
const char *web_query_text(struct web_request *rq, const struct form *query, const char *name);
/* The query's "limit". -1: it is no number, the refusal is in `an`. */
int web_query_limit(struct web_request *rq, const struct form *query, unsigned otherwise,
		    unsigned *limit_out, struct web_answer *an);
/* True when the request carries the admin token; else the refusal is in `an`. */
bool web_admin_allowed(const struct web *web, const struct web_request *rq, struct web_answer *an);

/* ---- patience.c: a deadline on what CivetWeb waits for without end ---- */

struct patience;	  /* opaque */
struct patience_wait {	  /* on the waiter's stack; the first four are the caller's */
	const char *peer; /* IPv4 address */
	uint16_t peer_port;
	uint16_t own_port;
	bool writing;
	struct patience_wait *next;
	struct patience_wait *previous;
	int64_t until_ms;
	bool ended; /* the deadline came */
};
struct patience *patience_new(void); /* NULL: no thread to be had */
void patience_free(struct patience **p);
/* Between these two the connection is shut down when ms have passed. */
void patience_begin(struct patience *p, struct patience_wait *w, int ms);
/* True when that happened. */
bool patience_end(struct patience *p, struct patience_wait *w);
/* Only before the end: wakes CivetWeb's threads that wait for a client, who would look at
 * its stop flag every two seconds. New connections are refused from here on. */
void patience_wake(uint16_t own_port);

/* ---- stream.c: answers that are written piece by piece, for a long time ---- */

/* Takes one of few places; false, with the refusal in `an`, when there is none. A place that was
 * taken is given back by web_stream_run. */
bool web_stream_admit(struct web *web, const struct web_request *rq, struct web_answer *an);
/* Sends the head, runs an->stream, ends the connection. */
void web_stream_run(struct web *web, struct web_request *rq, struct web_answer *an,
		    struct mg_connection *conn);
/* Writes now. False: the client left or does not read, or the server drains. */
bool web_stream_write(struct web_stream *st, const char *bytes, size_t n);

/* ---- the server ---- */

enum { WEB_MAGIC = 0x53575631 };

struct web {
	unsigned magic;
	struct web_settings set;
	struct mg_context *civetweb;
	struct patience *patience;
	_Atomic uint16_t port; /* known once CivetWeb listens; its threads may be first */
	unsigned threads;
	uint8_t admin_digest[SHA256_SIZE];
	atomic_uint connections;
	atomic_uint streams;
	atomic_uint under_way; /* requests being answered */
	atomic_bool draining;  /* answer, then close the connection */
	atomic_bool refusing;  /* answer 503 */
	pthread_mutex_t lock;  /* for idle only */
	pthread_cond_t idle;   /* under_way fell to 0 while draining */
	struct metric *turn_seconds;
};

/* Everything between a parsed request and its answer; writes log line and metrics. */
void web_serve(struct web *web, struct mg_connection *conn);

/* ---- handlers ---- */

void handle_webhook(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_status(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_health(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_health_live(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_health_ready(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_stats(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_metrics(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_audit(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_consent(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_broadcast_send(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_broadcast_list(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_broadcast_show(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_broadcast_recipients(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_broadcast_pause(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_broadcast_resume(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_broadcast_cancel(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_broadcast_retry(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_record_list(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_record_show(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_record_change(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_twin(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_twin_events(struct web *web, struct web_request *rq, struct web_answer *an);
void handle_twin_session(struct web *web, struct web_request *rq, struct web_answer *an);

#endif
