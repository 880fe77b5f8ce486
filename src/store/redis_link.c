/*
 * redis_link.c - one connection, the thread that owns it, and the line before it.
 *
 * Closed: the next caller makes the thread connect; who comes meanwhile waits
 * in line. Open: what is in line goes out in one write. Away (connecting
 * failed): until a try succeeds everybody gets the last error at once, so that
 * a dead server costs nobody a time-out. Tries start 100 ms apart and double
 * up to 5 s, with jitter so that processes do not knock in step.
 *
 * A call leaves the line only when all that was taken before it has left the
 * buffer: so what still waits in line has surely not been sent, and what is in
 * flight can be told apart by the count of bytes that the stream has taken.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/metric.h"
#include "redis_link_private.h"

enum {
	BACKOFF_FIRST_MS = 100,
	BACKOFF_LAST_MS = 5000,
	LINE_CALLS = 4096, /* more are refused */
	LINE_BYTES = 64 * 1024 * 1024,
	FLIGHT_CALLS = 1024, /* more wait in line */
	WRITE_BYTES = 256 * 1024,
	READ_BYTES = 64 * 1024,
};

enum link_state { LINK_CLOSED, LINK_OPEN, LINK_AWAY };

struct line {
	struct redis_call *first, *last;
	size_t calls;
	size_t bytes;
};

struct redis_link {
	struct redis_place place;	     /* owned */
	const struct redis_address *address; /* borrowed, as tls */
	struct redis_tls *tls;
	int timeout_ms;
	pthread_t thread;
	struct redis_waker waker;

	pthread_mutex_t lock; /* guards these */
	enum link_state state;
	struct line waiting;
	bool resting; /* the thread sleeps: whoever comes rings */
	bool deaf;    /* somebody waited the whole limit and heard nothing */
	struct err last;

	_Atomic int64_t heard_ms; /* when the server said something */

	/* The thread's own. */
	struct redis_stream *stream;
	redisReader *reader;
	struct line flight;
	struct buf out;
	size_t out_done;     /* bytes of `out` that have left */
	uint64_t promised;   /* bytes that calls have put into `out` since the connection began */
	uint64_t carried;    /* those that have left */
	size_t unfinished;   /* bytes heard since the last whole reply */
	unsigned failures;   /* to connect, in a row */
	int64_t next_try_ms; /* while away */
	char *in;
};

static void count(const char *what)
{
	char labels[32];

	/* All of these are rare: finding the counter by name is cheap enough. */
	(void)snprintf(labels, sizeof labels, "event=\"%s\"", what);
	metric_add(metric_counter("samvad_redis_events_total", labels,
				  "What befell connections to Redis."),
		   1);
}

/* ---- lines ---- */

static void line_add(struct line *line, struct redis_call *call)
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

static void line_remove(struct line *line, struct redis_call *call)
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

/* ---- callers ---- */

int redis_link_put(struct redis_link *link, struct redis_call *call, struct err *err)
{
	bool ring = false, full;
	int ret = -1;

	pthread_mutex_lock(&link->lock);
	full = link->waiting.calls >= LINE_CALLS ||
	       (link->waiting.calls > 0 && link->waiting.bytes + call->bytes.n > LINE_BYTES);
	if (link->state == LINK_AWAY) {
		if (err)
			*err = link->last;
	} else if (!full) {
		call->in_line = true;
		line_add(&link->waiting, call);
		ring = link->resting;
		link->resting = false;
		ret = 0;
	}
	pthread_mutex_unlock(&link->lock);
	if (ring)
		redis_waker_ring(&link->waker);
	if (ret == 0 || !full)
		return ret;
	count("line full");
	return err_set(err, ERR_TEMP, "Redis: too many calls wait for it");
}

/* The deadline has passed. True: it was never written and is out of the line. */
static bool step_out(struct redis_link *link, struct redis_call *call)
{
	bool was_in_line;

	pthread_mutex_lock(&link->lock);
	was_in_line = call->in_line;
	if (was_in_line) {
		line_remove(&link->waiting, call);
		call->in_line = false;
	} else if (link->state == LINK_OPEN && atomic_load(&link->heard_ms) <= call->written_ms &&
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
			count("deadline");
			(void)redis_stream_lost(err, ETIMEDOUT);
			return REDIS_LOST;
		}
	}
	if (c->fate != REDIS_ANSWERED && err)
		*err = c->why;
	return c->fate;
}

/* ---- the thread: connecting ---- */

static void settle_all(struct line *line, const struct err *why)
{
	while (line->first) {
		struct redis_call *call = line->first;

		line_remove(line, call);
		redis_call_settle(call, REDIS_NOT_SENT, why);
	}
}

/* What the stream's count of bytes says about a call that got no whole answer. */
static enum redis_fate fate_of(const struct redis_link *link, const struct redis_call *call)
{
	/* Half a command is not executed, but earlier ones of the call are. */
	bool unsent = call->count == 1 ? call->to > link->carried : call->from >= link->carried;

