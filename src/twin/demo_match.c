/*
 * demo_match.c - which route of a demo.json a request means.
 */
#include "demo_private.h"

#include <string.h>

#include "base/crypto.h"

/* A segment of a path: %XX, but '+' is itself. */
static const char *decoded(struct arena *a, const char *text, size_t n)
{
	char *out = arena_strndup(a, text, n);
	size_t len = 0;
	uint8_t byte;

	for (size_t i = 0; i < n; i++) {
		bool escaped = text[i] == '%' && i + 2 < n &&
			       hex_decode((struct str){ text + i + 1, 2 }, &byte, 1) == 1;

		out[len++] = escaped ? (char)byte : text[i];
		i += escaped ? 2 : 0;
	}
	out[len] = '\0';
	return out;
}

static bool segment_fits(struct demo_request *rq, const char *pattern, size_t pn, const char *text,
			 size_t n)
{
	struct arena *a = &rq->call->arena;
	struct demo_segment *s = &rq->segments[rq->segment_count];

	if (pn < 3 || pattern[0] != '{' || pattern[pn - 1] != '}')
		return pn == n && memcmp(pattern, text, n) == 0;
	if (n == 0 || rq->segment_count == DEMO_MAX_SEGMENTS)
		return false;
	s->name = arena_strndup(a, pattern + 1, pn - 2);
	s->text = decoded(a, text, n);
	rq->segment_count++;
	return true;
}

static bool path_fits(struct demo_request *rq, const char *pattern)
{
	const char *path = rq->path;

	rq->segment_count = 0;
	while (*pattern == '/' && *path == '/') {
		size_t pn = strcspn(++pattern, "/"), n = strcspn(++path, "/");

		if (!segment_fits(rq, pattern, pn, path, n))
			return false;
		pattern += pn;
		path += n;
	}
	return !*pattern && !*path;
}

/* "a.b" in the request's body. */
static const cJSON *member(const cJSON *in, const char *path, struct arena *a)
{
	while (in && *path) {
		size_t n = strcspn(path, ".");

		in = json_get(in, arena_strndup(a, path, n));
		path += path[n] ? n + 1 : n;
	}
	return in;
}

static bool is_so(const cJSON *got, const cJSON *want)
{
	if (!got || cJSON_IsNull(got))
		return false;
	if (cJSON_IsString(want) && strcmp(want->valuestring, "*") == 0)
		return true;
	return cJSON_Compare(got, want, true);
}

static bool conditions_hold(struct demo_request *rq, const cJSON *route)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, json_get(route, "query"))
	{
		struct str got = form_get(&rq->call->query, m->string);

		if (!got.p || !cJSON_IsString(m) ||
		    (strcmp(m->valuestring, "*") != 0 && !str_is(got, m->valuestring)))
			return false;
	}
	cJSON_ArrayForEach(m, json_get(route, "when"))
	{
		if (!is_so(member(rq->in, m->string, &rq->call->arena), m))
			return false;
	}
	return true;
}

bool twin_demo_route_fits(struct demo_request *rq, const cJSON *route)
{
	const char *method =
		strcmp(rq->call->hook->method, "HEAD") == 0 ? "GET" : rq->call->hook->method;

	return strcmp(json_text(route, "method", "GET"), method) == 0 &&
	       path_fits(rq, json_text(route, "path", "")) && conditions_hold(rq, route);
}
