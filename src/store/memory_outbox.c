/*
 * memory_outbox.c - the outbox of the memory driver: each contact's rows, its line
 * among them.
 */
#include "memory_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "copy_private.h"
#include "rules_private.h"

static struct memory_row *row_find(struct memory_contact *c, const char *id)
{
	struct memory_row *r = c ? c->rows : NULL;

	while (r && strcmp(r->row.id, id) != 0)
		r = r->next;
	return r;
}

static struct memory_row *row_find_external(struct memory_contact *c, const char *external_id)
{
	struct memory_row *r = c && *external_id ? c->rows : NULL;

	while (r && strcmp(r->row.external_id, external_id) != 0)
		r = r->next;
	return r;
}

void memory_row_add(struct memory_contact *c, const struct driver_outbound *row, int64_t now_ms)
{
	struct memory_row **end = &c->rows, *r;

	if (row_find(c, row->id))
		return;
	while (*end)
		end = &(*end)->next;
	r = mem_alloc(sizeof *r);
	r->row = copy_outbound(row, &r->a);
	r->row.changed_ms = now_ms;
	*end = r;
}

static void row_free(struct memory_row *r)
{
	arena_free(&r->a);
	free(r);
}

void memory_rows_free(struct memory_contact *c)
{
	struct memory_row *r;

	while ((r = c->rows)) {
		c->rows = r->next;
		row_free(r);
	}
}

struct contact_facts memory_facts(const struct memory_contact *c)
{
	struct contact_facts f = c->facts;

	f.parked = 0;
	for (const struct memory_row *r = c->rows; r; r = r->next)
		f.parked += r->row.state == OUTBOUND_PARKED;
	return f;
}

void memory_rows_count(const struct memory_contact *c, struct store_stats *stats)
{
	for (const struct memory_row *r = c->rows; r; r = r->next) {
		enum outbound_state s = r->row.state;

		stats->outbox_waiting += s == OUTBOUND_WAITING || s == OUTBOUND_CLAIMED;
		stats->outbox_unsure += s == OUTBOUND_UNSURE;
		stats->outbox_dead += s == OUTBOUND_DEAD && (r->row.reason == OUTBOUND_FAILED ||
							     r->row.reason == OUTBOUND_UNTOLD);
		stats->outbox_parked += s == OUTBOUND_PARKED;
	}
}

int memory_rows_drop(struct memory_contact *c, const char *broadcast)
{
	struct memory_row **at = &c->rows, *r;
	int n = 0;

	while ((r = *at)) {
		if (strcmp(r->row.broadcast, broadcast) == 0) {
			*at = r->next;
			row_free(r);
			n++;
		} else {
			at = &r->next;
		}
	}
	return n;
}

int memory_rows_sweep(struct memory *m, struct memory_contact *c, int64_t now_ms)
{
	struct memory_row **at = &c->rows, *r;
	int n = 0;

	while ((r = *at)) {
		struct driver_outbound *row = &r->row;

		if (row->state == OUTBOUND_PARKED &&
		    row->changed_ms < now_ms - DRIVER_PARKED_KEEP_MS) {
			row->state = OUTBOUND_DEAD;
			row->reason = OUTBOUND_OUTSIDE_WINDOW;
			row->changed_ms = now_ms;
			n++;
		}
		/* The rows of a broadcast go with it: its counts are theirs. */
		if (rule_outbound_done(row->state) &&
		    row->changed_ms < now_ms - DRIVER_DONE_KEEP_MS &&
		    !memory_broadcast_by_id(m, row->broadcast)) {
			*at = r->next;
			row_free(r);
			n++;
		} else {
			at = &r->next;
		}
	}
	return n;
}

static bool is_queued(const struct memory_row *r)
{
	enum outbound_state s = r->row.state;

	return s == OUTBOUND_WAITING || s == OUTBOUND_CLAIMED || s == OUTBOUND_UNSURE;
}

