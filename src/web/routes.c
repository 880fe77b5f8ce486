/*
 * routes.c - every door of the server, in one table, and how a request finds its row.
 *
 * A new page or API call is a row here and a handler. Paths are compared as
 * they came, undecoded: nothing here needs escapes, and a signature is over
 * the raw target.
 */
#include "web_private.h"

#include <stdio.h>
#include <string.h>

#define FORM "application/x-www-form-urlencoded"

const struct web_route web_routes[] = {
	{ "POST", "/webhook", WHO_SIGNED, WEB_MAX_BODY, FORM, handle_webhook },
	{ "POST", "/webhook/status", WHO_SIGNED, WEB_MAX_BODY, FORM, handle_status },
	{ "GET", "/health", WHO_PUBLIC, 0, NULL, handle_health },
	{ "GET", "/health/live", WHO_PUBLIC, 0, NULL, handle_health_live },
	{ "GET", "/health/ready", WHO_PUBLIC, 0, NULL, handle_health_ready },
	{ "GET", "/stats", WHO_ADMIN, 0, NULL, handle_stats },
	{ "GET", "/metrics", WHO_METRICS, 0, NULL, handle_metrics },
	{ "POST", "/send-broadcast", WHO_ADMIN, WEB_MAX_BODY, NULL, handle_broadcast },
	{ "GET", "/sandbox", WHO_SANDBOX, 0, NULL, handle_twin },
	{ "GET", "/sandbox/session", WHO_SANDBOX, 0, NULL, handle_twin_session },
	{ "GET", "/sandbox/events", WHO_SANDBOX, 0, NULL, handle_twin_events },
	{ "*", "/sandbox/*", WHO_SANDBOX, WEB_MAX_BODY, NULL, handle_twin },
};
const size_t web_route_count = sizeof web_routes / sizeof *web_routes;

static bool path_matches(const struct web_route *route, const char *path)
{
	size_t n = strlen(route->path);

	if (route->path[n - 1] == '*')
		return strncmp(path, route->path, n - 1) == 0;
	return strcmp(path, route->path) == 0;
}

static bool method_matches(const struct web_route *route, const char *method)
{
	return strcmp(route->method, "*") == 0 || strcmp(route->method, method) == 0 ||
	       (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

enum web_match web_route_find(const char *method, const char *path, bool sandbox,
			      const struct web_route **route_out, struct buf *allow)
{
	enum web_match match = MATCH_NO_PATH;

	for (size_t i = 0; i < web_route_count; i++) {
		const struct web_route *route = &web_routes[i];

		if ((route->who == WHO_SANDBOX && !sandbox) || !path_matches(route, path))
			continue;
		*route_out = route;
		if (method_matches(route, method))
			return MATCH_FOUND;
		match = MATCH_NO_METHOD;
		(void)buf_addf(allow, "%s%s%s", allow->len ? ", " : "", route->method,
			       strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
	}
	return match;
}

/* ---- counting ---- */

static const int statuses[] = { 200, 201, 202, 204, 400, 401, 403, 404, 405, 408,
				409, 413, 415, 422, 429, 431, 500, 501, 503, 0 /* others */ };
enum { STATUSES = sizeof statuses / sizeof *statuses };

/* Looking a metric up takes a lock; each is looked up once. The last row: no route. */
static _Atomic(struct metric *) counters[sizeof web_routes / sizeof *web_routes + 1][STATUSES];

void web_route_count_answer(const struct web_route *route, int status)
{
	size_t row = route ? (size_t)(route - web_routes) : web_route_count;
	size_t column = 0;
	struct metric *m;

	while (column < STATUSES - 1 && statuses[column] != status)
		column++;
	m = atomic_load_explicit(&counters[row][column], memory_order_acquire);
	if (!m) {
		char labels[96];

		(void)snprintf(labels, sizeof labels, "route=\"%s\",status=\"%d\"",
			       route ? route->path : "none", statuses[column]);
		m = metric_counter("samvad_http_requests_total", labels,
				   "HTTP requests answered, by route and status.");
		atomic_store_explicit(&counters[row][column], m, memory_order_release);
	}
	metric_add(m, 1);
}
