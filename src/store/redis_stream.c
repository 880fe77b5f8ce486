/*
 * redis_stream.c - bytes to and from one server, over TCP, with or without TLS.
 *
 * A non-blocking socket of one thread. Whoever waits here also hears its
 * waker, so that a program that stops waits for no server.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "redis_link_private.h"

struct redis_stream {
	int fd;
	struct ssl_st *ssl;	   /* NULL: plain */
	short read_wants;	   /* TLS may have to write in order to read */
	short write_wants;	   /* and the other way round */
	struct redis_waker *waker; /* borrowed */
};

/* ---- the waker ---- */

int redis_waker_init(struct redis_waker *waker, struct err *err)
{
	atomic_init(&waker->stop, false);
	waker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return waker->fd < 0 ? err_set(err, ERR_TEMP, "eventfd: %s", strerror(errno)) : 0;
}

void redis_waker_deinit(struct redis_waker *waker)
{
	close(waker->fd);
}

void redis_waker_ring(struct redis_waker *waker)
{
	const uint64_t one = 1;

	/* It fails only when it has been rung 2^64 times already. */
	(void)!write(waker->fd, &one, sizeof one);
}

void redis_waker_clear(struct redis_waker *waker)
{
	uint64_t count;

	/* Nothing there is fine: several rings are one. */
	(void)!read(waker->fd, &count, sizeof count);
}

/* ---- waiting ---- */

/* 0 when the socket is ready, -1 with errno otherwise (ETIMEDOUT: the deadline). */
static int wait_for(int fd, short events, struct redis_waker *waker, int64_t deadline)
{
	struct pollfd p[2] = { { .fd = fd, .events = events },
			       { .fd = waker->fd, .events = POLLIN } };

	for (;;) {
		int64_t left = deadline - clock_mono_ms();
		int n;

		if (left <= 0 || atomic_load(&waker->stop)) {
			errno = left <= 0 ? ETIMEDOUT : ECANCELED;
			return -1;
		}
		n = poll(p, 2, left > 60000 ? 60000 : (int)left);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0 && p[1].revents) /* who waits in line is looked at afterwards */
			redis_waker_clear(waker);
		if (n > 0 && p[0].revents)
			return 0;
	}
}

int redis_stream_lost(struct err *err, int fault)
{
	if (fault == ETIMEDOUT)
		return err_set(err, ERR_TEMP, "Redis did not answer within the time limit");
	return err_set(err, ERR_TEMP, "the connection to Redis was lost: %s",
		       fault ? strerror(fault) : "closed by the server");
}

int redis_stream_wait(struct redis_stream *stream, short events, int64_t deadline, struct err *err)
{
	if (wait_for(stream->fd, events, stream->waker, deadline) == 0)
		return 0;
	return redis_stream_lost(err, errno);
}

/* ---- the beginning ---- */

static int socket_connect(int fd, const struct addrinfo *to, struct redis_waker *waker,
			  int64_t deadline)
{
	int fault = 0;
	socklen_t n = sizeof fault;

	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS || wait_for(fd, POLLOUT, waker, deadline) < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &n) < 0)
		return -1;
	errno = fault;
	return fault ? -1 : 0;
}

