/*
 * redis_nodes.h - a real Redis Cluster on loopback, made and moved by redis-cli.
 *
 * Started within the test's process tree and stopped by pid; nothing listens
 * on a fixed port. A test includes redis_nodes.c itself, behind a fixture.
 */
#ifndef SAMVAD_TESTS_REDIS_NODES_H
#define SAMVAD_TESTS_REDIS_NODES_H

#include "redis_server.h"

enum { NODES_MOST = 6 };

struct nodes {
	struct redis_server servers[NODES_MOST]; /* masters first, as they are at the start */
	char bus[NODES_MOST][8];
	const char *more[NODES_MOST][16];
	size_t count;
	char url[256]; /* two of them as seeds */
};

/* Masters, and as many replicas for each. Returns when every slot is served and every replica is
 * in step. 0, or -1 with the reason on standard error. */
int nodes_start(struct nodes *n, size_t masters, size_t replicas_each);
void nodes_stop(struct nodes *n);
/* Empties all masters; only for a Cluster without replicas. */
int nodes_clear(struct nodes *n);
/* Kills a server with calls in flight. The last acknowledged turns may be on their way to the
 * replica when a master dies; that is what Redis promises and no more. So this one stops to
 * answer, and dies when its replica has all that it ever acknowledged. */
int nodes_kill_in_step(struct redis_server *master);
/* One command of redis-cli (its arguments, NULL at the end): 0 when it exits well. Its output
 * goes to a file of the first node, and is shown when it fails. */
int nodes_cli(struct nodes *n, const char *const *argv);
/* Moves so many slots from one master to another, with what they hold. */
int nodes_reshard(struct nodes *n, size_t from, size_t to, const char *slots);

#endif
