/*
 * breaker_private.h - a circuit breaker as a small pure state machine.
 *
 * closed: calls pass, failures in a row are counted. open: calls are refused
 * until a pause is over. half-open: one probe passes; its end closes or opens
 * again with twice the pause. Times are monotonic milliseconds. Not locked.
 */
#ifndef SAMVAD_INTEGRATION_BREAKER_PRIVATE_H
#define SAMVAD_INTEGRATION_BREAKER_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

enum { BREAKER_MAX_PAUSE_MS = 60000 };

enum breaker_state { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN };

struct breaker {
	enum breaker_state state;
	unsigned failures; /* in a row */
	int64_t open_until_ms;
	int64_t pause_ms; /* the next pause */
};

void breaker_init(struct breaker *b, int64_t first_pause_ms);
/* Would a call be refused now? Changes nothing: for asking before a limit is used up. */
bool breaker_refuses(const struct breaker *b, int64_t now_ms);
/* May a call go now? In half-open only the one that opened the half gets true. */
bool breaker_admit(struct breaker *b, int64_t now_ms);
/* How an admitted call ended. */
void breaker_report(struct breaker *b, bool alive, unsigned max_failures, int64_t first_pause_ms,
		    int64_t now_ms);

#endif
