/*
 * pace.c - how fast one contact may go, and when two machines talk in circles.
 *
 * The state lives in the session, so it is the same for every process and
 * needs no lock. A person never meets these limits: sixty messages at once,
 * then one a second. The provider itself stops after 30 replies with less
 * than 30 s between them (Twilio error 14107); two bots answering each other
 * would burn that for the person behind. Pure.
 */
#include "conversation_private.h"

#include "base/crypto.h"

enum {
	PACE_BURST_MILLI = 60 * 1000, /* thousandths of a message */
	PACE_PER_MS = 1,	      /* refill: one message a second */
	PACE_PENALTY_MILLI = 5 * 1000,
	LOOP_MOST = 30,			/* the same reply so often in a row … */
	LOOP_WINDOW_MS = 5 * 60 * 1000, /* … within this time */
};

static void refill(struct session *s, int64_t now_ms)
{
	int64_t passed = now_ms - s->pace_at_ms;

	if (s->pace_at_ms == 0 || passed > PACE_BURST_MILLI / PACE_PER_MS)
		s->pace_tokens_milli = PACE_BURST_MILLI;
	else if (passed > 0)
		s->pace_tokens_milli += passed * PACE_PER_MS;
	if (s->pace_tokens_milli > PACE_BURST_MILLI)
		s->pace_tokens_milli = PACE_BURST_MILLI;
	s->pace_at_ms = now_ms;
}

enum pace_verdict pace_take(struct session *s, int64_t now_ms)
{
	refill(s, now_ms);
	if (s->pace_tokens_milli >= 1000) {
		s->pace_tokens_milli -= 1000;
		return PACE_GO;
	}
	if (s->pace_tokens_milli < 0)
		return PACE_SILENT; /* was told already */
	s->pace_tokens_milli = -PACE_PENALTY_MILLI;
	return PACE_SAY_SLOW;
}

static uint64_t hash_texts(const struct str *texts, size_t count)
{
	uint64_t h = count;

	for (size_t i = 0; i < count; i++)
		h = h * 1099511628211u ^ hash64(texts[i]);
	return h;
}

enum pace_verdict pace_loop(struct session *s, const struct str *texts, size_t count,
			    int64_t now_ms)
{
	uint64_t h = hash_texts(texts, count);

	if (count == 0)
		return PACE_GO;
	if (h != s->repeat_hash || now_ms - s->repeat_since_ms > LOOP_WINDOW_MS) {
		s->repeat_hash = h;
		s->repeat_since_ms = now_ms;
		s->repeat_count = 0;
	}
	s->repeat_count++;
	if (s->repeat_count <= LOOP_MOST)
		return PACE_GO;
	return s->repeat_count == LOOP_MOST + 1 ? PACE_SAY_SLOW : PACE_SILENT;
}