	return unsent ? REDIS_NOT_SENT : REDIS_LOST;
}

/* Ends the connection; what was in flight is settled. Callers in line stay there. */
static void lose(struct redis_link *link, const struct err *why)
{
	count("lost");
	redis_stream_close(&link->stream);
	redisReaderFree(link->reader);
	link->reader = NULL;
	pthread_mutex_lock(&link->lock);
	link->state = LINK_CLOSED;
	link->deaf = false;
	pthread_mutex_unlock(&link->lock);
	while (link->flight.first) {
		struct redis_call *call = link->flight.first;

		line_remove(&link->flight, call);
		redis_call_settle(call, fate_of(link, call), why);
	}
}

static int open_stream(struct redis_link *link, struct err *err)
{
	int64_t deadline = clock_mono_ms() + link->timeout_ms;

	if (redis_stream_open(&link->place, link->tls, &link->waker, deadline, &link->stream, err) <
	    0)
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
	struct line refused = { 0 };
	bool well = open_stream(link, &why) == 0;

	if (well) {
		link->failures = 0;
		link->promised = link->carried = 0;
		link->unfinished = 0;
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
	count(well ? "connected" : "refused");
	pthread_mutex_lock(&link->lock);
	link->state = well ? LINK_OPEN : LINK_AWAY;
	link->last = why;
	if (!well) {
		refused = link->waiting;
		link->waiting = (struct line){ 0 };
		for (struct redis_call *c = refused.first; c; c = c->next)
			c->in_line = false;
	}
	pthread_mutex_unlock(&link->lock);
	settle_all(&refused, &why);
}

/* Sleeps until somebody rings, or timeout_ms (-1: for ever) have passed. */
static void rest(struct redis_link *link, int64_t timeout_ms)
{
	struct pollfd p = { .fd = link->waker.fd, .events = POLLIN };

	if (timeout_ms != 0 && poll(&p, 1, (int)timeout_ms) > 0)
		redis_waker_clear(&link->waker);
}

/* Without a connection: until it is time to make one. */
static void idle(struct redis_link *link)
{
	bool due;
	int64_t left = -1;

	pthread_mutex_lock(&link->lock);
	if (link->state == LINK_AWAY) {
		left = link->next_try_ms - clock_mono_ms();
		due = left <= 0;
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

/* ---- the thread: an open connection ---- */

static int64_t silence_ends(const struct redis_link *link)
{
	int64_t since = atomic_load(&link->heard_ms);

	if (link->flight.first->written_ms > since)
		since = link->flight.first->written_ms;
	return since + link->timeout_ms;
}

/* How long to sleep: not at all when there is something to write. */
static int time_to_rest(struct redis_link *link)
{
	bool can_write = link->out_done == link->out.len && link->flight.calls < FLIGHT_CALLS;
	int64_t left = -1;

	pthread_mutex_lock(&link->lock);
	link->resting = !(can_write && link->waiting.first) && !link->deaf;
	if (!link->resting)
		left = 0;
	pthread_mutex_unlock(&link->lock);
	if (left == 0 || !link->flight.first)
		return (int)left;
	left = silence_ends(link) - clock_mono_ms();
	return left > 0 ? (int)left : 0;
}

/* 1: the server has said something, or has gone; 0: neither. */
static int look(struct redis_link *link)
{
	struct pollfd p[2] = {
		{ .fd = redis_stream_fd(link->stream),
		  .events = redis_stream_events(link->stream, link->out_done < link->out.len) },
		{ .fd = link->waker.fd, .events = POLLIN },
	};

	/* An interruption is a look that saw nothing. */
	if (poll(p, 2, time_to_rest(link)) <= 0)
		return 0;
	if (p[1].revents)
		redis_waker_clear(&link->waker);
	return p[0].revents & ~POLLOUT ? 1 : 0;
}

static int hand_out(struct redis_link *link, redisReply *reply, struct err *err)
{
	struct redis_call *call = link->flight.first;

	if (!call) {
		freeReplyObject(reply);
		return err_set(err, ERR_TEMP, "Redis answers what nobody has asked");
	}
	call->replies[call->answered++] = reply;
	if (call->answered < call->count)
		return 0;
	line_remove(&link->flight, call);
	redis_call_settle(call, REDIS_ANSWERED, NULL);
	return 0;
}

static int take_replies(struct redis_link *link, struct err *err)
{
	void *reply;

	for (;;) {
		if (redisReaderGetReply(link->reader, &reply) != REDIS_OK)
			return err_set(err, ERR_TEMP, "Redis speaks an unknown protocol");
		if (!reply)
			return 0;
		link->unfinished = 0;
		if (hand_out(link, reply, err) < 0)
			return -1;
	}
}

static int hear(struct redis_link *link, struct err *err)
{
	ssize_t n = redis_stream_read(link->stream, link->in, READ_BYTES, err);

	if (n <= 0)
		return (int)n;
	atomic_store(&link->heard_ms, clock_mono_ms());
	link->unfinished += (size_t)n;
	if (link->unfinished > REDIS_MAX_REPLY)
		return err_set(err, ERR_TEMP, "Redis: an answer of more than %d MiB",
			       REDIS_MAX_REPLY >> 20);
	if (redisReaderFeed(link->reader, link->in, (size_t)n) != REDIS_OK)
		return err_set(err, ERR_TEMP, "Redis: no memory for the answer");
	return take_replies(link, err);
}

/* Takes from the line what fits one write. */
static void collect(struct redis_link *link)
{
	int64_t now = clock_mono_ms();
	struct redis_call *call;

	if (link->out.cap > WRITE_BYTES * 4) { /* one giant has passed: its room goes with it */
		buf_free(&link->out);
		buf_init(&link->out, WRITE_BYTES + REDIS_MAX_REQUEST);
	}
	buf_reset(&link->out);
	link->out_done = 0;
	pthread_mutex_lock(&link->lock);
	while ((call = link->waiting.first) && link->flight.calls < FLIGHT_CALLS &&
	       link->out.len < WRITE_BYTES) {
		line_remove(&link->waiting, call);
		call->in_line = false;
		call->written_ms = now;
		call->from = link->promised;
		call->to = link->promised += call->bytes.n;
		line_add(&link->flight, call);
		(void)buf_add(&link->out, call->bytes.p, call->bytes.n); /* its maximum fits */
	}
	pthread_mutex_unlock(&link->lock);
}

static int speak(struct redis_link *link, struct err *err)
{
	const struct str rest_of = { link->out.data + link->out_done,
				     link->out.len - link->out_done };
	ssize_t n;

	if (rest_of.n == 0)
		return 0;
	n = redis_stream_write(link->stream, rest_of, err);
	if (n < 0)
		return -1;
	link->out_done += (size_t)n;
	link->carried += (size_t)n;
	return 0;
}

static int check_silence(struct redis_link *link, struct err *err)
{
	bool deaf;

	pthread_mutex_lock(&link->lock);
	deaf = link->deaf;
	pthread_mutex_unlock(&link->lock);
	if (!deaf && (!link->flight.first || clock_mono_ms() < silence_ends(link)))
		return 0;
	count("silent");
	return redis_stream_lost(err, ETIMEDOUT);
}

/* One round: look, hear, speak. */
static void serve(struct redis_link *link)
{
	struct err why = { 0 };
	int heard = look(link);

	if ((heard && hear(link, &why) < 0) || check_silence(link, &why) < 0) {
		lose(link, &why);
		return;
	}
	/* After a rest the first thing is to see whether the server has gone: another look. */
	if (heard && !link->flight.first)
		return;
	if (link->out_done == link->out.len)
		collect(link);
	if (speak(link, &why) < 0)
		lose(link, &why);
}

static void *run(void *arg)
{
	struct redis_link *link = arg;

	while (!atomic_load(&link->waker.stop)) {
		if (link->stream)
			serve(link);
		else
			idle(link);
	}
	return NULL;
}

/* ---- from open to close ---- */

/* Signals belong to the main thread; SIGPIPE must not kill when TLS writes to a closed peer. */
static int start_thread(struct redis_link *link)
{
	sigset_t all, before;
	int fault;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	fault = pthread_create(&link->thread, NULL, run, link);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return fault;
}

static void free_link(struct redis_link *link)
{
	const struct err why = { .kind = ERR_TEMP, .text = "Redis: the program ends" };

	/* Callers have gone; what they left behind is freed by being settled. */
	settle_all(&link->flight, &why);
	settle_all(&link->waiting, &why);
	redis_stream_close(&link->stream);
	if (link->reader)
		redisReaderFree(link->reader);
	redis_waker_deinit(&link->waker);
	pthread_mutex_destroy(&link->lock);
	buf_free(&link->out);
	free(link->in);
	free(link->place.host);
	free(link);
}

int redis_link_open(const struct redis_link_settings *set, struct redis_link **link_out,
		    struct err *err)
{
	struct redis_link *link = mem_alloc(sizeof *link);
	int fault;

	*link_out = NULL;
	if (redis_waker_init(&link->waker, err) < 0) {
		free(link);
		return -1;
	}
	link->place = (struct redis_place){ mem_strdup(set->place.host), set->place.port };
	link->address = set->address;
	link->tls = set->tls;
	link->timeout_ms = set->timeout_ms;
	link->in = mem_alloc(READ_BYTES);
	buf_init(&link->out, WRITE_BYTES + REDIS_MAX_REQUEST);
	pthread_mutex_init(&link->lock, NULL);
	fault = start_thread(link);
	if (fault) {
		free_link(link);
		return err_set(err, ERR_TEMP, "Redis: no thread: %s", strerror(fault));
	}
	*link_out = link;
	return 0;
}

void redis_link_close(struct redis_link **link)
{
	if (!*link)
		return;
	atomic_store(&(*link)->waker.stop, true);
	redis_waker_ring(&(*link)->waker);
	pthread_join((*link)->thread, NULL);
	free_link(*link);
	*link = NULL;
}
