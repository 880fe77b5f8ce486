/*
 * policy.c - what next, and when, after an attempt to send. Pure.
 *
 * Retry only what the provider certainly did not accept. What may have been
 * accepted is looked up; a double message is worse than a late one. (Twilio,
 * "Messages": there is no idempotency key; a timed-out POST is ambiguous.)
 */
#include "outbox.h"

enum {
	TEMP_FIRST_MS = 1000,
	TEMP_MOST_MS = 5 * 60 * 1000,
	BUSY_MOST_MS = 60 * 1000,
	BUSY_ATTEMPTS = 200,	     /* being busy is no fault of the message */
	CONFIG_PAUSE_MS = 60 * 1000, /* until an operator has acted */
	CONFIG_ATTEMPTS = 24 * 60,   /* a day: then the service window is over as well */
	LOOK_UP_FIRST_MS = 3000,     /* the provider's list lags behind its answers */
	LOOK_UP_MOST_MS = 60 * 1000,
	LOOK_UP_SURE_AFTER = 3, /* so many looks must agree that it is not there */
};

/* first * 2^(n-1), at most `most`, with the upper half random. */
static int64_t backoff(int64_t first, int64_t most, unsigned n, uint64_t random)
{
	int64_t ms = first;

	while (n-- > 1 && ms < most)
		ms *= 2;
	if (ms > most)
		ms = most;
	return ms / 2 + (int64_t)(random % (uint64_t)(ms / 2 + 1));
}

static struct outbox_plan retry(int64_t delay_ms, unsigned attempt, unsigned limit)
{
	if (attempt >= limit)
		return (struct outbox_plan){ NEXT_DEAD, 0 };
	return (struct outbox_plan){ NEXT_RETRY, delay_ms };
}

struct outbox_plan outbox_plan(const struct send_result *got, unsigned attempt,
			       unsigned max_attempts, uint64_t random)
{
	int64_t wait;

	switch (got->verdict) {
	case SEND_OK:
		return (struct outbox_plan){ NEXT_DONE, 0 };
	case SEND_BUSY:
		wait = backoff(TEMP_FIRST_MS, BUSY_MOST_MS, attempt, random);
		if (wait < got->retry_after_ms)
			wait = got->retry_after_ms;
		return retry(wait, attempt, BUSY_ATTEMPTS);
	case SEND_TEMP:
		return retry(backoff(TEMP_FIRST_MS, TEMP_MOST_MS, attempt, random), attempt,
			     max_attempts);
	case SEND_CONFIG:
		return retry(CONFIG_PAUSE_MS, attempt, CONFIG_ATTEMPTS);
	case SEND_UNSURE:
		return (struct outbox_plan){ NEXT_LOOK_UP, backoff(LOOK_UP_FIRST_MS,
								   LOOK_UP_MOST_MS, 1, random) };
	case SEND_PERM:
		break;
	}
	return (struct outbox_plan){ NEXT_DEAD, 0 };
}

struct outbox_plan outbox_plan_lookup(int found, unsigned attempt, unsigned max_attempts,
				      uint64_t random)
{
	if (found > 0)
		return (struct outbox_plan){ NEXT_DONE, 0 };
	if (found == 0 && attempt > LOOK_UP_SURE_AFTER)
		return retry(TEMP_FIRST_MS, attempt, max_attempts);
	if (attempt >= max_attempts)
		return (struct outbox_plan){ NEXT_WAIT_STATUS, 0 };
	return (struct outbox_plan){ NEXT_LOOK_UP,
				     backoff(LOOK_UP_FIRST_MS, LOOK_UP_MOST_MS, attempt, random) };
}
