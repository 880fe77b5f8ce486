/*
 * net.c - the thread, the queue in front of it, and the way in.
 *
 * One turn of the thread: fail what waited too long, start what fits, let
 * libcurl work, tell what ended, sleep until a socket, a deadline or a
 * submitter wakes it.
 */
#include "net_private.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	MAX_IN_FLIGHT_DEFAULT = 256,
	MAX_QUEUED_DEFAULT = 10000,
	SLEEP_MAX_MS = 1000,
	TROUBLE_PAUSE_MS = 20,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global_rc;

static void init_once(void)
{
	global_rc = curl_global_init(CURL_GLOBAL_DEFAULT);
	exchange_init_metrics();
}

/* ---------------------------------------------------------------- queue; the lock is held */

static void take(struct net *net, struct job *job, struct job_list *to)
{
	TAILQ_REMOVE(&net->queue, job, link);
	net->queued_count--;
	TAILQ_INSERT_TAIL(to, job, link);
}

/* Walks the queue only when some deadline may have passed. */
static void take_late(struct net *net, int64_t now, struct job_list *late)
{
	struct job *job, *next;

	if (!net->closing && now < net->next_deadline_ms)
		return;
	net->next_deadline_ms = INT64_MAX;
	for (job = TAILQ_FIRST(&net->queue); job; job = next) {
		next = TAILQ_NEXT(job, link);
		if (net->closing || job->deadline_ms <= now)
			take(net, job, late);
		else if (job->deadline_ms < net->next_deadline_ms)
			net->next_deadline_ms = job->deadline_ms;
	}
}

static void take_next(struct net *net, struct job_list *starting)
{
	unsigned room = net->max_in_flight - net->in_flight_count;

	for (; room > 0 && !TAILQ_EMPTY(&net->queue); room--)
		take(net, TAILQ_FIRST(&net->queue), starting);
}

/* ---------------------------------------------------------------- the thread */

static void fail_late(struct job_list *late, bool closing)
{
	struct job *job;

	while ((job = TAILQ_FIRST(late)) != NULL) {
		TAILQ_REMOVE(late, job, link);
		snprintf(job->trouble, sizeof job->trouble, "%s",
			 closing ? "closing before it was sent" : "its time ended in the queue");
		exchange_finish(job, NET_NOT_SENT);
	}
}

static void start(struct net *net, struct job_list *starting)
{
	struct job *job;

	while ((job = TAILQ_FIRST(starting)) != NULL) {
		TAILQ_REMOVE(starting, job, link);
		if (exchange_start(net, job) < 0) {
			exchange_finish(job, NET_NOT_SENT);
			continue;
		}
		TAILQ_INSERT_TAIL(&net->in_flight, job, link);
		net->in_flight_count++;
	}
}

static void land(struct net *net, struct job *job, enum net_outcome outcome)
{
	exchange_stop(net, job);
	TAILQ_REMOVE(&net->in_flight, job, link);
	net->in_flight_count--;
	exchange_finish(job, outcome);
}

static void land_ended(struct net *net)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(net->multi, &left)) != NULL) {
		CURLcode code = msg->data.result;
		char *private = NULL;
		struct job *job;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
		job = (struct job *)(void *)private;
		assert(job);
		if (code != CURLE_OK && !*job->trouble)
			snprintf(job->trouble, sizeof job->trouble, "%s", curl_easy_strerror(code));
		land(net, job, exchange_outcome(job, code));
	}
}

static void abandon(struct net *net)
{
	struct job *job;

	while ((job = TAILQ_FIRST(&net->in_flight)) != NULL) {
		snprintf(job->trouble, sizeof job->trouble, "closing before the answer");
		land(net, job, job->let_out ? NET_BROKEN : NET_NOT_SENT);
	}
}

static int sleep_ms(struct net *net)
{
	int64_t now = clock_mono_ms(), until = now + SLEEP_MAX_MS;

	pthread_mutex_lock(&net->lock);
	if (!TAILQ_EMPTY(&net->queue) &&
	    (net->closing || net->in_flight_count < net->max_in_flight))
		until = now;
	else if (net->next_deadline_ms < until)
		until = net->next_deadline_ms;
	if (net->closing && net->closed_by_ms < until)
		until = net->closed_by_ms;
	pthread_mutex_unlock(&net->lock);
	return until > now ? (int)(until - now) : 0;
}

/* libcurl's multi functions fail only without memory or descriptors: do not spin meanwhile. */
static void check_multi(CURLMcode rc)
{
	const struct timespec pause = { .tv_nsec = TROUBLE_PAUSE_MS * 1000000L };

	if (rc == CURLM_OK)
		return;
	log_error("net trouble", LOG_S("reason", curl_multi_strerror(rc)));
	nanosleep(&pause, NULL);
}

