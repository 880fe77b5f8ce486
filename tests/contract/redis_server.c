/* redis_server.c - starts, stops and watches one redis-server: see redis_server.h. */
#include "redis_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* Another process may still be faster: start tries again then. */
static bool is_free(int port)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	bool yes = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		   bind(fd, (const struct sockaddr *)&at, sizeof at) == 0;

	if (fd >= 0)
		close(fd);
	return yes;
}

/* Below those that the system takes for outgoing connections: one of these could sit on the port
 * of a server that is being restarted. */
int redis_server_free_port(void)
{
	enum { FIRST = 10000, COUNT_OF = 22000, STEP = 7919 }; /* a prime: each comes by */
	static unsigned n;

	for (int i = 0; i < COUNT_OF; i++) {
		unsigned long at = (unsigned long)getpid() * 101 + (unsigned long)n++ * STEP;
		int port = FIRST + (int)(at % COUNT_OF);

		if (is_free(port))
			return port;
	}
	return -1;
}

enum { MOST_ARGUMENTS = 64 };

#define SENTINEL_FILE "sentinel.conf" /* it writes into it what it has learnt */

static void add(const char **argv, size_t *n, const char *word)
{
	if (*n + 1 < MOST_ARGUMENTS)
		argv[(*n)++] = word;
}

static void add_server(const struct redis_server *s, const char *port, const char **argv, size_t *n)
{
	static const char *const always[] = { "--bind",	   "127.0.0.1",	    "--save",
					      "",	   "--appendfsync", "always",
					      "--logfile", "redis.log",	    "--protected-mode",
					      "no" };

	add(argv, n, "--port");
	add(argv, n, port);
	add(argv, n, "--dir");
	add(argv, n, s->dir);
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		add(argv, n, always[i]);
	add(argv, n, "--appendonly");
	add(argv, n, s->keep ? "yes" : "no");
	for (size_t i = 0; s->more && s->more[i]; i++)
		add(argv, n, s->more[i]);
	if (s->password[0]) {
		add(argv, n, "--requirepass");
		add(argv, n, s->password);
	}
}

/* The child's side; only calls that are allowed between fork and exec. */
static void run_server(const struct redis_server *s, const char *port, pid_t parent)
{
	const char *argv[MOST_ARGUMENTS] = { "redis-server" };
	size_t n = 1;

	if (s->sentinel) {
		add(argv, &n, SENTINEL_FILE);
		add(argv, &n, "--sentinel");
	} else {
		add_server(s, port, argv, &n);
	}
	/* A test that crashes must not leave its server behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || chdir(s->dir) < 0)
		_exit(1);
	execvp(argv[0], (char **)(void *)argv);
	_exit(127);
}

static int spawn(struct redis_server *s)
{
	char port[16];
	pid_t parent = getpid();

	snprintf(port, sizeof port, "%d", s->port);
	s->pid = fork();
	if (s->pid == 0)
		run_server(s, port, parent);
	if (s->pid < 0) {
		s->pid = 0;
		perror("redis-server: fork");
		return -1;
	}
	return 0;
}

/* One PING on a connection of its own; any answer of the protocol but "loading" counts. */
static bool answers(const struct redis_server *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)s->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char got[8] = "";
	bool yes = false;

	if (fd < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
	    send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && poll(&p, 1, 1000) == 1 &&
	    recv(fd, got, sizeof got - 1, 0) > 1)
		yes = got[0] == '+' || strncmp(got, "-NOAUTH", 7) == 0;
	close(fd);
	return yes;
}

/* 0 when it answers; -1 when it has ended or the deadline has passed. */
static int wait_ready(struct redis_server *s)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int64_t until = clock_mono_ms() + REDIS_SERVER_DEADLINE_MS;
	int status;

	while (clock_mono_ms() < until) {
		if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
			s->pid = 0;
			fprintf(stderr,
				"redis-server ended at once, status %d (is it installed?)\n",
				status);
			return -1;
		}
		if (answers(s))
			return 0;
		nanosleep(&pause, NULL);
	}
	fprintf(stderr, "redis-server on port %d does not answer\n", s->port);
	return -1;
}

/* A sentinel takes everything from its file. */
static int write_sentinel(const struct redis_server *s)
{
	char path[96];
	FILE *f;
	int bad;

	snprintf(path, sizeof path, "%s/" SENTINEL_FILE, s->dir);
	f = fopen(path, "w");
	bad = !f || fprintf(f,
			    "port %d\nbind 127.0.0.1\ndir %s\nlogfile redis.log\n"
			    "protected-mode no\n%s",
			    s->port, s->dir, s->sentinel) < 0;
	bad = (f && fclose(f) != 0) || bad;
	if (bad)
		perror("redis-server: a sentinel's file");
	return bad ? -1 : 0;
}

int redis_server_start(struct redis_server *s, const struct redis_server_options *options)
{
	memset(s, 0, sizeof *s);
	if (options) {
		s->keep = options->keep;
		s->more = options->more;
		s->sentinel = options->sentinel;
		if (options->password)
			snprintf(s->password, sizeof s->password, "%s", options->password);
	}
	snprintf(s->dir, sizeof s->dir, "/tmp/samvad-redis-XXXXXX");
	if (!mkdtemp(s->dir)) {
		perror("redis-server: mkdtemp");
		s->dir[0] = '\0';
		return -1;
	}
	for (int tries = 0; tries < 5; tries++) {
		s->port = redis_server_free_port();
		if (s->sentinel && write_sentinel(s) < 0)
			break;
		if (s->port > 0 && redis_server_restart(s) == 0)
			return 0;
	}
	redis_server_free(s);
	return -1;
}

int redis_server_restart(struct redis_server *s)
{
	if (s->pid != 0)
		return 0;
	if (spawn(s) < 0)
		return -1;
	if (wait_ready(s) == 0)
		return 0;
	redis_server_kill(s);
	return -1;
}

static void end(struct redis_server *s, int signal_number)
{
	int status;

	if (s->pid == 0)
		return;
	kill(s->pid, signal_number);
	kill(s->pid, SIGCONT); /* a paused one would never hear the first */
	while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
		;
	s->pid = 0;
}

void redis_server_stop(struct redis_server *s)
{
	end(s, SIGTERM);
}

void redis_server_kill(struct redis_server *s)
{
	end(s, SIGKILL);
}

void redis_server_pause(struct redis_server *s)
{
	int status;

	if (s->pid == 0 || kill(s->pid, SIGSTOP) < 0)
		return;
	while (waitpid(s->pid, &status, WUNTRACED) < 0 && errno == EINTR)
		;
}

void redis_server_resume(struct redis_server *s)
{
	if (s->pid != 0)
		kill(s->pid, SIGCONT);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

void redis_server_free(struct redis_server *s)
{
	redis_server_kill(s);
	if (s->dir[0] != '\0' && nftw(s->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0)
		fprintf(stderr, "redis-server: %s was not removed: %s\n", s->dir, strerror(errno));
	memset(s, 0, sizeof *s);
}

void redis_server_url(const struct redis_server *s, int db, char *out, size_t size)
{
	if (s->password[0])
		snprintf(out, size, "redis://:%s@127.0.0.1:%d/%d", s->password, s->port, db);
	else
		snprintf(out, size, "redis://127.0.0.1:%d/%d", s->port, db);
}
