/*
 * integration_private.h - one breaker per service, shared by all its calls.
 */
#ifndef SAMVAD_INTEGRATION_PRIVATE_H
#define SAMVAD_INTEGRATION_PRIVATE_H

#include <pthread.h>

#include "breaker_private.h"
#include "integration.h"

enum { INTEGRATION_MAX_SERVICES = 32, INTEGRATION_ORIGIN_MAX = 255 };

struct service {
	char origin[INTEGRATION_ORIGIN_MAX + 1]; /* scheme://host:port */
	struct breaker breaker;
	int64_t probed_ms; /* monotonic; 0: never */
	int probe_said;
};

struct integration {
	struct integration_settings set;
	pthread_mutex_t lock; /* guards services; never held over a call */
	struct service services[INTEGRATION_MAX_SERVICES];
	size_t service_count;
};

/* The service of a URL, made on first sight; call with the lock held. When the
 * table is full the last one is shared: a wrong breaker is better than none. */
struct service *service_of(struct integration *ig, const char *url);

#endif
