/*
 * admin_private.h - what the files of admin/ share.
 */
#ifndef SAMVAD_ADMIN_PRIVATE_H
#define SAMVAD_ADMIN_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "admin.h"
#include "base/arena.h"
#include "store.h"

struct admin {
	struct admin_settings set;
	int64_t started_ms; /* monotonic */

	/* health.c: what the prober saw last */
	pthread_t prober;
	bool probing; /* the thread runs */
	pthread_mutex_t health_lock;
	pthread_cond_t health_news;
	bool stopping;
	bool wanted;	   /* somebody asked since the last look */
	int64_t looked_ms; /* monotonic, 0: never */
	bool auth_up;
	bool twilio_up;

	/* stats.c: the last count, given again while it is fresh */
	pthread_mutex_t stats_lock;
	struct arena stats_arena;
	struct store_stats stats;
	bool stats_there;
	int64_t stats_until_ms; /* monotonic */
};

/* Starts and stops the prober. */
int admin_health_start(struct admin *admin, struct err *err);
void admin_health_stop(struct admin *admin);

/* Calls use() with counts that are at most some seconds old, under their lock. */
int admin_stats_use(struct admin *admin, void (*use)(void *arg, const struct store_stats *stats),
		    void *arg, struct err *err);
void admin_stats_free(struct admin *admin);

#endif
