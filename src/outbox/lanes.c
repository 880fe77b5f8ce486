/*
 * lanes.c - starts rows of the lanes as the rate allows, replies first.
 *
 * Look-ups need no rate: they make no message. Broadcasts may not fill the
 * air, or a slow provider would keep replies waiting behind them.
 */
#include "outbox_private.h"

#include <string.h>

enum {
	AHEAD_LEAST = 8,
	AHEAD_MOST = 500,
	REPLIES_SHARE = 5, /* one of so many places in the air is kept for replies */
};

unsigned outbox_ahead(const struct outbox *box)
{
	unsigned quarter = box->set.send_rate / 4;
	/* What is really going out, when the provider or another process leaves us less. */
	unsigned most = 2 * (box->started_before > box->started_lately ? box->started_before
								       : box->started_lately) +
			AHEAD_LEAST;

	if (quarter > most)
		quarter = most;
	return quarter < AHEAD_LEAST ? AHEAD_LEAST : quarter > AHEAD_MOST ? AHEAD_MOST : quarter;
}

static void note_start(struct outbox *box, int64_t mono_ms)
{
	if (mono_ms - box->second_ms >= 1000) {
		box->started_before = mono_ms - box->second_ms < 2000 ? box->started_lately : 0;
		box->started_lately = 0;
		box->second_ms = mono_ms;
	}
	box->started_lately++;
}

static bool is_over(const struct outbox *box, const struct flight *f)
{
	for (size_t i = 0; i < box->turn_count; i++)
		if (strcmp(box->turns[i].id, f->row.broadcast) == 0)
			return false;
	return true;
}

static void start_lane(struct outbox *box, enum outbox_lane lane, int64_t mono_ms, int64_t *next_ms)
{
	const unsigned most = box->set.max_in_flight;
	unsigned room = lane == LANE_REPLY ? most : most - most / REPLIES_SHARE;
	unsigned flying = outbox_flying(box, false);
	struct flights kept = { 0 };
	struct flight *f;

	room = room > flying ? room - flying : 0;
	outbox_pace_begin(box);
	while ((f = outbox_pop(&box->lanes[lane]))) {
		if (f->lease_ms - mono_ms < OUTBOX_SEND_TIMEOUT_MS + OUTBOX_MARGIN_MS ||
		    (lane == LANE_BROADCAST && is_over(box, f))) {
			outbox_give_back(f, 0);
		} else if (room > 0 && outbox_pace_take(box, f->row.sender, lane == LANE_BROADCAST,
							(unsigned)box->lanes[lane].count + 1,
							mono_ms, next_ms)) {
			room--;
			note_start(box, mono_ms);
			outbox_fly(f);
		} else {
			outbox_push(&kept, f);
		}
	}
	box->lanes[lane] = kept;
}

static void start_lookups(struct outbox *box, int64_t mono_ms)
{
	unsigned flying = outbox_flying(box, true);

	while (box->unsure.count > 0 && flying < OUTBOX_LOOKUPS_IN_FLIGHT) {
		struct flight *f = outbox_pop(&box->unsure);

		if (f->lease_ms - mono_ms < OUTBOX_ASK_TIMEOUT_MS + OUTBOX_MARGIN_MS) {
			outbox_give_back(f, 0);
			continue;
		}
		flying++;
		outbox_fly(f);
	}
}

int64_t outbox_start(struct outbox *box, int64_t mono_ms)
{
	int64_t next = INT64_MAX;

	start_lookups(box, mono_ms);
	for (enum outbox_lane lane = 0; lane < LANE_COUNT; lane++)
		start_lane(box, lane, mono_ms, &next);
	return next;
}
