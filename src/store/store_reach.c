/*
 * store_reach.c - the guard around what decides whom we may write to, and how fast: the
 * rate of a sender, the ledger of consent, trouble with reaching somebody.
 *
 * A driver of one process leaves the rate to the guard, which keeps it in memory: after a
 * start the provider has seen nothing of us for a second anyway.
 */
#include "guard_private.h"

#include <string.h>

#include "base/clock.h"

enum { MAX_RATE = 100000, MAX_DIVISOR = 64, US_PER_MS = 1000 };
#define MAX_SLOW_MS INT64_C(86400000)

/* The lock is held. */
static struct rule_rate *rate_of(struct store *store, const char *sender, int64_t now_us)
{
	struct guard_rate *oldest = &store->rates[0];
	size_t n = strnlen(sender, CONTACT_MAX);

	for (size_t i = 0; i < GUARD_SENDERS; i++) {
		struct guard_rate *r = &store->rates[i];

		if (strcmp(r->sender, sender) == 0) {
			r->used_us = now_us;
			return &r->rate;
		}
		if (r->used_us < oldest->used_us)
			oldest = r;
	}
	*oldest = (struct guard_rate){ .used_us = now_us };
	memcpy(oldest->sender, sender, n);
	return &oldest->rate;
}

static void take_here(struct store *store, const char *sender, unsigned rate, bool spare,
		      unsigned want, unsigned *granted_out, int64_t *wait_ms_out)
{
	int64_t now_us = clock_mono_us(), wait_us = 0;

	pthread_mutex_lock(&store->rate_lock);
	*granted_out =
		rule_rate_take(rate_of(store, sender, now_us), now_us, rate, spare, want, &wait_us);
	pthread_mutex_unlock(&store->rate_lock);
	*wait_ms_out = (wait_us + US_PER_MS - 1) / US_PER_MS;
}

int store_rate_take(struct store *store, const char *sender, unsigned rate, bool spare,
		    unsigned want, unsigned *granted_out, int64_t *wait_ms_out, struct err *err)
{
	struct guard_call g;
	int ret;

	guard_begin(&g, store, OP_RATE_TAKE, err);
	*granted_out = 0;
	*wait_ms_out = 0;
	ret = check_name("the sender", sender, CONTACT_MAX, false, g.err);
	if (ret == 0 && (rate == 0 || rate > MAX_RATE || want == 0 || want > STORE_MAX_ROWS))
		ret = err_set(g.err, ERR_INPUT, "store: a rate of 1 to %d, for 1 to %d sends",
			      MAX_RATE, STORE_MAX_ROWS);
	if (ret < 0)
		return guard_end(&g, -1);
	if (store->driver->rate_take)
		ret = store->driver->rate_take(store->self, sender, rate, spare, want, granted_out,
					       wait_ms_out, g.err);
	else
		take_here(store, sender, rate, spare, want, granted_out, wait_ms_out);
	return guard_end(&g, ret);
}

static void slow_here(struct store *store, const char *sender, unsigned divisor,
		      int64_t duration_ms)
{
	int64_t now_us = clock_mono_us();
	struct rule_rate *r;

	pthread_mutex_lock(&store->rate_lock);
	r = rate_of(store, sender, now_us);
	r->divisor = divisor;
	r->slow_until_us = now_us + duration_ms * US_PER_MS;
	pthread_mutex_unlock(&store->rate_lock);
}

int store_rate_slow(struct store *store, const char *sender, unsigned divisor, int64_t duration_ms,
		    struct err *err)
{
	struct guard_call g;
	int ret;

	guard_begin(&g, store, OP_RATE_SLOW, err);
	ret = check_name("the sender", sender, CONTACT_MAX, false, g.err);
	if (ret == 0 &&
	    (divisor < 2 || divisor > MAX_DIVISOR || duration_ms <= 0 || duration_ms > MAX_SLOW_MS))
		ret = err_set(g.err, ERR_INPUT,
			      "store: a rate divided by 2 to %d, for a day at most", MAX_DIVISOR);
	if (ret < 0)
		return guard_end(&g, -1);
	if (store->driver->rate_slow)
		ret = store->driver->rate_slow(store->self, sender, divisor, duration_ms, g.err);
	else
		slow_here(store, sender, divisor, duration_ms);
	return guard_end(&g, ret);
}

int store_consent_add(struct store *store, const char *contact, const struct consent_event *e,
		      int64_t now_ms, struct err *err)
{
	struct driver_consent d = { .consent = e->consent, .at_ms = now_ms };
	struct guard_call g;
	struct sealer s;
	int ret = -1;

	guard_begin(&g, store, OP_CONSENT_ADD, err);
	if (check_contact(contact, g.err) < 0 || check_consent(e, g.err) < 0)
		return guard_end(&g, -1);
	d.external_id = guard_text(e->external_id);
	sealer_begin(&s, store, contact);
	if (sealer_consent(&s, e, &d.box, g.err) == 0)
		ret = store->driver->consent_add(store->self, contact, &d, g.err);
	sealer_end(&s);
	return guard_end(&g, ret);
}

static void open_entries(const struct store *store, const char *contact,
			 const struct driver_consent *d, size_t n, struct arena *a,
			 struct consent_entry **list_out, size_t *count_out, struct err *err)
{
	struct consent_entry *list = arena_array(a, n, sizeof *list);
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		struct consent_entry *e = &list[count];

		e->at_ms = d[i].at_ms;
		e->event.consent = d[i].consent;
		e->event.external_id = d[i].external_id;
		if (open_words(store, contact, d[i].box, a, &e->event.words, err) == 0)
			count++;
		else
			open_failed(store, "consent", d[i].external_id, err);
	}
	*list_out = list;
	*count_out = count;
}

int store_consent_list(struct store *store, const char *contact, unsigned max, struct arena *a,
		       struct consent_entry **list_out, size_t *count_out, struct err *err)
{
	struct guard_call g;
	struct driver_consent *d = NULL;
	size_t n = 0;
	int ret = -1;

	guard_begin(&g, store, OP_CONSENT_LIST, err);
	*list_out = NULL;
	*count_out = 0;
	if (check_contact(contact, g.err) == 0 && check_page("", max, g.err) == 0)
		ret = store->driver->consent_list(store->self, contact, max, a, &d, &n, g.err);
	if (ret == 0)
		open_entries(store, contact, d, n, a, list_out, count_out, g.err);
	return guard_end(&g, ret);
}

int store_trouble_set(struct store *store, const char *contact, int code, int64_t now_ms,
		      struct err *err)
{
	struct guard_call g;
	int ret;

	guard_begin(&g, store, OP_TROUBLE_SET, err);
	ret = check_contact(contact, g.err);
	if (ret == 0 && code < 0)
		ret = err_set(g.err, ERR_INPUT, "store: a code below 0");
	if (ret == 0)
		ret = store->driver->trouble_set(store->self, contact, code, now_ms, g.err);
	return guard_end(&g, ret);
}
