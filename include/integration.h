/*
 * integration.h - business calls (the Auth API and its like) with named outcomes.
 *
 * Takes a call that the flow has described as data, asks the limits, passes
 * the circuit breaker, makes the attempts that are safe, and says how it
 * ended in one word. It knows no business: URL, body and rules are the pack's.
 *
 * A repeat is made only where the other side certainly accepted nothing, or
 * said itself that it did not (flow_call_repeatable), and always with the
 * same Idempotency-Key.
 */
#ifndef SAMVAD_INTEGRATION_H
#define SAMVAD_INTEGRATION_H

#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "flow.h"
#include "net.h"
#include "store.h"

struct integration; /* opaque: see src/integration/ */

struct integration_settings {
	struct net *net;     /* borrowed: must outlive it */
	struct store *store; /* borrowed: asked for limits */
	const struct clock *clock;
	unsigned breaker_failures; /* in a row, then the breaker opens; 5 by default */
	int breaker_open_ms;	   /* first pause; doubles up to a minute; 10000 by default */
};

int integration_open(const struct integration_settings *set, struct integration **ig_out,
		     struct err *err);
void integration_close(struct integration **ig);

struct integration_result {
	const char *outcome;	    /* valid as long as the flow, or static */
	const struct value *answer; /* the answer's JSON in the arena, or NULL */
	int http_status;	    /* 0: none */
	unsigned attempts;
};

/* Blocks until the outcome is known, at most call->timeout_ms per attempt. Never fails:
 * whatever happens has an outcome. Any thread. */
void integration_call(struct integration *ig, const struct flow *flow, const struct flow_call *call,
		      struct arena *a, struct integration_result *result_out);

/* Asks whether the service behind `url` answers at all (for /health): 1 yes, 0 no. Cached for 5 s.
 */
int integration_probe(struct integration *ig, const char *url);

#endif
