/*
 * settle.c - what came of each flight, into the store, many at once.
 *
 * A result that the store cannot take yet is kept and offered again: should
 * this process die first, the lease ends and the next owner looks the message
 * up instead of repeating it.
 */
#include "outbox_private.h"

#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "base/log.h"

enum { LOOKS_SURE = 3 }; /* some time apart: the provider's list lags behind its answers */

/* ---- the plan into the row ---- */

static const char *take_plan(struct outbound *row, const struct outbox_plan *plan, int64_t now_ms)
{
	row->due_ms = now_ms + plan->delay_ms;
	switch (plan->next) {
	case NEXT_DONE:
		row->state = OUTBOUND_ACCEPTED;
		return "accepted";
	case NEXT_RETRY:
		row->state = OUTBOUND_WAITING;
		return "retry";
	case NEXT_LOOK_UP:
		row->state = OUTBOUND_UNSURE;
		return "look_up";
	case NEXT_WAIT_STATUS: /* no blind repeat; the contact's next row may go */
		row->state = OUTBOUND_DEAD;
		row->reason = OUTBOUND_UNTOLD;
		return "unsure";
	case NEXT_DEAD:
		break;
	}
	row->state = OUTBOUND_DEAD;
	row->reason = OUTBOUND_FAILED;
	return "failed";
}

static void say(const struct flight *f, const char *outcome, int64_t delay_ms)
{
	const struct outbound *row = &f->row;
	enum log_level level = f->lane == LANE_BROADCAST && row->state == OUTBOUND_ACCEPTED
				       ? LOG_LEVEL_DEBUG
				       : LOG_LEVEL_INFO;
	char labels[80];

	(void)snprintf(labels, sizeof labels, "outcome=\"%s\",lane=\"%s\"", outcome,
		       f->lane == LANE_REPLY ? "reply" : "broadcast");
	outbox_count("samvad_sends_total", labels, "Messages sent by outcome");
	log_context_contact(row->contact);
	log_write(level, "send",
		  LOG_FIELDS(LOG_S("id", row->id), LOG_S("outcome", outcome),
			     LOG_I("attempt", row->attempts), LOG_I("code", row->error_code),
			     LOG_I("again_ms", delay_ms)));
	log_context_clear();
}

static void apply(struct flight *f, const struct outbox_plan *plan)
{
	struct outbound *row = &f->row;
	const char *outcome;

	row->error_code = f->result.error_code;
	outcome = take_plan(row, plan, clock_now_ms(f->box->set.clock));
	if (plan->next == NEXT_DONE) {
		row->external_id = arena_strdup(&f->arena, f->result.external_id);
		row->status = f->result.status;
	}
	say(f, outcome, plan->delay_ms);
	outbox_push(&f->box->done, f);
}

/* What its code asks for comes before the row is settled: a crash between them does it twice,
 * which does no harm, instead of never. False: the store did not take it. */
static bool act_and_apply(struct flight *f, const struct outbox_plan *plan)
{
	struct err err = { 0 };

	switch (outbox_act(f->box, &f->row, f->result.error_code, f->result.external_id, &err)) {
	case ACTED_NOT:
		log_debug("send-not-settled", LOG_S("error", err.text));
		return false;
	case ACTED_REPLACED:
		say(f, "replaced", 0);
		outbox_flight_free(f);
		return true;
	case ACTED:
		break;
	}
	apply(f, plan);
	return true;
}

/* ---- an attempt ---- */

static bool judge_attempt(struct flight *f)
{
	struct outbox *box = f->box;
	struct outbox_plan plan =
		outbox_plan(&f->result, f->row.attempts, box->set.max_attempts, id_random_u64());

	switch (f->result.verdict) {
	case SEND_OK:
		outbox_pace_ok(box);
		outbox_remember_config(box, 0);
		break;
	case SEND_BUSY:
		outbox_pace_complain(box, f->row.sender, f->result.retry_after_ms);
		break;
	case SEND_CONFIG:
		outbox_remember_config(box, f->result.error_code ? f->result.error_code
								 : OUTBOX_CODE_UNNAMED);
		break;
	case SEND_PERM:
		return act_and_apply(f, &plan);
	case SEND_TEMP:
	case SEND_UNSURE:
		break;
	}
	apply(f, &plan);
	return true;
}

/* ---- a look-up ---- */

