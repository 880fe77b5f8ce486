/*
 * trail.c - the way back: the asking steps that a session has come through.
 *
 * Coming to a step again cuts the way behind it, so that it never goes round;
 * a step whose needs are gone is passed over. Names hold no '/'.
 */
#include <string.h>

#include "run_private.h"

/* Where a name begins in the trail, or NULL. */
static const char *find(const char *trail, const char *name)
{
	size_t n = strlen(name);

	while (*trail) {
		size_t part = strcspn(trail, "/");

		if (part == n && strncmp(trail, name, n) == 0)
			return trail;
		trail += part + (trail[part] == '/');
	}
	return NULL;
}

void flow_trail_note(struct flow_run *r, const struct flow_step *step)
{
	const char *trail = r->session->trail ? r->session->trail : "";
	const char *at = find(trail, step->name);

	if (at) {
		r->session->trail =
			arena_strndup(r->a, trail, (size_t)(at - trail) + strlen(step->name));
		return;
	}
	while (*trail && strlen(trail) + 1 + strlen(step->name) > SESSION_MAX_TRAIL) {
		size_t oldest = strcspn(trail, "/");

		trail += oldest + (trail[oldest] == '/');
	}
	r->session->trail = arena_join(r->a, trail, *trail ? "/" : "", step->name);
}

const struct flow_step *flow_trail_back(struct flow_run *r)
{
	char *trail = arena_strdup(r->a, r->session->trail ? r->session->trail : "");
	const struct flow_step *back = NULL;

	while (*trail && !back) {
		char *last = strrchr(trail, '/');
		const char *name = last ? last + 1 : trail;
		const struct flow_step *s = flow_step_find(r->flow, name);

		if (s && s != r->step && s->rule && flow_session_fits(r->flow, r->session, s))
			back = s;
		else if (last)
			*last = '\0';
		else
			*trail = '\0';
	}
	if (back)
		r->session->trail = trail;
	return back;
}
