/*
 * sqlite_writer.c - the one thread that writes.
 *
 * Jobs that wait form a group: one transaction, one COMMIT and so one
 * fsync for all. A savepoint sees to it that a job that fails undoes itself only;
 * because it costs a copy of every page it touches, turns, which may be run
 * twice, share one: when one of them fails, they are all undone and run again,
 * each in its own. What comes first in its group, mostly all of it, has none: it is
 * undone with the transaction, which begins anew. Waiters are told only after COMMIT; when COMMIT
 * fails, every job of the group has failed, also those that stored nothing (what they saw may have
 * been part of the group).
 *
 * All waiters of a group sleep on one word (a futex), so that one system call wakes them: woken
 * one by one, each would take the processor from the writer, who has the next group to run.
 *
 * A waiter whose time is over takes its job out of the queue while its group is
 * QUEUED. RUNNING uses the waiter's memory and is bounded by processor time and
 * page reads, so it is waited for. COMMITTING does not: a disk that hangs there
 * is left behind as ERR_UNSURE.
 */
#include "sqlite_private.h"

#include <limits.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/mem.h"

enum { GROUP_MAX = 256, RECHECK_MS = 50 };

/* Lives as long as its group. */
struct sqlite_job {
	struct sqlite_job *next;
	sqlite_work work;
	void *arg;  /* the waiter's; not used after RUNNING */
	bool twice; /* may be run again after it was undone */
	int ret;    /* the writer's until the group is told, as err is */
	struct err err;
};

/* The lock is held. The group that still takes jobs. */
static struct sqlite_group *open_group(struct sqlite_writer *w)
{
	struct sqlite_group *g = w->last;

	if (w->first && g->count < GROUP_MAX)
		return g;
	g = mem_alloc(sizeof *g);
	g->end = &g->first;
	atomic_init(&g->held, 1);
	if (w->first)
		w->last->next = g;
	else
		w->first = g;
	w->last = g;
	return g;
}

