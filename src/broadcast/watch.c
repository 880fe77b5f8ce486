/*
 * watch.c - the thread that looks after every open broadcast.
 *
 * A look: plan a slice of what is not planned, count what is being sent, end
 * what is through, pause what fails, and tell the outbox which to send. What it
 * remembers between two looks may be lost: after a restart the count of
 * failures and the rate begin anew.
 */
#include "broadcast_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"

enum {
	LOOK_MS = 250,
	COUNT_MS = 500,		   /* while it is sent */
	COUNT_IDLE_MS = 10 * 1000, /* while it is not: for the gauge */
	SAMPLE_MS = 1000,
	RATE_MS = 10 * 1000,
	LOOK_BACK_MS = 60 * 1000,
	LOOK_BACK_MOST = 20,
};

/* ---- what is remembered ---- */

static struct broadcaster_watched *find(struct broadcaster *b, const char *id)
{
	struct broadcaster_watched *w = b->watched;

	while (w && strcmp(w->id, id) != 0)
		w = w->next;
	return w;
}

static struct broadcaster_watched *remember(struct broadcaster *b, const struct broadcast *row)
{
	struct broadcaster_watched *w = find(b, row->id);

	if (!w) {
		w = mem_alloc(sizeof *w);
		memcpy(w->id, row->id, sizeof w->id);
		w->base_finished = -1;
		pthread_mutex_lock(&b->lock);
		w->next = b->watched;
		b->watched = w;
		pthread_mutex_unlock(&b->lock);
	}
	w->seen = true;
	return w;
}

/* Forgets what is not open any more, and adds up the rest. */
static void tidy_up(struct broadcaster *b)
{
	struct broadcaster_state state = { 0 };

	pthread_mutex_lock(&b->lock);
	for (struct broadcaster_watched **at = &b->watched; *at;) {
		struct broadcaster_watched *w = *at;

		if (w->seen) {
			state.open++;
			state.waiting += w->waiting;
			w->seen = false;
			at = &w->next;
		} else {
			*at = w->next;
			free(w);
		}
	}
	b->state = state;
	pthread_mutex_unlock(&b->lock);
}

static void sample(struct broadcaster *b, struct broadcaster_watched *w, int64_t left)
{
	int64_t now = clock_mono_ms();

	pthread_mutex_lock(&b->lock);
	if (!w->sample_count ||
	    now - w->samples[(w->sample_count - 1) % BROADCASTER_SAMPLES].mono_ms >= SAMPLE_MS) {
		size_t i = w->sample_count++ % BROADCASTER_SAMPLES;

		w->samples[i].mono_ms = now;
		w->samples[i].left = left;
	}
	pthread_mutex_unlock(&b->lock);
}

double broadcaster_rate(struct broadcaster *b, const char *id)
{
	struct broadcaster_watched *w;
	int64_t now = clock_mono_ms();
	int64_t ms = 0, left = 0;

	pthread_mutex_lock(&b->lock);
	w = find(b, id);
	for (size_t n = w ? w->sample_count : 0, back = 1; back <= n && back <= BROADCASTER_SAMPLES;
	     back++) {
		size_t newest = (n - 1) % BROADCASTER_SAMPLES;
		size_t i = (n - back) % BROADCASTER_SAMPLES;

		if (now - w->samples[i].mono_ms > RATE_MS + SAMPLE_MS)
			break;
		ms = w->samples[newest].mono_ms - w->samples[i].mono_ms;
		left = w->samples[newest].left - w->samples[i].left;
	}
	pthread_mutex_unlock(&b->lock);
	return ms > 0 ? (double)(left > 0 ? left : 0) * 1000 / (double)ms : -1;
}

/* ---- ending and pausing ---- */

struct verdict {
	int64_t now_ms;
	const char *why; /* NULL: it ends */
	int code;
};

