/*
 * net_peer.h - a small HTTP server inside the test: the path of a request
 * says how to behave, or the test does. Loopback, a free port, a thread for each connection;
 * everything ends at peer_stop.
 */
#ifndef SAMVAD_TESTS_NET_PEER_H
#define SAMVAD_TESTS_NET_PEER_H

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cond.h"

enum { PEER_MAX_CONNECTIONS = 256, PEER_BIG = 1 << 20, PEER_MAX_REQUEST = PEER_BIG + 65536 };

struct peer_connection;

struct peer {
	int fd;
	int port;
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	unsigned connections;
	unsigned requests;
	unsigned closed; /* connections that the peer ended */
	unsigned holding;
	unsigned most_holding;
	unsigned releases;
	bool stopping;
	bool (*behave)(struct peer_connection *c); /* the test's own way, or NULL */
	void *arg;				   /* the test's own */
	char last[PEER_MAX_REQUEST + 1];	   /* the last whole request */
	int fds[PEER_MAX_CONNECTIONS];
	pthread_t threads[PEER_MAX_CONNECTIONS];
};

struct peer_connection {
	struct peer *peer;
	int fd;
	unsigned requests;
	char text[PEER_MAX_REQUEST + 1];
	const char *body;
	bool (*behave)(struct peer_connection *c);
};

static void peer_send(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return; /* the client went away: often what the test wants */
		bytes += sent;
		n -= (size_t)sent;
	}
}

static void peer_say(int fd, const char *text)
{
	peer_send(fd, text, strlen(text));
}

static void peer_answer(int fd, const char *status, const char *headers, const char *body)
{
	char head[512];

	snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, headers,
		 strlen(body));
	peer_say(fd, head);
	peer_say(fd, body);
}

static void peer_until_client_leaves(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, 0) > 0)
		;
}

/* false when the client left or talks TLS. */
static bool peer_read(struct peer_connection *c)
{
	size_t n = 0, length = 0;
	char *end = NULL, *field;

	for (;;) {
		ssize_t got = recv(c->fd, c->text + n, PEER_MAX_REQUEST - n, 0);

		if (got <= 0)
			return false;
		n += (size_t)got;
		c->text[n] = '\0';
		if (c->text[0] == 0x16) {
			peer_say(c->fd, "no TLS here\r\n");
			return false;
		}
		if (!end && (end = strstr(c->text, "\r\n\r\n")) != NULL) {
			field = strcasestr(c->text, "\r\nContent-Length:");
			length = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
		}
		if (end && n >= (size_t)(end + 4 - c->text) + length)
			break;
	}
	c->body = end + 4;
	c->requests++;
	pthread_mutex_lock(&c->peer->lock);
	c->peer->requests++;
	memcpy(c->peer->last, c->text, n + 1);
	c->behave = c->peer->behave;
	pthread_cond_broadcast(&c->peer->changed);
	pthread_mutex_unlock(&c->peer->lock);
	return true;
}

/* Each returns whether the connection goes on. */
static bool peer_echo(struct peer_connection *c)
{
	peer_answer(c->fd, "200 OK", "", c->body);
	return true;
}

static bool peer_hold(struct peer_connection *c)
{
	struct peer *p = c->peer;
	bool stopping;

	pthread_mutex_lock(&p->lock);
	p->holding++;
	if (p->holding > p->most_holding)
		p->most_holding = p->holding;
	pthread_cond_broadcast(&p->changed);
	while (p->releases == 0 && !p->stopping)
		pthread_cond_wait(&p->changed, &p->lock);
	stopping = p->stopping;
	if (!stopping)
		p->releases--;
	p->holding--;
	pthread_mutex_unlock(&p->lock);
	if (!stopping)
		peer_answer(c->fd, "200 OK", "", "held");
	return !stopping;
}

static bool peer_hang(struct peer_connection *c)
{
	peer_until_client_leaves(c->fd);
	return false;
}

static bool peer_drip(struct peer_connection *c)
{
	peer_say(c->fd, "HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\nabc");
	return peer_hang(c);
}

static bool peer_early(struct peer_connection *c)
{
	(void)c;
	return false;
}

