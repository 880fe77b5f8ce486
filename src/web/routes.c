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
enum { SMALL = 1024 }; /* nothing is read of it */

const struct web_route web_routes[] = {
	{ "POST", "/webhook", WHO_SIGNED, WEB_MAX_BODY, FORM, handle_webhook, NULL },
	{ "POST", "/webhook/status", WHO_SIGNED, WEB_MAX_BODY, FORM, handle_status, NULL },
	{ "GET", "/health", WHO_PUBLIC, 0, NULL, handle_health, NULL },
	{ "GET", "/health/live", WHO_PUBLIC, 0, NULL, handle_health_live, NULL },
	{ "GET", "/health/ready", WHO_PUBLIC, 0, NULL, handle_health_ready, NULL },
	{ "GET", "/stats", WHO_ADMIN, 0, NULL, handle_stats, NULL },
	{ "GET", "/metrics", WHO_METRICS, 0, NULL, handle_metrics, NULL },
	{ "GET", "/audit", WHO_ADMIN, 0, NULL, handle_audit, NULL },
	{ "GET", "/consent", WHO_ADMIN, 0, NULL, handle_consent, NULL },
	{ "POST", "/send-broadcast", WHO_ADMIN, WEB_MAX_BODY, NULL, handle_broadcast_send,
	  "message" },
	{ "GET", "/broadcasts", WHO_ADMIN, 0, NULL, handle_broadcast_list, NULL },
	{ "GET", "/broadcasts/{id}", WHO_ADMIN, 0, NULL, handle_broadcast_show, NULL },
	{ "GET", "/broadcasts/{id}/recipients", WHO_ADMIN, 0, NULL, handle_broadcast_recipients,
	  NULL },
	{ "POST", "/broadcasts/{id}/pause", WHO_ADMIN, SMALL, NULL, handle_broadcast_pause, NULL },
	{ "POST", "/broadcasts/{id}/resume", WHO_ADMIN, SMALL, NULL, handle_broadcast_resume,
	  NULL },
	{ "POST", "/broadcasts/{id}/cancel", WHO_ADMIN, SMALL, NULL, handle_broadcast_cancel,
	  NULL },
	{ "POST", "/broadcasts/{id}/retry-failed", WHO_ADMIN, SMALL, NULL, handle_broadcast_retry,
	  NULL },
	{ "GET", "/records/{id}", WHO_ADMIN, 0, NULL, handle_record_list, NULL },
	{ "GET", "/records/{id}/{id}", WHO_ADMIN, 0, NULL, handle_record_show, NULL },
	{ "PATCH", "/records/{id}/{id}", WHO_ADMIN, SMALL, NULL, handle_record_change, NULL },
	{ "GET", "/sandbox", WHO_SANDBOX, 0, NULL, handle_twin, NULL },
	{ "GET", "/sandbox/session", WHO_SANDBOX, 0, NULL, handle_twin_session, NULL },
	{ "GET", "/sandbox/events", WHO_SANDBOX, 0, NULL, handle_twin_events, NULL },
	{ "*", "/sandbox/*", WHO_SANDBOX, WEB_MAX_BODY, NULL, handle_twin, NULL },
};
const size_t web_route_count = sizeof web_routes / sizeof *web_routes;

/* "{id}" is one whole segment, whatever it holds. */
static bool path_matches(const struct web_route *route, const char *path)
{
	const char *want = route->path;

	while (*want) {
		if (strcmp(want, "*") == 0)
			return true;
		if (strncmp(want, "{id}", 4) == 0) {
			size_t n = strcspn(path, "/");

			if (n == 0)
				return false;
			path += n;
			want += 4;
		} else if (*want++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

const char *web_route_id(const struct web_route *route, const char *path, struct arena *a)
{
	const char *at = strstr(route->path, "{id}");

	if (!at)
		return "";
	path += at - route->path; /* what stands before it is the same in both */
	return arena_strndup(a, path, strcspn(path, "/"));
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
