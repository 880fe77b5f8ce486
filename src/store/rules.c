/*
 * rules.c - see rules_private.h.
 */
#include "rules_private.h"

#include <string.h>

struct rule_answer rule_answer(enum reply_state now, enum reply_state answer)
{
	struct rule_answer r = { .decide = now == REPLY_OPEN };

	r.is_inline = r.decide && answer == REPLY_INLINE;
	/* Decided before, or gone: nobody waits with an HTTP answer any more. */
	r.store_rows = !r.decide || answer == REPLY_LATE;
	return r;
}

bool rule_held(const struct turn_held *held, int64_t updated_ms, enum consent consent,
	       unsigned parked)
{
	return held->updated_ms == updated_ms && held->consent == consent && parked == 0;
}

bool rule_outbound_done(enum outbound_state s)
{
	return s == OUTBOUND_ACCEPTED || s == OUTBOUND_DEAD;
}

void rule_claim(struct driver_outbound *row, int64_t lease_ms)
{
	row->state = row->state == OUTBOUND_WAITING ? OUTBOUND_CLAIMED : OUTBOUND_UNSURE;
	row->due_ms = lease_ms;
	row->attempts++;
}

/* Nothing that a worker says moves such a row, unless the provider has taken the message. */
static bool has_ended(const struct driver_outbound *row)
{
	return row->state == OUTBOUND_DEAD || row->state == OUTBOUND_PARKED;
}

bool rule_settle(struct driver_outbound *row, const struct driver_outbound *news)
{
	bool accepted = news->state == OUTBOUND_ACCEPTED;
	enum status climbed = status_climb(row->status, news->status);

	if (!accepted && news->attempts != row->attempts)
		return false;
	/* A callback that was faster than the worker knows more about errors. */
	if (climbed == news->status)
		row->error_code = news->error_code;
	row->status = climbed;
	if (*news->external_id)
		row->external_id = news->external_id;
	if (row->state == OUTBOUND_ACCEPTED || (has_ended(row) && !accepted) ||
	    row->reason == OUTBOUND_REPLACED)
		return true;
	row->state = news->state;
	row->reason = news->reason;
	row->due_ms = news->due_ms;
	if (row->state == OUTBOUND_UNSURE && row->status != STATUS_NONE)
		row->state = OUTBOUND_ACCEPTED;
	return true;
}

bool rule_status(struct driver_outbound *row, const char *external_id, enum status status,
		 int error_code)
{
	enum status climbed = status_climb(row->status, status);

	if (*row->external_id && external_id && *external_id &&
	    strcmp(row->external_id, external_id) != 0)
		return false;
	if (climbed != row->status) {
		row->status = climbed;
		row->error_code = error_code;
	}
	if (!*row->external_id && external_id)
		row->external_id = external_id;
	if (row->state == OUTBOUND_UNSURE ||
	    (row->state == OUTBOUND_DEAD && row->reason == OUTBOUND_UNTOLD)) {
		row->state = OUTBOUND_ACCEPTED;
		row->reason = OUTBOUND_NO_REASON;
	}
	return true;
}

bool rule_replace(struct driver_outbound *row, enum status status, int error_code)
{
	if (row->reason == OUTBOUND_REPLACED)
		return false;
	row->state = OUTBOUND_DEAD;
	row->reason = OUTBOUND_REPLACED;
	row->status = status_climb(row->status, status);
	if (row->status == status)
		row->error_code = error_code;
	return true;
}

int64_t rule_ask_after_ms(enum status status, unsigned asked)
{
	static const int64_t seconds[STORE_MAX_ASKED] = { 60, 300, 1800, 10800, 43200, 86400 };

	if (status_is_final(status) || status == STATUS_DELIVERED || asked >= STORE_MAX_ASKED)
		return 0;
	return seconds[asked] * 1000;
}

/*
 * The rate. A lane lets its next send go when its arrival time is at most TOLERANCE_US
 * ahead; each send moves that time by one gap. With gaps for 97 % of the rate, a window of
 * one second holds at most 0.97 * rate * 1.01 + 1 sends, and for small rates the gap alone sees
 * to it: never more than `rate`. What is left is for jitter between the grant and the wire.
 * A broadcast has a lane of its own within the common one, and less tolerance in that: where
 * replies wait as well, they go first.
 */
enum { TOLERANCE_US = 10000, SPARE_TOLERANCE_US = 4000, STEADY_PERCENT = 97 };
#define US_PER_S INT64_C(1000000)

struct lane {
	int64_t at_us;
	int64_t percent; /* sends in 100 seconds */
	int64_t tolerance_us;
};

/* The time that n sends take, rounded up: rounding once for many keeps high rates exact. */
static int64_t sends_us(const struct lane *l, int64_t n)
{
	return (n * US_PER_S * 100 + l->percent - 1) / l->percent;
}

/* How many sends a lane lets go now, at most want. */
static unsigned lane_room(const struct lane *l, int64_t now_us, unsigned want)
{
	int64_t room_us = now_us + l->tolerance_us - l->at_us, n;

	if (room_us < 0)
		return 0;
	n = room_us * l->percent / (US_PER_S * 100) + 1;
	return n < want ? (unsigned)n : want;
}

/* Worth asking again when half a burst has gathered: each question may be a round trip. */
static int64_t lane_wait_us(const struct lane *l, int64_t now_us)
{
	int64_t half_us = l->tolerance_us / 2;

	return l->at_us - now_us - (sends_us(l, 1) > half_us ? l->tolerance_us : half_us);
}

static int64_t later(int64_t x, int64_t y)
{
	return x > y ? x : y;
}

unsigned rule_rate_take(struct rule_rate *r, int64_t now_us, unsigned rate, bool spare,
			unsigned want, int64_t *wait_us_out)
{
	int64_t divisor = now_us < r->slow_until_us && r->divisor > 1 ? r->divisor : 1;
	struct lane all = { later(r->all_us, now_us),
			    later((int64_t)rate * STEADY_PERCENT / divisor, 1),
			    spare ? SPARE_TOLERANCE_US : TOLERANCE_US };
	struct lane own = { later(r->spare_us, now_us), later(all.percent * 4 / 5, 1),
			    TOLERANCE_US };
	unsigned n = lane_room(&all, now_us, want);

	if (spare)
		n = lane_room(&own, now_us, n);
	if (n > 0)
		r->all_us = all.at_us += sends_us(&all, n);
	if (n > 0 && spare)
		r->spare_us = own.at_us += sends_us(&own, n);
	*wait_us_out = 0;
	if (n < want)
		*wait_us_out = later(lane_wait_us(&all, now_us), 1);
	if (n < want && spare)
		*wait_us_out = later(lane_wait_us(&own, now_us), *wait_us_out);
	return n;
}
