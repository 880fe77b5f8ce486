/*
 * events.c - what happened last, numbered, and the streams that tell it.
 *
 * A ring: who was away too long, or comes from another run of the program,
 * gets the event "reset" and loads the state anew.
 */
#include "twin_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static struct twin_event *event_at(struct twin *twin, uint64_t number)
{
	return &twin->events[number % TWIN_MAX_EVENTS];
}

static void drop_oldest(struct twin *twin)
{
	struct twin_event *e = event_at(twin, twin->event_first++);

	twin->event_bytes -= strlen(e->data);
	free(e->data);
	e->data = NULL;
}

uint64_t twin_event_add(struct twin *twin, const char *type, char *data)
{
	size_t n = strlen(data);

	while (twin->event_first <= twin->event_count &&
	       (twin->event_count - twin->event_first + 1 >= TWIN_MAX_EVENTS ||
		twin->event_bytes + n > TWIN_MAX_EVENT_BYTES))
		drop_oldest(twin);
	twin->event_count++;
	*event_at(twin, twin->event_count) =
		(struct twin_event){ .number = twin->event_count, .type = type, .data = data };
	twin->event_bytes += n;
	twin_changed(twin);
	return twin->event_count;
}

void twin_events_free(struct twin *twin)
{
	while (twin->event_first <= twin->event_count)
		drop_oldest(twin);
}

/* ---- streams ---- */

static bool read_number(const char *text, uint64_t *number_out)
{
	char *end;

	if (!text || !*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 18)
		return false;
	*number_out = strtoull(text, &end, 10);
	return true;
}

uint64_t twin_events_from(struct twin *twin, const struct webhook *w)
{
	const char *query = strchr(w->target, '?');
	struct arena a = { 0 };
	struct form form;
	uint64_t since;

	/* A browser that connects again repeats the first address, and says here where it was. */
	if (!read_number(webhook_header(w, "Last-Event-ID", NULL), &since)) {
		struct str given = { 0 };

		if (form_decode(str_of(query ? query + 1 : ""), &a, &form, NULL) == 0)
			given = form_get(&form, "since");
		if (!read_number(given.p, &since)) {
			pthread_mutex_lock(&twin->lock);
			since = twin->event_count;
			pthread_mutex_unlock(&twin->lock);
		}
		arena_free(&a);
	}
	return since;
}

int twin_events_read(struct twin *twin, uint64_t *since, int max_wait_ms, struct buf *out)
{
	int64_t until = clock_mono_ms() + max_wait_ms;
	int ret = 0;

	pthread_mutex_lock(&twin->lock);
	while (*since == twin->event_count && clock_mono_ms() < until && !twin->stopping)
		(void)twin_wait_until(twin, until);
	if (*since > twin->event_count || *since + 1 < twin->event_first) {
		*since = twin->event_count;
		(void)buf_addf(out, "id: %llu\ndata: {\"type\":\"reset\"}\n\n",
			       (unsigned long long)*since);
	}
	while (*since < twin->event_count && !out->full) {
		const struct twin_event *e = event_at(twin, *since + 1);

		if (out->len + strlen(e->data) + 64 > out->max && out->len > 0)
			break; /* the rest next time */
		/* data is one object; "type" goes in first */
		(void)buf_addf(out, "id: %llu\ndata: {\"type\":\"%s\"%s%s\n\n",
			       (unsigned long long)e->number, e->type, e->data[1] == '}' ? "" : ",",
			       e->data + 1);
		++*since;
	}
	if (twin->stopping)
		ret = -1;
	pthread_mutex_unlock(&twin->lock);
	return ret;
}
