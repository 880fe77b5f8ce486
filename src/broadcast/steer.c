/*
 * steer.c - pause, resume, cancel, retry: what an admin does to a broadcast.
 *
 * A change is written only on the revision it was made from, together with its
 * audit entry; who comes second looks again.
 */
#include "broadcast_private.h"

#include <stdio.h>

#include "base/log.h"

enum { CHANGE_TRIES = 20 };

int broadcaster_change(struct broadcaster *b, const char *id, broadcaster_change_fn fn, void *arg,
		       const struct audit_entry *audit, struct arena *a, struct broadcast *b_out,
		       struct err *err)
{
	for (int i = 0; i < CHANGE_TRIES; i++) {
		int got = store_broadcast_get(b->set.store, id, a, b_out, err);
		int wanted;

		if (got < 0)
			return err_below(err);
		if (got == 0) {
			b_out->revision = 0;
			return 0;
		}
		wanted = fn(b_out, arg, err);
		if (wanted <= 0)
			return wanted;
		got = store_broadcast_change(b->set.store, b_out, audit, err);
		if (got < 0)
			return err_below(err);
		if (got == 1) {
			b_out->revision++;
			return 1;
		}
	}
	return err_set(err, ERR_TEMP, "broadcast %s changes too often just now; try again", id);
}

/* ---- what each action does to the row ---- */

struct action {
	int64_t now_ms;
	int64_t failed;	 /* of retry */
	char cursor[32]; /* likewise */
};

static int pause_row(struct broadcast *row, void *arg, struct err *err)
{
	(void)arg;
	switch (row->state) {
	case BROADCAST_PAUSED:
		return 0;
	case BROADCAST_RUNNING:
		row->state = BROADCAST_PAUSED;
		row->why = "admin";
		row->why_code = 0;
		return 1;
	case BROADCAST_CANCELLED:
	case BROADCAST_DONE:
		break;
	}
	return err_set(err, ERR_PERM, "it is %s; there is nothing left to pause",
		       broadcast_state_name(row->state));
}

static int resume_row(struct broadcast *row, void *arg, struct err *err)
{
	(void)arg;
	switch (row->state) {
	case BROADCAST_RUNNING:
		return 0;
	case BROADCAST_PAUSED:
		row->state = BROADCAST_RUNNING;
		row->why = "";
		row->why_code = 0;
		return 1;
	case BROADCAST_CANCELLED:
	case BROADCAST_DONE:
		break;
	}
	return err_set(err, ERR_PERM, "it is %s for good; send a new broadcast",
		       broadcast_state_name(row->state));
}

static int cancel_row(struct broadcast *row, void *arg, struct err *err)
{
	const struct action *action = arg;

	switch (row->state) {
	case BROADCAST_CANCELLED:
		return 0;
	case BROADCAST_RUNNING:
	case BROADCAST_PAUSED:
		row->state = BROADCAST_CANCELLED;
		row->why = "";
		row->why_code = 0;
		row->planner_ms = 0;
		row->finished_ms = action->now_ms;
		return 1;
	case BROADCAST_DONE:
		break;
	}
	return err_set(err, ERR_PERM, "it is done; what was sent cannot be called back");
}

static int retry_row(struct broadcast *row, void *arg, struct err *err)
{
	struct action *action = arg;

	if (row->state == BROADCAST_CANCELLED)
		return err_set(err, ERR_PERM, "it is cancelled for good; send a new broadcast");
	if (!row->planned_ms && row->round)
		return 0; /* the round that was asked for is under way */
	if (!row->planned_ms)
		return err_set(err, ERR_PERM, "it is still being planned; wait until it is");
	if (!action->failed)
		return err_set(err, ERR_PERM, "no message of it has failed");
	if (row->state == BROADCAST_DONE)
		row->state = BROADCAST_RUNNING; /* a paused one stays so until it is resumed */
	(void)snprintf(action->cursor, sizeof action->cursor, "%lld:", (long long)action->now_ms);
	row->cursor = action->cursor;
	row->round++;
	row->planned_ms = row->planner_ms = row->finished_ms = 0;
	return 1;
}

/* ---- the door ---- */

static const struct {
	const char *audit;
	broadcaster_change_fn change;
} actions[] = {
	[BROADCASTER_PAUSE] = { "broadcast.pause", pause_row },
	[BROADCASTER_RESUME] = { "broadcast.resume", resume_row },
	[BROADCASTER_CANCEL] = { "broadcast.cancel", cancel_row },
	[BROADCASTER_RETRY] = { "broadcast.retry", retry_row },
};

static int count_failed(struct broadcaster *b, const char *id, struct arena *a, int64_t *failed_out,
			struct err *err)
{
	struct broadcaster_progress p;
	struct broadcast_count *list = NULL;
	size_t count = 0;

	if (store_broadcast_counts(b->set.store, id, a, &list, &count, err) < 0)
		return -1;
	broadcaster_count_up(list, count, false, &p);
	*failed_out = p.outcomes[OUTCOME_FAILED];
	return 0;
}

int broadcaster_steer(struct broadcaster *b, const char *id, enum broadcaster_action action,
		      const char *request_id, struct buf *out, struct err *err)
{
	struct action act = { .now_ms = clock_now_ms(b->set.clock) };
	const struct audit_entry audit = { .at_ms = act.now_ms,
					   .action = actions[action].audit,
					   .object = id,
					   .detail = "",
					   .request_id = request_id };
	struct arena a = { 0 };
	struct broadcast row = { 0 };
	int ret = 0;

	if (action == BROADCASTER_RETRY)
		ret = count_failed(b, id, &a, &act.failed, err);
	if (ret == 0)
		ret = broadcaster_change(b, id, actions[action].change, &act, &audit, &a, &row,
					 err);
	if (ret == 1)
		log_info("broadcast steered", LOG_S("broadcast", id),
			 LOG_S("action", actions[action].audit));
	arena_free(&a);
	broadcaster_wake(b);
	if (ret < 0)
		return -1;
	return row.revision ? broadcaster_show(b, id, out, err) : 0;
}
