/*
 * claim.c - takes due rows from the store into the lanes.
 *
 * A little ahead of the rate, so that one step of the store is for many rows;
 * not far ahead, because what is claimed here when the process dies is looked
 * up at the provider before it may go.
 */
#include "outbox_private.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/broadcast.h"

enum {
	CONTACT_PACE_MS = 6000, /* between a broadcast and whatever a contact got before it */
	UNSURE_LATER_MS = 5000, /* more to be looked up than can be held */
};

/* ---- whose turn it is ---- */

/* Takes over the list that outbox_use_broadcasts left; those that stay keep their time. */
static void renew_turns(struct outbox *box)
{
	struct outbox_turn turns[OUTBOX_MAX_BROADCASTS];
	size_t n = 0;

	pthread_mutex_lock(&box->lock);
	if (box->broadcasts_new) {
		for (n = 0; n < box->broadcast_count; n++) {
			struct outbox_turn *t = &turns[n];

			*t = (struct outbox_turn){ 0 };
			memcpy(t->id, box->broadcasts[n], sizeof t->id);
			for (size_t i = 0; i < box->turn_count; i++)
				if (strcmp(box->turns[i].id, t->id) == 0)
					t->next_ms = box->turns[i].next_ms;
		}
		memcpy(box->turns, turns, n * sizeof *turns);
		box->turn_count = n;
		box->broadcasts_new = false;
	}
	pthread_mutex_unlock(&box->lock);
}

/* ---- one claim ---- */

static void settle_untried(struct flight *f, enum outbound_state state)
{
	f->row.state = state;
	outbox_push(&f->box->done, f);
}

static void count_skip(enum outbound_reason reason)
{
	char labels[64];

	(void)snprintf(labels, sizeof labels, "reason=\"%s\"", outbound_reason_name(reason));
	outbox_count("samvad_sends_skipped_total", labels,
		     "Messages not sent because of their contact or their broadcast, by reason.");
}

/* May go, if its contact may be written to. */
static void admit(struct flight *f, const struct outbox_claim *c)
{
	struct outbox *box = f->box;

	f->row.reason =
		outbox_admit(&c->row, &c->facts, clock_now_ms(box->set.clock), &f->row.as_template);
	if (f->row.reason == OUTBOUND_NO_REASON) {
		outbox_push(&box->lanes[f->lane], f);
		return;
	}
	count_skip(f->row.reason);
	settle_untried(f, OUTBOUND_DEAD);
}

/* Of a broadcast whose rows its queue does not hold back any more; -1: the store does not tell. */
static int state_of(struct outbox *box, const char *broadcast)
{
	struct broadcast b = { .state = BROADCAST_DONE };
	struct arena a = { 0 };
	struct err err = { 0 };
	int got = store_broadcast_get(box->set.store, broadcast, &a, &b, &err);

	if (got < 0)
		log_debug("outbox-claim", LOG_S("error", err.text));
	arena_free(&a);
	return got < 0 ? -1 : (int)b.state;
}

/* A broadcast's row that was parked stands in the contact's line now, where nobody has asked
 * whether it is still wanted. */
static void ask_broadcast(struct flight *f, const struct outbox_claim *c)
{
	switch (state_of(f->box, f->row.broadcast)) {
	case BROADCAST_CANCELLED:
		f->row.reason = OUTBOUND_CANCELLED;
		count_skip(OUTBOUND_CANCELLED);
		settle_untried(f, OUTBOUND_DEAD);
		break;
	case BROADCAST_PAUSED: /* until they write again */
		if (outbox_park(f->box, &f->row))
			outbox_flight_free(f);
		else
			outbox_give_back(f, OUTBOX_STORE_PAUSE_MS);
		break;
	case -1:
		outbox_give_back(f, OUTBOX_STORE_PAUSE_MS);
		break;
	default:
		admit(f, c);
	}
}

