/*
 * asker.c - asks the provider for statuses that did not come.
 *
 * A thread of its own, because hearing an answer is one step of the store, and
 * attempts must not wait for it. Few at a time; whatever is lost here is asked
 * for again when the store says so.
 */
#include "outbox_private.h"

#include <stdlib.h>

#include "base/cond.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	ASK_EVERY_MS = 3000,
	ASK_AGAIN_MS = 200, /* there were as many as could be asked for */
	ASK_AT_ONCE = 32,
};

static void free_ask(struct ask *k)
{
	arena_free(&k->arena);
	free(k);
}

void outbox_asks_free(struct outbox *box)
{
	struct ask *k;

	while ((k = box->asked)) {
		box->asked = k->next;
		free_ask(k);
	}
}

/* ---- asking ---- */

static void land(struct ask *k)
{
	struct outbox *box = k->box;

	pthread_mutex_lock(&box->lock);
	box->asks_in_flight--;
	k->next = box->asked;
	box->asked = k;
	pthread_cond_signal(&box->asker_changed);
	pthread_mutex_unlock(&box->lock);
}

static void on_answer(void *arg, const struct net_answer *answer)
{
	struct ask *k = arg;

	k->told =
		channel_read_status(k->box->set.channel, &k->row, answer, &k->news, &k->arena) == 0;
	land(k);
}

static void start(struct outbox *box, const struct outbound *row)
{
	struct ask *k = mem_alloc(sizeof *k);
	struct net_request req;
	struct err err = { 0 };

	k->box = box;
	k->row = (struct outbound){ .contact = arena_strdup(&k->arena, row->contact),
				    .sender = arena_strdup(&k->arena, row->sender),
				    .account = arena_strdup(&k->arena, row->account),
				    .external_id = arena_strdup(&k->arena, row->external_id) };
	memcpy(k->row.id, row->id, sizeof k->row.id);
	pthread_mutex_lock(&box->lock);
	box->asks_in_flight++;
	pthread_mutex_unlock(&box->lock);
	if (channel_describe_status(box->set.channel, &k->row, &k->arena, &req, &err) < 0 ||
	    net_submit(box->set.net, &req, on_answer, k, &err) < 0) {
		log_debug("status-not-asked", LOG_S("id", k->row.id), LOG_S("error", err.text));
		land(k);
	}
}

/* How many. */
static size_t ask(struct outbox *box)
{
	struct outbound *rows = NULL;
	struct arena a = { 0 };
	struct err err = { 0 };
	size_t n = 0;

	if (store_status_claim(box->set.store, clock_now_ms(box->set.clock), ASK_AT_ONCE, &a, &rows,
			       &n, &err) < 0)
		log_debug("status-claim", LOG_S("error", err.text));
	for (size_t i = 0; i < n; i++)
		start(box, &rows[i]);
	arena_free(&a);
	return n;
}

/* ---- hearing ---- */

static void hear(struct outbox *box, const struct ask *k)
{
	const char *answer = "answer=\"none\"";
	struct err err = { 0 };

	log_context_contact(k->row.contact);
	if (k->told) {
		answer = "answer=\"told\"";
		if (outbox_hear(box, &k->news, &err) < 0)
			log_warn("status-not-kept", LOG_S("id", k->row.id),
				 LOG_S("error", err.text));
	}
	log_context_clear();
	outbox_count("samvad_statuses_asked_total", answer,
		     "Statuses that did not come and were asked for, by what came of it.");
}

static void hear_all(struct outbox *box)
{
	struct ask *list, *k;

	pthread_mutex_lock(&box->lock);
	list = box->asked;
	box->asked = NULL;
	pthread_mutex_unlock(&box->lock);
	while ((k = list)) {
		list = k->next;
		hear(box, k);
		free_ask(k);
	}
}

/* ---- the thread ---- */

/* Until an answer is there or the time has come; false: stopping. */
static bool wait(struct outbox *box, int64_t until_ms)
{
	bool goes_on;

	pthread_mutex_lock(&box->lock);
	while (!box->stopping && !box->asked)
		if (!cond_wait_until(&box->asker_changed, &box->lock, until_ms) &&
		    box->asks_in_flight == 0)
			break;
	goes_on = !box->stopping;
	pthread_mutex_unlock(&box->lock);
	return goes_on;
}

void *outbox_ask_all(void *arg)
{
	struct outbox *box = arg;
	int64_t next = clock_mono_ms() + ASK_EVERY_MS;

	while (wait(box, next)) {
		bool idle;

		hear_all(box);
		pthread_mutex_lock(&box->lock);
		idle = box->asks_in_flight == 0;
		pthread_mutex_unlock(&box->lock);
		if (idle && clock_mono_ms() >= next)
			next = clock_mono_ms() +
			       (ask(box) == ASK_AT_ONCE ? ASK_AGAIN_MS : ASK_EVERY_MS);
	}
	return NULL;
}
