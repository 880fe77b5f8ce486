/*
 * conversation.c - opening, closing, and the exchange of bots.
 */
#include "conversation_private.h"

#include <stdlib.h>

#include "base/cond.h"
#include "base/mem.h"

bool conversation_is_stopping(struct conversation *c)
{
	bool yes;

	pthread_mutex_lock(&c->lock);
	yes = c->stopping;
	pthread_mutex_unlock(&c->lock);
	return yes;
}

bool conversation_pause(struct conversation *c, int ms)
{
	const int64_t until = clock_mono_ms() + ms;
	bool stopping;

	pthread_mutex_lock(&c->lock);
	while (ms > 0 && !c->stopping)
		if (!cond_wait_until(&c->changed, &c->lock, until))
			break;
	stopping = c->stopping;
	pthread_mutex_unlock(&c->lock);
	return stopping;
}

struct bot *conversation_bot(struct conversation *c)
{
	struct bot *bot;

	pthread_mutex_lock(&c->bot_lock);
	bot = bot_hold(c->bot);
	pthread_mutex_unlock(&c->bot_lock);
	return bot;
}

void conversation_use_bot(struct conversation *c, struct bot *bot)
{
	struct bot *old;

	pthread_mutex_lock(&c->bot_lock);
	old = c->bot;
	c->bot = bot_hold(bot);
	pthread_mutex_unlock(&c->bot_lock);
	bot_release(&old);
}

static void init(struct conversation *c, const struct conversation_settings *set, struct bot *bot)
{
	c->set = *set;
	atomic_init(&c->hurry_ms, INT64_MAX);
	if (!c->set.call_workers)
		c->set.call_workers = 32;
	if (!c->set.max_waiting)
		c->set.max_waiting = 256;
	c->bot = bot_hold(bot);
	pthread_mutex_init(&c->bot_lock, NULL);
	pthread_mutex_init(&c->lock, NULL);
	cond_init(&c->changed);
	/* Only a store that can be away needs a stand-in for its memory. */
	c->recent = store_is_remote(set->store) ? recent_new() : NULL;
	c->held = held_new();
}

static int start_threads(struct conversation *c, struct err *err)
{
	if (pthread_create(&c->housekeeper, NULL, housekeeper_run, c) != 0)
		return err_set(err, ERR_TEMP, "cannot start the housekeeper's thread");
	if (pthread_create(&c->drainer, NULL, drain_run, c) != 0)
		return err_set(err, ERR_TEMP, "cannot start the drain's thread");
	return 0;
}

static void free_parts(struct conversation *c)
{
	spool_close(&c->spool);
	recent_free(&c->recent);
	held_free(&c->held);
	bot_release(&c->bot);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	pthread_mutex_destroy(&c->bot_lock);
	free(c);
}

int conversation_open(const struct conversation_settings *set, struct bot *bot,
		      struct conversation **conv_out, struct err *err)
{
	struct conversation *c = mem_alloc(sizeof *c);

	init(c, set, bot);
	if (spool_open(set->spool_dir, set->ring, &c->spool, err) < 0 ||
	    calls_open(c, c->set.call_workers, &c->calls, err) < 0) {
		free_parts(c);
		return -1;
	}
	if (start_threads(c, err) < 0) {
		/* A machine that cannot start two threads cannot serve: the process ends with this.
		 */
		return -1;
	}
	*conv_out = c;
	return 0;
}

void conversation_hurry(struct conversation *c, int ms)
{
	atomic_store(&c->hurry_ms, clock_mono_ms() + ms);
}

void conversation_stop(struct conversation *c, int grace_ms)
{
	calls_stop(c->calls, grace_ms);
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->housekeeper, NULL);
	pthread_join(c->drainer, NULL);
}

void conversation_close(struct conversation **conv)
{
	struct conversation *c = *conv;

	if (!c)
		return;
	calls_close(&c->calls);
	free_parts(c);
	*conv = NULL;
}

uint64_t conversation_received(const struct conversation *c)
{
	return atomic_load(&c->received);
}

void conversation_look(struct conversation *c, struct conversation_state *state_out)
{
	state_out->spooled = spool_count(c->spool);
	state_out->calls_in_flight = calls_in_flight(c->calls);
}
