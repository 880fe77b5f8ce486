/*
 * planner.c - reads the audience page by page and puts the rows into the store.
 *
 * One process at a time, by a lease in the broadcast's own row; how far it came
 * is written there as well, so that after a crash anybody goes on from there.
 * Pages after the last mark are planned again, which makes the same rows.
 */
#include "broadcast_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metric.h"

enum { DRY_RUN_MS = 60000 };

/* ---- the lease ---- */

struct mark {
	const struct broadcaster *b;
	int64_t held_ms;   /* the lease as we wrote it last, 0: none */
	int64_t wanted_ms; /* it is ours only when this was written */
	unsigned round;
	const char *cursor;
	bool through;
	bool lost; /* cancelled, planned, or another process's by now */
};

static int take_lease(struct broadcast *row, void *arg, struct err *err)
{
	struct mark *mark = arg;
	int64_t now = clock_now_ms(mark->b->set.clock);

	(void)err;
	mark->lost = row->planned_ms || row->state == BROADCAST_CANCELLED ||
		     (row->planner_ms > now && row->planner_ms != mark->held_ms);
	if (mark->lost || (row->planner_ms && row->planner_ms == mark->held_ms))
		return 0;
	row->planner_ms = mark->wanted_ms = now + BROADCASTER_LEASE_MS;
	return 1;
}

static int write_mark(struct broadcast *row, void *arg, struct err *err)
{
	struct mark *mark = arg;
	int64_t now = clock_now_ms(mark->b->set.clock);

	(void)err;
	mark->lost = row->planned_ms || row->state == BROADCAST_CANCELLED ||
		     row->planner_ms != mark->held_ms || row->round != mark->round;
	if (mark->lost)
		return 0;
	row->cursor = mark->through ? "" : mark->cursor;
	row->planned_ms = mark->through ? now : 0;
	row->planner_ms = mark->wanted_ms = mark->through ? 0 : now + BROADCASTER_LEASE_MS;
	return 1;
}

/* ---- the first round: the audience ---- */

static void count_rows(const struct outbound *rows, size_t count)
{
	static const char help[] = "Recipients of broadcasts as they were planned: to be sent, or "
				   "skipped by reason.";
	int64_t n[OUTBOUND_REASONS] = { 0 };
	char labels[64];

	for (size_t i = 0; i < count; i++)
		n[rows[i].reason]++;
	for (int r = 0; r < OUTBOUND_REASONS; r++) {
		if (!n[r])
			continue;
		(void)snprintf(labels, sizeof labels, "outcome=\"%s\"",
			       r ? outbound_reason_name(r) : "planned");
		metric_add(metric_counter("samvad_broadcast_recipients_total", labels, help), n[r]);
	}
}

static bool is_stopping(struct broadcaster *b)
{
	bool yes;

	pthread_mutex_lock(&b->lock);
	yes = b->stopping;
	pthread_mutex_unlock(&b->lock);
	return yes;
}

/* Between two pages messages have their turn at the store. */
static bool next_page(struct broadcaster *b, int64_t until_ms, struct broadcaster_rest *rest)
{
	broadcaster_rest(rest);
	return clock_mono_ms() < until_ms && !is_stopping(b);
}

static int write_page(struct broadcaster *b, const struct broadcaster_page *p, struct mark *mark,
		      struct arena *keep, struct err *err)
{
	if (p->ret < 0) {
		if (err)
			*err = p->err;
		return -1;
	}
	if (p->count && store_recipients_add(b->set.store, p->rows, p->count, err) < 0)
		return -1;
	count_rows(p->rows, p->count);
	mark->through = !*p->cursor;
	mark->cursor = arena_strdup(keep, p->cursor);
	outbox_wake(b->set.outbox);
	return 0;
}

static int plan_audience(struct broadcaster *b, const struct broadcast *row, struct mark *mark,
			 int64_t until_ms, struct arena *keep, struct err *err)
{
	struct broadcaster_maker maker;
	struct broadcaster_reader reader;
	struct broadcaster_rest rest;
	bool more;
	int ret;

	if (broadcaster_maker_open(&maker, b, row, err) < 0)
		return -1;
	broadcaster_reader_open(&reader, &maker, mark->cursor);
	broadcaster_rest_begin(&rest, b);
	do {
		const struct broadcaster_page *p = broadcaster_page_wait(&reader);

		ret = write_page(b, p, mark, keep, err);
		more = ret == 0 && *p->cursor;
		broadcaster_page_done(&reader);
	} while (more && next_page(b, until_ms, &rest));
	broadcaster_reader_close(&reader);
	broadcaster_maker_close(&maker);
	return ret;
}

/* ---- a later round: failed ones again ---- */

static int retry_row(struct broadcaster *b, const struct outbound *row, struct err *err)
{
	int64_t now = clock_now_ms(b->set.clock);
	struct outbound again = outbound_successor(row, "retry", now);

	again.kind = OUTBOUND_BROADCAST;
	return store_outbox_replace(b->set.store, row->id, row->status, row->error_code, &again,
				    now, err);
}

