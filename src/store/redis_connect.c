/*
 * redis_connect.c - how a link's thread comes to a connection, and what ends one.
 *
 * Closed: the next caller makes the thread connect; who comes meanwhile waits
 * in line. Open: redis_link.c. Away (connecting failed): until a try succeeds
 * everybody gets the last error at once, so that a dead server costs nobody a
 * time-out. Tries start 100 ms apart and double up to 5 s, with jitter so that
 * processes do not knock in step; when nobody asks any more they end.
 */
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "redis_link_private.h"

enum { BACKOFF_FIRST_MS = 100, BACKOFF_LAST_MS = 5000 };

/* What the stream's count of bytes says about a call that got no whole answer. */
static enum redis_fate fate_of(const struct redis_link *link, const struct redis_call *call)
{
	/* Half a command is not executed, but earlier ones of the call are. */
	bool unsent = call->count == 1 ? call->to > link->carried : call->from >= link->carried;

	return unsent ? REDIS_NOT_SENT : REDIS_LOST;
}

/* Ends the connection; what was in flight is settled. Callers in line stay there. */
void redis_link_lose(struct redis_link *link, const struct err *why)
{
	redis_link_count("lost");
	redis_stream_close(&link->stream);
	redisReaderFree(link->reader);
	link->reader = NULL;
	pthread_mutex_lock(&link->lock);
	link->state = REDIS_LINK_CLOSED;
	link->deaf = false;
	pthread_mutex_unlock(&link->lock);
	while (link->flight.first) {
		struct redis_call *call = link->flight.first;

		redis_line_remove(&link->flight, call);
		redis_call_settle(call, fate_of(link, call), why);
	}
}

static int open_place(struct redis_link *link, int64_t deadline, struct err *err)
{
	struct redis_place master;
	int ret;

	if (link->address->form != REDIS_SENTINEL)
		return redis_stream_open(&link->place, link->tls, &link->waker, deadline,
					 &link->stream, err);
	if (redis_sentinel_find(link->address, link->tls, &link->waker, link->failures, deadline,
				&master, err) < 0)
		return -1;
	ret = redis_stream_open(&master, link->tls, &link->waker, deadline, &link->stream, err);
	free(master.host);
	return ret;
}

static int open_stream(struct redis_link *link, struct err *err)
{
	int64_t deadline = clock_mono_ms() + link->timeout_ms;

	if (open_place(link, deadline, err) < 0)
		return -1;
	link->reader = redisReaderCreate();
	if (!link->reader)
		return err_set(err, ERR_TEMP, "Redis: no memory for a reader");
	return redis_greet(link->stream, link->reader, link->address, deadline, err);
}

static void note_failure(struct redis_link *link)
{
	int64_t delay = BACKOFF_LAST_MS;

	if (link->failures < 6)
		delay = BACKOFF_FIRST_MS << link->failures;
	link->failures++;
	link->next_try_ms =
		clock_mono_ms() + delay / 2 + (int64_t)(id_random_u64() % (uint64_t)(delay / 2));
}

static void connect_link(struct redis_link *link)
{
	struct err why = { 0 };
	struct redis_line refused = { 0 };
	bool well;

	pthread_mutex_lock(&link->lock);
	link->wanted = link->waiting.first;
	pthread_mutex_unlock(&link->lock);
	well = open_stream(link, &why) == 0;

	if (well) {
		link->failures = 0;
		link->promised = link->carried = 0;
		link->unfinished = 0;
		link->misled = false;
		buf_reset(&link->out);
		link->out_done = 0;
		atomic_store(&link->heard_ms, clock_mono_ms());
	} else {
		redis_stream_close(&link->stream);
		if (link->reader)
			redisReaderFree(link->reader);
		link->reader = NULL;
		note_failure(link);
	}
	redis_link_count(well ? "connected" : "refused");
	pthread_mutex_lock(&link->lock);
	link->state = well ? REDIS_LINK_OPEN : REDIS_LINK_AWAY;
	link->last = why;
	if (!well) {
		refused = link->waiting;
		link->waiting = (struct redis_line){ 0 };
		for (struct redis_call *c = refused.first; c; c = c->next)
			c->in_line = false;
	}
	pthread_mutex_unlock(&link->lock);
	redis_line_settle(&refused, &why);
}

/* Sleeps until somebody rings, or timeout_ms (-1: for ever) have passed. */
static void rest(struct redis_link *link, int64_t timeout_ms)
{
	struct pollfd p = { .fd = link->waker.fd, .events = POLLIN };

	if (timeout_ms != 0 && poll(&p, 1, (int)timeout_ms) > 0)
		redis_waker_clear(&link->waker);
}

/* Without a connection: until it is time to make one. */
void redis_link_idle(struct redis_link *link)
{
	bool due;
	int64_t left = -1;

	pthread_mutex_lock(&link->lock);
	if (link->state == REDIS_LINK_AWAY) {
		left = link->next_try_ms - clock_mono_ms();
		due = left <= 0;
		if (due && !link->wanted) { /* nobody misses it: no more knocking until then */
			link->state = REDIS_LINK_CLOSED;
			due = false;
			left = -1;
		}
	} else {
		due = link->waiting.first;
	}
	link->resting = !due;
	pthread_mutex_unlock(&link->lock);
	if (due)
		connect_link(link);
	else
		rest(link, left);
}
