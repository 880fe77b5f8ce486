/*
 * calls.c - business calls under way, and the webhooks that wait for them.
 *
 * A call is started after its session is committed as waiting. A few threads
 * make the calls; a webhook waits for the reply at most its budget. While a
 * call is under way its lease is renewed; if this process dies, the lease
 * ends and another one makes the call with the same idempotency key.
 */
#include "conversation_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"

enum {
	STORE_PAUSE_MS = 300, /* after the store refused a result; doubled up to … */
	STORE_PAUSE_MOST_MS = 3000,
};

struct task {
	char *contact;
	char *call_id;
	char *external_id;
	struct bot *bot;  /* one count */
	int64_t renew_ms; /* monotonic */
	bool running;
	struct task *next;
};

struct calls {
	struct conversation *conversation;
	pthread_t *threads;
	unsigned thread_count;
	pthread_mutex_t lock;
	pthread_cond_t queued;	/* a task, or stopping */
	pthread_cond_t decided; /* a waiter's reply, or a task's end */
	struct task *tasks;	/* queued and running, oldest first */
	unsigned task_count;
	struct waiter *waiters;
	unsigned waiter_count;
	bool stopping;	/* start nothing */
	bool abandoned; /* deliver nothing: calls may have been cut short */
};

/* ---- waiters ---- */

static bool waits_for(const struct waiter *w, const struct task *t)
{
	return strcmp(w->external_id, t->external_id) == 0 && strcmp(w->contact, t->contact) == 0;
}

static bool is_awaited(struct calls *calls, const struct task *t)
{
	bool yes = false;

	pthread_mutex_lock(&calls->lock);
	for (const struct waiter *w = calls->waiters; w && !yes; w = w->next)
		yes = waits_for(w, t);
	pthread_mutex_unlock(&calls->lock);
	return yes;
}

/* Wakes the webhooks that wait for this message's reply. */
static void tell_waiters(struct calls *calls, const struct task *t, const struct reply *reply)
{
	if (reply->state != REPLY_INLINE && reply->state != REPLY_LATE)
		return;
	pthread_mutex_lock(&calls->lock);
	for (struct waiter *w = calls->waiters; w; w = w->next)
		if (w->reply.state == REPLY_NONE && waits_for(w, t))
			reply_copy(reply, &w->arena, &w->reply);
	pthread_cond_broadcast(&calls->decided);
	pthread_mutex_unlock(&calls->lock);
}

static void count_full(void)
{
	metric_add(metric_counter("samvad_waiting_full_total", NULL,
				  "Webhooks answered with the notice at once, because too many "
				  "wait for a call"),
		   1);
}

bool calls_wait_begin(struct calls *calls, struct waiter *w)
{
	bool full, room;

	w->reply = (struct reply){ 0 };
	pthread_mutex_lock(&calls->lock);
	full = calls->waiter_count >= calls->conversation->set.max_waiting;
	room = !calls->stopping && !full;
	if (room) {
		w->next = calls->waiters;
		calls->waiters = w;
		calls->waiter_count++;
	}
	pthread_mutex_unlock(&calls->lock);
	if (full)
		count_full();
	return room;
}

bool calls_wait(struct calls *calls, struct waiter *w, int ms, struct arena *a,
		struct reply *reply_out)
{
	const int64_t until = clock_mono_ms() + ms;
	bool decided;

	pthread_mutex_lock(&calls->lock);
	while (w->reply.state == REPLY_NONE && !calls->stopping)
		if (!cond_wait_until(&calls->decided, &calls->lock, until))
			break;
	decided = w->reply.state != REPLY_NONE;
	if (decided)
		reply_copy(&w->reply, a, reply_out);
	pthread_mutex_unlock(&calls->lock);
	return decided;
}

void calls_wait_end(struct calls *calls, struct waiter *w)
{
	struct waiter **p;

	pthread_mutex_lock(&calls->lock);
	for (p = &calls->waiters; *p != w; p = &(*p)->next)
		;
	*p = w->next;
	calls->waiter_count--;
	pthread_mutex_unlock(&calls->lock);
	arena_free(&w->arena); /* nobody else knows it any more */
}

/* ---- one call ---- */

static bool is_abandoned(struct calls *calls)
{
	bool yes;

	pthread_mutex_lock(&calls->lock);
	yes = calls->abandoned;
	pthread_mutex_unlock(&calls->lock);
	return yes;
}