static bool peer_partial(struct peer_connection *c)
{
	peer_say(c->fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
	return false;
}

static bool peer_garbage(struct peer_connection *c)
{
	peer_say(c->fd, "\x01\x02 not HTTP at all\r\n\r\n");
	return false;
}

static bool peer_bytes(struct peer_connection *c, const char *head)
{
	static const char block[1024] = { 'x' };

	peer_say(c->fd, head);
	for (size_t i = 0; i < PEER_BIG / sizeof block; i++)
		peer_send(c->fd, block, sizeof block);
	return false;
}

static bool peer_big(struct peer_connection *c)
{
	return peer_bytes(c, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
}

static bool peer_endless(struct peer_connection *c)
{
	return peer_bytes(c, "HTTP/1.1 200 OK\r\n\r\n"); /* the length is told by the end only */
}

static bool peer_heads(struct peer_connection *c)
{
	peer_say(c->fd, "HTTP/1.1 200 OK\r\n");
	for (unsigned i = 0; i < 20000; i++)
		peer_say(c->fd, "X-Filler: 0123456789012345678901234567890123456789\r\n");
	return false;
}

static bool peer_first_only(struct peer_connection *c)
{
	if (c->requests > 1)
		return false; /* read, perhaps acted upon, and gone */
	peer_answer(c->fd, "200 OK", "", "first");
	return true;
}

static bool peer_bye(struct peer_connection *c)
{
	peer_answer(c->fd, "200 OK", "", "bye");
	return false;
}

static bool peer_busy(struct peer_connection *c)
{
	peer_answer(c->fd, "429 Too Many Requests", "retry-AFTER: \t17 \r\n", "slow down");
	return true;
}

static bool peer_busy_until_then(struct peer_connection *c)
{
	peer_answer(c->fd, "429 Too Many Requests",
		    "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", "slow down");
	return true;
}

static bool peer_busy_for_a_minute(struct peer_connection *c)
{
	time_t then = time(NULL) + 60;
	char head[80];
	struct tm tm;

	gmtime_r(&then, &tm);
	strftime(head, sizeof head, "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
	peer_answer(c->fd, "429 Too Many Requests", head, "slow down");
	return true;
}

static bool peer_long_retry(struct peer_connection *c)
{
	char head[200];

	snprintf(head, sizeof head, "Retry-After: %0100d\r\n", 1);
	peer_answer(c->fd, "503 Service Unavailable", head, "");
	return true;
}

static bool peer_redirect(struct peer_connection *c)
{
	peer_answer(c->fd, "302 Found", "Location: /echo\r\n", "");
	return true;
}

static bool peer_interim(struct peer_connection *c)
{
	peer_say(c->fd, "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n");
	peer_say(c->fd, "HTTP/1.1 204 No Content\r\n\r\n");
	return true;
}

static bool peer_head(struct peer_connection *c)
{
	peer_say(c->fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
	return true;
}

static bool peer_behave(struct peer_connection *c)
{
	static const struct {
		const char *path;
		bool (*behave)(struct peer_connection *c);
	} ways[] = {
		{ "/echo", peer_echo },
		{ "/hold", peer_hold },
		{ "/hang", peer_hang },
		{ "/drip", peer_drip },
		{ "/early", peer_early },
		{ "/partial", peer_partial },
		{ "/garbage", peer_garbage },
		{ "/big", peer_big },
		{ "/endless", peer_endless },
		{ "/heads", peer_heads },
		{ "/first-only", peer_first_only },
		{ "/bye", peer_bye },
		{ "/busy", peer_busy },
		{ "/busy-until-then", peer_busy_until_then },
		{ "/busy-for-a-minute", peer_busy_for_a_minute },
		{ "/long-retry", peer_long_retry },
		{ "/redirect", peer_redirect },
		{ "/interim", peer_interim },
		{ "/head", peer_head },
	};
	const char *path = strchr(c->text, ' ');

	if (c->behave)
		return c->behave(c);
	for (size_t i = 0; path && i < sizeof ways / sizeof *ways; i++) {
		size_t n = strlen(ways[i].path);

		if (strncmp(path + 1, ways[i].path, n) == 0 && path[1 + n] == ' ')
			return ways[i].behave(c);
	}
	peer_answer(c->fd, "404 Not Found", "", "");
	return true;
}

static void *peer_serve_one(void *arg)
{
	struct peer_connection *c = arg;

	while (peer_read(c) && peer_behave(c))
		;
	shutdown(c->fd, SHUT_RDWR);
	pthread_mutex_lock(&c->peer->lock);
	c->peer->closed++;
	pthread_cond_broadcast(&c->peer->changed);
	pthread_mutex_unlock(&c->peer->lock);
	free(c);
	return NULL;
}

static void *peer_accept(void *arg)
{
	const struct timeval patience = { .tv_sec = 20 };
	struct peer *p = arg;
	int fd;

	while ((fd = accept(p->fd, NULL, NULL)) >= 0) {
		struct peer_connection *c = calloc(1, sizeof *c);

		assert(c);
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		*c = (struct peer_connection){ .peer = p, .fd = fd };
		pthread_mutex_lock(&p->lock);
		assert(p->connections < PEER_MAX_CONNECTIONS);
		p->fds[p->connections] = fd;
		if (pthread_create(&p->threads[p->connections], NULL, peer_serve_one, c) != 0)
			abort();
		p->connections++;
		pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

/* Binds a free loopback port; with backlog -1 nobody listens there. */
static int peer_bind(int backlog, int *port_out)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) < 0 ||
	    (backlog >= 0 && listen(fd, backlog) < 0))
		abort();
	*port_out = ntohs(at.sin_port);
	return fd;
}

static struct peer *peer_start(void)
{
	struct peer *p = calloc(1, sizeof *p);

	assert(p);
	p->fd = peer_bind(64, &p->port);
	pthread_mutex_init(&p->lock, NULL);
	cond_init(&p->changed);
	if (pthread_create(&p->thread, NULL, peer_accept, p) != 0)
		abort();
	return p;
}

static void peer_stop(struct peer *p)
{
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fd);
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->connections; i++) {
		shutdown(p->fds[i], SHUT_RDWR);
		pthread_join(p->threads[i], NULL);
		close(p->fds[i]);
	}
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Waits, at most 20 s, until a counter of the peer has reached n. */
static inline bool peer_wait(struct peer *p, const unsigned *counter, unsigned n)
{
	const int64_t until = clock_mono_ms() + 20000;
	bool reached;

	pthread_mutex_lock(&p->lock);
	while (*counter < n && cond_wait_until(&p->changed, &p->lock, until))
		;
	reached = *counter >= n;
	pthread_mutex_unlock(&p->lock);
	return reached;
}

static inline void peer_release(struct peer *p, unsigned n)
{
	pthread_mutex_lock(&p->lock);
	p->releases += n;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

static inline unsigned peer_count(struct peer *p, const unsigned *counter)
{
	unsigned n;

	pthread_mutex_lock(&p->lock);
	n = *counter;
	pthread_mutex_unlock(&p->lock);
	return n;
}

static inline const char *peer_url(int port, const char *path, char out[128])
{
	snprintf(out, 128, "http://127.0.0.1:%d%s", port, path);
	return out;
}

#endif
