/*
 * load_timer.c - what happens after silence.
 */
#include "load_private.h"

#include <string.h>

enum { MINUTE_MS = 60000, LONGEST_MS = 23 * 3600 * 1000 };

static int64_t load_after(struct flow_loader *ld, const cJSON *node)
{
	const char *after = load_string(ld, node, "after");
	int64_t ms = after ? load_duration(after) : -1;

	if (ms >= MINUTE_MS && ms <= LONGEST_MS)
		return ms;
	if (ms > LONGEST_MS)
		load_fault(ld, node, "after",
			   "write at most 23h: later only an approved template may be sent",
			   "is too late for the 24 hours in which a text may be sent");
	else
		load_fault(ld, node, "after",
			   "write \"30m\", \"2h\" or the like, at least a minute",
			   after ? "is no time" : "is missing");
	return 0;
}

void load_reminders(struct flow_loader *ld, const cJSON *node, struct flow_reminders *r)
{
	static const char *const keys[] = { "after", "say", "ask", NULL };
	const cJSON *all = load_array(ld, node, "reminders"), *m;
	const char *within = ld->within;
	int64_t before = 0;

	cJSON_ArrayForEach(m, all)
	{
		struct flow_reminder *one = &r->list[r->count];

		ld->within = arena_printf(ld->a, "%s%sreminders.%zu", within, *within ? "." : "",
					  r->count);
		if (r->count == FLOW_MAX_REMINDERS || !cJSON_IsObject(m)) {
			load_fault(ld, m, NULL, "write at most 4 times {\"after\": …, \"say\": …}",
				   "is no reminder");
			break;
		}
		load_check_keys(ld, m, keys);
		one->line = load_line(ld, m);
		one->after_ms = load_after(ld, m);
		one->say = load_text(ld, m, "say");
		one->ask = load_bool(ld, m, "ask");
		if (!cJSON_GetObjectItemCaseSensitive(m, "say"))
			load_fault(ld, m, "say", "name the text", "is missing");
		if (one->after_ms && one->after_ms <= before)
			load_fault(ld, m, "after", "put them in the order of time",
				   "is not later than the reminder before");
		before = one->after_ms;
		r->count++;
	}
	ld->within = within;
}

/* {"after": "30m", "do": {"clear": true, "say": "timed_out"}} */
static void load_expiry(struct flow_loader *ld, const cJSON *node)
{
	static const char *const keys[] = { "after", "do", NULL };
	const cJSON *act = cJSON_GetObjectItemCaseSensitive(node, "do");
	struct flow *flow = ld->flow;

	ld->within = "expiry";
	load_check_keys(ld, node, keys);
	flow->expiry_line = load_line(ld, node);
	flow->expiry_ms = load_after(ld, node);
	ld->within = "expiry.do";
	if (act)
		flow->expiry = load_action(ld, act, false);
	else
		load_fault(ld, node, NULL, "say what happens then", "is missing");
	for (const struct flow_action *a = flow->expiry; a; a = a->otherwise) {
		if (a->to == GOTO_SAME || a->to == GOTO_BACK)
			load_fault(ld, node, NULL,
				   "name a step, or leave \"goto\" out: the beginning",
				   "cannot wait there");
	}
	ld->within = "";
}

void load_timers(struct flow_loader *ld)
{
	const cJSON *expiry = load_object(ld, ld->root, "expiry");

	load_reminders(ld, ld->root, &ld->flow->reminders);
	if (expiry)
		load_expiry(ld, expiry);
}
