/*
 * plan.c - one contact of the audience becomes one row, or the reason why not.
 *
 * What is said is frozen here. Whether it may still be said is asked again when
 * it leaves; so of one that is scheduled only what no message of theirs can
 * change is decided now.
 */
#include "broadcast_private.h"

/* A contact of the provider's sandbox joins by a message, for this long. */
static const int64_t JOINED_MS = (int64_t)72 * 3600 * 1000;

static bool passes_with_time(enum outbound_reason reason)
{
	return reason == OUTBOUND_OUTSIDE_WINDOW || reason == OUTBOUND_NOT_JOINED;
}

static enum outbound_reason admit(const struct broadcaster_plan *plan,
				  const struct contact_facts *facts, struct outbound *row)
{
	bool later = plan->broadcast->send_at_ms > plan->now_ms;
	bool as_template = false;
	enum outbound_reason reason = outbox_admit(row, facts, plan->now_ms, &as_template);

	if ((reason == OUTBOUND_NO_REASON || reason == OUTBOUND_OUTSIDE_WINDOW) &&
	    plan->sandbox_sender && plan->now_ms - facts->last_in_ms > JOINED_MS)
		reason = OUTBOUND_NOT_JOINED;
	if (reason == OUTBOUND_NO_REASON && as_template && !later)
		row->as_template = true;
	return later && passes_with_time(reason) ? OUTBOUND_NO_REASON : reason;
}

static enum outbound_reason write_texts(const struct broadcaster_plan *plan,
					const struct audience_member *m, struct arena *a,
					struct outbound *row)
{
	const struct value *data =
		plan->letter->uses_values && m->session
			? flow_session_values(plan->flow, m->session, plan->settings, a)
			: NULL;

	return broadcaster_letter_write(plan->letter, data, a, &row->text, &row->content_variables);
}

void broadcaster_plan_row(const struct broadcaster_plan *plan, const struct audience_member *m,
			  struct arena *a, struct outbound *row_out)
{
	const struct broadcast *b = plan->broadcast;
	struct outbound row = {
		.kind = OUTBOUND_BROADCAST,
		.channel = plan->channel,
		.contact = m->contact,
		.sender = "",
		.account = "",
		.text = b->message,
		.content_sid = b->content_sid,
		.content_variables = b->content_variables,
		.as_template = !*b->message,
		.broadcast = b->id,
		.created_ms = plan->now_ms,
		.due_ms = b->send_at_ms > plan->now_ms ? b->send_at_ms : plan->now_ms,
		.state = OUTBOUND_WAITING,
		.external_id = "",
	};

	outbound_recipient_id(b->id, m->contact, row.id);
	row.reason = admit(plan, &m->facts, &row);
	if (row.reason == OUTBOUND_NO_REASON)
		row.reason = write_texts(plan, m, a, &row);
	if (row.reason != OUTBOUND_NO_REASON) {
		row.state = OUTBOUND_DEAD;
		row.text = row.content_sid = row.content_variables = "";
		row.as_template = false;
	}
	*row_out = row;
}

bool broadcaster_is_retried(const struct outbound *row, int64_t began_ms)
{
	const struct broadcast_count c = broadcaster_situation(row);

	/* made in this round: it may fail, but only once */
	return row->created_ms < began_ms && broadcaster_outcome_of(&c, false) == OUTCOME_FAILED;
}
