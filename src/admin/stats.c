/*
 * stats.c - how many are where, and what became of the messages.
 *
 * Counts of sessions come from the store, and a count that took long is given
 * again for a while, so that looking often costs little. Message numbers are
 * this process's own since its start.
 */
#include "admin_private.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/metric.h"

enum { KEEP_FACTOR = 20, KEEP_MAX_MS = 30000 };

/* ---- counts, kept for a moment ---- */

static int count_again(struct admin *admin, struct err *err)
{
	struct arena fresh = { 0 };
	struct store_stats stats;
	int64_t began = clock_mono_ms();
	int64_t took;

	if (store_stats(admin->set.store, clock_now_ms(admin->set.clock), &fresh, &stats, err) <
	    0) {
		arena_free(&fresh);
		return -1;
	}
	took = clock_mono_ms() - began;
	arena_free(&admin->stats_arena);
	admin->stats_arena = fresh;
	admin->stats = stats;
	admin->stats_until_ms =
		began + took +
		(took * KEEP_FACTOR < KEEP_MAX_MS ? took * KEEP_FACTOR : KEEP_MAX_MS);
	admin->stats_there = true;
	return 0;
}

int admin_stats_use(struct admin *admin, void (*use)(void *arg, const struct store_stats *stats),
		    void *arg, struct err *err)
{
	int ret = 0;

	pthread_mutex_lock(&admin->stats_lock); /* many askers, one count */
	if (!admin->stats_there || clock_mono_ms() >= admin->stats_until_ms)
		ret = count_again(admin, err);
	if (ret == 0)
		use(arg, &admin->stats);
	pthread_mutex_unlock(&admin->stats_lock);
	return ret;
}

void admin_stats_free(struct admin *admin)
{
	arena_free(&admin->stats_arena);
}

/* ---- the page ---- */

static int64_t turns(const char *how)
{
	char labels[64];

	(void)snprintf(labels, sizeof labels, "how=\"%s\"", how);
	return metric_value(
		metric_counter("samvad_turns_total", labels, "Messages answered, by how."));
}

static int64_t sends(const char *outcome)
{
	static const char *const lanes[] = { "reply", "broadcast" };
	char labels[80];
	int64_t n = 0;

	for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++) {
		(void)snprintf(labels, sizeof labels, "outcome=\"%s\",lane=\"%s\"", outcome,
			       lanes[i]);
		n += metric_value(
			metric_counter("samvad_sends_total", labels, "Messages sent by outcome"));
	}
	return n;
}

struct messages {
	int64_t received, duplicates, replies, late, sent, failed, trouble;
};

static struct messages count_messages(void)
{
	struct messages m = { .duplicates = turns("duplicate"),
			      .replies = turns("turn") + turns("paced"),
			      .late = turns("notice") + turns("spooled"),
			      .sent = sends("accepted"),
			      .failed = sends("failed") + sends("unsure") };

	m.received = m.duplicates + m.replies + m.late;
	m.trouble = metric_value(metric_counter("samvad_flow_trouble_total", NULL,
						"Turns the flow failed on")) +
		    metric_value(metric_counter("samvad_messages_refused_total", NULL,
						"Verified messages answered with an error."));
	return m;
}

/* With four decimals. */
static double share(int64_t part, int64_t whole)
{
	int64_t rounded = whole > 0 ? (part * 10000 + whole / 2) / whole : 0;

	return (double)rounded / 10000;
}

static int64_t sessions_at(const struct store_stats *stats, const char *step)
{
	for (size_t i = 0; i < stats->step_count; i++)
		if (strcmp(stats->steps[i].step, step) == 0)
			return stats->steps[i].sessions;
	return 0;
}

static bool is_shown(const char *const *shown, const char *step)
{
	for (; *shown; shown++)
		if (strcmp(*shown, step) == 0)
			return true;
	return false;
}

/* Every step of the flow, then steps of another version that sessions still stand at. */
static void write_steps(struct json_writer *w, const struct flow *flow,
			const struct store_stats *stats)
{
	const char *const *shown = flow_shown_steps(flow);

	json_object(w, "step_distribution");
	for (const char *const *step = shown; *step; step++)
		json_add_int(w, *step, sessions_at(stats, *step));
	for (size_t i = 0; i < stats->step_count; i++)
		if (!is_shown(shown, stats->steps[i].step))
			json_add_int(w, stats->steps[i].step, stats->steps[i].sessions);
	json_end(w);
}

static void write_messages(struct json_writer *w, const struct messages *m)
{
	json_object(w, "messages");
	json_add_int(w, "received", m->received);
	json_add_int(w, "duplicates", m->duplicates);
	json_add_int(w, "replies", m->replies);
	json_add_int(w, "late", m->late);
	json_add_int(w, "sent", m->sent);
	json_add_int(w, "failed", m->failed);
	json_end(w);
}

struct page {
	struct admin *admin;
	struct buf *out;
};

static void write_page(void *arg, const struct store_stats *stats)
{
	struct page *page = arg;
	struct admin *admin = page->admin;
	struct bot *bot = conversation_bot(admin->set.conversation);
	struct messages m = count_messages();
	struct json_writer w;
	char as_of[CLOCK_ISO_SIZE], now[CLOCK_ISO_SIZE];

	clock_format_iso(stats->as_of_ms, as_of);
	clock_format_iso(clock_now_ms(admin->set.clock), now);
	json_begin(&w, page->out);
	json_object(&w, NULL);
	json_add_int(&w, "total_sessions", stats->sessions);
	write_steps(&w, bot->flow, stats);
	json_add_real(&w, "completion_rate", share(stats->completed, stats->sessions));
	json_add_real(&w, "error_rate", share(m.trouble, m.received + m.trouble));
	write_messages(&w, &m);
	json_add_text(&w, "as_of", as_of);
	json_add_text(&w, "timestamp", now);
	json_end(&w);
	bot_release(&bot);
}

int admin_stats(struct admin *admin, struct buf *out, struct err *err)
{
	struct page page = { admin, out };

	return admin_stats_use(admin, write_page, &page, err);
}
