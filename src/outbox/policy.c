/*
 * policy.c - who may be written to, what next after an attempt, and what a code asks for. Pure.
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
	HOUR_MS = 60 * 60 * 1000,
	DAY_MS = 24 * HOUR_MS,
	WINDOW_MARGIN_MS = 60 * 1000, /* the message has a way to go, and clocks differ */
	CODE_NOT_JOINED = 63015,
};

/* ---- after an attempt ---- */

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

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
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
		return retry(later(wait, got->retry_after_ms), attempt, BUSY_ATTEMPTS);
	case SEND_TEMP:
		wait = backoff(TEMP_FIRST_MS, TEMP_MOST_MS, attempt, random);
		return retry(later(wait, got->retry_after_ms), attempt, max_attempts);
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
	if (found == 0) /* looks are counted as attempts, too */
		return retry(backoff(TEMP_FIRST_MS, TEMP_MOST_MS, attempt / 2, random), attempt,
			     max_attempts);
	if (attempt >= max_attempts)
		return (struct outbox_plan){ NEXT_WAIT_STATUS, 0 };
	return (struct outbox_plan){ NEXT_LOOK_UP,
				     backoff(LOOK_UP_FIRST_MS, LOOK_UP_MOST_MS, attempt, random) };
}

/* ---- what a code asks for ---- */

/* Sorted by code. for_ms: so long nobody writes to them again (0: until they write). What is said
 * of one message, its text or its media, is not here. */
static const struct {
	int code;
	enum outbox_consequence what;
	int for_ms;
} codes[] = {
	{ 20003, OUTBOX_CONFIGURATION, 0 },
	{ 20005, OUTBOX_CONFIGURATION, 0 },
	{ 20006, OUTBOX_CONFIGURATION, 0 },
	{ 20404, OUTBOX_CONFIGURATION, 0 },
	{ 20429, OUTBOX_SLOW_DOWN, 0 },
	{ 21212, OUTBOX_CONFIGURATION, 0 },
	{ 21408, OUTBOX_CONFIGURATION, 0 },
	{ 21606, OUTBOX_CONFIGURATION, 0 },
	{ 21608, OUTBOX_CONFIGURATION, 0 },
	{ 21609, OUTBOX_CONFIGURATION, 0 },
	{ 21610, OUTBOX_OPT_OUT, 0 },
	{ 21611, OUTBOX_SLOW_DOWN, 0 },
	{ 21701, OUTBOX_CONFIGURATION, 0 },
	{ 21702, OUTBOX_CONFIGURATION, 0 },
	{ 21703, OUTBOX_CONFIGURATION, 0 },
	{ 21704, OUTBOX_CONFIGURATION, 0 },
	{ 21705, OUTBOX_CONFIGURATION, 0 },
	{ 30001, OUTBOX_SLOW_DOWN, 0 },
	{ 30002, OUTBOX_CONFIGURATION, 0 },
	{ 63001, OUTBOX_CONFIGURATION, 0 },
	{ 63003, OUTBOX_UNREACHABLE, 0 }, /* not on WhatsApp */
	{ 63007, OUTBOX_CONFIGURATION, 0 },
	{ 63008, OUTBOX_CONFIGURATION, 0 },
	{ 63014, OUTBOX_UNREACHABLE, 0 }, /* they block us */
	{ CODE_NOT_JOINED, OUTBOX_UNREACHABLE, 0 },
	{ 63016, OUTBOX_CLOSED_WINDOW, 0 },
	{ 63017, OUTBOX_SLOW_DOWN, 0 },
	{ 63018, OUTBOX_SLOW_DOWN, 0 },
	{ 63020, OUTBOX_CONFIGURATION, 0 },
	{ 63022, OUTBOX_CONFIGURATION, 0 },
	{ 63024, OUTBOX_UNREACHABLE, 0 }, /* not a valid recipient */
	{ 63026, OUTBOX_CONFIGURATION, 0 },
	{ 63032, OUTBOX_UNREACHABLE, 7 * DAY_MS }, /* an experiment of WhatsApp, "for now" */
	{ 63033, OUTBOX_UNREACHABLE, 0 },
	{ 63040, OUTBOX_CONFIGURATION, 0 },
	{ 63041, OUTBOX_CONFIGURATION, 0 },
	{ 63042, OUTBOX_CONFIGURATION, 0 },
	{ 63049, OUTBOX_UNREACHABLE, 3 * DAY_MS }, /* enough marketing for them, for some days */
	{ 63050, OUTBOX_UNREACHABLE, 0 },	   /* no marketing any more */
	{ 63051, OUTBOX_CONFIGURATION, 0 },
	{ 63062, OUTBOX_CONFIGURATION, 0 },
	{ 90010, OUTBOX_CONFIGURATION, 0 },
};

enum outbox_consequence outbox_consequence(int error_code)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].code == error_code)
			return codes[i].what;
	return OUTBOX_NOTHING;
}

/* ---- before an attempt ---- */

static bool is_troubled(const struct contact_facts *f, int64_t now_ms)
{
	if (!f->trouble_code || f->trouble_ms <= f->last_in_ms)
		return false;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].code == f->trouble_code && codes[i].for_ms)
			return now_ms < f->trouble_ms + codes[i].for_ms;
	return true;
}

static bool is_text(const char *s)
{
	return s && *s;
}

static enum outbound_reason admit_broadcast(const struct outbound *row,
					    const struct contact_facts *f, int64_t now_ms,
					    bool *as_template_out)
{
	bool closed = now_ms - f->last_in_ms >= DAY_MS - WINDOW_MARGIN_MS;

	if (is_troubled(f, now_ms))
		return f->trouble_code == CODE_NOT_JOINED ? OUTBOUND_NOT_JOINED : OUTBOUND_BLOCKED;
	if (closed && !is_text(row->content_sid))
		return OUTBOUND_OUTSIDE_WINDOW;
	if (closed || !is_text(row->text))
		*as_template_out = true;
	return OUTBOUND_NO_REASON;
}

enum outbound_reason outbox_admit(const struct outbound *row, const struct contact_facts *facts,
				  int64_t now_ms, bool *as_template_out)
{
	/* What a broadcast began stays its own, also in the contact's line. */
	bool unasked = row->kind == OUTBOUND_BROADCAST || is_text(row->broadcast);

	*as_template_out = row->as_template;
	if (facts->consent == CONSENT_OUT && (unasked || facts->consent_ms > row->created_ms))
		return OUTBOUND_OPTED_OUT;
	if (row->kind == OUTBOUND_BROADCAST)
		return admit_broadcast(row, facts, now_ms, as_template_out);
	return OUTBOUND_NO_REASON;
}
