/*
 * breaker.c - the circuit breaker's moves.
 */
#include "breaker_private.h"

#include "base/log.h"

static void move(struct breaker *b, enum breaker_state to)
{
	static const char *const names[] = { "closed", "half-open", "open" };

	if (b->state != to)
		log_info("breaker", LOG_S("from", names[b->state]), LOG_S("to", names[to]),
			 LOG_I("failures", b->failures));
	b->state = to;
}

void breaker_init(struct breaker *b, int64_t first_pause_ms)
{
	*b = (struct breaker){ .state = BREAKER_CLOSED, .pause_ms = first_pause_ms };
}

bool breaker_refuses(const struct breaker *b, int64_t now_ms)
{
	switch (b->state) {
	case BREAKER_CLOSED:
		return false;
	case BREAKER_HALF_OPEN:
		return true; /* the probe is under way */
	case BREAKER_OPEN:
		break;
	}
	return now_ms < b->open_until_ms;
}

bool breaker_admit(struct breaker *b, int64_t now_ms)
{
	if (breaker_refuses(b, now_ms))
		return false;
	if (b->state == BREAKER_OPEN)
		move(b, BREAKER_HALF_OPEN);
	return true;
}

static void open_for_a_while(struct breaker *b, int64_t now_ms)
{
	b->open_until_ms = now_ms + b->pause_ms;
	b->pause_ms *= 2;
	if (b->pause_ms > BREAKER_MAX_PAUSE_MS)
		b->pause_ms = BREAKER_MAX_PAUSE_MS;
	move(b, BREAKER_OPEN);
}

void breaker_report(struct breaker *b, bool alive, unsigned max_failures, int64_t first_pause_ms,
		    int64_t now_ms)
{
	if (alive) {
		b->failures = 0;
		b->pause_ms = first_pause_ms;
		move(b, BREAKER_CLOSED);
		return;
	}
	b->failures++;
	/* Late failures of calls admitted before it opened do not lengthen the pause. */
	if (b->state == BREAKER_HALF_OPEN ||
	    (b->state == BREAKER_CLOSED && b->failures >= max_failures))
		open_for_a_while(b, now_ms);
}
