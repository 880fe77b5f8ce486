/*
 * net_private.h - what the files of net/ share: the net, and one job (a
 * request on its way).
 *
 * net.c owns the thread and the queue, request.c checks and copies what is
 * submitted, exchange.c speaks libcurl for one job and judges its end,
 * perform.c waits.
 */
#ifndef SAMVAD_NET_NET_PRIVATE_H
#define SAMVAD_NET_NET_PRIVATE_H

#include <curl/curl.h>
#include <pthread.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "net.h"

enum { RETRY_AFTER_MAX = 63 }; /* a date has 29 characters */

struct job {
	TAILQ_ENTRY(job) link; /* in the queue, later in flight */
	net_done done;
	void *arg;
	int64_t submitted_ms; /* monotonic, as all times here */
	int64_t deadline_ms;

	/* the request, copied */
	struct arena arena;
	const char *method;
	const char *url;
	const char **headers; /* "Name: value" lines */
	size_t header_count;
	const char *user;
	const char *password;
	struct str body;
	size_t max_answer;
	bool loopback; /* to this machine: never through a proxy */

	/* the exchange; the net's thread only */
	CURL *easy;
	struct curl_slist *list;
	struct buf answer;
	struct buf head;
	char retry_after[RETRY_AFTER_MAX + 1];
	char trouble[CURL_ERROR_SIZE];
	size_t head_bytes;   /* of all heads, the interim ones included */
	bool let_out;	     /* the connection stood and the request was let out: it may arrive */
	bool repeat_refused; /* libcurl wanted to send it once more */
	bool too_large;
};

TAILQ_HEAD(job_list, job);

struct net {
	unsigned max_in_flight;
	unsigned max_queued;
	char *user_agent;
	CURLM *multi;
	pthread_t thread;

	struct job_list in_flight; /* the net's thread only */
	unsigned in_flight_count;

	pthread_mutex_t lock; /* guards what follows */
	struct job_list queue;
	unsigned queued_count;
	int64_t next_deadline_ms; /* no later than the earliest of the queue */
	bool closing;
	bool stopped; /* the thread is joined; the closer's own */
	int64_t closed_by_ms;
};

/* Checks and copies; *job_out is freed with job_free. -1 ERR_INPUT. */
int job_new(const struct net_request *req, struct job **job_out, struct err *err);
void job_free(struct job *job);
/* The limit that counts, 0 replaced by the default. */
size_t request_max_answer(const struct net_request *req);

/* Hands the job to libcurl. -1: it did not start (and will not), job->trouble says why. */
int exchange_start(struct net *net, struct job *job);
/* Takes the job back from libcurl, however far it is. */
void exchange_stop(struct net *net, struct job *job);
/* What to tell of a job that libcurl ended with `code`. */
enum net_outcome exchange_outcome(const struct job *job, CURLcode code);
/* Calls done, counts, and frees the job. */
void exchange_finish(struct job *job, enum net_outcome outcome);
/* Makes the counters; once, before the first finish. */
void exchange_init_metrics(void);
/* Counts a request that did not even get into the queue. */
void exchange_count_refused(void);

#endif
