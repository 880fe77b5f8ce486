/*
 * worker.c - claims due rows, sends them, writes down what came of it.
 *
 * One thread claims and settles; net's thread does the sending, so many
 * attempts are under way at once. A result that the store cannot take yet is
 * kept and offered again: should this process die first, the lease ends and
 * the next owner looks the message up instead of repeating it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "outbox.h"

enum {
	MAX_IN_FLIGHT = 64,
	LEASE_MS = 45000, /* longer than an attempt with its time-out and its settling */
	SEND_TIMEOUT_MS = 15000,
	STORE_PAUSE_MS = 500,	 /* after the store refused */
	LOOKUP_SLACK_MS = 60000, /* clocks of two houses */
	SLICES = 20,		 /* of a second: no burst is larger than one slice's messages */
	DRAIN_LOOK_MS = 50,
};

struct flight { /* one attempt or look-up under way */
	struct outbox *box;
	struct arena arena; /* owns the row */
	struct outbound row;
	bool lookup;
	bool applied; /* the row says what came of it; only the store must still take it */
	int found;    /* of a look-up */
	struct send_result result;
	struct flight *next;
};

struct outbox {
	struct outbox_settings set;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping;
	bool woken;
	unsigned in_flight;   /* submitted and not settled yet */
	struct flight *ended; /* answered, to be settled */
	/* the thread's own: */
	int64_t tokens_milli; /* of the pace: thousandths of a message */
	int64_t filled_ms;
};

/* ---- pace: at most send_rate messages a second ---- */

static unsigned pace_allows(struct outbox *box)
{
	int64_t now = clock_mono_ms();
	int64_t most = (int64_t)box->set.send_rate * 1000 / SLICES;

	if (most < 1000)
		most = 1000;
	box->tokens_milli += (now - box->filled_ms) * box->set.send_rate;
	box->filled_ms = now;
	if (box->tokens_milli > most)
		box->tokens_milli = most;
	return (unsigned)(box->tokens_milli / 1000);
}

/* ---- settling ---- */

static void count(const char *outcome)
{
	char labels[64];

	snprintf(labels, sizeof labels, "outcome=\"%s\"", outcome);
	metric_add(metric_counter("samvad_sends_total", labels, "Messages sent by outcome"), 1);
}

static void take_plan(struct outbound *row, const struct outbox_plan *plan, int64_t now_ms)
{
	row->due_ms = now_ms + plan->delay_ms;
	switch (plan->next) {
	case NEXT_DONE:
		row->state = OUTBOUND_ACCEPTED;
		count("accepted");
		break;
	case NEXT_RETRY:
		row->state = OUTBOUND_WAITING;
		count("retry");
		break;
	case NEXT_LOOK_UP:
		row->state = OUTBOUND_UNSURE;
		count("look_up");
		break;
	case NEXT_WAIT_STATUS: /* no blind repeat; the contact's next row may go */
		row->state = OUTBOUND_DEAD;
		count("unsure");
		break;
	case NEXT_DEAD:
		row->state = OUTBOUND_DEAD;
		count("failed");
		break;
	}
}

static void apply_result(struct flight *f, int64_t now_ms)
{
	const struct outbox_settings *set = &f->box->set;
	struct outbound *row = &f->row;
	struct outbox_plan plan;

	plan = f->lookup
		       ? outbox_plan_lookup(f->found, row->attempts, set->max_attempts,
					    id_random_u64())
		       : outbox_plan(&f->result, row->attempts, set->max_attempts, id_random_u64());
	take_plan(row, &plan, now_ms);
	row->error_code = f->result.error_code;
	if (plan.next == NEXT_DONE) {
		row->external_id = arena_strdup(&f->arena, f->result.external_id);
		row->status = f->result.status;
	}
	log_context_contact(row->contact);
	log_info("send", LOG_S("id", row->id), LOG_S("state", outbound_state_name(row->state)),
		 LOG_I("attempt", row->attempts), LOG_I("code", row->error_code),
		 LOG_I("again_ms", plan.delay_ms));
	log_context_clear();
}

static void free_flight(struct flight *f)
{
	arena_free(&f->arena);
	free(f);
}

/* 0, or -1: the store did not take it and the flight is still to be settled. */
static int settle(struct flight *f)
{
	int64_t now = clock_now_ms(f->box->set.clock);
	struct err err = { 0 };

	if (!f->applied)
		apply_result(f, now);
	f->applied = true;
	if (store_outbox_settle(f->box->set.store, &f->row, 1, now, &err) == 0)
		return 0;
	log_warn("send-not-settled", LOG_S("id", f->row.id), LOG_S("error", err.text));
	return -1;
}

