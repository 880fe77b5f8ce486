/*
 * sqlite_writer.c - the one thread that writes.
 *
 * It takes all waiting jobs as a group: one transaction, one COMMIT and so one
 * fsync for all. A savepoint sees to it that a job that fails undoes itself only;
 * because it costs a copy of every page it touches, turns, which may be run
 * twice, share one: when one of them fails, they are all undone and run again,
 * each in its own. Waiters are told only after COMMIT; when COMMIT fails, every job of the group
 * has failed, also those that stored nothing (what they saw may have been part of the group).
 *
 * A waiter whose time is over takes its job out of the queue while it is
 * QUEUED. RUNNING uses the waiter's memory and is bounded by processor time and
 * page reads, so it is waited for. COMMITTING does not: a disk that hangs there
 * is left behind as ERR_UNSURE.
 */
#include "sqlite_private.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/mem.h"

enum { GROUP_MAX = 256, RECHECK_MS = 50 };

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_COMMITTING };

/* Waited for with a semaphore: no lock that a whole group, woken at once, would queue for. Held by
 * its waiter and by the writer; the last one frees it. */
struct sqlite_job {
	struct sqlite_job *next;
	sqlite_work work;
	void *arg;	      /* the waiter's; not used after RUNNING */
	bool twice;	      /* may be run again after it was undone */
	enum job_state state; /* guarded by the writer's lock */
	int ret;	      /* the writer's until done */
	struct err err;
	atomic_int held;
	atomic_bool done; /* ret and err are the waiter's from here on */
	sem_t told;
};

static struct sqlite_job *job_new(sqlite_work work, void *arg, bool twice)
{
	struct sqlite_job *j = mem_alloc(sizeof *j);

	j->work = work;
	j->arg = arg;
	j->twice = twice;
	atomic_init(&j->held, 2);
	(void)sem_init(&j->told, 0, 0); /* fails for values that are too large */
	return j;
}

static void job_release(struct sqlite_job *j)
{
	if (atomic_fetch_sub(&j->held, 1) > 1)
		return;
	(void)sem_destroy(&j->told);
	free(j);
}

static int count_log(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct sqlite_writer *w = arg;

	(void)db;
	(void)name;
	w->log_pages = pages;
	return SQLITE_OK;
}

/* ---- the thread ---- */

/* The lock is held. Takes up to GROUP_MAX jobs off the queue. */
static struct sqlite_job *take_group(struct sqlite_writer *w)
{
	struct sqlite_job *first = w->first, **at = &w->first;

	for (int n = 0; *at && n < GROUP_MAX; n++) {
		(*at)->state = JOB_RUNNING;
		at = &(*at)->next;
	}
	w->first = *at;
	*at = NULL;
	if (!w->first)
		w->end = &w->first;
	return first;
}

static void set_state(struct sqlite_writer *w, struct sqlite_job *group, enum job_state state)
{
	pthread_mutex_lock(&w->lock);
	for (struct sqlite_job *j = group; j; j = j->next)
		j->state = state;
	pthread_mutex_unlock(&w->lock);
}

static void tell(struct sqlite_job *group)
{
	struct sqlite_job *next;

	for (struct sqlite_job *j = group; j; j = next) {
		next = j->next;
		atomic_store(&j->done, true);
		(void)sem_post(&j->told);
		job_release(j);
	}
}

/* Whoever had succeeded has failed by this. */
static void fail_all(struct sqlite_job *group, const struct err *err)
{
	for (struct sqlite_job *j = group; j; j = j->next) {
		if (j->ret >= 0) {
			j->ret = -1;
			j->err = *err;
		}
	}
}

/* Runs the jobs from `first` up to `end` in one savepoint and undoes them all when one fails: then
 * 0, else 1. -1: the whole transaction is lost. */
static int run_jobs(struct sqlite_conn *c, struct sqlite_job *first, const struct sqlite_job *end,
		    struct err *err)
{
	struct sqlite_job *j = first;
	int ret = 1;

	if (sqlite_do(c, SQL_JOB_BEGIN, err) < 0)
		return -1;
	for (; j != end && ret == 1; j = j->next) {
		j->ret = j->work(c, j->arg, &j->err);
		if (j->ret >= 0)
			continue;
		/* A full disk may have ended the transaction already. */
		if (sqlite3_get_autocommit(c->db)) {
			*err = j->err;
			return -1;
		}
		if (sqlite_do(c, SQL_JOB_UNDO, err) < 0)
			return -1;
		ret = 0;
	}
	return sqlite_do(c, SQL_JOB_END, err) < 0 ? -1 : ret;
}

/* The first job and all behind it that may share its savepoint; *end_out: the next one. */
static int run_part(struct sqlite_conn *c, struct sqlite_job *first, struct sqlite_job **end_out,
		    struct err *err)
{
	struct sqlite_job *end = first->next;
	int ret;

	while (first->twice && end && end->twice)
		end = end->next;
	*end_out = end;
	ret = run_jobs(c, first, end, err);
	if (ret == 0 && first->next != end)
		for (struct sqlite_job *j = first; j != end && ret >= 0; j = j->next)
			ret = run_jobs(c, j, j->next, err);
	return ret < 0 ? -1 : 0;
}