static struct driver_claim claim(struct memory_contact *c, struct memory_row *r, int64_t now_ms,
				 int64_t lease_ms, struct arena *a)
{
	if (r->row.state == OUTBOUND_WAITING)
		c->facts.last_out_ms = now_ms;
	rule_claim(&r->row, lease_ms);
	r->row.changed_ms = now_ms;
	return (struct driver_claim){ copy_outbound(&r->row, a), memory_facts(c) };
}

static size_t claim_lines(struct memory *m, int64_t now_ms, int64_t lease_ms, unsigned max,
			  struct arena *a, struct driver_claim *claims)
{
	size_t n = 0;

	for (size_t i = 0; i < MEM_BUCKETS; i++) {
		for (struct memory_contact *c = m->buckets[i]; c && n < max; c = c->next) {
			struct memory_row *r = c->rows;

			while (r && (r->row.kind != OUTBOUND_REPLY || !is_queued(r)))
				r = r->next;
			if (r && r->row.due_ms <= now_ms)
				claims[n++] = claim(c, r, now_ms, lease_ms, a);
		}
	}
	return n;
}

/* Whether the row goes; if the contact was written to a moment ago, it is put off. */
static bool is_in_pace(const struct memory_contact *c, struct memory_row *r, int64_t pace_ms,
		       int64_t now_ms)
{
	int64_t free_ms = c->facts.last_out_ms + pace_ms;

	if (r->row.state != OUTBOUND_WAITING || pace_ms == 0 || c->facts.last_out_ms == 0 ||
	    free_ms <= now_ms)
		return true;
	r->row.due_ms = free_ms;
	return false;
}

static size_t claim_queue(struct memory *m, const char *broadcast, int64_t pace_ms, int64_t now_ms,
			  int64_t lease_ms, unsigned max, struct arena *a,
			  struct driver_claim *claims)
{
	size_t n = 0;

	for (size_t i = 0; i < MEM_BUCKETS; i++)
		for (struct memory_contact *c = m->buckets[i]; c && n < max; c = c->next)
			for (struct memory_row *r = c->rows; r && n < max; r = r->next)
				if (r->row.kind == OUTBOUND_BROADCAST && is_queued(r) &&
				    strcmp(r->row.broadcast, broadcast) == 0 &&
				    r->row.due_ms <= now_ms && is_in_pace(c, r, pace_ms, now_ms))
					claims[n++] = claim(c, r, now_ms, lease_ms, a);
	return n;
}

int memory_outbox_claim(void *self, const char *broadcast, int64_t pace_ms, int64_t now_ms,
			int64_t lease_ms, unsigned max, struct arena *a,
			struct driver_claim **claims_out, size_t *count_out, struct err *err)
{
	struct memory *m = self;
	struct driver_claim *claims = arena_array(a, max, sizeof *claims);

	(void)err;
	pthread_mutex_lock(&m->lock);
	if (broadcast)
		*count_out = claim_queue(m, broadcast, pace_ms, now_ms, lease_ms, max, a, claims);
	else
		*count_out = claim_lines(m, now_ms, lease_ms, max, a, claims);
	pthread_mutex_unlock(&m->lock);
	*claims_out = claims;
	return 0;
}

/* After news: what the rules made point elsewhere is ours again, and its status is asked for later.
 */
static void row_heard(struct memory_row *r, int64_t now_ms)
{
	int64_t after_ms = rule_ask_after_ms(r->row.status, r->asked);

	r->row.external_id = copy_text(r->row.external_id, &r->a);
	r->row.changed_ms = now_ms;
	r->ask_ms = r->row.state == OUTBOUND_ACCEPTED && after_ms > 0 ? now_ms + after_ms : 0;
}

int memory_outbox_settle(void *self, const struct driver_outbound *rows, size_t count,
			 int64_t now_ms, struct err *err)
{
	struct memory *m = self;
	struct memory_row *r;

	(void)err;
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < count; i++) {
		r = row_find(memory_contact_find(m, rows[i].contact, false), rows[i].id);
		if (r && rule_settle(&r->row, &rows[i]))
			row_heard(r, now_ms);
	}
	pthread_mutex_unlock(&m->lock);
	return 0;
}