/* 1 belongs to another row, 0 to none, -1 the store does not tell. */
static int is_taken(struct flight *f, const char *external_id)
{
	struct arena a = { 0 };
	struct outbound owner;
	struct err err = { 0 };
	int ret;

	for (const struct flight *d = f->box->done.first; d; d = d->next)
		if (d->row.state == OUTBOUND_ACCEPTED &&
		    strcmp(d->row.external_id, external_id) == 0)
			return 1;
	ret = store_outbox_get(f->box->set.store, f->row.contact, NULL, external_id, &a, &owner,
			       &err);
	if (ret == 1 && strcmp(owner.id, f->row.id) == 0)
		ret = 0;
	arena_free(&a);
	return ret;
}

/* Of what was found, the first that can only be ours: 1, 0 none, -1 the store does not tell. */
static int choose(struct flight *f)
{
	for (size_t i = 0; i < f->candidate_count; i++) {
		int taken = is_taken(f, f->candidates[i].external_id);

		if (taken < 0)
			return -1;
		if (taken == 0) {
			f->result = f->candidates[i];
			return 1;
		}
	}
	return 0;
}

static struct outbox_looked *looked_at(struct outbox *box, const char *id)
{
	for (size_t i = 0; i < OUTBOX_LOOKED; i++)
		if (strcmp(box->looked[i].id, id) == 0)
			return &box->looked[i];
	return NULL;
}

/* It was not there. True: so often that it is certain. Counted here, not in the row: whoever
 * does not remember looks again, which does no harm. */
static bool is_certain(struct flight *f)
{
	struct outbox *box = f->box;
	struct outbox_looked *l = looked_at(box, f->row.id);

	if (!l) {
		l = &box->looked[box->looked_next++ % OUTBOX_LOOKED];
		memcpy(l->id, f->row.id, sizeof l->id);
		l->looks = 0;
	}
	if (++l->looks < LOOKS_SURE)
		return false;
	*l = (struct outbox_looked){ 0 };
	return true;
}

static struct outbox_plan plan_lookup(struct flight *f, int found)
{
	const struct outbox_settings *set = &f->box->set;

	if (found == 0 && f->whole && !is_certain(f))
		return (struct outbox_plan){ NEXT_LOOK_UP, set->look_ms };
	if (found == 0 && !f->whole)
		found = -1;
	return outbox_plan_lookup(found, f->row.attempts, set->max_attempts, id_random_u64());
}

static bool judge_lookup(struct flight *f)
{
	struct outbox_plan plan;
	int found = choose(f);

	if (found < 0)
		return false;
	plan = plan_lookup(f, found);
	outbox_count("samvad_send_lookups_total",
		     found	? "found=\"yes\""
		     : f->whole ? "found=\"no\""
				: "found=\"unknown\"",
		     "Looks for unsure messages at the provider, by whether they were there.");
	if (found == 1)
		return act_and_apply(f, &plan);
	apply(f, &plan);
	return true;
}

/* ---- all of them ---- */

static bool judge_ended(struct outbox *box)
{
	struct flights ended, kept = { 0 };
	struct flight *f;

	pthread_mutex_lock(&box->lock);
	ended = box->ended;
	box->ended = (struct flights){ 0 };
	pthread_mutex_unlock(&box->lock);
	while ((f = outbox_pop(&ended)))
		if (kept.count > 0 || !(f->lookup ? judge_lookup(f) : judge_attempt(f)))
			outbox_push(&kept, f);
	if (kept.count == 0)
		return true;
	pthread_mutex_lock(&box->lock);
	while ((f = outbox_pop(&kept)))
		outbox_push(&box->ended, f);
	pthread_mutex_unlock(&box->lock);
	return false;
}

/* Writes the first rows of `done`, at most a batch. */
static bool flush(struct outbox *box)
{
	struct outbound rows[OUTBOX_BATCH];
	struct err err = { 0 };
	size_t n = 0;

	for (const struct flight *f = box->done.first; f && n < OUTBOX_BATCH; f = f->next)
		rows[n++] = f->row;
	if (store_outbox_settle(box->set.store, rows, n, clock_now_ms(box->set.clock), &err) < 0) {
		log_warn("sends-not-settled", LOG_I("rows", (int64_t)box->done.count),
			 LOG_S("error", err.text));
		return false;
	}
	for (; n > 0; n--) {
		struct flight *f = outbox_pop(&box->done);

		if (f->lane == LANE_REPLY)
			box->lines_ms = 0; /* the next row of this line may go */
		outbox_flight_free(f);
	}
	return true;
}

bool outbox_settle(struct outbox *box, int64_t mono_ms)
{
	bool all = judge_ended(box);

	if (mono_ms < box->settle_ms)
		return all;
	if (box->done.count > 0)
		box->settle_ms = mono_ms + OUTBOX_BEAT_MS;
	while (box->done.count > 0)
		if (!flush(box))
			return false;
	return all;
}
