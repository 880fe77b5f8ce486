/*
 * redis_server.h - a real redis-server for one test, on loopback.
 *
 * Starts the program on a free port in a fresh temporary folder and waits
 * until it answers. Signals only the pid it has started; the server dies with
 * the test. Every function asserts nothing and says on standard error why it
 * failed, so that the test can fail by its own name. One thread at a time.
 *
 * The build links one object per test: a test includes redis_server.c itself.
 */
#ifndef SAMVAD_TESTS_REDIS_SERVER_H
#define SAMVAD_TESTS_REDIS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { REDIS_SERVER_DEADLINE_MS = 20000 };

struct redis_server_options { /* zeroed: no password, nothing kept */
	const char *password; /* NULL: none */
	bool keep;	      /* data survives kill and restart (append-only file, fsync always) */
	const char *const *more; /* arguments besides; ends with NULL; outlives the server */
	const char *sentinel;	 /* the file of a sentinel, without its port; NULL: a server */
};

struct redis_server { /* zeroed: not started */
	pid_t pid;    /* 0 when it is down */
	int port;     /* the same over restarts */
	bool keep;
	const char *const *more;
	char password[64];
	char dir[64];
	const char *sentinel;
};

/* Returns 0, or -1 when it does not answer PING within the deadline. */
int redis_server_start(struct redis_server *s, const struct redis_server_options *options);
/* Lets it end by itself (SIGTERM) and waits; the folder stays. */
void redis_server_stop(struct redis_server *s);
/* Ends it at once (SIGKILL) and waits; the folder stays. */
void redis_server_kill(struct redis_server *s);
/* After stop or kill: the same port and folder. Returns 0 or -1. */
int redis_server_restart(struct redis_server *s);
/* SIGSTOP and SIGCONT: alive, but deaf. pause returns once it has stopped. */
void redis_server_pause(struct redis_server *s);
void redis_server_resume(struct redis_server *s);
/* Kills it and removes the folder. Safe on a zeroed struct and twice. */
void redis_server_free(struct redis_server *s);

/* A port nobody listens on now, or -1. */
int redis_server_free_port(void);
/* Writes "redis://:password@127.0.0.1:port/db". */
void redis_server_url(const struct redis_server *s, int db, char *out, size_t size);

#endif
