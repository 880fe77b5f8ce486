/*
 * patience.c - ends connections that send their body, or take their answer, too slowly.
 *
 * CivetWeb's own time limit starts anew with every byte, so a client that
 * drips would hold its thread for hours, and it hands out no socket on which
 * we could wait ourselves. So whoever waits says so here first; one thread
 * looks at the oldest wait and, past its deadline, shuts that connection
 * down, which ends the wait. The socket is found by its peer's address among
 * our own; it cannot be closed and used anew meanwhile, because patience_end
 * needs the same lock. Not for waits of our own making.
 */
#include "web_private.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/mem.h"

enum { LOOK_MS = 250, MAX_FDS = 65536 };

struct patience {
	pthread_mutex_t lock;
	pthread_cond_t stop;
	pthread_t thread;
	bool stopping;
	struct patience_wait *first; /* nearest deadline first; most waits are equally long */
	struct patience_wait *last;
};

static bool is_address(const struct sockaddr_in *sa, const char *host, uint16_t port)
{
	char text[INET_ADDRSTRLEN];

	return sa->sin_family == AF_INET && ntohs(sa->sin_port) == port &&
	       (!host ||
		(inet_ntop(AF_INET, &sa->sin_addr, text, sizeof text) && strcmp(text, host) == 0));
}

/* Both ends are compared: our own clients' sockets are among the descriptors too. */
static bool is_connection(int fd, const struct patience_wait *w)
{
	struct sockaddr_in peer = { 0 };
	struct sockaddr_in own = { 0 };
	socklen_t n = sizeof peer;

	if (getpeername(fd, (struct sockaddr *)&peer, &n) < 0 ||
	    !is_address(&peer, w->peer, w->peer_port))
		return false;
	n = sizeof own;
	return getsockname(fd, (struct sockaddr *)&own, &n) == 0 &&
	       is_address(&own, NULL, w->own_port);
}

static int top_fd(void)
{
	struct rlimit limit = { MAX_FDS, MAX_FDS };

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur < MAX_FDS ? (int)limit.rlim_cur : MAX_FDS;
}

/* A reader is only told that nothing more comes, so that it can still answer 408. */
static void cut(const struct patience_wait *w)
{
	int top = top_fd();

	for (int fd = 3; fd < top; fd++) {
		if (is_connection(fd, w)) {
			(void)shutdown(fd, w->writing ? SHUT_RDWR : SHUT_RD);
			return;
		}
	}
}

void patience_wake(uint16_t own_port)
{
	int top = top_fd();

	for (int fd = 3; fd < top; fd++) {
		struct sockaddr_in own = { 0 };
		socklen_t n = sizeof own;

		if (getsockname(fd, (struct sockaddr *)&own, &n) == 0 &&
		    is_address(&own, NULL, own_port))
			(void)shutdown(fd, SHUT_RD);
	}
}

static void *look(void *arg)
{
	struct patience *p = arg;

	pthread_mutex_lock(&p->lock);
	while (!p->stopping) {
		int64_t now = clock_mono_ms();

		for (struct patience_wait *w = p->first; w && w->until_ms <= now; w = w->next) {
			if (!w->ended)
				cut(w);
			w->ended = true;
		}
		(void)cond_wait_until(&p->stop, &p->lock, now + LOOK_MS);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct patience *patience_new(void)
{
	struct patience *p = mem_alloc(sizeof *p);

	pthread_mutex_init(&p->lock, NULL);
	cond_init(&p->stop);
	if (pthread_create(&p->thread, NULL, look, p) != 0) {
		pthread_cond_destroy(&p->stop);
		pthread_mutex_destroy(&p->lock);
		free(p);
		return NULL;
	}
	return p;
}

void patience_free(struct patience **p)
{
	if (!*p)
		return;
	pthread_mutex_lock(&(*p)->lock);
	assert(!(*p)->first);
	(*p)->stopping = true;
	pthread_cond_signal(&(*p)->stop);
	pthread_mutex_unlock(&(*p)->lock);
	(void)pthread_join((*p)->thread, NULL);
	pthread_cond_destroy(&(*p)->stop);
	pthread_mutex_destroy(&(*p)->lock);
	free(*p);
	*p = NULL;
}

void patience_begin(struct patience *p, struct patience_wait *w, int ms)
{
	struct patience_wait *before;

	w->ended = false;
	pthread_mutex_lock(&p->lock);
	w->until_ms = clock_mono_ms() + ms;
	for (before = p->last; before && before->until_ms > w->until_ms; before = before->previous)
		;
	w->previous = before;
	w->next = before ? before->next : p->first;
	*(before ? &before->next : &p->first) = w;
	*(w->next ? &w->next->previous : &p->last) = w;
	pthread_mutex_unlock(&p->lock);
}

bool patience_end(struct patience *p, struct patience_wait *w)
{
	pthread_mutex_lock(&p->lock);
	if (w->previous)
		w->previous->next = w->next;
	else
		p->first = w->next;
	if (w->next)
		w->next->previous = w->previous;
	else
		p->last = w->previous;
	pthread_mutex_unlock(&p->lock);
	return w->ended;
}
