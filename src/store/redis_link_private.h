/*
 * redis_link_private.h - between a batch of commands and the bytes on a socket.
 *
 * A link is one server: one connection and the one thread that owns it. Any
 * number of threads put calls into its line; the link's thread joins what
 * waits into one write, hands each reply to the call at the head of those in
 * flight, and wakes a caller once, when its last reply is there.
 *
 *   redis_exchange.c   what a failure means, what may be asked again
 *   redis_call.c       one caller's commands as bytes, and its wait
 *   redis_link.c       the line, the thread, back-off, who is settled how
 *   redis_greet.c      log-in and scripts at the start of a connection
 *   redis_stream.c     bytes over TCP;  redis_tls.c  the same, verified and hidden
 *
 * All deadlines are of clock_mono_ms().
 */
#ifndef SAMVAD_STORE_REDIS_LINK_PRIVATE_H
#define SAMVAD_STORE_REDIS_LINK_PRIVATE_H

#include <stdatomic.h>
#include <sys/types.h>

#include "redis_private.h"

/* ---- a wish to be looked at (redis_stream.c) ---- */

struct redis_waker {
	int fd; /* eventfd: readable once somebody rang */
	atomic_bool stop;
};

int redis_waker_init(struct redis_waker *waker, struct err *err);
void redis_waker_deinit(struct redis_waker *waker);
void redis_waker_ring(struct redis_waker *waker);
void redis_waker_clear(struct redis_waker *waker);

/* ---- bytes (redis_stream.c, redis_resolve.c, redis_tls.c) ---- */

struct redis_stream;
struct redis_tls;
struct ssl_st;
struct addrinfo;

/* getaddrinfo that keeps the deadline. The caller owns *list_out (freeaddrinfo). */
int redis_resolve(const char *host, int port, int64_t deadline, struct addrinfo **list_out,
		  struct err *err);

/* Connects, with TLS unless tls is NULL. Borrows tls and waker; a ring with `stop` ends every
 * wait. Errors: ERR_TEMP, and ERR_PERM when the server is not who it should be. */
int redis_stream_open(const struct redis_place *place, struct redis_tls *tls,
		      struct redis_waker *waker, int64_t deadline, struct redis_stream **stream_out,
		      struct err *err);
void redis_stream_close(struct redis_stream **stream);
/* Bytes moved; 0: not now, wait for redis_stream_events(); -1: the stream has ended. */
ssize_t redis_stream_read(struct redis_stream *stream, void *bytes, size_t room, struct err *err);
ssize_t redis_stream_write(struct redis_stream *stream, struct str bytes, struct err *err);
int redis_stream_fd(const struct redis_stream *stream);
/* What to poll for: to read, and to write as well. */
short redis_stream_events(const struct redis_stream *stream, bool writing);
/* Waits for `events`. -1 ERR_TEMP: the deadline, or stop. */
int redis_stream_wait(struct redis_stream *stream, short events, int64_t deadline, struct err *err);
/* Both wait: for a dialogue in turns, as at the start of a connection. */
int redis_stream_send(struct redis_stream *stream, struct str bytes, int64_t deadline,
		      struct err *err);
int redis_stream_receive(struct redis_stream *stream, redisReader *reader, int64_t deadline,
			 redisReply **reply_out, struct err *err);
/* The end of a stream in words. Returns -1. fault 0: closed by the server. */
int redis_stream_lost(struct err *err, int fault);

/* The authorities of the system, or of SSL_CERT_FILE and SSL_CERT_DIR. */
int redis_tls_new(struct redis_tls **tls_out, struct err *err);
void redis_tls_free(struct redis_tls **tls);
/* A session over this socket that insists on the host's name or address. */
int redis_tls_attach(struct redis_tls *tls, int fd, const char *host, struct ssl_st **ssl_out,
		     struct err *err);
void redis_tls_detach(struct ssl_st **ssl);
/* As the stream's; *wants_out: POLLIN or POLLOUT when 0 comes back. connect: 1 is done. */
int redis_tls_connect(struct ssl_st *ssl, short *wants_out, struct err *err);
ssize_t redis_tls_read(struct ssl_st *ssl, void *bytes, size_t room, short *wants_out,
		       struct err *err);
ssize_t redis_tls_write(struct ssl_st *ssl, struct str bytes, short *wants_out, struct err *err);

/* ---- the start of a connection (redis_greet.c) ---- */

/* Log in, choose the database, PING, load the scripts: one round trip. */
int redis_greet(struct redis_stream *stream, redisReader *reader,
		const struct redis_address *address, int64_t deadline, struct err *err);

/* ---- one caller's commands at one server (redis_call.c) ---- */

enum redis_fate {
	REDIS_ANSWERED,
	REDIS_NOT_SENT, /* surely not executed */
	REDIS_LOST,	/* some of it may have been executed */
};

struct redis_call {
	atomic_int state; /* of redis_call.c: who frees it, and whether somebody sleeps */
	enum redis_fate fate;
	struct err why; /* unless answered */
	size_t count;
	size_t answered;
	redisReply **replies; /* owned until the caller takes them */

	/* The link's, under its lock until written, then of its thread alone. */
	struct redis_call *next, *prev;
	bool in_line;
	int64_t written_ms;
	uint64_t from, to; /* where its bytes lie in all that the connection carried */

	struct str bytes; /* behind the struct */
};

/* The commands of the batch that `which` names (NULL: the first `count`), ready to travel.
 * NULL with ERR_INPUT when they are too long. */
struct redis_call *redis_call_new(const struct redis_batch *batch, const size_t *which,
				  size_t count, struct err *err);
/* Only what no link holds. NULL is fine. */
void redis_call_free(struct redis_call *call);
/* Sleeps until it is settled. False: the deadline has passed. */
bool redis_call_wait(struct redis_call *call, int64_t deadline);
/* The caller leaves. False: it was settled in the last moment; true: whoever settles it frees
 * it, and the caller may not touch it again. */
bool redis_call_leave(struct redis_call *call);
/* By the link: its fate is known. why may be NULL when it was answered. */
void redis_call_settle(struct redis_call *call, enum redis_fate fate, const struct err *why);

/* ---- one server (redis_link.c) ---- */

struct redis_link;

struct redis_link_settings {
	struct redis_place place;	     /* copied */
	const struct redis_address *address; /* borrowed: log-in and database */
	struct redis_tls *tls;		     /* borrowed; NULL: none */
	int timeout_ms; /* this long without a word, a server is taken for dead */
};

/* Starts the thread; it connects with the first call. */
int redis_link_open(const struct redis_link_settings *set, struct redis_link **link_out,
		    struct err *err);
/* Nobody may wait in it any more. */
void redis_link_close(struct redis_link **link);
/* Into the line. -1: refused, nothing was sent, the call is still the caller's. */
int redis_link_put(struct redis_link *link, struct redis_call *call, struct err *err);
/* Sleeps until its fate is known. *call is the caller's again, or NULL when it left at the
 * deadline. */
enum redis_fate redis_link_wait(struct redis_link *link, struct redis_call **call, int64_t deadline,
				struct err *err);

#endif