static void group_release(struct sqlite_group *g)
{
	struct sqlite_job *next;

	if (atomic_fetch_sub(&g->held, 1) > 1)
		return;
	for (struct sqlite_job *j = g->first; j; j = next) {
		next = j->next;
		free(j);
	}
	free(g);
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

static struct sqlite_group *take_group(struct sqlite_writer *w)
{
	struct sqlite_group *g;

	pthread_mutex_lock(&w->lock);
	g = w->first;
	w->first = g->next;
	g->state = GROUP_RUNNING;
	pthread_mutex_unlock(&w->lock);
	return g;
}

static void set_state(struct sqlite_writer *w, struct sqlite_group *g, enum group_state state)
{
	pthread_mutex_lock(&w->lock);
	g->state = state;
	pthread_mutex_unlock(&w->lock);
}

static void tell(struct sqlite_group *g)
{
	atomic_store(&g->told, 1);
	cond_word_wake(&g->told, INT_MAX);
	group_release(g);
}

/* Whoever had succeeded has failed by this. */
static void fail_all(struct sqlite_group *g, const struct err *err)
{
	for (struct sqlite_job *j = g->first; j; j = j->next) {
		if (j->ret >= 0) {
			j->ret = -1;
			j->err = *err;
		}
	}
}

/* fresh: they are the first of their transaction. */
static int undo_jobs(struct sqlite_conn *c, bool fresh, struct err *err)
{
	if (!fresh)
		return sqlite_do(c, SQL_JOB_UNDO, err) < 0 ? -1 : sqlite_do(c, SQL_JOB_END, err);
	return sqlite_do(c, SQL_ROLLBACK, err) < 0 ? -1 : sqlite_do(c, SQL_BEGIN_WRITE, err);
}

/* Runs the jobs from `first` up to `end` and undoes them all when one fails: then 0, else 1. -1:
 * the whole transaction is lost. */
static int run_jobs(struct sqlite_conn *c, struct sqlite_job *first, const struct sqlite_job *end,
		    bool fresh, struct err *err)
{
	c->steps.n = 0; /* of jobs that were undone */
	if (!fresh && sqlite_do(c, SQL_JOB_BEGIN, err) < 0)
		return -1;
	for (struct sqlite_job *j = first; j != end; j = j->next) {
		j->ret = j->work(c, j->arg, &j->err);
		if (j->ret >= 0)
			continue;
		/* A full disk may have ended the transaction already. */
		if (sqlite3_get_autocommit(c->db)) {
			*err = j->err;
			return -1;
		}
		return undo_jobs(c, fresh, err);
	}
	if (sqlite_steps_write(c, err) < 0 || (!fresh && sqlite_do(c, SQL_JOB_END, err) < 0))
		return -1;
	return 1;
}

/* The first job and all behind it that may be undone with it; *end_out: the next one. */
static int run_part(struct sqlite_conn *c, struct sqlite_job *first, bool fresh,
		    struct sqlite_job **end_out, struct err *err)
{
	struct sqlite_job *end = first->next;
	int ret;

	while (first->twice && end && end->twice)
		end = end->next;
	*end_out = end;
	ret = run_jobs(c, first, end, fresh, err);
	if (ret == 0 && first->next != end)
		for (struct sqlite_job *j = first; j != end && ret >= 0; j = j->next)
			ret = run_jobs(c, j, j->next, fresh && j == first, err);
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
static void run_group(struct sqlite_writer *w, struct sqlite_group *g)
{
	struct err err = { 0 };
	int ret = 0;

	for (struct sqlite_job *j = g->first; j && ret == 0;)
		ret = run_part(&w->conn, j, j == g->first, &j, &err);
	set_state(w, g, GROUP_COMMITTING);
	if (ret == 0)
		ret = sqlite_do(&w->conn, SQL_COMMIT, &err);
	if (ret < 0) {
		undo_group(&w->conn);
		fail_all(g, &err);
	}
	tell(g);
}

static void *writer_main(void *arg)
{
	struct sqlite_writer *w = arg;
	struct sqlite_group *g;
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
		g = take_group(w);
		if (begun == 0) {
			run_group(w, g);
		} else {
			fail_all(g, &err);
			tell(g);
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
static void take_out(struct sqlite_group *g, struct sqlite_job *job)
{
	struct sqlite_job **at = &g->first;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	if (!*at)
		g->end = at;
	g->count--;
	free(job);
}

/* True when the job was still in the queue, and is not any more. */
static bool cancel(struct sqlite_writer *w, struct sqlite_group *g, struct sqlite_job *j,
		   enum group_state *state_out)
{
	pthread_mutex_lock(&w->lock);
	*state_out = g->state;
	if (g->state == GROUP_QUEUED)
		take_out(g, j);
	pthread_mutex_unlock(&w->lock);
	return *state_out == GROUP_QUEUED;
}

/* Half of the time limit is for the queue, so that a job which starts late still has the other
 * half. 0 done, -1 given up: then the job may be gone. */
static int await(struct sqlite_writer *w, struct sqlite_group *g, struct sqlite_job *j,
		 struct err *err)
{
	const int64_t start = clock_mono_ms();
	int64_t until = start + w->timeout_ms / 2;
	enum group_state state;

	while (!atomic_load(&g->told)) {
		if (cond_word_wait_until(&g->told, 0, until))
			continue;
		if (cancel(w, g, j, &state))
			return err_set(err, ERR_TEMP, "sqlite: the writer had no time");
		if (!atomic_load(&g->told) && state == GROUP_COMMITTING &&
		    clock_mono_ms() >= start + w->timeout_ms)
			return err_set(err, ERR_UNSURE, "sqlite: the disk does not answer");
		until = clock_mono_ms() + RECHECK_MS;
	}
	return 0;
}

static struct sqlite_group *enqueue(struct sqlite_writer *w, struct sqlite_job *j)
{
	struct sqlite_group *g;

	pthread_mutex_lock(&w->lock);
	g = open_group(w);
	*g->end = j;
	g->end = &j->next;
	g->count++;
	atomic_fetch_add(&g->held, 1);
	pthread_mutex_unlock(&w->lock);
	pthread_cond_signal(&w->wake);
	return g;
}

static int write_job(struct sqlite_writer *w, sqlite_work work, void *arg, bool twice,
		     struct err *err)
{
	struct sqlite_job *j = mem_alloc(sizeof *j);
	struct sqlite_group *g;
	int ret;

	j->work = work;
	j->arg = arg;
	j->twice = twice;
	g = enqueue(w, j);
	ret = await(w, g, j, err);
	if (ret == 0) {
		ret = j->ret;
		if (ret < 0)
			*err = j->err;
	}
	group_release(g);
	return ret;
}

int sqlite_write(struct sqlite_writer *w, sqlite_work work, void *arg, struct err *err)
{
	return write_job(w, work, arg, false, err);
}

int sqlite_write_twice(struct sqlite_writer *w, sqlite_work work, void *arg, struct err *err)
{
	return write_job(w, work, arg, true, err);
}
