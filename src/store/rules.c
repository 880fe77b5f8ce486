/*
 * rules.c - see rules_private.h.
 */
#include "rules_private.h"

struct rule_answer rule_answer(enum reply_state now, enum reply_state answer)
{
	struct rule_answer r = { .decide = now == REPLY_OPEN };

	r.is_inline = r.decide && answer == REPLY_INLINE;
	/* Decided before, or gone: nobody waits with an HTTP answer any more. */
	r.store_rows = !r.decide || answer == REPLY_LATE;
	return r;
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

void rule_settle(struct driver_outbound *row, const struct driver_outbound *news)
{
	enum status climbed = status_climb(row->status, news->status);

	/* A callback that was faster than the worker knows more about errors. */
	if (climbed == news->status)
		row->error_code = news->error_code;
	row->status = climbed;
	if (*news->external_id)
		row->external_id = news->external_id;
	if (row->state == OUTBOUND_ACCEPTED ||
	    (row->state == OUTBOUND_DEAD && news->state != OUTBOUND_ACCEPTED))
		return;
	row->state = news->state;
	row->due_ms = news->due_ms;
	row->attempts = news->attempts;
	if (row->state == OUTBOUND_UNSURE && row->status != STATUS_NONE)
		row->state = OUTBOUND_ACCEPTED;
}

void rule_status(struct driver_outbound *row, const char *external_id, enum status status,
		 int error_code)
{
	enum status climbed = status_climb(row->status, status);

	if (climbed != row->status) {
		row->status = climbed;
		row->error_code = error_code;
	}
	if (!*row->external_id && external_id)
		row->external_id = external_id;
	if (row->state == OUTBOUND_UNSURE)
		row->state = OUTBOUND_ACCEPTED;
}
