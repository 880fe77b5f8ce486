/*
 * pool.c - the threads that call webhooks, and the list of what they shall do when.
 *
 * Callbacks get half of the threads at most: a status URL that hangs must not
 * keep people's messages waiting. Each kind has a list of its own, so that
 * nobody has to look past thousands of callbacks that may not run yet.
 */
#include "twin_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/mem.h"

/* ---- the list ---- */

static void job_free(struct twin_job *job)
{
	free(job->url);
	free(job->form);
	free(job);
}

/* Earliest first; of equal ones the older first. */
static void insert(struct twin *twin, struct twin_job *job)
{
	struct twin_jobs *jobs = &twin->jobs[job->work];
	struct twin_job *before;

	TAILQ_FOREACH_REVERSE(before, jobs, twin_jobs, link)
	{
		if (before->due_ms <= job->due_ms)
			break;
	}
	if (before)
		TAILQ_INSERT_AFTER(jobs, before, job, link);
	else
		TAILQ_INSERT_HEAD(jobs, job, link);
}

static struct twin_job *add(struct twin *twin, enum twin_work work, const char *sid,
			    int64_t delay_ms)
{
	struct twin_job *job;

	/* Some callbacks for each message that is kept. */
	if (twin->stopping || twin->job_count >= twin->keep * 4)
		return NULL;
	job = mem_alloc(sizeof *job);
	job->work = work;
	job->due_ms = clock_mono_ms() + delay_ms;
	(void)snprintf(job->sid, sizeof job->sid, "%s", sid);
	insert(twin, job);
	twin->job_count++;
	(void)pthread_cond_signal(&twin->job_added);
	return job;
}

int twin_pool_deliver(struct twin *twin, const char *sid, int64_t delay_ms)
{
	return add(twin, WORK_DELIVER, sid, delay_ms) ? 0 : -1;
}

int twin_pool_callback(struct twin *twin, const char *sid, enum twin_status status, const char *url,
		       const char *form, int64_t delay_ms)
{
	struct twin_job *job = add(twin, WORK_CALLBACK, sid, delay_ms);

	if (!job)
		return -1;
	job->status = status;
	job->url = mem_strdup(url);
	job->form = mem_strdup(form);
	return 0;
}

void twin_pool_hurry(struct twin *twin, const char *sid, int64_t delay_ms)
{
	struct twin_jobs *jobs = &twin->jobs[WORK_DELIVER];
	struct twin_jobs found = TAILQ_HEAD_INITIALIZER(found);
	struct twin_job *job, *next;

	for (job = TAILQ_FIRST(jobs); job; job = next) {
		next = TAILQ_NEXT(job, link);
		if (strcmp(job->sid, sid) != 0)
			continue;
		TAILQ_REMOVE(jobs, job, link);
		TAILQ_INSERT_TAIL(&found, job, link);
	}
	while ((job = TAILQ_FIRST(&found))) {
		TAILQ_REMOVE(&found, job, link);
		job->due_ms = clock_mono_ms() + delay_ms;
		insert(twin, job);
	}
	(void)pthread_cond_signal(&twin->job_added);
}

/* Is the message's status before this one still being told? Then the next news must wait: without
 * a fault callbacks come in order, also when the clock jumped past several. */
static bool is_held(struct twin *twin, const struct twin_job *job)
{
	const struct twin_message *m =
		job->work == WORK_CALLBACK ? twin_message_find(twin, job->sid) : NULL;

	return m && m->telling;
}

/* The first job of this kind that may be done now, or NULL. */
static struct twin_job *first(struct twin *twin, enum twin_work work, int64_t now,
			      int64_t *until_out)
{
	struct twin_job *job;
	int looked = 0; /* few are held: some for each thread that tells */

	TAILQ_FOREACH(job, &twin->jobs[work], link)
	{
		if (job->due_ms > now) {
			if (job->due_ms < *until_out)
				*until_out = job->due_ms;
			return NULL;
		}
		if (!is_held(twin, job))
			return job;
		if (++looked > 4 * TWIN_WORKERS)
			return NULL;
	}
	return NULL;
}

/* What may be done now, people's messages first; else NULL, and *until_out says when to look
 * again. */
static struct twin_job *take(struct twin *twin, int64_t *until_out)
{
	int64_t now = clock_mono_ms();
	struct twin_job *job;

