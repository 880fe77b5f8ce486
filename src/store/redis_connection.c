/*
 * redis_connection.c - one byte stream to a Redis server.
 *
 * A non-blocking socket and hiredis' reader. Knows deadlines and bytes, not
 * commands: what an answer means is redis_exchange.c's business.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "redis_private.h"

/* 0 when the socket is ready, -1 with errno otherwise (ETIMEDOUT: the deadline). */
static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline - clock_mono_ms();
		int n;

		if (left <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -1;
	}
}

static int socket_connect(int fd, const struct addrinfo *to, int64_t deadline)
{
	int fault = 0;
	socklen_t n = sizeof fault;

	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS || wait_for(fd, POLLOUT, deadline) < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &n) < 0)
		return -1;
	errno = fault;
	return fault ? -1 : 0;
}

/* Returns the connected socket, or -1 with errno. */
static int socket_open(const struct addrinfo *to, int64_t deadline)
{
	int on = 1, saved;
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (socket_connect(fd, to, deadline) == 0) {
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

int redis_connection_open(const struct redis_address *address, int64_t deadline,
			  struct redis_connection **connection_out, struct err *err)
{
	struct redis_connection *c;
	struct addrinfo *list;
	int fd = -1, fault = ECONNREFUSED;

	*connection_out = NULL;
	if (redis_resolve(address->host, address->port, deadline, &list, err) < 0)
		return -1;
	for (const struct addrinfo *to = list; to && fd < 0; to = to->ai_next) {
		int64_t now = clock_mono_ms();

		/* A silent first address must leave time for the next one. */
		fd = socket_open(to, to->ai_next ? now + (deadline - now) / 2 : deadline);
		fault = errno;
	}
	freeaddrinfo(list);
	if (fd < 0)
		return err_set(err, ERR_TEMP, "Redis at %s:%d: %s", address->host, address->port,
			       strerror(fault));
	c = mem_alloc(sizeof *c);
	c->fd = fd;
	c->reader = redisReaderCreate();
	*connection_out = c;
	if (c->reader)
		return 0;
	redis_connection_close(connection_out);
	return err_set(err, ERR_TEMP, "Redis: no memory for a reader");
}

void redis_connection_close(struct redis_connection **connection)
{
	struct redis_connection *c = *connection;

	if (!c)
		return;
	close(c->fd);
	if (c->reader)
		redisReaderFree(c->reader);
	free(c);
	*connection = NULL;
}

bool redis_connection_is_quiet(const struct redis_connection *connection)
{
	char byte;

	/* 0 is the end of the stream, 1 an answer to nobody: only "nothing there" is good. */
	return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       (errno == EAGAIN || errno == EWOULDBLOCK);
}

static int lost(struct err *err, int fault)
{
	if (fault == ETIMEDOUT)
		return err_set(err, ERR_TEMP, "Redis did not answer within the time limit");
	return err_set(err, ERR_TEMP, "the connection to Redis was lost: %s",
		       fault ? strerror(fault) : "closed by the server");
}

int redis_connection_send(struct redis_connection *connection, struct str bytes, int64_t deadline,
			  size_t *sent_out, struct err *err)
{
	*sent_out = 0;
	while (*sent_out < bytes.n) {
		ssize_t n = send(connection->fd, bytes.p + *sent_out, bytes.n - *sent_out,
				 MSG_NOSIGNAL);

		if (n > 0) {
			*sent_out += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			return lost(err, errno);
		if (wait_for(connection->fd, POLLOUT, deadline) < 0)
			return lost(err, errno);
	}
	return 0;
}

/* Reads what is there into the reader; waits for at least one byte. */
static int feed(struct redis_connection *c, int64_t deadline, size_t *total, struct err *err)
{
	char bytes[16384];
	ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);

	if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		return lost(err, errno);
	if (n == 0)
		return lost(err, 0);
	if (n < 0)
		return wait_for(c->fd, POLLIN, deadline) < 0 ? lost(err, errno) : 0;
	*total += (size_t)n;
	if (*total > REDIS_MAX_REPLY)
		return err_set(err, ERR_TEMP, "Redis: an answer of more than %d MiB",
			       REDIS_MAX_REPLY >> 20);
	if (redisReaderFeed(c->reader, bytes, (size_t)n) != REDIS_OK)
		return err_set(err, ERR_TEMP, "Redis: no memory for the answer");
	return 0;
}

int redis_connection_receive(struct redis_connection *connection, int64_t deadline,
			     redisReply **reply_out, struct err *err)
{
	size_t total = 0;
	void *reply = NULL;

	*reply_out = NULL;
	for (;;) {
		if (redisReaderGetReply(connection->reader, &reply) != REDIS_OK)
			return err_set(err, ERR_TEMP, "Redis speaks an unknown protocol");
		if (reply)
			break;
		if (feed(connection, deadline, &total, err) < 0)
			return -1;
	}
	*reply_out = reply;
	return 0;
}
