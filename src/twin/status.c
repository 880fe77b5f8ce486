/*
 * status.c - the life of what the program sent: queued, sent, delivered, read, or not.
 *
 * A heap of due changes on the clock that all rooms share: moved forward by
 * hours, everything due until then happens at once. The sender has a rate;
 * what comes faster waits in its queue.
 */
#include "twin_private.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
	ACCEPT_MS = 50,	 /* accepted to queued */
	QUEUE_MS = 150,	 /* queued to sent */
	TRAVEL_MS = 300, /* sent to delivered */
	SANDBOX_MS = 3000,
	LOOK_MS = 3600000,
};
static const int64_t QUEUE_MAX_US = 4LL * 3600 * 1000 * 1000;

/* ---- the heap ---- */

static void swap(struct twin *twin, size_t a, size_t b)
{
	struct twin_plan t = twin->plan[a];

	twin->plan[a] = twin->plan[b];
	twin->plan[b] = t;
}

static void push(struct twin *twin, const struct twin_plan *p)
{
	size_t i = twin->plan_count++;

	if (twin->plan_count > twin->plan_cap) {
		twin->plan_cap = twin->plan_cap ? 2 * twin->plan_cap : 64;
		twin->plan = mem_grow(twin->plan, twin->plan_cap, sizeof *twin->plan);
	}
	twin->plan[i] = *p;
	while (i > 0 && twin->plan[(i - 1) / 2].due_ms > twin->plan[i].due_ms) {
		swap(twin, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

static struct twin_plan pop(struct twin *twin)
{
	struct twin_plan top = twin->plan[0];
	size_t i = 0;

	twin->plan[0] = twin->plan[--twin->plan_count];
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
			if (child < twin->plan_count &&
			    twin->plan[child].due_ms < twin->plan[least].due_ms)
				least = child;
		if (least == i)
			return top;
		swap(twin, i, least);
		i = least;
	}
}

/* A message has at most one plan that counts: the one it remembers. */
static void plan(struct twin *twin, struct twin_message *m, int64_t due_ms)
{
	struct twin_plan p = { .due_ms = due_ms };

	m->plan_ms = due_ms;
	(void)snprintf(p.sid, sizeof p.sid, "%s", m->sid);
	push(twin, &p);
	if (twin->plan[0].due_ms == due_ms) /* the scheduler sleeps until the first */
		(void)pthread_cond_signal(&twin->plan_added);
}

/* ---- changes ---- */

void twin_status_set(struct twin *twin, struct twin_message *m, enum twin_status status,
		     int error_code)
{
	int64_t now = clock_now_ms(twin->clock);

	/* After a jump of the clock it happens late, and still when it was planned. */
	m->updated_ms = m->plan_ms && m->plan_ms < now ? m->plan_ms : now;
	m->status = status;
	m->error_code = error_code;
	if (status == TWIN_SENT)
		m->sent_ms = m->updated_ms;
	if (status == TWIN_FAILED || status == TWIN_UNDELIVERED || status == TWIN_CANCELED)
		m->plan_ms = 0;
	twin_message_publish(twin, m);
	twin_callback_queue(twin, m);
}

bool twin_status_full(const struct twin *twin)
{
	return twin->sender_free_us - clock_now_ms(twin->clock) * 1000 > QUEUE_MAX_US;
}

/* When the sender gets to it. */
static int64_t take_slot(struct twin *twin, int64_t now)
{
	int64_t free_us = twin->sender_free_us;

	if (free_us < now * 1000)
		free_us = now * 1000;
	twin->sender_free_us = free_us + 1000000 / twin->limits.rate;
	return free_us / 1000 + QUEUE_MS;
}

void twin_status_begin(struct twin *twin, struct twin_message *m, int64_t not_before_ms)
{
	int64_t now = clock_now_ms(twin->clock);

	if (m->status == TWIN_SCHEDULED)
		plan(twin, m, not_before_ms);
	else if (m->status == TWIN_ACCEPTED)
		plan(twin, m, now + ACCEPT_MS);
	else
		plan(twin, m, take_slot(twin, now));
}

/* Why it does not leave, or 0. */
static int refusal(struct twin *twin, const struct twin_message *m, enum twin_status *status)
{
	const struct twin_phone *phone = twin_phone_by_address(twin, m->to);
	int64_t now = m->plan_ms;

	*status = TWIN_FAILED;
	if (m->expires_ms && now > m->expires_ms)
		return 30036;
	/* what answers a message is no unasked-for one: the word STOP is answered, too */
	if (phone && phone->opted_out && m->by_api)
		return 21610;
	if (m->by_api && twin->faults.sandbox_rate) {
		if (twin->sandbox_sent_ms && now - twin->sandbox_sent_ms < SANDBOX_MS)
			return 63018;
		twin->sandbox_sent_ms = now;
	}
	*status = TWIN_UNDELIVERED;
	if (!phone)
		return twin->limits.everyone ? 0 : 63015;
	if (m->by_api && !m->approved && !twin->limits.everyone &&
	    now >= phone->last_in_ms + TWIN_WINDOW_MS)
		return 63016;
	return 0;
}

static void leave(struct twin *twin, struct twin_message *m)
{
	enum twin_status status;
	int code = refusal(twin, m, &status);
	int64_t now = m->plan_ms;

	twin_status_set(twin, m, code ? status : TWIN_SENT, code);
	if (!code)
		plan(twin, m, now + TRAVEL_MS);
}

/* What its plan said happens, as of the time that it said. */
static void advance(struct twin *twin, struct twin_message *m)
{
	int64_t now = m->plan_ms;

	switch (m->status) {
	case TWIN_SCHEDULED:
		m->status = TWIN_ACCEPTED;
		plan(twin, m, now + ACCEPT_MS);
		twin_message_publish(twin, m);
		break;
	case TWIN_ACCEPTED:
		twin_status_set(twin, m, TWIN_QUEUED, 0);
		plan(twin, m, take_slot(twin, now));
		break;
	case TWIN_QUEUED:
		leave(twin, m);
		break;
	case TWIN_SENT:
		if (twin->faults.undelivered_code &&
		    twin_fault_hits(&twin->undeliverable, twin->faults.undelivered_every))
			twin_status_set(twin, m, TWIN_UNDELIVERED, twin->faults.undelivered_code);
		else
			twin_status_set(twin, m, TWIN_DELIVERED, 0);
		m->plan_ms = 0;
		break;
	default:
		m->plan_ms = 0;
	}
}

void twin_status_run(struct twin *twin)
{
	int64_t now = clock_now_ms(twin->clock);

	while (twin->plan_count > 0 && twin->plan[0].due_ms <= now) {
		struct twin_plan p = pop(twin);
		struct twin_message *m = twin_message_find(twin, p.sid);

		if (m && m->plan_ms == p.due_ms)
			advance(twin, m);
	}
}

/* ---- the thread ---- */

static void *schedule(void *arg)
{
	struct twin *twin = arg;

	pthread_mutex_lock(&twin->lock);
	while (!twin->stopping) {
		int64_t wait = LOOK_MS;

		twin_status_run(twin);
		if (twin->plan_count > 0)
			wait = twin->plan[0].due_ms - clock_now_ms(twin->clock);
		(void)twin_wait_for(twin, &twin->plan_added,
				    clock_mono_ms() + (wait > 1 ? wait : 1));
	}
	pthread_mutex_unlock(&twin->lock);
	return NULL;
}

int twin_status_start(struct twin *twin, struct err *err)
{
	if (pthread_create(&twin->scheduler, NULL, schedule, twin) != 0)
		return err_set(err, ERR_TEMP, "no thread to be had");
	twin->scheduling = true;
	return 0;
}

void twin_status_stop(struct twin *twin)
{
	if (twin->scheduling)
		(void)pthread_join(twin->scheduler, NULL);
	twin->scheduling = false;
}
