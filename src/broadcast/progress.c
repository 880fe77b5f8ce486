/*
 * progress.c - counts of rows become numbers that add up to the audience. Pure.
 */
#include "broadcast_private.h"

#include <math.h>

enum {
	FAILING_LEAST = 25, /* so many, before a share means anything */
	FAILING_PERCENT = 30,
	QUIET_NIGHTS = 400, /* more than that is no estimate */
	MINUTE_MS = 60 * 1000,
};

const char *const broadcaster_outcome_names[OUTCOME_COUNT] = {
	[OUTCOME_WAITING] = "waiting",	 [OUTCOME_SENDING] = "sending",
	[OUTCOME_ACCEPTED] = "accepted", [OUTCOME_DELIVERED] = "delivered",
	[OUTCOME_READ] = "read",	 [OUTCOME_FAILED] = "failed",
	[OUTCOME_UNSURE] = "unsure",	 [OUTCOME_PARKED] = "parked",
	[OUTCOME_SKIPPED] = "skipped",	 [OUTCOME_CANCELLED] = "cancelled",
};

static enum broadcaster_outcome of_status(enum status status)
{
	switch (status) {
	case STATUS_DELIVERED:
		return OUTCOME_DELIVERED;
	case STATUS_READ:
		return OUTCOME_READ;
	case STATUS_FAILED:
	case STATUS_UNDELIVERED:
	case STATUS_CANCELED:
		return OUTCOME_FAILED;
	case STATUS_NONE:
	case STATUS_QUEUED:
	case STATUS_SENDING:
	case STATUS_SENT:
		break;
	}
	return OUTCOME_ACCEPTED;
}

static enum broadcaster_outcome of_reason(enum outbound_reason reason)
{
	if (reason == OUTBOUND_REPLACED)
		return OUTCOME_NONE;
	if (reason == OUTBOUND_CANCELLED)
		return OUTCOME_CANCELLED;
	if (reason == OUTBOUND_UNTOLD)
		return OUTCOME_UNSURE;
	return outbound_is_skip(reason) ? OUTCOME_SKIPPED : OUTCOME_FAILED;
}

static enum broadcaster_outcome of_state(const struct broadcast_count *c, bool cancelled)
{
	switch (c->state) {
	case OUTBOUND_WAITING:
		return cancelled ? OUTCOME_CANCELLED : OUTCOME_WAITING;
	case OUTBOUND_CLAIMED:
		return OUTCOME_SENDING;
	case OUTBOUND_UNSURE:
		return OUTCOME_UNSURE;
	case OUTBOUND_ACCEPTED:
		return of_status(c->status);
	case OUTBOUND_PARKED:
		return cancelled ? OUTCOME_CANCELLED : OUTCOME_PARKED;
	case OUTBOUND_DEAD:
		break;
	}
	return of_reason(c->reason);
}

enum broadcaster_outcome broadcaster_outcome_of(const struct broadcast_count *c, bool cancelled)
{
	enum broadcaster_outcome outcome = of_state(c, cancelled);

	return outcome == OUTCOME_FAILED && outbox_consequence(c->error_code) == OUTBOX_OPT_OUT
		       ? OUTCOME_SKIPPED
		       : outcome;
}

enum outbound_reason broadcaster_reason_of(const struct broadcast_count *c)
{
	return broadcaster_outcome_of(c, false) == OUTCOME_SKIPPED && !outbound_is_skip(c->reason)
		       ? OUTBOUND_OPTED_OUT
		       : c->reason;
}

struct broadcast_count broadcaster_situation(const struct outbound *row)
{
	return (struct broadcast_count){ row->state, row->reason, row->status, row->error_code, 1 };
}

/* A closed window says nothing of how well sending goes. */
static bool is_trouble(int error_code)
{
	return outbox_consequence(error_code) != OUTBOX_CLOSED_WINDOW;
}

static void add(struct broadcaster_progress *p, const struct broadcast_count *c,
		enum broadcaster_outcome outcome, int64_t *most)
{
	p->outcomes[outcome] += c->rows;
	p->audience += c->rows;
	if (c->state == OUTBOUND_WAITING || c->state == OUTBOUND_CLAIMED ||
	    c->state == OUTBOUND_UNSURE)
		p->open += c->rows;
	switch (outcome) {
	case OUTCOME_SKIPPED:
		p->skipped[broadcaster_reason_of(c)] += c->rows;
		break;
	case OUTCOME_FAILED:
		if (!is_trouble(c->error_code))
			break;
		p->failed += c->rows;
		p->finished += c->rows;
		if (c->rows > *most) {
			*most = c->rows;
			p->code = c->error_code;
		}
		break;
	case OUTCOME_ACCEPTED:
	case OUTCOME_DELIVERED:
	case OUTCOME_READ:
		p->finished += c->rows;
		break;
	default:
		break;
	}
}

void broadcaster_count_up(const struct broadcast_count *list, size_t count, bool cancelled,
			  struct broadcaster_progress *p_out)
{
	int64_t most = 0;

	*p_out = (struct broadcaster_progress){ 0 };
	for (size_t i = 0; i < count; i++) {
		const struct broadcast_count *c = &list[i];
		enum broadcaster_outcome outcome = broadcaster_outcome_of(c, cancelled);

		if (outcome != OUTCOME_NONE)
			add(p_out, c, outcome, &most);
	}
}

bool broadcaster_is_failing(int64_t failed, int64_t finished)
{
	return failed >= FAILING_LEAST && failed * 100 > finished * FAILING_PERCENT;
}

/* ---- when ---- */

/* A fifth is kept for replies; the rest of the difference is what a bucket loses in a second. */
double broadcaster_share_of(unsigned send_rate)
{
	return 0.8 * 0.97 * (double)send_rate;
}

/* How long it is not quiet from t on; t itself is not quiet. */
static int64_t awake_ms(const struct quiet_hours *quiet, int64_t t)
{
	const int64_t day_ms = (int64_t)24 * 60 * MINUTE_MS;
	int64_t there = t + (int64_t)quiet->offset_min * MINUTE_MS;
	int64_t in_day = ((there % day_ms) + day_ms) % day_ms;

	if (quiet->from_min == quiet->to_min)
		return INT64_MAX;
	return ((int64_t)quiet->from_min * MINUTE_MS - in_day + day_ms) % day_ms;
}

int64_t broadcaster_finish_ms(int64_t messages, double per_second, int64_t from_ms,
			      const struct quiet_hours *quiet)
{
	int64_t left = (int64_t)ceil((double)messages * 1000 / per_second);
	int64_t t = from_ms;

	for (int night = 0; night < QUIET_NIGHTS; night++) {
		int64_t until = broadcaster_quiet_until(quiet, t);
		int64_t awake;

		if (until)
			t = until;
		awake = awake_ms(quiet, t);
		if (left <= awake)
			return t + left;
		left -= awake;
		t += awake;
	}
	return 0;
}
