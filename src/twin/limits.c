/*
 * limits.c - how large this Twilio is, and a tally of what it was asked to send.
 *
 * For broadcasts: ten thousand people need no ten thousand phones, and whether each
 * of them was written to once is seen best on this side.
 */
#include "twin_private.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

enum { RATE_MAX = 100000, SHOWN_REPEATED = 100 };

/* ---- limits ---- */

int twin_limits_get(struct twin_call *call)
{
	const struct twin_limits *l = &call->twin->limits;
	struct json_writer w;

	json_begin(&w, call->out);
	json_object(&w, NULL);
	json_add_int(&w, "rate", l->rate);
	json_add_int(&w, "messages", l->messages);
	json_add_bool(&w, "everyone", l->everyone);
	json_end(&w);
	return 200;
}

static const char *read_limits(const struct cJSON *root, struct twin_limits *l)
{
	const struct cJSON *everyone = json_get(root, "everyone");
	bool ok = true;

	l->rate = (int)json_int(root, "rate", l->rate, &ok);
	if (!ok || l->rate < 1 || l->rate > RATE_MAX)
		return "rate";
	l->messages = (int)json_int(root, "messages", l->messages, &ok);
	if (!ok || l->messages < TWIN_MESSAGES || l->messages > TWIN_MOST_MESSAGES)
		return "messages";
	if (everyone && !cJSON_IsBool(everyone))
		return "everyone";
	l->everyone = json_bool(root, "everyone", l->everyone);
	return NULL;
}

int twin_limits_put(struct twin_call *call)
{
	struct twin_limits l = call->twin->limits;
	struct cJSON *root = twin_body(call);
	const char *bad;

	if (!root)
		return 400;
	bad = read_limits(root, &l);
	json_free(&root);
	if (bad)
		return twin_refuse(call, 400, "malformed", bad,
				   "not within the limits that src/twin/API.md names");
	if (!twin_messages_grow(call->twin, (size_t)l.messages))
		return twin_refuse(call, 409, "cannot_shrink", "messages",
				   "more are kept already; start the sandbox anew for fewer");
	call->twin->limits = l;
	return twin_limits_get(call);
}

/* ---- tally ---- */

struct tally {
	const struct twin_message **list; /* oldest first */
	size_t count;
	size_t by_status[TWIN_CANCELED + 1];
};

static bool counts(const struct twin_message *m, int64_t since_ms, const char *text)
{
	return m->direction == TWIN_OUT && m->by_api && m->created_ms >= since_ms &&
	       (!text || strcmp(m->text, text) == 0);
}

static void take(struct twin_call *call, struct tally *t)
{
	const struct twin *twin = call->twin;
	size_t kept = twin_messages_kept(twin);
	struct str since = form_get(&call->query, "since_ms");
	int64_t since_ms = since.p ? strtoll(since.p, NULL, 10) : 0;
	const char *text = form_get(&call->query, "text").p;

	t->list = arena_array(&call->arena, kept ? kept : 1, sizeof *t->list);
	for (size_t i = kept; i-- > 0;) {
		const struct twin_message *m = twin_message_at(twin, i);

		if (!counts(m, since_ms, text))
			continue;
		t->list[t->count++] = m;
		t->by_status[m->status]++;
	}
}

/* The most messages within any second. */
static size_t busiest_second(const struct tally *t)
{
	size_t most = 0;

	for (size_t from = 0, to = 0; to < t->count; to++) {
		while (t->list[to]->created_ms - t->list[from]->created_ms >= 1000)
			from++;
		if (to - from + 1 > most)
			most = to - from + 1;
	}
	return most;
}

/* qsort: by recipient. */
static int by_recipient(const void *a, const void *b)
{
	const struct twin_message *const *x = a, *const *y = b;

	return strcmp((*x)->to, (*y)->to);
}

/* Orders the list by recipient. */
static void write_recipients(struct tally *t, struct json_writer *w)
{
	size_t recipients = 0, most = 0, shown = 0;

	qsort(t->list, t->count, sizeof *t->list, by_recipient);
	json_array(w, "repeated");
	for (size_t i = 0, end; i < t->count; i = end) {
		for (end = i; end < t->count && strcmp(t->list[end]->to, t->list[i]->to) == 0;)
			end++;
		recipients++;
		if (end - i > most)
			most = end - i;
		if (end - i < 2 || shown++ >= SHOWN_REPEATED)
			continue;
		json_object(w, NULL);
		json_add_text(w, "to", t->list[i]->to);
		json_add_int(w, "count", (int64_t)(end - i));
		json_end(w);
	}
	json_end(w);
	json_add_int(w, "recipients", (int64_t)recipients);
	json_add_int(w, "most", (int64_t)most);
}

int twin_tally(struct twin_call *call)
{
	struct tally t = { 0 };
	struct json_writer w;

	take(call, &t);
	json_begin(&w, call->out);
	json_object(&w, NULL);
	json_add_int(&w, "messages", (int64_t)t.count);
	json_add_int(&w, "busiest_second", (int64_t)busiest_second(&t));
	json_add_int(&w, "first_ms", t.count ? t.list[0]->created_ms : 0);
	json_add_int(&w, "last_ms", t.count ? t.list[t.count - 1]->created_ms : 0);
	json_object(&w, "by_status");
	for (size_t i = 0; i <= TWIN_CANCELED; i++)
		if (t.by_status[i])
			json_add_int(&w, twin_status_names[i], (int64_t)t.by_status[i]);
	json_end(&w);
	write_recipients(&t, &w);
	json_end(&w);
	return 200;
}
