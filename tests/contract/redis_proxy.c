/* redis_proxy.c - see redis_proxy.h. */
#include "redis_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024 };

static void proxy_hang_up(struct proxy *p, int i)
{
	if (p->callers[i] >= 0)
		close(p->callers[i]);
	if (p->servers[i] >= 0)
		close(p->servers[i]);
	p->callers[i] = p->servers[i] = -1;
}

static void proxy_take(struct proxy *p)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)p->to_port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int caller = accept(p->listener, NULL, NULL);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int i = 0;

	while (i < PROXY_PAIRS && p->callers[i] >= 0)
		i++;
	if (caller >= 0 && server >= 0 && i < PROXY_PAIRS &&
	    connect(server, (struct sockaddr *)&to, sizeof to) == 0) {
		p->callers[i] = caller;
		p->servers[i] = server;
		return;
	}
	if (caller >= 0)
		close(caller);
	if (server >= 0)
		close(server);
}

/* One piece from one side to the other; false: one of them has gone. */
static bool proxy_carry(int from, int to, size_t most, bool keep)
{
	static char bytes[CHUNK]; /* one proxy's thread at a time uses it */
	ssize_t n = recv(from, bytes, most, 0);

	if (n <= 0)
		return false;
	for (ssize_t done = 0; !keep && done < n;) {
		ssize_t m = send(to, bytes + done, (size_t)(n - done), MSG_NOSIGNAL);

		if (m <= 0)
			return false;
		done += m;
	}
	return true;
}

static void proxy_sleep(int ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	if (ms > 0)
		nanosleep(&t, NULL);
}

static void proxy_look(struct proxy *p)
{
	struct pollfd fds[1 + 2 * PROXY_PAIRS] = { { .fd = p->listener, .events = POLLIN } };
	enum proxy_mode mode = (enum proxy_mode)atomic_load(&p->mode);

	for (int i = 0; i < PROXY_PAIRS; i++) {
		fds[1 + 2 * i] = (struct pollfd){ .fd = mode == PROXY_DEAF ? -1 : p->callers[i],
						  .events = POLLIN };
		fds[2 + 2 * i] = (struct pollfd){ .fd = p->servers[i], .events = POLLIN };
	}
	if (poll(fds, 1 + 2 * PROXY_PAIRS, 5) <= 0)
		return;
	for (int i = 0; i < PROXY_PAIRS; i++) {
		bool well = true, keep = mode == PROXY_KEEP_REPLIES;

		if (fds[1 + 2 * i].revents)
			well = proxy_carry(p->callers[i], p->servers[i], p->sip ? p->sip : CHUNK,
					   false);
		if (well && fds[2 + 2 * i].revents) {
			proxy_sleep(atomic_load(&p->delay_ms));
			well = proxy_carry(p->servers[i], p->callers[i], CHUNK, keep);
			p->replies_kept += keep;
		}
		if (!well)
			proxy_hang_up(p, i);
	}
	if (fds[0].revents)
		proxy_take(p);
}

static void *proxy_run(void *arg)
{
	struct proxy *p = arg;

	while (!atomic_load(&p->over)) {
		proxy_look(p);
		if (p->sip)
			proxy_sleep(1);
		if (atomic_load(&p->mode) != PROXY_CUT)
			continue;
		for (int i = 0; i < PROXY_PAIRS; i++)
			proxy_hang_up(p, i);
		atomic_store(&p->mode, PROXY_PASS); /* who sees this sees them closed */
	}
	return NULL;
}

void proxy_start(struct proxy *p, int to_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;

	p->to_port = to_port;
	for (int i = 0; i < PROXY_PAIRS; i++)
		p->callers[i] = p->servers[i] = -1;
	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(p->listener >= 0);
	assert_int_equal(bind(p->listener, (struct sockaddr *)&at, n), 0);
	assert_int_equal(getsockname(p->listener, (struct sockaddr *)&at, &n), 0);
	assert_int_equal(listen(p->listener, 16), 0);
	p->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&p->thread, NULL, proxy_run, p), 0);
}

void proxy_stop(struct proxy *p)
{
	atomic_store(&p->over, true);
	pthread_join(p->thread, NULL);
	for (int i = 0; i < PROXY_PAIRS; i++)
		proxy_hang_up(p, i);
	close(p->listener);
}