static int end_row(struct broadcast *row, void *arg, struct err *err)
{
	const struct verdict *v = arg;

	(void)err;
	if (row->state != BROADCAST_RUNNING || !row->planned_ms)
		return 0;
	row->state = BROADCAST_DONE;
	row->finished_ms = v->now_ms;
	return 1;
}

static int pause_row(struct broadcast *row, void *arg, struct err *err)
{
	const struct verdict *v = arg;

	(void)err;
	if (row->state != BROADCAST_RUNNING)
		return 0;
	row->state = BROADCAST_PAUSED;
	row->why = v->why;
	row->why_code = v->code;
	return 1;
}

static void count_pause(const char *why)
{
	char labels[40];

	(void)snprintf(labels, sizeof labels, "why=\"%s\"", why);
	metric_add(metric_counter("samvad_broadcast_pauses_total", labels,
				  "Broadcasts that were paused by themselves."),
		   1);
}

/* True: it is paused now. */
static bool pause_broadcast(struct broadcaster *b, const char *id, const char *why, int code,
			    const char *detail)
{
	struct verdict v = { clock_now_ms(b->set.clock), why, code };
	const struct audit_entry audit = { .at_ms = v.now_ms,
					   .action = "broadcast.pause",
					   .object = id,
					   .detail = detail,
					   .request_id = "" };
	struct arena a = { 0 };
	struct broadcast row;
	struct err err = { 0 };
	int ret = broadcaster_change(b, id, pause_row, &v, &audit, &a, &row, &err);

	arena_free(&a);
	if (ret < 0) {
		log_warn("broadcast not paused", LOG_S("broadcast", id), LOG_S("error", err.text));
		return false;
	}
	if (ret == 1) {
		count_pause(why);
		log_warn("broadcast paused", LOG_S("broadcast", id), LOG_S("why", why),
			 LOG_S("detail", detail), LOG_I("code", code));
	}
	return true;
}

static int reopen_row(struct broadcast *row, void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	if (row->state != BROADCAST_DONE)
		return 0;
	row->state = BROADCAST_RUNNING;
	row->finished_ms = 0;
	return 1;
}

/* Something is to be sent again of one that is done: a template for a text that came too late, put
 * into its queue while it ended, or by a process that died before it could say so. */
static void reopen_if_needed(struct broadcaster *b, const char *id)
{
	struct broadcast_count *list = NULL;
	struct broadcaster_progress p;
	struct broadcast row;
	struct arena a = { 0 };
	struct err err = { 0 };
	size_t n = 0;
	int ret = store_broadcast_counts(b->set.store, id, &a, &list, &n, &err);

	if (ret == 0) {
		broadcaster_count_up(list, n, false, &p);
		if (p.open)
			ret = broadcaster_change(b, id, reopen_row, NULL, NULL, &a, &row, &err);
	}
	if (ret < 0)
		log_warn("broadcast not reopened", LOG_S("broadcast", id),
			 LOG_S("error", err.text));
	else if (ret == 1)
		log_info("broadcast reopened", LOG_S("broadcast", id));
	arena_free(&a);
}

static void end_broadcast(struct broadcaster *b, const char *id)
{
	struct verdict v = { clock_now_ms(b->set.clock), NULL, 0 };
	struct arena a = { 0 };
	struct broadcast row;
	struct err err = { 0 };
	int ret = broadcaster_change(b, id, end_row, &v, NULL, &a, &row, &err);

	arena_free(&a);
	if (ret < 0) {
		log_warn("broadcast not ended", LOG_S("broadcast", id), LOG_S("error", err.text));
	} else if (ret == 1) {
		log_info("broadcast done", LOG_S("broadcast", id));
		reopen_if_needed(b, id); /* its count is older than its end */
	}
}

