/*
 * memory_outbox.c - the outbox of the memory driver: one line per contact.
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

void memory_row_add(struct memory_contact *c, const struct driver_outbound *row)
{
	struct memory_row **end = &c->rows, *r;

	if (row_find(c, row->id))
		return;
	while (*end)
		end = &(*end)->next;
	r = mem_alloc(sizeof *r);
	r->row = copy_outbound(row, &r->a);
	r->changed_ms = row->created_ms;
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

void memory_rows_count(const struct memory_contact *c, struct store_stats *stats)
{
	for (const struct memory_row *r = c->rows; r; r = r->next) {
		enum outbound_state s = r->row.state;

		stats->outbox_waiting += s == OUTBOUND_WAITING || s == OUTBOUND_CLAIMED;
		stats->outbox_unsure += s == OUTBOUND_UNSURE;
		stats->outbox_dead += s == OUTBOUND_DEAD;
	}
}

int memory_rows_sweep(struct memory_contact *c, int64_t now_ms)
{
	struct memory_row **at = &c->rows, *r;
	int n = 0;

	while ((r = *at)) {
		if (rule_outbound_done(r->row.state) &&
		    r->changed_ms < now_ms - DRIVER_DONE_KEEP_MS) {
			*at = r->next;
			row_free(r);
			n++;
		} else {
			at = &r->next;
		}
	}
	return n;
}

int memory_outbox_claim(void *self, int64_t now_ms, int64_t lease_ms, unsigned max, struct arena *a,
			struct driver_outbound **rows_out, size_t *count_out, struct err *err)
{
	struct memory *m = self;
	struct driver_outbound *rows = arena_array(a, max, sizeof *rows);
	struct memory_row *r;
	size_t n = 0;

	(void)err;
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < MEM_BUCKETS; i++) {
		for (struct memory_contact *c = m->buckets[i]; c && n < max; c = c->next) {
			for (r = c->rows; r && rule_outbound_done(r->row.state);)
				r = r->next;
			if (!r || r->row.due_ms > now_ms)
				continue;
			rule_claim(&r->row, lease_ms);
			rows[n++] = copy_outbound(&r->row, a);
		}
	}
	pthread_mutex_unlock(&m->lock);
	*rows_out = rows;
	*count_out = n;
	return 0;
}

int memory_outbox_settle(void *self, const struct driver_outbound *row, int64_t now_ms,
			 struct err *err)
{
	struct memory *m = self;
	struct memory_row *r;

	(void)err;
	pthread_mutex_lock(&m->lock);
	r = row_find(memory_contact_find(m, row->contact, false), row->id);
	if (r) {
		rule_settle(&r->row, row);
		r->row.external_id = copy_text(r->row.external_id, &r->a);
		r->changed_ms = now_ms;
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
	if (r) {
		rule_status(&r->row, external_id, status, error_code);
		r->row.external_id = copy_text(r->row.external_id, &r->a);
		r->changed_ms = now_ms;
	}
	pthread_mutex_unlock(&m->lock);
	return r ? 1 : 0;
}

int memory_outbox_get(void *self, const char *contact, const char *id, struct arena *a,
		      struct driver_outbound *row_out, struct err *err)
{
	struct memory *m = self;
	struct memory_row *r;

	(void)err;
	pthread_mutex_lock(&m->lock);
	r = row_find(memory_contact_find(m, contact, false), id);
	if (r)
		*row_out = copy_outbound(&r->row, a);
	pthread_mutex_unlock(&m->lock);
	return r ? 1 : 0;
}