/* What to call, from the stored session. 1, 0: nobody waits for it any more, -1. */
static int describe(struct calls *calls, const struct task *t, struct arena *a,
		    struct flow_call *call, const struct flow **flow_out, const char **language_out,
		    struct err *err)
{
	struct conversation *c = calls->conversation;
	struct turn_view view = { 0 };
	struct flow_env env = turn_env(c, t->contact, NULL, a);

	if (store_load(c->set.store, t->contact, NULL, env.now_ms, a, &view, err) < 0)
		return -1;
	if (!view.session || strcmp(view.session->call.id, t->call_id) != 0)
		return 0;
	env.facts = &view.facts;
	*language_out = arena_strdup(a, view.session->language);
	*flow_out = bot_flow_of(t->bot, view.session);
	return flow_call_describe(*flow_out, view.session, &env, a, call, err);
}

/* Gives the result to the flow, again and again while the store is away: the
 * answer is known only here, and the lease is renewed meanwhile. */
static void deliver(struct calls *calls, const struct task *t,
		    const struct integration_result *result, struct arena *a)
{
	struct conversation *c = calls->conversation;
	struct turn_done done;
	struct err err = { 0 };
	int pause = STORE_PAUSE_MS;

	for (;;) {
		enum turn_mode mode = is_awaited(calls, t) ? TURN_INLINE : TURN_LATE;

		if (turn_result(c, t->bot, t->contact, t->call_id, t->external_id, result, mode, a,
				&done, &err) == 0)
			break;
		log_warn("result-not-stored", LOG_S("error", err.text));
		if (conversation_pause(c, pause))
			return; /* the next owner calls again with the same key */
		if (pause < STORE_PAUSE_MOST_MS)
			pause *= 2;
	}
	tell_waiters(calls, t, &done.reply);
	if (done.reply.state != REPLY_INLINE)
		outbox_wake(c->set.outbox);
	if (done.how == TURN_WAITS)
		calls_start(calls, t->bot, t->contact, done.session->call.id, t->external_id);
}

static void make_call(struct calls *calls, const struct task *t)
{
	struct conversation *c = calls->conversation;
	struct arena a = { 0 };
	struct flow_call call = { 0 };
	struct integration_result result = { .outcome = "failed" };
	struct err err = { 0 };
	const struct flow *flow = NULL;
	const char *language = "";
	int got = describe(calls, t, &a, &call, &flow, &language, &err);

	if (got == 1 && call.kind != FLOW_CALL_HTTP &&
	    calls_look(c, flow, t->contact, language, &call, &a, &result, &err) < 0)
		got = -1;
	if (got < 0 && (err.kind == ERR_TEMP || err.kind == ERR_UNSURE)) {
		log_warn("call-not-described", LOG_S("error", err.text));
		goto out; /* its lease ends; the housekeeper brings it back */
	}
	if (got == 1 && call.kind == FLOW_CALL_HTTP)
		integration_call(c->set.integration, flow, &call, &a, &result);
	else if (got < 0)
		turn_trouble(&err);
	/* Also when nobody asked: that frees whoever waits for it. */
	if (!is_abandoned(calls))
		deliver(calls, t, &result, &a);
out:
	arena_free(&a);
}

/* ---- tasks and threads ---- */

static void free_task(struct task *t)
{
	bot_release(&t->bot);
	free(t->contact);
	free(t->call_id);
	free(t->external_id);
	free(t);
}

static void end_task(struct calls *calls, struct task *t)
{
	struct task **p;

	pthread_mutex_lock(&calls->lock);
	for (p = &calls->tasks; *p != t; p = &(*p)->next)
		;
	*p = t->next;
	calls->task_count--;
	pthread_cond_broadcast(&calls->decided);
	pthread_mutex_unlock(&calls->lock);
	free_task(t);
}

static struct task *first_queued(struct calls *calls)
{
	struct task *t;

	for (t = calls->tasks; t && t->running; t = t->next)
		;
	return t;
}

static bool has_running(const struct calls *calls)
{
	const struct task *t;

	for (t = calls->tasks; t && !t->running; t = t->next)
		;
	return t != NULL;
}

static struct task *next_task(struct calls *calls)
{
	struct task *t;

	pthread_mutex_lock(&calls->lock);
	while (!(t = first_queued(calls)) && !calls->stopping)
		pthread_cond_wait(&calls->queued, &calls->lock);
	if (calls->stopping)
		t = NULL; /* what is queued is left to the next process */
	if (t)
		t->running = true;
	pthread_mutex_unlock(&calls->lock);
	return t;
}

