/*
 * metrics.c - brings the gauges up to date and writes all metrics.
 *
 * A store that does not answer costs its gauges, not the page: the rest is
 * needed most just then.
 */
#include "admin_private.h"

#include <stdio.h>
#include <sys/resource.h>

#include "base/metric.h"

static void set(const char *name, const char *labels, const char *help, int64_t n)
{
	metric_set(metric_gauge(name, labels, help), n);
}

static void set_store_gauges(void *arg, const struct store_stats *stats)
{
	static const char outbox[] = "Messages waiting to leave, unsure, given up, or "
				     "parked until their contact writes.";

	(void)arg;
	set("samvad_sessions", NULL, "Sessions that have not expired.", stats->sessions);
	set("samvad_sessions_completed", NULL, "Of these, completed.", stats->completed);
	set("samvad_outbox_messages", "state=\"waiting\"", outbox, stats->outbox_waiting);
	set("samvad_outbox_messages", "state=\"unsure\"", outbox, stats->outbox_unsure);
	set("samvad_outbox_messages", "state=\"dead\"", outbox, stats->outbox_dead);
	set("samvad_outbox_messages", "state=\"parked\"", outbox, stats->outbox_parked);
	set("samvad_calls_waiting", NULL, "Sessions that wait for a business call.",
	    stats->calls_waiting);
}

static void set_broadcast_gauges(struct admin *admin)
{
	struct broadcaster_state state = { 0 };

	broadcaster_look(admin->set.broadcaster, &state);
	set("samvad_broadcasts_open", NULL, "Broadcasts neither done nor cancelled.", state.open);
	set("samvad_broadcast_messages_waiting", NULL,
	    "Messages of open broadcasts that wait or are on their way.", state.waiting);
}

int admin_metrics(struct admin *admin, struct buf *out, struct err *err)
{
	struct conversation_state state = { 0 };
	struct err trouble;
	struct rusage use;
	char labels[64];
	int up;

	conversation_look(admin->set.conversation, &state);
	set("samvad_calls_in_flight", NULL, "Business calls under way in this process.",
	    state.calls_in_flight);
	set("samvad_spool_messages", NULL, "Messages kept on disk while the store is away",
	    state.spooled);
	set_broadcast_gauges(admin);
	up = admin_stats_use(admin, set_store_gauges, NULL, &trouble) == 0;
	set("samvad_store_up", NULL, "1 when the store answered for this page.", up);
	set("samvad_uptime_seconds", NULL, "Seconds since the start.",
	    (clock_mono_ms() - admin->started_ms) / 1000);
	if (getrusage(RUSAGE_SELF, &use) == 0)
		set("samvad_memory_peak_bytes", NULL, "Largest resident set so far.",
		    (int64_t)use.ru_maxrss * 1024);
	(void)snprintf(labels, sizeof labels, "version=\"%s\"", admin->set.version);
	set("samvad_build_info", labels, "Always 1; the version is the label.", 1);
	if (metric_write(out) < 0)
		return err_set(err, ERR_FULL, "the metrics outgrow their page");
	return 0;
}
