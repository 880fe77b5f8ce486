/*
 * redis_line.c - the line before a connection, and how callers wait in it and leave it.
 *
 * A caller whose deadline passes steps out when it was not written yet, and
 * else leaves its call behind, to swallow the replies that may still come.
 */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/metric.h"
#include "redis_link_private.h"

enum {
	LINE_CALLS = 4096, /* more are refused */
	LINE_BYTES = 64 * 1024 * 1024,
	NOW_CALLS = 4, /* so many in flight: what comes now is better joined */
	NOW_BYTES = 16 * 1024,
};

void redis_link_count(const char *what)
{
	char labels[32];

	/* All of these are rare: finding the counter by name is cheap enough. */
	(void)snprintf(labels, sizeof labels, "event=\"%s\"", what);
	metric_add(metric_counter("samvad_redis_events_total", labels,
				  "What befell connections to Redis."),
		   1);
}

/* ---- lines ---- */

void redis_line_add(struct redis_line *line, struct redis_call *call)
{
	call->next = NULL;
	call->prev = line->last;
	if (line->last)
		line->last->next = call;
	else
		line->first = call;
	line->last = call;
	line->calls++;
	line->bytes += call->bytes.n;
}

void redis_line_remove(struct redis_line *line, struct redis_call *call)
{
	if (call->prev)
		call->prev->next = call->next;
	else
		line->first = call->next;
	if (call->next)
		call->next->prev = call->prev;
	else
		line->last = call->prev;
	line->calls--;
	line->bytes -= call->bytes.n;
}

void redis_line_settle(struct redis_line *line, const struct err *why)
{
	while (line->first) {
		struct redis_call *call = line->first;

		redis_line_remove(line, call);
		redis_call_settle(call, REDIS_NOT_SENT, why);
	}
}

/* ---- callers ---- */

/* Under the lock, while the thread sleeps: a short call to a server that has little to do need
 * not wake it up. False: the call has to stand in line. */
static bool write_now(struct redis_link *link, struct redis_call *call, bool *ring_out)
{
	ssize_t n;

	if (!link->resting || link->state != REDIS_LINK_OPEN || link->tls || link->deaf ||
	    link->waiting.first || link->flight.calls >= NOW_CALLS || call->bytes.n > NOW_BYTES ||
	    link->out_done < link->out.len)
		return false;
	/* Has it gone? The thread sees that, too, but perhaps a moment later. */
	if (!link->flight.first && !redis_stream_is_quiet(link->stream))
		return false;
	redis_link_board(link, call, clock_mono_ms());
	n = redis_stream_write(link->stream, call->bytes, NULL);
	if (n > 0)
		link->carried += (uint64_t)n;
	if (n == (ssize_t)call->bytes.n)
		return true;
	/* The thread writes the rest, or meets the same fault. */
	buf_reset(&link->out);
	link->out_done = 0;
	(void)buf_add(&link->out, call->bytes.p + (n > 0 ? n : 0),
		      call->bytes.n - (size_t)(n > 0 ? n : 0));
	*ring_out = true;
	link->resting = false;
	return true;
}

int redis_link_put(struct redis_link *link, struct redis_call *call, struct err *err)
{
	bool ring = false, full;
	int ret = -1;

	pthread_mutex_lock(&link->lock);
	link->wanted = true;
	full = link->waiting.calls >= LINE_CALLS ||
	       (link->waiting.calls > 0 && link->waiting.bytes + call->bytes.n > LINE_BYTES);
	if (link->state == REDIS_LINK_AWAY) {
		if (err)
			*err = link->last;
	} else if (!full) {
		ret = 0;
		if (!write_now(link, call, &ring)) {
			call->in_line = true;
			redis_line_add(&link->waiting, call);
			ring = link->resting && link->flight.calls < REDIS_BUSY_CALLS;
			link->resting = link->resting && !ring;
		}
	}
	pthread_mutex_unlock(&link->lock);
	if (ring)
		redis_waker_ring(&link->waker);
	if (ret == 0 || !full)
		return ret;
	redis_link_count("line full");
	return err_set(err, ERR_TEMP, "Redis: too many calls wait for it");
}

/* The deadline has passed. True: it was never written and is out of the line. */
static bool step_out(struct redis_link *link, struct redis_call *call)
{
	bool was_in_line;

	pthread_mutex_lock(&link->lock);
	was_in_line = call->in_line;
	if (was_in_line) {
		redis_line_remove(&link->waiting, call);
		call->in_line = false;
	} else if (link->state == REDIS_LINK_OPEN &&
		   atomic_load(&link->heard_ms) <= call->written_ms &&
		   clock_mono_ms() - call->written_ms >= link->timeout_ms * 7 / 8) {
		/* Nothing may be written to it any more, for it would be unsure. */
		link->deaf = true;
	}
	pthread_mutex_unlock(&link->lock);
	return was_in_line;
}

static void ring(struct redis_link *link)
{
	pthread_mutex_lock(&link->lock);
	link->resting = false;
	pthread_mutex_unlock(&link->lock);
	redis_waker_ring(&link->waker);
}

enum redis_fate redis_link_wait(struct redis_link *link, struct redis_call **call, int64_t deadline,
				struct err *err)
{
	struct redis_call *c = *call;

	if (!redis_call_wait(c, deadline)) {
		if (step_out(link, c)) {
			(void)redis_stream_lost(err, ETIMEDOUT);
			return REDIS_NOT_SENT;
		}
		ring(link);
		if (redis_call_leave(c)) {
			*call = NULL;
			redis_link_count("deadline");
			(void)redis_stream_lost(err, ETIMEDOUT);
			return REDIS_LOST;
		}
	}
	if (c->fate != REDIS_ANSWERED && err)
		*err = c->why;
	return c->fate;
}
