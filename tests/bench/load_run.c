/*
 * load_run.c - connections, and what is sent on them when.
 *
 * One thread, epoll. A connection takes a conversation and stays with it, so
 * a contact's next message leaves only after its answer came. Closed loop:
 * every connection sends its next message at once. Open loop: messages are
 * due at fixed times and take the connection that has waited longest, or any
 * when all are kept open; when none is free they wait, and their latency
 * counts from the time they were due. Slow clients send a byte now and then,
 * for ever; they are not measured.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/id.h"
#include "base/mem.h"
#include "load.h"

enum { ANSWER_MAX = 16384, EVENTS_MAX = 256, TRIES_MAX = 4, COMPLAINTS_MAX = 5 };

static const int64_t SECOND = 1000000000;
static const int64_t PATIENCE_S = 15; /* as Twilio's */

struct conn {
	int fd; /* -1: closed */
	bool busy;
	bool fresh; /* nothing was answered on it yet */
	bool slow;
	unsigned tries;
	size_t talk; /* index of the first request of its conversation, and how far it is */
	size_t line;
	bool has_talk;
	struct load_request *rq;
	size_t sent;
	int64_t due;
	size_t got;
	char answer[ANSWER_MAX + 1];
};

struct run {
	const struct load_options *o;
	struct load_script *script;
	struct load_result *result;
	struct conn *conns; /* first the slow ones */
	size_t count;
	size_t busy;
	size_t next_talk;
	int epoll;
	int64_t start, measure, end; /* end 0: when the script is over */
	uint64_t dues;		     /* open loop: how many were due so far */
	uint64_t slow_bytes;
	struct conn **idle; /* ring, open loop: longest idle first */
	size_t idle_first, idle_count;
	unsigned complaints;
	bool failed;
};

static int64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * SECOND + ts.tv_nsec;
}

static void complain(struct run *r, const struct conn *c, const char *what)
{
	if (r->complaints++ >= COMPLAINTS_MAX)
		return;
	fprintf(stderr, "load: %s; wanted %d and \"%.*s\", got:\n%.*s\n", what, r->o->status,
		(int)c->rq->expect.n, c->rq->expect.p, (int)(c->got < 700 ? c->got : 700),
		c->answer);
}

/* ---- connections ---- */

static void drop(struct conn *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}

static int open_conn(struct run *r, struct conn *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(r->o->port) };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				  .data.ptr = c };
	int on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || epoll_ctl(r->epoll, EPOLL_CTL_ADD, c->fd, &ev) < 0 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
	    (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)) {
		fprintf(stderr, "load: no connection: %s\n", strerror(errno));
		r->failed = true;
		return -1;
	}
	c->fresh = true;
	r->result->opened++;
	return 0;
}

/* The server ended a kept connection, as it may. */
static void close_idle(struct run *r, struct conn *c)
{
	drop(c);
	if (r->o->preopen)
		(void)open_conn(r, c);
}

/* Sends what is left. What fails shows as an end of the connection in its next event. */
static void push(struct conn *c, size_t most)
{
	size_t left = c->rq->wire.n - c->sent;
	ssize_t n = send(c->fd, c->rq->wire.p + c->sent, left < most ? left : most, MSG_NOSIGNAL);

	if (n > 0)
		c->sent += (size_t)n;
}

static void begin(struct run *r, struct conn *c)
{
	c->sent = 0;
	c->got = 0;
	if (c->fd < 0 && open_conn(r, c) < 0)
		return;
	push(c, c->slow ? 1 : SIZE_MAX);
}

/* The connection's next message; false when the script is over. */
static bool take_message(struct run *r, struct conn *c)
{
	const struct load_script *s = r->script;

	if (!c->has_talk || c->line == s->length) {
		if (r->next_talk == s->talks && r->o->cycle)
			r->next_talk = 0;
		if (r->next_talk == s->talks) {
			c->has_talk = false;
			return false;
		}
		c->talk = r->next_talk++ * s->length;
		c->line = 0;
		c->has_talk = true;
	}
	c->rq = &s->requests[c->talk + c->line++];
	return true;
}

static void send_message(struct run *r, struct conn *c, int64_t due)
{
	if (!take_message(r, c))
		return;
	c->due = due;
	c->tries = 1;
	c->busy = true;
	r->busy++;
	begin(r, c);
}

/* ---- answers ---- */

static void settle(struct run *r, struct conn *c, int64_t now)
{
	c->busy = false;
	r->busy--;
	if (r->o->rate > 0)
		r->idle[(r->idle_first + r->idle_count++) % r->count] = c;
	else if (!r->end || now < r->end)
		send_message(r, c, now);
}

