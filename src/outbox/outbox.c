/*
 * outbox.c - the door: opens, wakes, looks at and ends the outbox.
 */
#include "outbox_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "base/mem.h"
#include "base/metric.h"

bool outbox_is_stopping(struct outbox *box)
{
	bool yes;

	pthread_mutex_lock(&box->lock);
	yes = box->stopping;
	pthread_mutex_unlock(&box->lock);
	return yes;
}

void outbox_count(const char *name, const char *labels, const char *help)
{
	metric_add(metric_counter(name, labels, help), 1);
}

static void use_defaults(struct outbox_settings *set)
{
	if (!set->max_attempts)
		set->max_attempts = 30;
	if (!set->send_rate)
		set->send_rate = 80;
	if (!set->max_in_flight)
		set->max_in_flight = 200;
	if (!set->poll_ms)
		set->poll_ms = 500;
	if (set->attempt_ms <= 0 || set->attempt_ms > OUTBOX_SEND_TIMEOUT_MS)
		set->attempt_ms = OUTBOX_SEND_TIMEOUT_MS;
	if (set->look_ms <= 0)
		set->look_ms = OUTBOX_LOOK_MS;
	if (!set->sender)
		set->sender = "";
}

int outbox_open(const struct outbox_settings *set, struct outbox **box_out, struct err *err)
{
	struct outbox *box;

	if (!set->store || !set->channel || !set->net || !set->clock)
		return err_set(err, ERR_BUG, "outbox needs store, channel, net and clock");
	box = mem_alloc(sizeof *box);
	box->set = *set;
	use_defaults(&box->set);
	pthread_mutex_init(&box->lock, NULL);
	cond_init(&box->changed);
	cond_init(&box->asker_changed);
	box->worker_runs = pthread_create(&box->worker, NULL, outbox_work, box) == 0;
	box->asker_runs =
		box->worker_runs && pthread_create(&box->asker, NULL, outbox_ask_all, box) == 0;
	if (!box->asker_runs) {
		outbox_stop(box, 0);
		outbox_close(&box);
		return err_set(err, ERR_TEMP, "cannot start the outbox's threads");
	}
	*box_out = box;
	return 0;
}

void outbox_wake(struct outbox *box)
{
	pthread_mutex_lock(&box->lock);
	box->woken = true;
	pthread_cond_signal(&box->changed);
	pthread_mutex_unlock(&box->lock);
}

void outbox_use_broadcasts(struct outbox *box, const char (*ids)[ID_HEX_SIZE], size_t count)
{
	if (count > OUTBOX_MAX_BROADCASTS)
		count = OUTBOX_MAX_BROADCASTS;
	pthread_mutex_lock(&box->lock);
	if (count > 0)
		memcpy(box->broadcasts, ids, count * sizeof *ids);
	box->broadcast_count = count;
	box->broadcasts_new = true;
	pthread_mutex_unlock(&box->lock);
	outbox_wake(box);
}

void outbox_look(struct outbox *box, struct outbox_state *state_out)
{
	pthread_mutex_lock(&box->lock);
	*state_out = (struct outbox_state){ .config_code = box->config_code,
					    .config_ms = box->config_ms };
	pthread_mutex_unlock(&box->lock);
}

/* ---- the end ---- */

static void give_back_all(struct flights *list)
{
	struct flight *f;

	while ((f = outbox_pop(list)))
		outbox_give_back(f, 0);
}

/* What was not started goes back, so that the next start need not look it up. */
static void give_back(struct outbox *box)
{
	for (size_t i = 0; i < LANE_COUNT; i++)
		give_back_all(&box->lanes[i]);
	give_back_all(&box->unsure);
}

static bool is_done(struct outbox *box)
{
	bool yes;

	pthread_mutex_lock(&box->lock);
	yes = box->attempts_in_flight == 0 && box->lookups_in_flight == 0 && box->ended.count == 0;
	pthread_mutex_unlock(&box->lock);
	return yes && box->done.count == 0;
}

/* Waits for answers of attempts under way and settles them. */
static void drain(struct outbox *box, int64_t until_ms)
{
	for (;;) {
		int64_t mono = clock_mono_ms();

		give_back(box);
		box->settle_ms = 0;
		(void)outbox_settle(box,
				    mono); /* what it keeps is tried again until the time is up */
		if (is_done(box) || mono >= until_ms)
			return;
		pthread_mutex_lock(&box->lock);
		(void)cond_wait_until(&box->changed, &box->lock, mono + OUTBOX_BEAT_MS);
		pthread_mutex_unlock(&box->lock);
	}
}

void outbox_stop(struct outbox *box, int grace_ms)
{
	pthread_mutex_lock(&box->lock);
	box->stopping = true;
	pthread_cond_signal(&box->changed);
	pthread_cond_signal(&box->asker_changed);
	pthread_mutex_unlock(&box->lock);
	if (box->worker_runs)
		pthread_join(box->worker, NULL);
	if (box->asker_runs)
		pthread_join(box->asker, NULL);
	box->worker_runs = box->asker_runs = false;
	drain(box, clock_mono_ms() + grace_ms);
}

void outbox_close(struct outbox **boxp)
{
	struct outbox *box = *boxp;

	if (!box)
		return;
	box->settle_ms = 0;
	give_back(box);
	/* What the store does not take: the lease ends and the next owner looks it up. */
	(void)outbox_settle(box, clock_mono_ms());
	give_back(box);
	(void)outbox_settle(box, clock_mono_ms());
	outbox_flights_free(&box->ended);
	outbox_flights_free(&box->done);
	outbox_asks_free(box);
	pthread_cond_destroy(&box->changed);
	pthread_cond_destroy(&box->asker_changed);
	pthread_mutex_destroy(&box->lock);
	free(box);
	*boxp = NULL;
}
