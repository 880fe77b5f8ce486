/*
 * integration.c - opening, the table of services, and the health probe.
 */
#include "integration_private.h"

#include <string.h>

#include <stdlib.h>

#include "base/mem.h"

int integration_open(const struct integration_settings *set, struct integration **ig_out,
		     struct err *err)
{
	struct integration *ig;

	if (!set->net || !set->store || !set->clock)
		return err_set(err, ERR_BUG, "integration needs net, store and clock");
	ig = mem_alloc(sizeof *ig);
	ig->set = *set;
	if (!ig->set.breaker_failures)
		ig->set.breaker_failures = 5;
	if (!ig->set.breaker_open_ms)
		ig->set.breaker_open_ms = 10000;
	pthread_mutex_init(&ig->lock, NULL);
	*ig_out = ig;
	return 0;
}

void integration_close(struct integration **ig)
{
	if (!*ig)
		return;
	pthread_mutex_destroy(&(*ig)->lock);
	free(*ig);
	*ig = NULL;
}

/* "http://host:port/path?x" -> "http://host:port" */
static size_t origin_length(const char *url)
{
	const char *host = strstr(url, "://");
	size_t n = host ? (size_t)(host - url) + 3 : 0;

	n += strcspn(url + n, "/?#");
	return n < INTEGRATION_ORIGIN_MAX ? n : INTEGRATION_ORIGIN_MAX;
}

struct service *service_of(struct integration *ig, const char *url)
{
	size_t n = origin_length(url);
	struct service *s;

	for (size_t i = 0; i < ig->service_count; i++) {
		s = &ig->services[i];
		if (strlen(s->origin) == n && memcmp(s->origin, url, n) == 0)
			return s;
	}
	if (ig->service_count == INTEGRATION_MAX_SERVICES)
		return &ig->services[INTEGRATION_MAX_SERVICES - 1];
	s = &ig->services[ig->service_count++];
	memcpy(s->origin, url, n);
	breaker_init(&s->breaker, ig->set.breaker_open_ms);
	return s;
}

int integration_probe(struct integration *ig, const char *url)
{
	enum { KEEP_MS = 5000, TIMEOUT_MS = 1000 };
	struct net_request req = { .method = "GET", .url = url, .timeout_ms = TIMEOUT_MS };
	struct net_answer answer;
	struct service *s;
	int64_t now = clock_mono_ms();
	int said;

	pthread_mutex_lock(&ig->lock);
	s = service_of(ig, url);
	said = s->probe_said;
	if (s->probed_ms && now - s->probed_ms < KEEP_MS) {
		pthread_mutex_unlock(&ig->lock);
		return said;
	}
	s->probed_ms = now; /* one prober at a time; the others get the last word */
	pthread_mutex_unlock(&ig->lock);

	/* Any answer will do: 404 and 401 come from a service that is alive. 5xx does not. */
	said = net_perform(ig->set.net, &req, &answer, NULL, NULL) == 0 &&
	       (answer.outcome == NET_ANSWERED || answer.outcome == NET_TOO_LARGE) &&
	       answer.status < 500;

	pthread_mutex_lock(&ig->lock);
	s->probe_said = said;
	pthread_mutex_unlock(&ig->lock);
	return said;
}
