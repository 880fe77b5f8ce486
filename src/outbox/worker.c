/*
 * worker.c - the outbox's thread: settles what ended, claims what is due,
 * starts what may go, and knows when the next of these is worth doing.
 *
 * It never waits for one message: net carries many at once, and each step of
 * the store is for many rows.
 */
#include "outbox_private.h"

#include "base/cond.h"
#include "base/metric.h"

static void set_gauge(const char *name, const char *labels, const char *help, int64_t n)
{
	metric_set(metric_gauge(name, labels, help), n);
}

static void show(struct outbox *box)
{
	static const char flying[] = "Requests to the provider under way, by kind.";
	static const char held[] = "Claimed messages that wait for the sender's rate, by lane.";

	set_gauge("samvad_sends_in_flight", "kind=\"attempt\"", flying, outbox_flying(box, false));
	set_gauge("samvad_sends_in_flight", "kind=\"lookup\"", flying, outbox_flying(box, true));
	set_gauge("samvad_sends_held", "lane=\"reply\"", held,
		  (int64_t)box->lanes[LANE_REPLY].count);
	set_gauge("samvad_sends_held", "lane=\"broadcast\"", held,
		  (int64_t)box->lanes[LANE_BROADCAST].count);
}

/* Somebody says that rows are due. */
static void hear_wake(struct outbox *box)
{
	bool woken;

	pthread_mutex_lock(&box->lock);
	woken = box->woken;
	box->woken = false;
	pthread_mutex_unlock(&box->lock);
	if (!woken)
		return;
	box->lines_ms = 0;
	for (size_t i = 0; i < box->turn_count; i++)
		box->turns[i].next_ms = 0;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Returns when the next round is worth it, monotonic. */
static int64_t round_once(struct outbox *box)
{
	int64_t mono = clock_mono_ms();
	int64_t next = mono + box->set.poll_ms;

	hear_wake(box);
	if (mono >= box->store_ms && !(outbox_settle(box, mono) && outbox_claim(box, mono)))
		box->store_ms = mono + OUTBOX_STORE_PAUSE_MS;
	next = sooner(next, outbox_start(box, clock_mono_ms()));
	show(box);
	if (mono < box->store_ms)
		return sooner(next, box->store_ms);
	next = sooner(next, outbox_claim_next(box));
	if (box->done.count > 0 || outbox_flying(box, false) || outbox_flying(box, true))
		next = sooner(next, mono + OUTBOX_BEAT_MS);
	return next;
}

static void wait(struct outbox *box, int64_t until_ms)
{
	pthread_mutex_lock(&box->lock);
	while (!box->stopping && !box->woken)
		if (!cond_wait_until(&box->changed, &box->lock, until_ms))
			break;
	pthread_mutex_unlock(&box->lock);
}

void *outbox_work(void *arg)
{
	struct outbox *box = arg;

	while (!outbox_is_stopping(box))
		wait(box, round_once(box));
	return NULL;
}