static bool settle_ended(struct outbox *box)
{
	struct flight *list, *f;
	bool all = true;

	pthread_mutex_lock(&box->lock);
	list = box->ended;
	box->ended = NULL;
	pthread_mutex_unlock(&box->lock);

	while ((f = list)) {
		list = f->next;
		if (settle(f) == 0) {
			pthread_mutex_lock(&box->lock);
			box->in_flight--;
			pthread_mutex_unlock(&box->lock);
			free_flight(f);
			continue;
		}
		all = false;
		pthread_mutex_lock(&box->lock);
		f->next = box->ended;
		box->ended = f;
		pthread_mutex_unlock(&box->lock);
	}
	return all;
}

/* ---- attempts ---- */

static void land(struct flight *f)
{
	struct outbox *box = f->box;

	pthread_mutex_lock(&box->lock);
	f->next = box->ended;
	box->ended = f;
	pthread_cond_signal(&box->changed);
	pthread_mutex_unlock(&box->lock);
}

static void read_lookup(struct flight *f, const struct net_answer *answer)
{
	struct send_result found[CHANNEL_MAX_FOUND];
	size_t n;

	f->found = channel_read_lookup(f->box->set.channel, &f->row, answer, found, &n);
	if (n == 0)
		return;
	f->found = 1;
	f->result = found[0];
}

static void on_answer(void *arg, const struct net_answer *answer)
{
	struct flight *f = arg;

	if (f->lookup)
		read_lookup(f, answer);
	else
		channel_read_send(f->box->set.channel, answer, &f->result);
	land(f);
}

static int describe(struct flight *f, struct net_request *req, struct err *err)
{
	struct channel *ch = f->box->set.channel;

	if (f->lookup)
		return channel_describe_lookup(ch, &f->row, f->row.created_ms - LOOKUP_SLACK_MS,
					       &f->arena, req, err);
	return channel_describe_send(ch, &f->row, &f->arena, req, err);
}

static void start(struct outbox *box, const struct outbound *row)
{
	struct flight *f = mem_alloc(sizeof *f);
	struct net_request req;
	struct err err = { 0 };

	f->box = box;
	f->row = *row;
	f->row.channel = arena_strdup(&f->arena, row->channel);
	f->row.contact = arena_strdup(&f->arena, row->contact);
	f->row.sender = arena_strdup(&f->arena, row->sender);
	f->row.account = arena_strdup(&f->arena, row->account);
	f->row.text = arena_strdup(&f->arena, row->text);
	f->row.external_id = arena_strdup(&f->arena, row->external_id);
	f->lookup = row->state == OUTBOUND_UNSURE;
	f->found = -1;

	box->tokens_milli -= 1000;
	pthread_mutex_lock(&box->lock);
	box->in_flight++;
	pthread_mutex_unlock(&box->lock);

	if (describe(f, &req, &err) < 0) {
		log_error("send-not-possible", LOG_S("id", f->row.id), LOG_S("error", err.text));
		f->result.verdict = SEND_CONFIG;
		land(f);
		return;
	}
	req.timeout_ms = SEND_TIMEOUT_MS;
	if (net_submit(box->set.net, &req, on_answer, f, &err) < 0) {
		log_warn("send-not-started", LOG_S("id", f->row.id), LOG_S("error", err.text));
		f->result.verdict = SEND_TEMP;
		land(f);
	}
}

/* How many rows were started, or -1 when the store does not answer. */
static int claim_and_start(struct outbox *box)
{
	int64_t now = clock_now_ms(box->set.clock);
	struct outbox_claim *rows = NULL;
	struct arena a = { 0 };
	struct err err = { 0 };
	unsigned room;
	size_t count_claimed = 0;
	int ret;

	pthread_mutex_lock(&box->lock);
	room = MAX_IN_FLIGHT - box->in_flight;
	pthread_mutex_unlock(&box->lock);
	if (room > pace_allows(box))
		room = pace_allows(box);
	if (room == 0)
		return 0;
	ret = store_outbox_claim(box->set.store, NULL, 0, now, now + LEASE_MS, room, &a, &rows,
				 &count_claimed, &err);
	if (ret < 0)
		log_debug("outbox-claim", LOG_S("error", err.text));
	for (size_t i = 0; ret == 0 && i < count_claimed; i++)
		start(box, &rows[i].row);
	arena_free(&a);
	return ret < 0 ? -1 : (int)count_claimed;
}

