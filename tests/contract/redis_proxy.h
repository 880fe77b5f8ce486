/*
 * redis_proxy.h - a road to a server that can be bad in ways a server cannot.
 *
 * Takes connections on a free port of loopback and carries bytes both ways,
 * from a thread of its own. What it does to them is a mode, which the test may
 * change at any time. A test includes redis_proxy.c itself.
 */
#ifndef SAMVAD_TESTS_REDIS_PROXY_H
#define SAMVAD_TESTS_REDIS_PROXY_H

#include <pthread.h>
#include <stdatomic.h>

enum proxy_mode {
	PROXY_PASS,
	PROXY_KEEP_REPLIES, /* the server hears everything, the caller nothing */
	PROXY_DEAF,	    /* takes nothing from the caller */
	PROXY_CUT,	    /* ends every connection there is, and passes afterwards */
};

enum { PROXY_PAIRS = 16 };

struct proxy {
	int listener;
	int port;
	int to_port;
	size_t sip;		 /* bytes taken from the caller each millisecond; 0: any */
	atomic_int delay_ms;	 /* an answer travels so long */
	atomic_int mode;	 /* enum proxy_mode */
	atomic_int replies_kept; /* how often something was kept back */
	atomic_bool over;
	pthread_t thread;
	int callers[PROXY_PAIRS]; /* -1: free */
	int servers[PROXY_PAIRS];
};

void proxy_start(struct proxy *p, int to_port);
void proxy_stop(struct proxy *p);

#endif
