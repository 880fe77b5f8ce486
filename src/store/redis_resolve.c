/*
 * redis_resolve.c - a host's addresses before a deadline.
 *
 * getaddrinfo knows no time limit, and the name server of a stopped container
 * network may keep it for many seconds. So names are looked up by a thread of
 * their own; who waits may leave, and the last of the two cleans up.
 */
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/cond.h"
#include "base/mem.h"
#include "redis_link_private.h"

struct lookup {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	char *host;
	char port[8];
	bool done;
	bool left; /* nobody waits any more */
	int result;
	struct addrinfo *list;
};

static void lookup_free(struct lookup *l)
{
	if (l->list)
		freeaddrinfo(l->list);
	pthread_cond_destroy(&l->ended);
	pthread_mutex_destroy(&l->lock);
	free(l->host);
	free(l);
}

static int look_up(const char *host, const char *port, int flags, struct addrinfo **list_out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags };

	return getaddrinfo(host, port, &hints, list_out);
}

static void *lookup_run(void *arg)
{
	struct lookup *l = arg;
	struct addrinfo *list = NULL;
	int result = look_up(l->host, l->port, 0, &list);
	bool left;

	pthread_mutex_lock(&l->lock);
	l->result = result;
	l->list = result == 0 ? list : NULL;
	l->done = true;
	left = l->left;
	pthread_cond_signal(&l->ended);
	pthread_mutex_unlock(&l->lock);
	if (left)
		lookup_free(l);
	return NULL;
}

static struct lookup *lookup_start(const char *host, const char *port)
{
	struct lookup *l = mem_alloc(sizeof *l);
	pthread_t thread;

	pthread_mutex_init(&l->lock, NULL);
	cond_init(&l->ended);
	l->host = mem_strdup(host);
	for (size_t i = 0; port[i] && i < sizeof l->port - 1; i++)
		l->port[i] = port[i];
	if (pthread_create(&thread, NULL, lookup_run, l) != 0) {
		lookup_free(l);
		return NULL;
	}
	pthread_detach(thread);
	return l;
}

/* False when the deadline came first; the thread frees it then. */
static bool lookup_wait(struct lookup *l, int64_t deadline)
{
	bool done;

	pthread_mutex_lock(&l->lock);
	while (!l->done && cond_wait_until(&l->ended, &l->lock, deadline))
		;
	done = l->done;
	l->left = !done;
	pthread_mutex_unlock(&l->lock);
	return done;
}

int redis_resolve(const char *host, int port, int64_t deadline, struct addrinfo **list_out,
		  struct err *err)
{
	char number[8];
	struct lookup *l;
	int result;

	*list_out = NULL;
	snprintf(number, sizeof number, "%d", port);
	if (look_up(host, number, AI_NUMERICHOST, list_out) == 0)
		return 0;
	l = lookup_start(host, number);
	if (!l)
		return err_set(err, ERR_TEMP, "Redis: no thread to look up %s", host);
	if (!lookup_wait(l, deadline))
		return err_set(err, ERR_TEMP, "Redis: looking up %s takes too long", host);
	result = l->result;
	*list_out = l->list;
	l->list = NULL;
	lookup_free(l);
	if (result != 0)
		return err_set(err, ERR_TEMP, "Redis: host %s: %s", host, gai_strerror(result));
	return 0;
}