/* Now and then, those that are done are looked at once more. */
static void look_back(struct broadcaster *b)
{
	int64_t mono = clock_mono_ms();
	struct broadcast *list = NULL;
	struct arena a = { 0 };
	struct err err = { 0 };
	size_t n = 0;

	if (b->looked_back_ms && mono - b->looked_back_ms < LOOK_BACK_MS)
		return;
	b->looked_back_ms = mono;
	if (store_broadcast_list(b->set.store, false, 0, "", LOOK_BACK_MOST, &a, &list, &n, &err) <
	    0)
		log_debug("broadcasts not listed", LOG_S("error", err.text));
	for (size_t i = 0; i < n; i++)
		if (list[i].state == BROADCAST_DONE)
			reopen_if_needed(b, list[i].id);
	arena_free(&a);
}

/* What had failed before a resume or a new round was known to whoever asked for that. */
static bool is_failing(struct broadcaster_watched *w, const struct broadcaster_progress *p)
{
	if (w->base_finished < 0 || w->base_failed > p->failed || w->base_finished > p->finished) {
		w->base_failed = p->failed;
		w->base_finished = p->finished;
	}
	return broadcaster_is_failing(p->failed - w->base_failed, p->finished - w->base_finished);
}

static bool pause_when_failing(struct broadcaster *b, struct broadcaster_watched *w,
			       const struct broadcaster_progress *p)
{
	struct outbox_state outbox = { 0 };
	char detail[80];

	outbox_look(b->set.outbox, &outbox);
	if (outbox.config_code && outbox.config_ms > w->since_ms) {
		(void)snprintf(detail, sizeof detail, "configuration %d", outbox.config_code);
		return pause_broadcast(b, w->id, "configuration", outbox.config_code, detail);
	}
	if (!is_failing(w, p) || !(p->outcomes[OUTCOME_WAITING] + p->outcomes[OUTCOME_SENDING]))
		return false; /* or nothing is left that a pause could hold back */
	(void)snprintf(detail, sizeof detail, "%" PRId64 " of %" PRId64 " failed, mostly %d",
		       p->failed - w->base_failed, p->finished - w->base_finished, p->code);
	return pause_broadcast(b, w->id, "failures", p->code, detail);
}

/* ---- one look at one broadcast ---- */

static bool is_sendable(const struct broadcaster *b, const struct broadcast *row)
{
	int64_t now = clock_now_ms(b->set.clock);

	return row->state == BROADCAST_RUNNING && row->send_at_ms <= now &&
	       !broadcaster_quiet_until(&b->set.quiet, now);
}

/* A fresh start of the counts: at the first look, after a resume, in another round. */
static void begin_anew(struct broadcaster *b, struct broadcaster_watched *w,
		       const struct broadcast *row)
{
	bool running = row->state == BROADCAST_RUNNING;

	if (!w->since_ms)
		w->since_ms = row->send_at_ms > row->created_ms ? row->send_at_ms : row->created_ms;
	else if (running && (!w->was_running || w->round != row->round))
		w->since_ms = clock_now_ms(b->set.clock);
	if (!w->was_running || w->round != row->round)
		w->base_finished = -1;
	w->was_running = running;
	w->round = row->round;
}

static int count(struct broadcaster *b, struct broadcaster_watched *w,
		 struct broadcaster_progress *p_out)
{
	struct broadcast_count *list = NULL;
	struct arena a = { 0 };
	struct err err = { 0 };
	size_t n = 0;
	int ret = store_broadcast_counts(b->set.store, w->id, &a, &list, &n, &err);

	if (ret < 0) {
		log_debug("broadcast not counted", LOG_S("error", err.text));
	} else {
		broadcaster_count_up(list, n, false, p_out);
		w->counted_ms = clock_mono_ms();
		w->waiting = p_out->outcomes[OUTCOME_WAITING] + p_out->outcomes[OUTCOME_SENDING];
		sample(b, w,
		       p_out->audience - p_out->outcomes[OUTCOME_SKIPPED] - w->waiting -
			       p_out->outcomes[OUTCOME_PARKED] - p_out->outcomes[OUTCOME_UNSURE]);
	}
	arena_free(&a);
	return ret;
}

