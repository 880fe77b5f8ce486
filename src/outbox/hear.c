/*
 * hear.c - status news, and what a code asks for beyond its message.
 *
 * What is asked for comes before the status is written: a crash between them
 * makes the news unknown, the provider or the asker tells them again, and doing
 * it twice does no harm. Only a message that another row carries on for is
 * ended together with its status, in one step.
 */
#include "outbox_private.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/broadcast.h"

enum {
	CONFIG_QUIET_MS = 5 * 60 * 1000, /* not heard for so long: said again */
	REOPEN_TRIES = 20,		 /* others change it as well */
};

/* ---- what a code asks for ---- */

static void count(const char *what)
{
	char labels[64];

	(void)snprintf(labels, sizeof labels, "what=\"%s\"", what);
	outbox_count("samvad_send_consequences_total", labels,
		     "What the provider's codes made us do beyond a message.");
}

void outbox_remember_config(struct outbox *box, int error_code)
{
	int64_t now = clock_now_ms(box->set.clock);
	bool news;

	pthread_mutex_lock(&box->lock);
	news = error_code &&
	       (box->config_said != error_code || now - box->config_ms > CONFIG_QUIET_MS);
	box->config_code = error_code;
	if (error_code) {
		box->config_ms = now;
		box->config_said = error_code;
	}
	pthread_mutex_unlock(&box->lock);
	if (!news)
		return;
	count("configuration");
	log_error("send-configuration", LOG_I("code", error_code),
		  LOG_S("text", channel_error_text(box->set.channel, error_code)));
}

static enum outbox_acted opt_out(struct outbox *box, const char *contact, int code,
				 const char *external_id, struct err *err)
{
	char words[16];
	const struct consent_event e = { .consent = CONSENT_OUT,
					 .words = words,
					 .external_id = external_id ? external_id : "" };
	int got;

	(void)snprintf(words, sizeof words, "%d", code);
	got = store_consent_add(box->set.store, contact, &e, clock_now_ms(box->set.clock), err);
	if (got < 0)
		return ACTED_NOT;
	if (got == 1)
		count("opt_out");
	return ACTED;
}

/* The row goes on as its template, or waits until they write. False: it cannot. */
static bool make_successor(const struct outbound *row, int64_t now_ms, struct outbound *o)
{
	bool has_template = *row->content_sid != '\0';

	if (row->as_template)
		return false; /* a template needs no window: this would only go round */
	*o = outbound_successor(row, has_template ? "template" : "parked", now_ms);
	if (has_template) {
		o->as_template = true;
	} else {
		o->kind = OUTBOUND_REPLY;
		o->state = OUTBOUND_PARKED;
	}
	return true;
}

/* A broadcast that was through has something to send again. */
static int reopen(struct outbox *box, const char *broadcast, struct err *err)
{
	struct broadcast b = { .state = BROADCAST_RUNNING };
	int got = 0;

	for (int i = 0; i < REOPEN_TRIES && got == 0; i++) {
		struct arena a = { 0 };

		got = store_broadcast_get(box->set.store, broadcast, &a, &b, err);
		if (got == 1 && b.state == BROADCAST_DONE) {
			b.state = BROADCAST_RUNNING;
			b.finished_ms = 0;
			got = store_broadcast_change(box->set.store, &b, NULL, err);
		} else if (got == 0) {
			got = 1; /* nothing to open */
		}
		arena_free(&a);
	}
	return got == 1 ? 0 : -1;
}

static enum outbox_acted replace(struct outbox *box, const struct outbound *row, enum status status,
				 int code, struct err *err)
{
	int64_t now = clock_now_ms(box->set.clock);
	struct outbound next;
	int got;

	if (!make_successor(row, now, &next))
		return ACTED;
	got = store_outbox_replace(box->set.store, row->id, status, code, &next, now, err);
	if (got < 0 || (next.kind == OUTBOUND_BROADCAST && reopen(box, row->broadcast, err) < 0))
		return ACTED_NOT;
	if (got == 1) {
		count(next.state == OUTBOUND_PARKED ? "parked" : "template");
		outbox_wake(box);
	}
	return ACTED_REPLACED;
}