static void count_right(struct run *r, const struct conn *c, int64_t now)
{
	r->result->all_answers++;
	if (now >= r->measure && (!r->end || now < r->end))
		r->result->answers++;
	if (c->due >= r->measure)
		histogram_add(&r->result->latency, (uint64_t)(now - c->due));
}

static bool is_same(struct conn *c, const char *body, size_t n)
{
	uint64_t h = hash64((struct str){ body, n }) | 1;

	if (!c->rq->answer_hash)
		c->rq->answer_hash = h;
	return c->rq->answer_hash == h;
}

/* Whole: judge it. `body` is the place behind the head. */
static void judge(struct run *r, struct conn *c, const char *body, size_t n, int64_t now)
{
	int status = (int)strtol(c->answer + 9, NULL, 10);
	const struct str *want = &c->rq->expect;

	if (status != r->o->status) {
		complain(r, c, "another status");
		r->result->wrong++;
	} else if (want->n && !memmem(body, n, want->p, want->n)) {
		complain(r, c, "another answer");
		r->result->wrong++;
	} else if (r->o->same && !is_same(c, body, n)) {
		complain(r, c, "not the same answer as before");
		r->result->wrong++;
	} else {
		count_right(r, c, now);
	}
}

/* A header's value inside the head, or NULL. */
static const char *header(const char *head, const char *end, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = head; (p = memchr(p, '\n', (size_t)(end - p))) && ++p + n < end;)
		if (strncasecmp(p, name, n) == 0)
			return p + n;
	return NULL;
}

/* True when the whole answer is here; then *body_out, *n_out, *close_out. */
static bool is_whole(const struct conn *c, const char **body_out, size_t *n_out, bool *close_out)
{
	const char *end = memmem(c->answer, c->got, "\r\n\r\n", 4), *value;

	if (!end)
		return false;
	value = header(c->answer, end + 2, "Content-Length: ");
	*n_out = value ? (size_t)strtoul(value, NULL, 10) : 0;
	value = header(c->answer, end + 2, "Connection: ");
	*close_out = value && strncasecmp(value, "close", 5) == 0;
	*body_out = end + 4;
	return (size_t)(c->answer + c->got - *body_out) >= *n_out;
}

static void finish_slow(struct run *r, struct conn *c, bool answered)
{
	if (answered && strncmp(c->answer + 9, "200", 3) == 0)
		r->result->slow_answers++;
	else
		r->result->slow_cut++;
	drop(c);
	c->sent = c->got = 0;
	(void)open_conn(r, c); /* and again from the first byte */
}

/* The connection ended without a whole answer. */
static void ended(struct run *r, struct conn *c, int64_t now)
{
	bool was_kept = !c->fresh && c->got == 0;

	drop(c);
	if (was_kept || c->tries < TRIES_MAX) {
		c->tries += !was_kept;
		r->result->retried++;
		begin(r, c); /* the same message id */
		return;
	}
	complain(r, c, "no answer");
	r->result->lost++;
	settle(r, c, now);
}

static void receive(struct run *r, struct conn *c)
{
	const char *body;
	size_t length;
	bool close = false;
	ssize_t n = recv(c->fd, c->answer + c->got, ANSWER_MAX - c->got, 0);
	int64_t now;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	now = now_ns();
	if (n <= 0) {
		if (c->slow)
			finish_slow(r, c, false);
		else
			ended(r, c, now);
		return;
	}
	c->got += (size_t)n;
	c->answer[c->got] = '\0';
	if (!is_whole(c, &body, &length, &close))
		return;
	if (c->slow) {
		finish_slow(r, c, true);
		return;
	}
	judge(r, c, body, length, now);
	c->fresh = false;
	if (close)
		close_idle(r, c);
	settle(r, c, now);
}