	*until_out = now + 3600000;
	job = first(twin, WORK_DELIVER, now, until_out);
	if (!job && twin->callbacks_running < TWIN_WORKERS / 2)
		job = first(twin, WORK_CALLBACK, now, until_out);
	if (job) {
		TAILQ_REMOVE(&twin->jobs[job->work], job, link);
		/* Who takes one may be away for long: another must watch what is due next. */
		if (--twin->job_count > 0)
			(void)pthread_cond_signal(&twin->job_added);
	}
	return job;
}

/* ---- the threads ---- */

static void tell(struct twin *twin, const char *sid, bool on)
{
	struct twin_message *m = twin_message_find(twin, sid);

	if (m)
		m->telling = on;
	twin->callbacks_running += on ? 1 : -1;
}

static void run(struct twin *twin, struct twin_job *job)
{
	bool callback = job->work == WORK_CALLBACK;
	char sid[TWIN_SID_SIZE];

	(void)snprintf(sid, sizeof sid, "%s", job->sid);
	if (callback)
		tell(twin, sid, true);
	pthread_mutex_unlock(&twin->lock);
	if (callback)
		twin_callback(twin, job);
	else
		twin_deliver(twin, job);
	job_free(job);
	pthread_mutex_lock(&twin->lock);
	if (callback)
		tell(twin, sid, false);
	else
		twin_changed(twin);
	(void)pthread_cond_signal(&twin->job_added); /* what was held may go, maybe to another */
}

static void *work(void *arg)
{
	struct twin *twin = arg;

	pthread_mutex_lock(&twin->lock);
	while (!twin->stopping) {
		int64_t until;
		struct twin_job *job = take(twin, &until);

		if (job)
			run(twin, job);
		else
			(void)twin_wait_for(twin, &twin->job_added, until);
	}
	pthread_mutex_unlock(&twin->lock);
	return NULL;
}

int twin_pool_start(struct twin *twin, struct err *err)
{
	while (twin->worker_count < TWIN_WORKERS) {
		if (pthread_create(&twin->workers[twin->worker_count], NULL, work, twin) != 0)
			return err_set(err, ERR_TEMP, "no thread to be had");
		twin->worker_count++;
	}
	return 0;
}

void twin_pool_stop(struct twin *twin)
{
	struct twin_job *job;

	while (twin->worker_count > 0)
		(void)pthread_join(twin->workers[--twin->worker_count], NULL);
	for (size_t i = 0; i < TWIN_WORKS; i++) {
		while ((job = TAILQ_FIRST(&twin->jobs[i]))) {
			TAILQ_REMOVE(&twin->jobs[i], job, link);
			job_free(job);
		}
	}
}

/* ---- one request out ---- */

struct waiter {
	struct twin *twin;
	pthread_cond_t answered;
	struct twin_got *got;
	bool ended;
};

static void on_done(void *arg, const struct net_answer *answer)
{
	struct waiter *w = arg;
	struct twin *twin = w->twin;

	pthread_mutex_lock(&twin->lock);
	w->got->outcome = answer->outcome;
	w->got->status = answer->status;
	w->got->took_ms = answer->took_ms;
	(void)buf_add(&w->got->body, answer->body.p, answer->body.n);
	(void)buf_add(&w->got->head, answer->head.p, answer->head.n);
	(void)snprintf(w->got->trouble, sizeof w->got->trouble, "%s", answer->trouble);
	w->ended = true;
	(void)pthread_cond_signal(&w->answered);
	pthread_mutex_unlock(&twin->lock);
}

bool twin_http(struct twin *twin, const struct net_request *req, struct twin_got *got_out)
{
	struct waiter w = { .twin = twin, .got = got_out };
	struct err err = { 0 };
	bool stopping;

	cond_init(&w.answered);
	*got_out = (struct twin_got){ .outcome = NET_NOT_SENT };
	buf_init(&got_out->body, TWIN_WEBHOOK_MAX + 1);
	buf_init(&got_out->head, 65536);
	if (net_submit(twin->net, req, on_done, &w, &err) < 0) {
		(void)snprintf(got_out->trouble, sizeof got_out->trouble, "%.255s", err.text);
		pthread_cond_destroy(&w.answered);
		return err.kind == ERR_INPUT;
	}
	pthread_mutex_lock(&twin->lock);
	while (!w.ended) /* net ends it by its own deadline */
		pthread_cond_wait(&w.answered, &twin->lock);
	stopping = twin->stopping;
	pthread_mutex_unlock(&twin->lock);
	pthread_cond_destroy(&w.answered);
	return !stopping || got_out->outcome == NET_ANSWERED;
}

void twin_got_free(struct twin_got *got)
{
	buf_free(&got->body);
	buf_free(&got->head);
}
