/*
 * redis_link.c - one connection and the thread that owns it.
 *
 * In rounds: look, hear, speak. What is in line goes out in one write, and
 * each reply to the call at the head of those in flight. A call leaves the
 * line only when all that was taken before it has left the buffer: so what
 * still waits in line has surely not been sent, and what is in flight can be
 * told apart by the count of bytes that the stream has taken.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "redis_link_private.h"

enum {
	FLIGHT_CALLS = 1024, /* more wait in line */
	WRITE_BYTES = 256 * 1024,
	READ_BYTES = 64 * 1024,
};

/* ---- looking ---- */

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
	bool can_write = link->out_done == link->out.len && !link->misled &&
			 link->flight.calls < FLIGHT_CALLS;
	/* A caller may write while it sleeps: then silence has to be noticed as well. */
	int64_t left = link->timeout_ms;

	if (link->flight.first)
		left = silence_ends(link) - clock_mono_ms();
	if (link->flight.calls >= REDIS_BUSY_CALLS && left > REDIS_BUSY_MS)
		left = REDIS_BUSY_MS;
	pthread_mutex_lock(&link->lock);
	if (left < 0 || link->deaf || (can_write && link->waiting.first))
		left = 0;
	link->resting = left > 0;
	pthread_mutex_unlock(&link->lock);
	return (int)left;
}

/* 1: the server has said something, or has gone; 0: neither. */
static int look(struct redis_link *link)
{
	struct pollfd p[2] = {
		{ .fd = redis_stream_fd(link->stream),
		  .events = redis_stream_events(link->stream, link->out_done < link->out.len) },
		{ .fd = link->waker.fd, .events = POLLIN },
	};

	int n = poll(p, 2, time_to_rest(link));

	pthread_mutex_lock(&link->lock);
	link->resting = false; /* from here on no caller touches what is the thread's own */
	pthread_mutex_unlock(&link->lock);
	if (n <= 0) /* an interruption is a look that saw nothing */
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
	if (link->address->form == REDIS_SENTINEL && redis_reply_refuses(reply, "READONLY"))
		link->misled = true;
	call->replies[call->answered++] = reply;
	if (call->answered < call->count)
		return 0;
	redis_line_remove(&link->flight, call);
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

void redis_link_board(struct redis_link *link, struct redis_call *call, int64_t now)
{
	call->in_line = false;
	call->written_ms = now;
	call->from = link->promised;
	call->to = link->promised += call->bytes.n;
	redis_line_add(&link->flight, call);
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
		redis_line_remove(&link->waiting, call);
		redis_link_board(link, call, now);
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
	redis_link_count("silent");
	return redis_stream_lost(err, ETIMEDOUT);
}

/* One round: look, hear, speak. */
static void serve(struct redis_link *link)
{
	struct err why = { 0 };
	int heard = look(link);

	if ((heard && hear(link, &why) < 0) || check_silence(link, &why) < 0) {
		redis_link_lose(link, &why);
		return;
	}
	if (link->misled && !link->flight.first) { /* the sentinels may know a better one */
		(void)err_set(&why, ERR_TEMP, "Redis: the server is no master any more");
		redis_link_lose(link, &why);
		return;
	}
	/* After a rest the first thing is to see whether the server has gone: another look. */
	if (heard && !link->flight.first)
		return;
	if (link->out_done == link->out.len && !link->misled)
		collect(link);
	if (speak(link, &why) < 0)
		redis_link_lose(link, &why);
}

static void *run(void *arg)
{
	struct redis_link *link = arg;

	while (!atomic_load(&link->waker.stop)) {
		if (link->stream)
			serve(link);
		else
			redis_link_idle(link);
	}
	return NULL;
}

/* ---- from open to close ---- */

/* SIGPIPE, too, must not kill when TLS writes to a closed peer. */
int redis_thread_start(pthread_t *thread, void *(*run_it)(void *), void *arg)
{
	sigset_t all, before;
	int fault;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	fault = pthread_create(thread, NULL, run_it, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return fault;
}

static void free_link(struct redis_link *link)
{
	const struct err why = { .kind = ERR_TEMP, .text = "Redis: the program ends" };

	/* Callers have gone; what they left behind is freed by being settled. */
	redis_line_settle(&link->flight, &why);
	redis_line_settle(&link->waiting, &why);
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
	fault = redis_thread_start(&link->thread, run, link);
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