static void handle(struct run *r, const struct epoll_event *ev)
{
	struct conn *c = ev->data.ptr;

	if (c->fd < 0)
		return;
	if (!c->slow && c->busy && c->sent < c->rq->wire.n && (ev->events & EPOLLOUT))
		push(c, SIZE_MAX);
	if (ev->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		if (c->busy || c->slow)
			receive(r, c);
		else if (ev->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			close_idle(r, c);
	}
}

/* ---- what time brings ---- */

static int64_t due_at(const struct run *r, uint64_t k)
{
	return r->start + (int64_t)((double)k * 1e9 / r->o->rate);
}

/* Of connections that are kept open idle any may be the next, not the one the server likes. */
static struct conn *take_idle(struct run *r)
{
	struct conn **first = &r->idle[r->idle_first], *c;

	if (r->o->preopen) {
		size_t k = (r->idle_first + id_random_u64() % r->idle_count) % r->count;

		c = *first;
		*first = r->idle[k];
		r->idle[k] = c;
	}
	c = *first;
	r->idle_first = (r->idle_first + 1) % r->count;
	r->idle_count--;
	return c;
}

static void send_due(struct run *r, int64_t now)
{
	while (r->o->rate > 0 && r->idle_count && due_at(r, r->dues) <= now &&
	       due_at(r, r->dues) < r->end) {
		struct conn *c = take_idle(r);

		send_message(r, c, due_at(r, r->dues++));
	}
}

static int64_t slow_at(const struct run *r)
{
	return r->start + (int64_t)((double)r->slow_bytes * r->o->slow_byte_us * 1000 / r->o->slow);
}

static void drip(struct run *r, int64_t now)
{
	while (r->o->slow && slow_at(r) <= now) {
		struct conn *c = &r->conns[r->slow_bytes++ % r->o->slow];

		if (c->fd >= 0 && c->sent < c->rq->wire.n)
			push(c, 1);
	}
}

/* Whoever waits too long is given up. Looked at once a second. */
static void give_up(struct run *r, int64_t now)
{
	for (size_t i = r->o->slow; i < r->count; i++) {
		struct conn *c = &r->conns[i];

		if (!c->busy || now - c->due < PATIENCE_S * SECOND)
			continue;
		complain(r, c, "no answer in time");
		r->result->lost++;
		drop(c);
		settle(r, c, now);
	}
}

static void wait_events(struct run *r, int64_t now, int64_t until)
{
	struct epoll_event events[EVENTS_MAX];
	struct timespec ts;
	int64_t ns;
	int n;

	if (r->o->rate > 0 && r->idle_count && due_at(r, r->dues) < until &&
	    due_at(r, r->dues) < r->end)
		until = due_at(r, r->dues);
	if (r->o->slow && slow_at(r) < until)
		until = slow_at(r);
	ns = until > now ? until - now : 0;
	ts = (struct timespec){ ns / SECOND, ns % SECOND };
	n = epoll_pwait2(r->epoll, events, EVENTS_MAX, &ts, NULL);
	for (int i = 0; i < n; i++)
		handle(r, &events[i]);
}

static bool is_over(const struct run *r, int64_t now)
{
	bool script_over = !r->o->cycle && r->next_talk == r->script->talks;

	return r->failed || (r->busy == 0 && ((r->end && now >= r->end) || script_over));
}

static void loop(struct run *r)
{
	int64_t now = now_ns(), check = now + SECOND;

	while (!is_over(r, now)) {
		send_due(r, now);
		drip(r, now);
		wait_events(r, now, r->end && now < r->end && r->end < check ? r->end : check);
		now = now_ns();
		if (now >= check) {
			give_up(r, now);
			check = now + SECOND;
		}
	}
	r->result->seconds = (double)((r->end && r->end < now ? r->end : now) - r->measure) / 1e9;
	/* Due and never sent: they waited at least until the end. */
	for (; r->o->rate > 0 && r->end && due_at(r, r->dues) < r->end; r->dues++) {
		r->result->unsent++;
		histogram_add(&r->result->latency, (uint64_t)(r->end - due_at(r, r->dues)));
	}
}

static void start_conns(struct run *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct conn *c = &r->conns[i];

		c->fd = -1;
		c->slow = i < r->o->slow;
		if (c->slow) {
			(void)take_message(r, c);
			(void)open_conn(r, c);
		} else if (r->o->preopen) {
			(void)open_conn(r, c);
		}
	}
}

int load_run(const struct load_options *o, struct load_script *s, struct load_result *result)
{
	struct run r = { .o = o, .script = s, .result = result };

	(void)prctl(PR_SET_TIMERSLACK, 1000); /* a due time is meant to the microsecond */
	r.count = o->slow + o->connections;
	r.conns = mem_alloc(r.count * sizeof *r.conns);
	r.idle = mem_alloc(r.count * sizeof *r.idle);
	r.epoll = epoll_create1(EPOLL_CLOEXEC);
	start_conns(&r);
	r.start = now_ns();
	r.measure = r.start + (int64_t)(o->warm * 1e9);
	r.end = o->seconds > 0 ? r.measure + (int64_t)(o->seconds * 1e9) : 0;
	for (size_t i = o->slow; i < r.count; i++) {
		if (o->rate > 0)
			r.idle[r.idle_count++] = &r.conns[i];
		else
			send_message(&r, &r.conns[i], r.start);
	}
	loop(&r);
	for (size_t i = 0; i < r.count; i++)
		drop(&r.conns[i]);
	(void)close(r.epoll);
	free(r.idle);
	free(r.conns);
	return r.failed ? -1 : 0;
}