/* True: there is more to plan, and it is this process that does it. */
static bool plan(struct broadcaster *b, struct broadcaster_watched *w)
{
	struct err err = { 0 };
	int ret = broadcaster_plan_slice(b, w, &err);

	if (ret < 0)
		log_warn("broadcast planning", LOG_S("broadcast", w->id), LOG_S("error", err.text));
	pthread_mutex_lock(&b->lock);
	(void)pthread_cond_broadcast(&b->news);
	pthread_mutex_unlock(&b->lock);
	return ret == 0 && w->planner_ms;
}

/* True: the outbox is to send it. *busy: look again at once. */
static bool look_at(struct broadcaster *b, const struct broadcast *row, bool *busy)
{
	struct broadcaster_watched *w = remember(b, row);
	bool sendable = is_sendable(b, row);
	bool fresh = !w->counted_ms || w->round != row->round ||
		     (row->state == BROADCAST_RUNNING && !w->was_running);
	struct broadcaster_progress p;

	begin_anew(b, w, row);
	if (!row->planned_ms)
		*busy |= plan(b, w);
	if (!fresh && clock_mono_ms() - w->counted_ms < (sendable ? COUNT_MS : COUNT_IDLE_MS))
		return sendable;
	if (count(b, w, &p) < 0 || !sendable)
		return sendable;
	if (pause_when_failing(b, w, &p)) {
		w->was_running = false; /* it may be resumed before the next look */
		return false;
	}
	/* planned when this look began, so that the count is whole */
	if (row->planned_ms && !p.open)
		end_broadcast(b, w->id);
	return true;
}

/* ---- all of them ---- */

/* Telling wakes it, so only when there is news. */
static void tell_outbox(struct broadcaster *b, const char (*ids)[ID_HEX_SIZE], size_t count)
{
	if (count == b->told_count && memcmp(ids, b->told, count * sizeof *ids) == 0)
		return;
	memcpy(b->told, ids, count * sizeof *ids);
	b->told_count = count;
	outbox_use_broadcasts(b->set.outbox, ids, count);
}

/* Returns whether there is more to plan. */
static bool look_around(struct broadcaster *b)
{
	char ids[OUTBOX_MAX_BROADCASTS][ID_HEX_SIZE];
	struct broadcast *list = NULL;
	struct arena a = { 0 };
	struct err err = { 0 };
	size_t n = 0, sending = 0;
	bool busy = false;

	if (store_broadcast_list(b->set.store, true, 0, "", BROADCASTER_MAX_OPEN, &a, &list, &n,
				 &err) < 0) {
		log_debug("broadcasts not listed", LOG_S("error", err.text));
		arena_free(&a);
		return false; /* what is being sent goes on */
	}
	for (size_t i = n; i-- > 0;) /* the oldest first */
		if (look_at(b, &list[i], &busy) && sending < OUTBOX_MAX_BROADCASTS)
			memcpy(ids[sending++], list[i].id, ID_HEX_SIZE);
	tell_outbox(b, (const char(*)[ID_HEX_SIZE])ids, sending);
	tidy_up(b);
	look_back(b);
	arena_free(&a);
	return busy;
}

void *broadcaster_watch(void *broadcaster)
{
	struct broadcaster *b = broadcaster;
	bool busy = false;

	pthread_mutex_lock(&b->lock);
	while (!b->stopping) {
		int64_t until = clock_mono_ms() + (busy ? 0 : LOOK_MS);

		while (!b->wanted && !b->stopping && cond_wait_until(&b->woken, &b->lock, until))
			;
		b->wanted = false;
		if (b->stopping)
			break;
		pthread_mutex_unlock(&b->lock);
		busy = look_around(b);
		pthread_mutex_lock(&b->lock);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

void broadcaster_wake(struct broadcaster *b)
{
	pthread_mutex_lock(&b->lock);
	b->wanted = true;
	(void)pthread_cond_broadcast(&b->woken);
	pthread_mutex_unlock(&b->lock);
}
