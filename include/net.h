/*
 * net.h - one HTTP request out, with time-out and size limits.
 *
 * libcurl's multi interface on one thread: many requests in flight,
 * connections kept and reused. One request is one attempt: no retry, no
 * policy here. TLS is verified; redirects are not followed; only http and
 * https. Any thread may submit.
 */
#ifndef SAMVAD_NET_H
#define SAMVAD_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct net; /* opaque: see src/net/ */

struct net_settings {
	unsigned max_in_flight; /* further requests wait in a queue; 256 by default */
	unsigned max_queued;	/* more are refused with ERR_TEMP; 10000 by default */
	const char *user_agent;
};

/* Starts the thread. The caller owns *net_out. */
int net_open(const struct net_settings *set, struct net **net_out, struct err *err);
/* Ends: waits up to grace_ms for requests in flight, then fails the rest
 * (their done functions are called), joins the thread. What is still queued
 * fails at once as NET_NOT_SENT, and so does every later submission (ERR_TEMP). */
void net_stop(struct net *net, int grace_ms);
/* net_stop unless that was done, then frees *net and clears it. NULL is fine. */
void net_close(struct net **net, int grace_ms);

struct net_header {
	const char *name;
	const char *value;
};

struct net_request {	    /* copied by net_submit */
	const char *method; /* GET, POST, ... */
	const char *url;
	struct net_header headers[16];
	size_t header_count;
	const char *user; /* Basic auth, or NULL */
	const char *password;
	struct str body;
	int timeout_ms;	   /* the whole exchange, waiting in the queue included */
	size_t max_answer; /* bytes of body; longer: NET_TOO_LARGE. 0: 256 KiB */
};

enum net_outcome {
	NET_ANSWERED,  /* status and body are there */
	NET_NOT_SENT,  /* refused, DNS, TLS, no connection in time: nobody saw a request */
	NET_TIMED_OUT, /* the request may have been received */
	NET_BROKEN,    /* the connection ended before a whole answer: may have been received */
	NET_TOO_LARGE, /* answered, but with more than max_answer */
};

struct net_answer { /* valid during the done function only */
	enum net_outcome outcome;
	int status;		 /* HTTP status, 0 unless one was read */
	struct str body;	 /* NUL-terminated */
	const char *retry_after; /* seconds, also if the header said a date; other text as it was;
				    or "" */
	struct str head;	 /* the answer's header lines, each with its line end; empty after
				    net_perform */
	int64_t took_ms;
	const char *trouble; /* curl's words when not NET_ANSWERED; holds no secret */
};

/* Called once for each submitted request, on net's thread: be quick, never block. */
typedef void (*net_done)(void *arg, const struct net_answer *answer);

/* 0: done will be called, once. -1: it will not (queue full ERR_TEMP, bad URL ERR_INPUT, closing
 * ERR_TEMP). */
int net_submit(struct net *net, const struct net_request *req, net_done done, void *arg,
	       struct err *err);

/* Submits and waits; not from a done function. The body replaces what is in
 * *body_out (may be NULL), whose maximum also bounds it. The answer's texts
 * are valid until this thread's next net_perform. -1: not submitted, as above. */
int net_perform(struct net *net, const struct net_request *req, struct net_answer *answer_out,
		struct buf *body_out, struct err *err);

const char *net_outcome_name(enum net_outcome o);

#endif