static void *work(void *arg)
{
	struct calls *calls = arg;
	struct task *t;

	while ((t = next_task(calls))) {
		log_context_trace(t->external_id);
		log_context_contact(t->contact);
		make_call(calls, t);
		log_context_clear();
		end_task(calls, t);
	}
	return NULL;
}

void calls_start(struct calls *calls, struct bot *bot, const char *contact, const char *call_id,
		 const char *external_id)
{
	struct task *t = mem_alloc(sizeof *t), **p;

	*t = (struct task){ .contact = mem_strdup(contact),
			    .call_id = mem_strdup(call_id),
			    .external_id = mem_strdup(external_id),
			    .bot = bot_hold(bot),
			    .renew_ms = clock_mono_ms() + CALL_RENEW_MS };
	pthread_mutex_lock(&calls->lock);
	for (p = &calls->tasks; *p; p = &(*p)->next)
		if (strcmp((*p)->call_id, call_id) == 0)
			break;
	if (!*p && !calls->stopping) {
		*p = t;
		calls->task_count++;
		t = NULL;
		pthread_cond_signal(&calls->queued);
	}
	pthread_mutex_unlock(&calls->lock);
	if (t) /* under way already, or stopping: its lease will tell */
		free_task(t);
}

/* One call whose lease must be prolonged now; the strings are copied for use without the lock. */
static bool next_renewal(struct calls *calls, struct arena *a, const char **contact_out,
			 const char **call_id_out)
{
	int64_t now = clock_mono_ms();
	struct task *t;

	pthread_mutex_lock(&calls->lock);
	for (t = calls->tasks; t && t->renew_ms > now; t = t->next)
		;
	if (t) {
		t->renew_ms = now + CALL_RENEW_MS;
		*contact_out = arena_strdup(a, t->contact);
		*call_id_out = arena_strdup(a, t->call_id);
	}
	pthread_mutex_unlock(&calls->lock);
	return t != NULL;
}

void calls_renew(struct calls *calls)
{
	struct conversation *c = calls->conversation;
	struct arena a = { 0 };
	const char *contact, *call_id;
	struct err err = { 0 };

	while (next_renewal(calls, &a, &contact, &call_id)) {
		int64_t lease = clock_now_ms(c->set.clock) + CALL_LEASE_MS;

		if (store_call_renew(c->set.store, contact, call_id, lease, &err) < 0) {
			log_debug("lease-not-renewed", LOG_S("error", err.text));
			break; /* the store is away: the next round asks again */
		}
	}
	arena_free(&a);
}

int64_t calls_in_flight(struct calls *calls)
{
	int64_t n;

	pthread_mutex_lock(&calls->lock);
	n = calls->task_count;
	pthread_mutex_unlock(&calls->lock);
	return n;
}

int calls_open(struct conversation *c, unsigned workers, struct calls **calls_out, struct err *err)
{
	struct calls *calls = mem_alloc(sizeof *calls);

	calls->conversation = c;
	calls->threads = mem_array(workers, sizeof *calls->threads);
	pthread_mutex_init(&calls->lock, NULL);
	pthread_cond_init(&calls->queued, NULL);
	cond_init(&calls->decided);
	for (; calls->thread_count < workers; calls->thread_count++)
		if (pthread_create(&calls->threads[calls->thread_count], NULL, work, calls) != 0) {
			calls_stop(calls, 0);
			calls_close(&calls);
			return err_set(err, ERR_TEMP, "cannot start %u threads for business calls",
				       workers);
		}
	*calls_out = calls;
	return 0;
}

void calls_stop(struct calls *calls, int grace_ms)
{
	const int64_t until = clock_mono_ms() + grace_ms;

	pthread_mutex_lock(&calls->lock);
	calls->stopping = true;
	pthread_cond_broadcast(&calls->queued);
	pthread_cond_broadcast(&calls->decided);
	while (has_running(calls))
		if (!cond_wait_until(&calls->decided, &calls->lock, until))
			break;
	calls->abandoned = true;
	pthread_mutex_unlock(&calls->lock);
}

void calls_close(struct calls **callsp)
{
	struct calls *calls = *callsp;

	if (!calls)
		return;
	for (unsigned i = 0; i < calls->thread_count; i++)
		pthread_join(calls->threads[i], NULL);
	while (calls->tasks) {
		struct task *t = calls->tasks;

		calls->tasks = t->next;
		free_task(t);
	}
	pthread_cond_destroy(&calls->queued);
	pthread_cond_destroy(&calls->decided);
	pthread_mutex_destroy(&calls->lock);
	free(calls->threads);
	free(calls);
	*callsp = NULL;
}