static void undo_group(struct sqlite_conn *c)
{
	struct err ignored;

	if (!sqlite3_get_autocommit(c->db))
		(void)sqlite_do(c, SQL_ROLLBACK,
				&ignored); /* already on the way out with an error */
}

/* The transaction is open. */
static void run_group(struct sqlite_writer *w, struct sqlite_job *group)
{
	struct err err = { 0 };
	int ret = 0;

	for (struct sqlite_job *j = group; j && ret == 0;)
		ret = run_part(&w->conn, j, &j, &err);
	set_state(w, group, JOB_COMMITTING);
	if (ret == 0)
		ret = sqlite_do(&w->conn, SQL_COMMIT, &err);
	if (ret < 0) {
		undo_group(&w->conn);
		fail_all(group, &err);
	}
	tell(group);
}

static void *writer_main(void *arg)
{
	struct sqlite_writer *w = arg;
	struct sqlite_job *group;
	struct err err;
	int begun;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->first && !w->stop)
			pthread_cond_wait(&w->wake, &w->lock);
		if (!w->first)
			break;
		pthread_mutex_unlock(&w->lock);
		/* Before the group is taken: while another process holds the file, jobs can be
		 * cancelled, and those that arrive meanwhile join. */
		begun = sqlite_do(&w->conn, SQL_BEGIN_WRITE, &err);
		pthread_mutex_lock(&w->lock);
		group = take_group(w);
		pthread_mutex_unlock(&w->lock);
		if (begun == 0) {
			run_group(w, group);
		} else {
			fail_all(group, &err);
			tell(group);
		}
		sqlite_checkpoint_consider(w->checkpoint, &w->conn, w->log_pages);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int sqlite_writer_start(struct sqlite_writer *w, struct sqlite_checkpoint *checkpoint,
			int timeout_ms, struct err *err)
{
	w->checkpoint = checkpoint;
	w->timeout_ms = timeout_ms;
	w->end = &w->first;
	(void)sqlite3_wal_hook(w->conn.db, count_log, w); /* also turns automatic checkpoints off */
	if (pthread_mutex_init(&w->lock, NULL) != 0)
		return err_set(err, ERR_TEMP, "sqlite: no mutex");
	cond_init(&w->wake);
	if (pthread_create(&w->thread, NULL, writer_main, w) != 0) {
		pthread_cond_destroy(&w->wake);
		pthread_mutex_destroy(&w->lock);
		return err_set(err, ERR_TEMP, "sqlite: no thread");
	}
	w->running = true;
	return 0;
}

void sqlite_writer_stop(struct sqlite_writer *w)
{
	if (!w->running)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	w->running = false;
}

/* ---- a waiter ---- */

/* The lock is held. */
static void take_out(struct sqlite_writer *w, const struct sqlite_job *job)
{
	struct sqlite_job **at = &w->first;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	if (!*at)
		w->end = at;
}

/* True when the job was still in the queue, and is not any more. */
static bool cancel(struct sqlite_writer *w, struct sqlite_job *j, enum job_state *state_out)
{
	pthread_mutex_lock(&w->lock);
	*state_out = j->state;
	if (j->state == JOB_QUEUED)
		take_out(w, j);
	pthread_mutex_unlock(&w->lock);
	return *state_out == JOB_QUEUED;
}

/* Woken, or interrupted; false when it is late. */
static bool wait_until(sem_t *told, int64_t deadline_ms)
{
	const struct timespec until = { .tv_sec = (time_t)(deadline_ms / 1000),
					.tv_nsec = (long)(deadline_ms % 1000) * 1000000L };

	return sem_clockwait(told, CLOCK_MONOTONIC, &until) == 0 || errno == EINTR;
}

/* Half of the time limit is for the queue, so that a job which starts late still has the other
 * half. 0 done, -1 given up. */
static int await(struct sqlite_writer *w, struct sqlite_job *j, struct err *err)
{
	const int64_t start = clock_mono_ms();
	int64_t until = start + w->timeout_ms / 2;
	enum job_state state;

	while (!atomic_load(&j->done)) {
		if (wait_until(&j->told, until))
			continue;
		if (cancel(w, j, &state)) {
			job_release(j); /* the writer's */
			return err_set(err, ERR_TEMP, "sqlite: the writer had no time");
		}
		if (!atomic_load(&j->done) && state == JOB_COMMITTING &&
		    clock_mono_ms() >= start + w->timeout_ms)
			return err_set(err, ERR_UNSURE, "sqlite: the disk does not answer");
		until = clock_mono_ms() + RECHECK_MS;
	}
	return 0;
}

static int write_job(struct sqlite_writer *w, struct sqlite_job *j, struct err *err)
{
	int ret;

	pthread_mutex_lock(&w->lock);
	*w->end = j;
	w->end = &j->next;
	pthread_mutex_unlock(&w->lock);
	pthread_cond_signal(&w->wake);

	ret = await(w, j, err);
	if (ret == 0) {
		ret = j->ret;
		if (ret < 0)
			*err = j->err;
	}
	job_release(j);
	return ret;
}

int sqlite_write(struct sqlite_writer *w, sqlite_work work, void *arg, struct err *err)
{
	return write_job(w, job_new(work, arg, false), err);
}

int sqlite_write_twice(struct sqlite_writer *w, sqlite_work work, void *arg, struct err *err)
{
	return write_job(w, job_new(work, arg, true), err);
}
