/*
 * state.c - everything a page needs at its start, and the clock that all rooms share.
 */
#include "twin_private.h"

#include <stdlib.h>
#include <time.h>

#include "base/mem.h"

enum { SHOWN_MESSAGES = 1000 };
static const int64_t FURTHEST_MS = 366LL * 24 * 3600 * 1000; /* per request */

static int64_t real_now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* qsort: the phone that was made first comes first. */
static int by_order(const void *a, const void *b)
{
	const struct twin_phone *const *x = a, *const *y = b;

	return (*x)->order < (*y)->order ? -1 : (*x)->order > (*y)->order;
}

static void write_phones(const struct twin *twin, struct json_writer *w)
{
	const struct twin_phone *list[TWIN_MAX_PHONES];
	size_t count = 0;

	for (size_t i = 0; i < TWIN_MAX_PHONES; i++)
		if (twin->phones[i].used)
			list[count++] = &twin->phones[i];
	qsort(list, count, sizeof *list, by_order);
	json_array(w, "phones");
	for (size_t i = 0; i < count; i++)
		twin_phone_write(list[i], w, NULL);
	json_end(w);
}

/* The newest ones, oldest first. */
static void write_messages(const struct twin *twin, struct json_writer *w)
{
	size_t kept = twin_messages_kept(twin);

	json_array(w, "messages");
	for (size_t i = kept < SHOWN_MESSAGES ? kept : SHOWN_MESSAGES; i-- > 0;) {
		const struct twin_message *m = twin_message_at(twin, i);

		if (!m->hidden && !m->removed)
			twin_message_write(m, w);
	}
	json_end(w);
}

int twin_state(struct twin_call *call)
{
	struct twin *twin = call->twin;
	struct json_writer w;

	json_begin(&w, call->out);
	json_object(&w, NULL);
	json_add_int(&w, "now_ms", clock_now_ms(twin->clock));
	json_add_int(&w, "real_now_ms", real_now_ms());
	json_add_int(&w, "last_event", (int64_t)twin->event_count);
	json_add_text(&w, "account_sid", twin->account_sid);
	json_add_text(&w, "webhook_url", twin->webhook_url);
	write_phones(twin, &w);
	write_messages(twin, &w);
	twin_faults_write(&twin->faults, &w, "faults");
	json_end(&w);
	return 200;
}

static void write_now(struct twin *twin, struct buf *out)
{
	struct json_writer w;

	json_begin(&w, out);
	json_object(&w, NULL);
	json_add_int(&w, "now_ms", clock_now_ms(twin->clock));
	json_end(&w);
}

int twin_clock(struct twin_call *call)
{
	struct twin *twin = call->twin;
	struct cJSON *root = twin_body(call);
	struct buf data;
	int64_t ms;
	bool ok;

	if (!root)
		return 400;
	ms = json_int(root, "advance_ms", -1, &ok);
	json_free(&root);
	if (!ok || ms < 0 || ms > FURTHEST_MS)
		return twin_refuse(call, 400, "malformed", "advance_ms",
				   "so many milliseconds forward, at most 366 days at once");
	clock_advance(twin->clock, ms);
	twin_status_run(twin);
	write_now(twin, call->out);
	buf_init(&data, 128);
	write_now(twin, &data);
	(void)twin_event_add(twin, "clock", mem_strdup(data.data));
	buf_free(&data);
	return 200;
}