bool outbox_park(struct outbox *box, const struct outbound *row)
{
	struct err err = { 0 };

	if (replace(box, row, STATUS_NONE, 0, &err) == ACTED_REPLACED)
		return true;
	log_debug("send-not-parked", LOG_S("error", err.text));
	return false;
}

static enum outbox_acted remember_trouble(struct outbox *box, const char *contact, int code,
					  struct err *err)
{
	if (store_trouble_set(box->set.store, contact, code, clock_now_ms(box->set.clock), err) < 0)
		return ACTED_NOT;
	count("unreachable");
	return ACTED;
}

/* row is NULL when nobody knows the message. */
static enum outbox_acted act(struct outbox *box, const char *contact, const struct outbound *row,
			     enum status status, int code, const char *external_id, struct err *err)
{
	switch (outbox_consequence(code)) {
	case OUTBOX_OPT_OUT:
		return opt_out(box, contact, code, external_id, err);
	case OUTBOX_CLOSED_WINDOW:
		return row ? replace(box, row, status, code, err) : ACTED;
	case OUTBOX_SLOW_DOWN:
		count("slow_down");
		outbox_pace_complain(box, row ? row->sender : "", 0);
		return ACTED;
	case OUTBOX_UNREACHABLE:
		return remember_trouble(box, contact, code, err);
	case OUTBOX_CONFIGURATION:
		outbox_remember_config(box, code);
		return ACTED;
	case OUTBOX_NOTHING:
		break;
	}
	return ACTED;
}

enum outbox_acted outbox_act(struct outbox *box, const struct outbound *row, int error_code,
			     const char *external_id, struct err *err)
{
	return act(box, row->contact, row, STATUS_FAILED, error_code, external_id, err);
}

/* ---- news ---- */

static int write_status(struct outbox *box, const struct status_news *n, struct err *err)
{
	return store_status_apply(box->set.store, n->contact, n->our_id, n->external_id, n->status,
				  n->error_code, clock_now_ms(box->set.clock), err);
}

/* 1/0/-1. */
static int find(struct outbox *box, const struct status_news *n, struct arena *a,
		struct outbound *row_out, struct err *err)
{
	int got = 0;

	if (*n->our_id)
		got = store_outbox_get(box->set.store, n->contact, n->our_id, NULL, a, row_out,
				       err);
	if (got == 0)
		got = store_outbox_get(box->set.store, n->contact, NULL, n->external_id, a, row_out,
				       err);
	return got;
}

/* Of an earlier message of the row, heard before, or from before it was delivered. */
static bool is_stale(const struct outbound *row, const struct status_news *n)
{
	if (*row->external_id && strcmp(row->external_id, n->external_id) != 0)
		return true;
	return status_climb(row->status, n->status) == row->status;
}

static int hear_failure(struct outbox *box, const struct status_news *n, struct arena *a,
			struct err *err)
{
	struct outbound row;
	int known = find(box, n, a, &row, err);

	if (known < 0)
		return -1;
	if (known == 0 || !is_stale(&row, n)) {
		switch (act(box, n->contact, known ? &row : NULL, n->status, n->error_code,
			    n->external_id, err)) {
		case ACTED_NOT:
			return -1;
		case ACTED_REPLACED:
			return 1;
		case ACTED:
			break;
		}
	}
	return write_status(box, n, err);
}

int outbox_hear(struct outbox *box, const struct status_news *news, struct err *err)
{
	struct arena a = { 0 };
	int ret;

	if ((news->status != STATUS_FAILED && news->status != STATUS_UNDELIVERED) ||
	    outbox_consequence(news->error_code) == OUTBOX_NOTHING)
		return write_status(box, news, err);
	ret = hear_failure(box, news, &a, err);
	arena_free(&a);
	return ret;
}
