/*
 * pace.c - the rate of a sender, and slowing down when the provider complains.
 *
 * The store counts, so that all processes share one rate. Asked for little at
 * a time: what is granted goes out at once, so bursts stay small.
 */
#include "outbox_private.h"

#include <string.h>

#include "base/log.h"

enum {
	SLICES = 50, /* of a second: one question is for at most a slice's messages */
	SLOW_MS = 15000,
	SLOW_MOST_MS = 5 * 60 * 1000,
	SLOW_STEP_MS = 3000,	/* what was under way still complains */
	SLOW_FORGET_MS = 60000, /* then the next complaint is a new one */
	SLOW_MOST = 64,
};

/* ---- taking ---- */

void outbox_pace_begin(struct outbox *box)
{
	for (size_t i = 0; i < OUTBOX_SENDERS; i++)
		box->senders[i].tokens = 0;
}

static struct outbox_sender *sender_of(struct outbox *box, const char *address, int64_t mono_ms)
{
	struct outbox_sender *oldest = &box->senders[0];

	for (size_t i = 0; i < OUTBOX_SENDERS; i++) {
		struct outbox_sender *s = &box->senders[i];

		if (strcmp(s->address, address) == 0) {
			s->used_ms = mono_ms;
			return s;
		}
		if (s->used_ms < oldest->used_ms)
			oldest = s;
	}
	*oldest = (struct outbox_sender){ .used_ms = mono_ms };
	memcpy(oldest->address, address, strnlen(address, CONTACT_MAX));
	return oldest;
}

/* Asks the store. True: there are tokens. */
static bool refill(struct outbox *box, struct outbox_sender *s, bool spare, unsigned waiting,
		   int64_t mono_ms)
{
	const char *labels = spare ? "lane=\"broadcast\"" : "lane=\"reply\"";
	unsigned want = box->set.send_rate / SLICES > 1 ? box->set.send_rate / SLICES : 1;
	struct err err = { 0 };
	int64_t wait = 0;

	if (want > waiting)
		want = waiting;
	if (store_rate_take(box->set.store, s->address, box->set.send_rate, spare, want, &s->tokens,
			    &wait, &err) < 0) {
		log_debug("send-rate", LOG_S("error", err.text));
		s->tokens = 0;
		wait = OUTBOX_STORE_PAUSE_MS;
	}
	if (s->tokens > 0)
		return true;
	s->wait_ms = mono_ms + (wait > 0 ? wait : 1);
	outbox_count("samvad_send_rate_waits_total", labels,
		     "Times that messages had to wait for the sender's rate, by lane.");
	return false;
}

bool outbox_pace_take(struct outbox *box, const char *sender, bool spare, unsigned waiting,
		      int64_t mono_ms, int64_t *next_ms_out)
{
	struct outbox_sender *s = sender_of(box, *sender ? sender : box->set.sender, mono_ms);

	if (s->tokens == 0 && (mono_ms < s->wait_ms || !refill(box, s, spare, waiting, mono_ms))) {
		if (s->wait_ms < *next_ms_out)
			*next_ms_out = s->wait_ms;
		return false;
	}
	s->tokens--;
	return true;
}

/* ---- slowing down ---- */

void outbox_pace_ok(struct outbox *box)
{
	pthread_mutex_lock(&box->lock);
	box->slow.outcomes++;
	pthread_mutex_unlock(&box->lock);
}

/* The divisor for now on, or 0: the last step has not shown yet. A few complaints among many
 * messages are no reason to go slower still. */
static unsigned slower(struct outbox_slow *s, int64_t mono_ms)
{
	bool many;

	s->outcomes++;
	s->complaints++;
	many = s->complaints * 5 >= s->outcomes;
	if (s->divisor && mono_ms - s->since_ms < SLOW_STEP_MS)
		return 0;
	if (!s->divisor || mono_ms - s->since_ms > SLOW_FORGET_MS)
		s->divisor = 2;
	else if (many && s->divisor < SLOW_MOST)
		s->divisor *= 2;
	s->since_ms = mono_ms;
	s->outcomes = s->complaints = 0;
	return s->divisor;
}

void outbox_pace_complain(struct outbox *box, const char *sender, int64_t retry_after_ms)
{
	const char *address = sender && *sender ? sender : box->set.sender;
	int64_t duration = retry_after_ms > SLOW_MS ? retry_after_ms : SLOW_MS;
	struct err err = { 0 };
	unsigned divisor;

	pthread_mutex_lock(&box->lock);
	divisor = slower(&box->slow, clock_mono_ms());
	pthread_mutex_unlock(&box->lock);
	if (divisor == 0)
		return;
	if (duration > SLOW_MOST_MS)
		duration = SLOW_MOST_MS;
	log_warn("send-slower", LOG_I("divisor", divisor), LOG_I("for_ms", duration));
	/* Not done: the next complaint tries again. */
	if (store_rate_slow(box->set.store, address, divisor, duration, &err) < 0)
		log_warn("send-not-slower", LOG_S("error", err.text));
}
