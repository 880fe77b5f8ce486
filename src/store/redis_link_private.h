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
 *   redis_line.c       the line before a connection
 *   redis_connect.c    how the thread comes to a connection, and what ends one
 *   redis_link.c       the thread: writing and reading for all
 *   redis_greet.c      log-in and scripts at the start of a connection
 *   redis_sentinel.c   who the server is, when sentinels know
 *   redis_stream.c     bytes over TCP;  redis_tls.c  the same, verified and hidden
 *
 * All deadlines are of clock_mono_ms().
 */
#ifndef SAMVAD_STORE_REDIS_LINK_PRIVATE_H
#define SAMVAD_STORE_REDIS_LINK_PRIVATE_H

#include <pthread.h>
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
/* False when the server has hung up or has said something. */
bool redis_stream_is_quiet(const struct redis_stream *stream);
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

/* ---- the start of a connection (redis_greet.c, redis_sentinel.c) ---- */

/* Log in, choose the database, PING, load the scripts: one round trip. Of a Sentinel set: only a
 * master is greeted. */
int redis_greet(struct redis_stream *stream, redisReader *reader,
		const struct redis_address *address, int64_t deadline, struct err *err);
/* AUTH, when there is a password. */
void redis_add_auth(struct redis_batch *b, const struct redis_address *address);
/* Sends a batch that may hold a password. */
int redis_batch_send(struct redis_stream *stream, const struct redis_batch *b, int64_t deadline,
		     struct err *err);
/* Where the master is, by the first sentinel that knows, beginning with number `turn`. The caller
 * owns place_out->host. */
int redis_sentinel_find(const struct redis_address *address, struct redis_tls *tls,
			struct redis_waker *waker, unsigned turn, int64_t deadline,
			struct redis_place *place_out, struct err *err);

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

/* ---- one server (redis_line.c, redis_connect.c, redis_link.c) ---- */

/* A thread without signals: they belong to the main thread. Returns errno or 0. */
int redis_thread_start(pthread_t *thread, void *(*run)(void *), void *arg);

enum redis_link_state { REDIS_LINK_CLOSED, REDIS_LINK_OPEN, REDIS_LINK_AWAY };

struct redis_line {
	struct redis_call *first, *last;
	size_t calls;
	size_t bytes;
};

struct redis_link {
	struct redis_place place;	     /* owned */
	const struct redis_address *address; /* borrowed, as tls */
	struct redis_tls *tls;
	int timeout_ms;
	pthread_t thread;
	struct redis_waker waker;

	pthread_mutex_t lock; /* guards these */
	enum redis_link_state state;
	struct redis_line waiting;
	bool resting; /* the thread sleeps: whoever comes rings, unless many are in flight */
	bool wanted;  /* somebody came since the last try to connect */
	bool deaf;    /* somebody waited the whole limit and heard nothing */
	struct err last;

	_Atomic int64_t heard_ms; /* when the server said something */

	/* The thread's own; while it rests, of whoever holds the lock. */
	struct redis_stream *stream;
	redisReader *reader;
	struct redis_line flight;
	struct buf out;
	size_t out_done;     /* bytes of `out` that have left */
	uint64_t promised;   /* bytes that calls have put into `out` since the connection began */
	uint64_t carried;    /* those that have left */
	bool misled;	     /* the server is no master any more */
	size_t unfinished;   /* bytes heard since the last whole reply */
	unsigned failures;   /* to connect, in a row */
	int64_t next_try_ms; /* while away */
	char *in;
};

struct redis_link_settings {
	struct redis_place place;	     /* copied; not looked at when sentinels know it */
	const struct redis_address *address; /* borrowed: log-in, database, sentinels */
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

/* Among themselves. */
/* With so many in flight whoever comes need not ring: a reply wakes the thread soon, and it looks
 * for itself when none does, for the server may be far away. */
enum { REDIS_BUSY_CALLS = 16, REDIS_BUSY_MS = 1 };
void redis_link_count(const char *event);
void redis_line_add(struct redis_line *line, struct redis_call *call);
void redis_line_remove(struct redis_line *line, struct redis_call *call);
/* All that wait there: none of it was sent. */
void redis_line_settle(struct redis_line *line, const struct err *why);
/* A call goes into flight: its bytes come next. */
void redis_link_board(struct redis_link *link, struct redis_call *call, int64_t now);
/* Without a connection: sleeps until it is time to make one, and makes it. */
void redis_link_idle(struct redis_link *link);
/* Ends the connection; what was in flight is settled. Callers in line stay there. */
void redis_link_lose(struct redis_link *link, const struct err *why);

/* ---- all servers (redis_servers.c) ---- */

/* Sends the commands that `which` names (NULL: the first `count`) and puts their replies in
 * place. ANSWERED: all have one, which may be an error. */
enum redis_fate redis_servers_run(struct redis_servers *servers, const struct redis_batch *batch,
				  const size_t *which, size_t count, redisReply **replies,
				  int64_t deadline, struct err *err);

#endif