static bool turn(struct net *net)
{
	struct job_list late = TAILQ_HEAD_INITIALIZER(late);
	struct job_list starting = TAILQ_HEAD_INITIALIZER(starting);
	int64_t now = clock_mono_ms(), closed_by;
	int running;
	bool closing;

	pthread_mutex_lock(&net->lock);
	closing = net->closing;
	closed_by = net->closed_by_ms;
	take_late(net, now, &late);
	take_next(net, &starting);
	pthread_mutex_unlock(&net->lock);

	fail_late(&late, closing);
	start(net, &starting);
	check_multi(curl_multi_perform(net->multi, &running));
	land_ended(net);
	if (closing && (net->in_flight_count == 0 || now >= closed_by)) {
		abandon(net);
		return false;
	}
	check_multi(curl_multi_poll(net->multi, NULL, 0, sleep_ms(net), NULL));
	return true;
}

static void *run(void *arg)
{
	while (turn(arg))
		;
	return NULL;
}

/* ---------------------------------------------------------------- the door */

/* Signals belong to the main thread; SIGPIPE must not kill when TLS writes to a closed peer. */
static int start_thread(struct net *net)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&net->thread, NULL, run, net);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0 ? 0 : -1;
}

static void free_net(struct net *net)
{
	if (net->multi)
		(void)curl_multi_cleanup(net->multi);
	pthread_mutex_destroy(&net->lock);
	free(net->user_agent);
	free(net);
}

int net_open(const struct net_settings *set, struct net **net_out, struct err *err)
{
	struct net *net;

	pthread_once(&once, init_once);
	if (global_rc != CURLE_OK)
		return err_set(err, ERR_PERM, "net: libcurl: %s", curl_easy_strerror(global_rc));
	net = mem_alloc(sizeof *net);
	net->max_in_flight = set->max_in_flight ? set->max_in_flight : MAX_IN_FLIGHT_DEFAULT;
	net->max_queued = set->max_queued ? set->max_queued : MAX_QUEUED_DEFAULT;
	net->user_agent = mem_strdup(set->user_agent ? set->user_agent : "Samvad/" SAMVAD_VERSION);
	net->next_deadline_ms = INT64_MAX;
	TAILQ_INIT(&net->queue);
	TAILQ_INIT(&net->in_flight);
	pthread_mutex_init(&net->lock, NULL);
	net->multi = curl_multi_init();
	/* By default libcurl keeps as few connections as are busy now. */
	if (net->multi &&
	    curl_multi_setopt(net->multi, CURLMOPT_MAXCONNECTS, (long)net->max_in_flight) ==
		    CURLM_OK &&
	    start_thread(net) == 0) {
		*net_out = net;
		return 0;
	}
	free_net(net);
	return err_set(err, ERR_TEMP, "net: no memory or thread");
}

void net_stop(struct net *net, int grace_ms)
{
	pthread_mutex_lock(&net->lock);
	net->closing = true;
	net->closed_by_ms = clock_mono_ms() + (grace_ms > 0 ? grace_ms : 0);
	pthread_mutex_unlock(&net->lock);
	(void)curl_multi_wakeup(net->multi); /* else it wakes within SLEEP_MAX_MS */
	pthread_join(net->thread, NULL);
	net->stopped = true;
}

void net_close(struct net **net, int grace_ms)
{
	struct net *n = *net;

	if (!n)
		return;
	if (!n->stopped)
		net_stop(n, grace_ms);
	free_net(n);
	*net = NULL;
}

static int enqueue(struct net *net, struct job *job, struct err *err)
{
	if (net->closing)
		return err_set(err, ERR_TEMP, "net: closing");
	if (net->queued_count >= net->max_queued)
		return err_set(err, ERR_TEMP, "net: %u requests wait already", net->queued_count);
	TAILQ_INSERT_TAIL(&net->queue, job, link);
	net->queued_count++;
	if (job->deadline_ms < net->next_deadline_ms)
		net->next_deadline_ms = job->deadline_ms;
	return 0;
}

int net_submit(struct net *net, const struct net_request *req, net_done done, void *arg,
	       struct err *err)
{
	struct job *job;
	int ret;

	if (job_new(req, &job, err) < 0)
		return -1;
	job->done = done;
	job->arg = arg;
	job->submitted_ms = clock_mono_ms();
	job->deadline_ms = job->submitted_ms + req->timeout_ms;
	/* The wake-up happens inside the lock: after it, a closing net may be gone. */
	pthread_mutex_lock(&net->lock);
	ret = enqueue(net, job, err);
	if (ret == 0)
		(void)curl_multi_wakeup(net->multi); /* else it wakes within SLEEP_MAX_MS */
	pthread_mutex_unlock(&net->lock);
	if (ret < 0) {
		exchange_count_refused();
		job_free(job);
	}
	return ret;
}
