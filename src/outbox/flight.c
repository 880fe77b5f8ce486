/*
 * flight.c - one attempt or look-up, from start to its answer.
 *
 * A flight is one attempt: what comes next is decided when it has landed.
 */
#include "outbox_private.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

enum { LOOKUP_SLACK_MS = 60000 }; /* clocks of two houses */

void outbox_push(struct flights *to, struct flight *f)
{
	f->next = NULL;
	if (to->last)
		to->last->next = f;
	else
		to->first = f;
	to->last = f;
	to->count++;
}

struct flight *outbox_pop(struct flights *from)
{
	struct flight *f = from->first;

	if (!f)
		return NULL;
	from->first = f->next;
	if (!from->first)
		from->last = NULL;
	from->count--;
	return f;
}

static const char *copy(struct arena *a, const char *s)
{
	return arena_strdup(a, s ? s : "");
}

struct flight *outbox_flight_new(struct outbox *box, const struct outbound *row,
				 enum outbox_lane lane, int64_t lease_ms)
{
	struct flight *f = mem_alloc(sizeof *f);
	struct arena *a = &f->arena;

	f->box = box;
	f->row = *row;
	f->row.channel = copy(a, row->channel);
	f->row.contact = copy(a, row->contact);
	f->row.sender = copy(a, row->sender);
	f->row.account = copy(a, row->account);
	f->row.text = copy(a, row->text);
	f->row.content_sid = copy(a, row->content_sid);
	f->row.content_variables = copy(a, row->content_variables);
	f->row.broadcast = copy(a, row->broadcast);
	f->row.external_id = copy(a, row->external_id);
	f->lane = lane;
	f->lease_ms = lease_ms;
	f->lookup = row->state == OUTBOUND_UNSURE;
	return f;
}

void outbox_flight_free(struct flight *f)
{
	arena_free(&f->arena);
	free(f);
}

void outbox_flights_free(struct flights *list)
{
	struct flight *f;

	while ((f = outbox_pop(list)))
		outbox_flight_free(f);
}

/* ---- in the air ---- */

static unsigned *counter(struct flight *f)
{
	return f->lookup ? &f->box->lookups_in_flight : &f->box->attempts_in_flight;
}

static void land(struct flight *f)
{
	struct outbox *box = f->box;

	pthread_mutex_lock(&box->lock);
	(*counter(f))--;
	outbox_push(&box->ended, f);
	pthread_mutex_unlock(&box->lock);
}

static void on_answer(void *arg, const struct net_answer *answer)
{
	struct send_result found[CHANNEL_MAX_FOUND];
	struct flight *f = arg;
	struct channel *ch = f->box->set.channel;

	if (!f->lookup) {
		channel_read_send(ch, answer, &f->result);
		land(f);
		return;
	}
	f->whole = channel_read_lookup(ch, &f->row, answer, found, &f->candidate_count) == 0;
	f->candidates = arena_array(&f->arena, f->candidate_count, sizeof *found);
	for (size_t i = 0; i < f->candidate_count; i++)
		f->candidates[i] = found[i];
	land(f);
}

/* Whether its last attempt went as the template is not known: so every message of that time
 * could be it. */
static int describe_lookup(struct flight *f, struct net_request *req, struct err *err)
{
	f->row.as_template = *f->row.content_sid != '\0';
	return channel_describe_lookup(f->box->set.channel, &f->row,
				       f->row.created_ms - LOOKUP_SLACK_MS, &f->arena, req, err);
}

static int submit(struct flight *f, struct err *err)
{
	struct net_request req;

	if (f->lookup ? describe_lookup(f, &req, err)
		      : channel_describe_send(f->box->set.channel, &f->row, &f->arena, &req, err)) {
		log_error("send-not-possible", LOG_S("id", f->row.id), LOG_S("error", err->text));
		f->result.verdict = SEND_CONFIG;
		return -1;
	}
	req.timeout_ms = f->lookup ? OUTBOX_ASK_TIMEOUT_MS : f->box->set.attempt_ms;
	if (net_submit(f->box->set.net, &req, on_answer, f, err) < 0) {
		log_warn("send-not-started", LOG_S("id", f->row.id), LOG_S("error", err->text));
		f->result.verdict = SEND_TEMP;
		return -1;
	}
	return 0;
}

void outbox_fly(struct flight *f)
{
	struct err err = { 0 };

	f->result = (struct send_result){ 0 };
	f->candidate_count = 0;
	f->whole = false;
	pthread_mutex_lock(&f->box->lock);
	(*counter(f))++;
	pthread_mutex_unlock(&f->box->lock);
	if (submit(f, &err) < 0)
		land(f);
}

unsigned outbox_flying(struct outbox *box, bool lookups)
{
	unsigned n;

	pthread_mutex_lock(&box->lock);
	n = lookups ? box->lookups_in_flight : box->attempts_in_flight;
	pthread_mutex_unlock(&box->lock);
	return n;
}

void outbox_give_back(struct flight *f, int64_t delay_ms)
{
	f->row.state = f->lookup ? OUTBOUND_UNSURE : OUTBOUND_WAITING;
	f->row.due_ms = clock_now_ms(f->box->set.clock) + delay_ms;
	outbox_push(&f->box->done, f);
	outbox_count("samvad_sends_given_back_total", NULL,
		     "Claimed messages put back untried: no rate left, paused, or stopping.");
}