int memory_status_apply(void *self, const char *contact, const char *our_id,
			const char *external_id, enum status status, int error_code, int64_t now_ms,
			struct err *err)
{
	struct memory *m = self;
	struct memory_contact *c;
	struct memory_row *r;

	(void)err;
	pthread_mutex_lock(&m->lock);
	c = memory_contact_find(m, contact, false);
	r = *our_id ? row_find(c, our_id) : NULL;
	if (!r)
		r = row_find_external(c, external_id);
	if (r && rule_status(&r->row, external_id, status, error_code))
		row_heard(r, now_ms);
	pthread_mutex_unlock(&m->lock);
	return r ? 1 : 0;
}

int memory_outbox_get(void *self, const char *contact, const char *id, const char *external_id,
		      struct arena *a, struct driver_outbound *row_out, struct err *err)
{
	struct memory *m = self;
	struct memory_contact *c;
	struct memory_row *r;

	(void)err;
	pthread_mutex_lock(&m->lock);
	c = memory_contact_find(m, contact, false);
	r = *id ? row_find(c, id) : row_find_external(c, external_id);
	if (r)
		*row_out = copy_outbound(&r->row, a);
	pthread_mutex_unlock(&m->lock);
	return r ? 1 : 0;
}

int memory_outbox_replace(void *self, const char *id, enum status status, int error_code,
			  const struct driver_outbound *successor, int64_t now_ms, struct err *err)
{
	struct memory *m = self;
	struct memory_contact *c;
	struct memory_row *r;
	bool done;

	(void)err;
	pthread_mutex_lock(&m->lock);
	c = memory_contact_find(m, successor->contact, false);
	r = row_find(c, id);
	done = r && rule_replace(&r->row, status, error_code);
	if (done) {
		row_heard(r, now_ms);
		memory_row_add(c, successor, now_ms);
	}
	pthread_mutex_unlock(&m->lock);
	return done ? 1 : 0;
}

int memory_outbox_unpark(void *self, const char *contact, int64_t now_ms, struct err *err)
{
	struct memory *m = self;
	struct memory_contact *c;
	struct memory_row *parked = NULL, **at = &parked, **parked_end = &parked, *r;
	int n = 0;

	(void)err;
	pthread_mutex_lock(&m->lock);
	c = memory_contact_find(m, contact, false);
	if (c)
		at = &c->rows;
	while ((r = *at)) {
		if (r->row.state != OUTBOUND_PARKED) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		r->next = NULL;
		r->row.state = OUTBOUND_WAITING;
		r->row.due_ms = r->row.changed_ms = now_ms;
		*parked_end = r;
		parked_end = &r->next;
		n++;
	}
	*at = parked; /* behind those that were not parked */
	pthread_mutex_unlock(&m->lock);
	return n;
}

int memory_status_claim(void *self, int64_t now_ms, unsigned max, struct arena *a,
			struct driver_outbound **rows_out, size_t *count_out, struct err *err)
{
	struct memory *m = self;
	struct driver_outbound *rows = arena_array(a, max, sizeof *rows);
	size_t n = 0;

	(void)err;
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < MEM_BUCKETS; i++) {
		for (struct memory_contact *c = m->buckets[i]; c; c = c->next) {
			for (struct memory_row *r = c->rows; r && n < max; r = r->next) {
				int64_t after_ms;

				if (r->ask_ms == 0 || r->ask_ms > now_ms)
					continue;
				rows[n] = copy_outbound(&r->row, a);
				rows[n++].attempts = r->asked++;
				after_ms = rule_ask_after_ms(r->row.status, r->asked);
				r->ask_ms = after_ms > 0 ? now_ms + after_ms : 0;
			}
		}
	}
	pthread_mutex_unlock(&m->lock);
	*rows_out = rows;
	*count_out = n;
	return 0;
}