/* Returns the connected socket, or -1 with errno. */
static int socket_open(const struct addrinfo *to, struct redis_waker *waker, int64_t deadline)
{
	int on = 1, saved;
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (socket_connect(fd, to, waker, deadline) == 0) {
		/* Both only make it better: a failure changes nothing. */
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
		return fd;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int shake_hands(struct redis_stream *s, const char *host, struct redis_tls *tls,
		       int64_t deadline, struct err *err)
{
	short wants = 0;
	int done;

	if (redis_tls_attach(tls, s->fd, host, &s->ssl, err) < 0)
		return -1;
	while ((done = redis_tls_connect(s->ssl, &wants, err)) == 0)
		if (redis_stream_wait(s, wants, deadline, err) < 0)
			return -1;
	return done < 0 ? -1 : 0;
}

int redis_stream_open(const struct redis_place *place, struct redis_tls *tls,
		      struct redis_waker *waker, int64_t deadline, struct redis_stream **stream_out,
		      struct err *err)
{
	struct redis_stream *s;
	struct addrinfo *list;
	int fd = -1, fault = ECONNREFUSED;

	*stream_out = NULL;
	if (redis_resolve(place->host, place->port, deadline, &list, err) < 0)
		return -1;
	for (const struct addrinfo *to = list; to && fd < 0; to = to->ai_next) {
		int64_t now = clock_mono_ms();

		/* A silent first address must leave time for the next one. */
		fd = socket_open(to, waker, to->ai_next ? now + (deadline - now) / 2 : deadline);
		fault = errno;
	}
	freeaddrinfo(list);
	if (fd < 0)
		return err_set(err, ERR_TEMP, "Redis at %s:%d: %s", place->host, place->port,
			       strerror(fault));
	s = mem_alloc(sizeof *s);
	*s = (struct redis_stream){
		.fd = fd, .read_wants = POLLIN, .write_wants = POLLOUT, .waker = waker
	};
	if (tls && shake_hands(s, place->host, tls, deadline, err) < 0) {
		redis_stream_close(&s);
		return err_prefix(err, "Redis at %s:%d", place->host, place->port);
	}
	*stream_out = s;
	return 0;
}

void redis_stream_close(struct redis_stream **stream)
{
	struct redis_stream *s = *stream;

	if (!s)
		return;
	redis_tls_detach(&s->ssl);
	close(s->fd);
	free(s);
	*stream = NULL;
}

/* ---- bytes ---- */

static bool not_now(int fault)
{
	return fault == EAGAIN || fault == EWOULDBLOCK || fault == EINTR;
}

ssize_t redis_stream_read(struct redis_stream *stream, void *bytes, size_t room, struct err *err)
{
	ssize_t n;

	if (stream->ssl)
		return redis_tls_read(stream->ssl, bytes, room, &stream->read_wants, err);
	n = recv(stream->fd, bytes, room, 0);
	if (n > 0)
		return n;
	if (n < 0 && not_now(errno))
		return 0;
	return redis_stream_lost(err, n < 0 ? errno : 0);
}

ssize_t redis_stream_write(struct redis_stream *stream, struct str bytes, struct err *err)
{
	ssize_t n;

	if (stream->ssl)
		return redis_tls_write(stream->ssl, bytes, &stream->write_wants, err);
	n = send(stream->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
	if (n >= 0)
		return n;
	return not_now(errno) ? 0 : redis_stream_lost(err, errno);
}

bool redis_stream_is_quiet(const struct redis_stream *stream)
{
	char byte;

	return recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && not_now(errno);
}

int redis_stream_fd(const struct redis_stream *stream)
{
	return stream->fd;
}

short redis_stream_events(const struct redis_stream *stream, bool writing)
{
	return (short)(stream->read_wants | (writing ? stream->write_wants : 0));
}

int redis_stream_send(struct redis_stream *stream, struct str bytes, int64_t deadline,
		      struct err *err)
{
	while (bytes.n > 0) {
		ssize_t n = redis_stream_write(stream, bytes, err);

		if (n < 0)
			return -1;
		bytes = (struct str){ bytes.p + n, bytes.n - (size_t)n };
		if (n == 0 && redis_stream_wait(stream, stream->write_wants, deadline, err) < 0)
			return -1;
	}
	return 0;
}

int redis_stream_receive(struct redis_stream *stream, redisReader *reader, int64_t deadline,
			 redisReply **reply_out, struct err *err)
{
	char bytes[4096];
	void *reply = NULL;

	*reply_out = NULL;
	for (;;) {
		ssize_t n;

		if (redisReaderGetReply(reader, &reply) != REDIS_OK)
			return err_set(err, ERR_TEMP, "Redis speaks an unknown protocol");
		if (reply)
			break;
		n = redis_stream_read(stream, bytes, sizeof bytes, err);
		if (n < 0)
			return -1;
		if (n > 0 && redisReaderFeed(reader, bytes, (size_t)n) != REDIS_OK)
			return err_set(err, ERR_TEMP, "Redis: no memory for the answer");
		if (n == 0 && redis_stream_wait(stream, stream->read_wants, deadline, err) < 0)
			return -1;
	}
	*reply_out = reply;
	return 0;
}