/* ---- the thread ---- */

static void wait_for_work(struct outbox *box, int ms)
{
	const int64_t until = clock_mono_ms() + ms;

	pthread_mutex_lock(&box->lock);
	while (!box->stopping && !box->woken && !box->ended)
		if (!cond_wait_until(&box->changed, &box->lock, until))
			break;
	box->woken = false;
	pthread_mutex_unlock(&box->lock);
}

static bool is_stopping(struct outbox *box)
{
	bool yes;

	pthread_mutex_lock(&box->lock);
	yes = box->stopping;
	pthread_mutex_unlock(&box->lock);
	return yes;
}

static void *run(void *arg)
{
	struct outbox *box = arg;

	while (!is_stopping(box)) {
		bool settled = settle_ended(box);
		int started = claim_and_start(box);

		if (started > 0)
			wait_for_work(box, 1000 / SLICES); /* the pace refills meanwhile */
		else if (started < 0 || !settled)
			wait_for_work(box, STORE_PAUSE_MS);
		else
			wait_for_work(box, box->set.poll_ms);
	}
	return NULL;
}

int outbox_open(const struct outbox_settings *set, struct outbox **box_out, struct err *err)
{
	struct outbox *box;

	if (!set->store || !set->channel || !set->net || !set->clock)
		return err_set(err, ERR_BUG, "outbox needs store, channel, net and clock");
	box = mem_alloc(sizeof *box);
	box->set = *set;
	if (!box->set.max_attempts)
		box->set.max_attempts = 20;
	if (!box->set.send_rate)
		box->set.send_rate = 80;
	if (!box->set.poll_ms)
		box->set.poll_ms = 500;
	box->filled_ms = clock_mono_ms();
	pthread_mutex_init(&box->lock, NULL);
	cond_init(&box->changed);
	if (pthread_create(&box->thread, NULL, run, box) != 0) {
		outbox_close(&box);
		return err_set(err, ERR_TEMP, "cannot start the outbox thread");
	}
	*box_out = box;
	return 0;
}

void outbox_wake(struct outbox *box)
{
	pthread_mutex_lock(&box->lock);
	box->woken = true;
	pthread_cond_signal(&box->changed);
	pthread_mutex_unlock(&box->lock);
}

/* Waits for answers of attempts under way and settles them. */
static void drain(struct outbox *box, int64_t until_ms)
{
	for (;;) {
		unsigned left;

		settle_ended(box);
		pthread_mutex_lock(&box->lock);
		left = box->in_flight;
		box->stopping = false; /* or wait_for_work would not wait */
		pthread_mutex_unlock(&box->lock);
		if (left == 0 || clock_mono_ms() >= until_ms)
			return;
		wait_for_work(box, DRAIN_LOOK_MS);
	}
}

void outbox_stop(struct outbox *box, int grace_ms)
{
	pthread_mutex_lock(&box->lock);
	box->stopping = true;
	pthread_cond_signal(&box->changed);
	pthread_mutex_unlock(&box->lock);
	pthread_join(box->thread, NULL);
	drain(box, clock_mono_ms() + grace_ms);
}

void outbox_close(struct outbox **boxp)
{
	struct outbox *box = *boxp;

	if (!box)
		return;
	settle_ended(box);
	/* What the store did not take: the lease ends and the next owner looks it up. */
	for (struct flight *f = box->ended, *next; f; f = next) {
		next = f->next;
		free_flight(f);
	}
	pthread_cond_destroy(&box->changed);
	pthread_mutex_destroy(&box->lock);
	free(box);
	*boxp = NULL;
}

void outbox_use_broadcasts(struct outbox *box, const char (*ids)[ID_HEX_SIZE], size_t count_ids)
{
	(void)box, (void)ids, (void)count_ids; /* the lines only, until lanes are here */
}

int outbox_hear(struct outbox *box, const struct status_news *news, struct err *err)
{
	return store_status_apply(box->set.store, news->contact, news->our_id, news->external_id,
				  news->status, news->error_code, clock_now_ms(box->set.clock),
				  err);
}

void outbox_look(struct outbox *box, struct outbox_state *state_out)
{
	*state_out = (struct outbox_state){ 0 };
	pthread_mutex_lock(&box->lock);
	state_out->in_flight = box->in_flight;
	pthread_mutex_unlock(&box->lock);
}
