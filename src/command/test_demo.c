/*
 * test_demo.c - how the twin's demo APIs can be made to end a call as a file says.
 *
 * A pack's own demo API is told the answer. Of the demo Auth API what counts is the outcome by the
 * pack's rules: an answer of other words with the same outcome will do, one that no switch gives
 * will not.
 */
#include <string.h>

#include "test_private.h"

static const char auth_path[] = "/api/send-otp"; /* the demo's only one */

static const struct demo {
	const char *word;    /* the switch "auth" of src/twin/API.md */
	const char *outcome; /* NULL: by the pack's rules, from */
	int status;
	const char *body;
} demos[] = {
	{ "ok", NULL, 200, "{\"success\":true,\"expires_in\":300,\"can_resend_in\":60}" },
	{ "400", NULL, 400, "{\"success\":false}" },
	{ "422", NULL, 422, "{\"success\":false}" },
	{ "429", NULL, 429, "{\"success\":false,\"can_resend_in\":60}" },
	{ "500", NULL, 500, "{\"success\":false}" },
	{ "503", NULL, 503, "{\"success\":false}" },
	{ "malformed", "malformed", 200, NULL },
	{ "hang", "timeout", 0, NULL },
};
enum { DEMOS = sizeof demos / sizeof *demos };

/* ---- which switch ends a call so ---- */

static bool ends_so(const struct flow *flow, const struct demo *d, const struct scenario_call *call)
{
	struct arena a = { 0 };
	struct value *answer = NULL;
	const char *outcome = d->outcome;
	bool so;

	if (!outcome) {
		(void)value_from_json(&a, str_of(d->body), &answer, NULL);
		outcome = flow_call_outcome(flow, call->name, d->status, answer);
	}
	so = strcmp(outcome, call->outcome) == 0;
	arena_free(&a);
	return so;
}

/* A call that the file never ends is let go with the best answer. */
static const struct demo *demo_for(const struct flow *flow, const struct scenario_call *call)
{
	for (size_t i = 0; i < DEMOS; i++) {
		if (!call->outcome || ends_so(flow, &demos[i], call))
			return &demos[i];
	}
	return NULL;
}

static const char *auth_switch(const struct flow *flow, const struct scenario_call *call)
{
	const struct demo *d = demo_for(flow, call);

	return d ? d->word : NULL;
}

static bool is_word(const struct demo *d, const char *word)
{
	return strcmp(d->word, word) == 0;
}

/* 503 is what the demo answers when it is told to stop hanging. */
static bool repeats_after_hang(const struct flow *flow, const struct scenario_call *call)
{
	return call->attempts > 1 &&
	       flow_call_repeatable(flow, call->name,
				    flow_call_outcome(flow, call->name, 503, NULL));
}

/* A slow answer is always a good one. A hanging one ends as 503, and only a pack that repeats such
 * a call then gets what the switch says by then. */
static const char *auth_hold(const struct flow *flow, const struct scenario_call *call)
{
	const struct demo *d = demo_for(flow, call);

	if (!d)
		return NULL;
	if (is_word(d, "ok"))
		return "slow";
	return is_word(d, "hang") || is_word(d, "503") || repeats_after_hang(flow, call) ? "hang"
											 : NULL;
}

/* ---- the packs' own demo APIs: they answer what the file says ---- */

bool test_demo_is_pack(const struct scenario_call *call)
{
	return strstr(call->url, "/sandbox/demo/") != NULL;
}

static bool is_broken(const struct scenario_call *call)
{
	return call->outcome && !call->status &&
	       (strcmp(call->outcome, "timeout") == 0 || strcmp(call->outcome, "malformed") == 0);
}

static bool is_repeated(const struct flow *flow, const struct scenario_call *call)
{
	return call->outcome && call->attempts > 1 &&
	       flow_call_repeatable(flow, call->name, call->outcome);
}

unsigned test_demo_times(const struct flow *flow, const struct scenario_call *call)
{
	return is_repeated(flow, call) ? call->attempts : 1;
}

static const char *pack_switch(const struct scenario_call *call)
{
	if (!is_broken(call))
		return "ok";
	return strcmp(call->outcome, "timeout") == 0 ? "hang" : "malformed";
}

static const char *pack_hold(const struct scenario_call *call)
{
	const char *word = pack_switch(call);

	if (strcmp(word, "ok") == 0)
		return "slow";
	return strcmp(word, "hang") == 0 ? "hang" : NULL;
}

static void count_pack_failures(struct test_world *w, const struct scenario_call *call)
{
	bool fails = is_broken(call) || call->status >= 500;

	w->calls++;
	if (!fails) {
		w->failures_in_a_row = 0;
		return;
	}
	w->failures += test_demo_times(w->flow, call);
	w->failures_in_a_row += test_demo_times(w->flow, call);
}

static const char *pack_cannot(struct test_world *w, const struct scenario_call *call,
			       struct arena *a)
{
	if (call->outcome && !call->status && !is_broken(call))
		return arena_printf(a, "a demo API cannot make %s end as \"%s\"", call->name,
				    call->outcome);
	if (call->held && !pack_hold(call))
		return arena_printf(a, "a demo API cannot hold back what is malformed");
	if (w->failures_in_a_row >= WORLD_MAX_FAILURES)
		return arena_printf(a, "%d calls in a row have failed: no further one is made",
				    WORLD_MAX_FAILURES);
	count_pack_failures(w, call);
	return NULL;
}

/* ---- either ---- */

const char *test_demo_switch(const struct flow *flow, const struct scenario_call *call)
{
	return test_demo_is_pack(call) ? pack_switch(call) : auth_switch(flow, call);
}

const char *test_demo_hold(const struct flow *flow, const struct scenario_call *call)
{
	return test_demo_is_pack(call) ? pack_hold(call) : auth_hold(flow, call);
}

/* ---- what cannot be ---- */

/* As integration/ counts for its breaker: nobody there, or broken. */
static void count_failures(struct test_world *w, const struct scenario_call *call,
			   const struct demo *d)
{
	bool fails = !d->body || d->status >= 500;
	unsigned times = fails ? 1 : 0;

	if (fails && call->outcome && flow_call_repeatable(w->flow, call->name, call->outcome))
		times = call->attempts;
	if (call->held && !is_word(d, "ok") && !is_word(d, "hang"))
		times++; /* the 503 in between */
	w->calls++;
	w->failures += times;
	w->failures_in_a_row = fails ? w->failures_in_a_row + times : 0;
}

const char *test_demo_cannot(void *world, const struct scenario_call *call, struct arena *a)
{
	struct test_world *w = world;
	const struct demo *d = demo_for(w->flow, call);
	size_t n = strlen(call->url);

	if (test_demo_is_pack(call))
		return pack_cannot(w, call, a);
	if (n < sizeof auth_path || strcmp(call->url + n - strlen(auth_path), auth_path) != 0)
		return arena_printf(a, "the call %s does not go to the demo Auth API", call->name);
	if (!d)
		return arena_printf(a, "the demo Auth API cannot make %s end as \"%s\"", call->name,
				    call->outcome);
	if (call->held && !test_demo_hold(w->flow, call))
		return arena_printf(a, "the demo Auth API cannot hold back an answer %s", d->word);
	if (w->failures_in_a_row >= WORLD_MAX_FAILURES)
		return arena_printf(a, "%d calls in a row have failed: no further one is made",
				    WORLD_MAX_FAILURES);
	count_failures(w, call, d);
	return NULL;
}