static int retry_page(struct broadcaster *b, const struct broadcast *row, int64_t began_ms,
		      const char **cursor, struct arena *a, struct err *err)
{
	struct outbound *rows = NULL;
	size_t count = 0;

	if (store_recipients_page(b->set.store, row->id, *cursor, BROADCASTER_PAGE, a, &rows,
				  &count, cursor, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (broadcaster_is_retried(&rows[i], began_ms) && retry_row(b, &rows[i], err) < 0)
			return -1;
	return 0;
}

/* The mark of a round is when it began, a colon and the store's cursor: rows made since then are
 * of the round itself. */
static int plan_retry(struct broadcaster *b, const struct broadcast *row, struct mark *mark,
		      int64_t until_ms, struct arena *keep, struct err *err)
{
	char *colon = NULL;
	int64_t began_ms = strtoll(mark->cursor, &colon, 10);
	struct broadcaster_rest rest;

	if (*colon != ':')
		return err_set(err, ERR_BUG, "a round of a broadcast does not say when it began");
	broadcaster_rest_begin(&rest, b);
	do {
		struct arena a = { 0 };
		const char *cursor = colon + 1;
		int ret = retry_page(b, row, began_ms, &cursor, &a, err);

		if (ret == 0) {
			mark->through = !*cursor;
			mark->cursor = arena_printf(keep, "%lld:%s", (long long)began_ms, cursor);
			colon = strchr(mark->cursor, ':');
			outbox_wake(b->set.outbox);
		}
		arena_free(&a);
		if (ret < 0)
			return -1;
	} while (!mark->through && next_page(b, until_ms, &rest));
	return 0;
}

/* ---- a slice ---- */

static int plan_some(struct broadcaster *b, const struct broadcast *row, struct mark *mark,
		     struct arena *a, struct err *err)
{
	int64_t until_ms = clock_mono_ms() + BROADCASTER_SLICE_MS;

	mark->cursor = row->cursor;
	mark->round = row->round;
	return row->round ? plan_retry(b, row, mark, until_ms, a, err)
			  : plan_audience(b, row, mark, until_ms, a, err);
}

int broadcaster_plan_slice(struct broadcaster *b, struct broadcaster_watched *w, struct err *err)
{
	struct mark mark = { .b = b, .held_ms = w->planner_ms };
	struct broadcast row;
	struct arena a = { 0 };
	int ret = broadcaster_change(b, w->id, take_lease, &mark, NULL, &a, &row, err);

	if (ret < 0 || mark.lost || row.revision == 0)
		goto out;
	if (ret == 1)
		w->planner_ms = mark.held_ms = mark.wanted_ms;
	ret = plan_some(b, &row, &mark, &a, err);
	/* what was done before a fault is kept */
	switch (broadcaster_change(b, w->id, write_mark, &mark, NULL, &a, &row,
				   ret < 0 ? NULL : err)) {
	case 1:
		w->planner_ms = mark.wanted_ms;
		if (mark.through)
			log_info("broadcast planned", LOG_S("broadcast", w->id),
				 LOG_I("round", (int64_t)row.round));
		break;
	case 0:
		break;
	default:
		ret = -1;
	}
out:
	if (ret >= 0)
		ret = row.revision && row.planned_ms;
	arena_free(&a);
	return ret;
}

/* ---- without writing ---- */

static void tally(const struct outbound *rows, size_t count, struct broadcaster_once *once,
		  struct broadcast_count by_reason[OUTBOUND_REASONS])
{
	for (size_t i = 0; i < count; i++) {
		struct broadcast_count *c = &by_reason[rows[i].reason];

		if (!broadcaster_once(once, rows[i].id))
			continue;
		c->state = rows[i].state;
		c->reason = rows[i].reason;
		c->rows++;
	}
}

int broadcaster_plan_dry(struct broadcaster *b, const struct broadcast *order,
			 struct broadcast_count **list_out, size_t *count_out, struct arena *keep,
			 struct err *err)
{
	int64_t until_ms = clock_mono_ms() + DRY_RUN_MS;
	struct broadcaster_maker maker;
	struct broadcaster_once *once;
	struct broadcaster_rest rest;
	const char *cursor = "";
	int ret = 0;

	*count_out = OUTBOUND_REASONS;
	*list_out = arena_array(keep, *count_out, sizeof **list_out);
	if (broadcaster_maker_open(&maker, b, order, err) < 0)
		return -1;
	once = broadcaster_once_new();
	broadcaster_rest_begin(&rest, b);
	do {
		struct arena a = { 0 };
		struct outbound *rows = NULL;
		size_t count = 0;

		ret = broadcaster_make_page(&maker, &cursor, &a, &rows, &count, err);
		if (ret == 0) {
			tally(rows, count, once, *list_out);
			cursor = arena_strdup(&maker.arena, cursor);
		}
		arena_free(&a);
	} while (ret == 0 && *cursor && next_page(b, until_ms, &rest));
	if (ret == 0 && *cursor)
		ret = err_set(err, ERR_TEMP,
			      "counting took more than %d seconds; try again when less is going "
			      "on, or name a target_step",
			      DRY_RUN_MS / 1000);
	broadcaster_once_free(once);
	broadcaster_maker_close(&maker);
	return ret;
}