static void take_row(struct outbox *box, const struct outbox_claim *c, enum outbox_lane lane,
		     int64_t lease_ms)
{
	struct flight *f = outbox_flight_new(box, &c->row, lane, lease_ms);

	if (!f->lookup && *f->row.external_id && f->row.status != STATUS_NONE)
		settle_untried(f, OUTBOUND_ACCEPTED); /* it was sent after all: it was heard of */
	else if (!f->lookup && lane == LANE_REPLY && *f->row.broadcast)
		ask_broadcast(f, c);
	else if (!f->lookup)
		admit(f, c);
	else if (box->unsure.count < OUTBOX_MAX_UNSURE)
		outbox_push(&box->unsure, f);
	else
		outbox_give_back(f, UNSURE_LATER_MS);
}

/* How many, or -1. */
static int claim(struct outbox *box, const char *broadcast, unsigned max)
{
	const enum outbox_lane lane = broadcast ? LANE_BROADCAST : LANE_REPLY;
	int64_t lease_ms = clock_mono_ms() + OUTBOX_LEASE_MS;
	int64_t now = clock_now_ms(box->set.clock);
	struct outbox_claim *claims = NULL;
	struct arena a = { 0 };
	struct err err = { 0 };
	size_t n = 0;
	int ret = store_outbox_claim(box->set.store, broadcast, broadcast ? CONTACT_PACE_MS : 0,
				     now, now + OUTBOX_LEASE_MS, max, &a, &claims, &n, &err);

	if (ret < 0)
		log_debug("outbox-claim", LOG_S("error", err.text));
	for (size_t i = 0; ret == 0 && i < n; i++)
		take_row(box, &claims[i], lane, lease_ms);
	arena_free(&a);
	return ret < 0 ? -1 : (int)n;
}

/* ---- the lines, then the broadcasts by turns ---- */

/* A whole claim means that more is due. */
static int64_t next_claim(const struct outbox *box, int got, unsigned wanted, int64_t mono_ms)
{
	return mono_ms + (got == (int)wanted ? OUTBOX_BEAT_MS : box->set.poll_ms);
}

static bool claim_lines(struct outbox *box, int64_t mono_ms)
{
	unsigned ahead = outbox_ahead(box);
	unsigned held = (unsigned)box->lanes[LANE_REPLY].count;
	int got;

	if (mono_ms < box->lines_ms || mono_ms < box->claimed_ms + OUTBOX_BEAT_MS || held >= ahead)
		return true;
	box->claimed_ms = mono_ms;
	got = claim(box, NULL, ahead - held);
	if (got < 0)
		return false;
	box->lines_ms = next_claim(box, got, ahead - held, mono_ms);
	return true;
}

static bool claim_broadcasts(struct outbox *box, int64_t mono_ms)
{
	unsigned ahead = outbox_ahead(box);
	unsigned held = (unsigned)box->lanes[LANE_BROADCAST].count;
	unsigned due = 0;

	if (held > ahead / 2)
		return true;
	for (size_t i = 0; i < box->turn_count; i++)
		due += mono_ms >= box->turns[i].next_ms;
	for (size_t i = 0; i < box->turn_count && due > 0; i++) {
		struct outbox_turn *t = &box->turns[(box->turn_next + i) % box->turn_count];
		unsigned want;
		int got;

		held = (unsigned)box->lanes[LANE_BROADCAST].count;
		if (mono_ms < t->next_ms || held >= ahead)
			continue;
		want = (ahead - held + due - 1) / due;
		got = claim(box, t->id, want);
		if (got < 0)
			return false;
		t->next_ms = next_claim(box, got, want, mono_ms);
		due--;
	}
	box->turn_next++;
	return true;
}

bool outbox_claim(struct outbox *box, int64_t mono_ms)
{
	renew_turns(box);
	return claim_lines(box, mono_ms) && claim_broadcasts(box, mono_ms);
}

int64_t outbox_claim_next(const struct outbox *box)
{
	unsigned ahead = outbox_ahead(box);
	int64_t next = INT64_MAX;

	if (box->lanes[LANE_REPLY].count < ahead)
		next = box->lines_ms > box->claimed_ms + OUTBOX_BEAT_MS
			       ? box->lines_ms
			       : box->claimed_ms + OUTBOX_BEAT_MS;
	if (box->lanes[LANE_BROADCAST].count <= ahead / 2)
		for (size_t i = 0; i < box->turn_count; i++)
			if (box->turns[i].next_ms < next)
				next = box->turns[i].next_ms;
	return next;
}
