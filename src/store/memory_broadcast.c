/*
 * memory_broadcast.c - broadcasts of the memory driver, their audience and their recipients.
 *
 * Counts are not kept but counted: the reference cannot be out of step.
 */
#include "memory_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "copy_private.h"

/* ---- broadcasts ---- */

struct memory_broadcast *memory_broadcast_by_id(struct memory *m, const char *id)
{
	struct memory_broadcast *b = m->broadcasts;

	while (b && strcmp(b->b.plain.id, id) != 0)
		b = b->next;
	return b;
}

static struct memory_broadcast *find_request(struct memory *m, const char *key)
{
	struct memory_broadcast *b = *key ? m->broadcasts : NULL;

	while (b && strcmp(b->b.plain.request_key, key) != 0)
		b = b->next;
	return b;
}

static void broadcast_free(struct memory_broadcast *b)
{
	arena_free(&b->a);
	free(b);
}

void memory_broadcasts_free(struct memory *m)
{
	struct memory_broadcast *b;

	while ((b = m->broadcasts)) {
		m->broadcasts = b->next;
		broadcast_free(b);
	}
}

static int rows_drop(struct memory *m, const char *broadcast)
{
	int n = 0;

	for (size_t i = 0; i < MEM_BUCKETS; i++)
		for (struct memory_contact *c = m->buckets[i]; c; c = c->next)
			n += memory_rows_drop(c, broadcast);
	return n;
}

int memory_broadcasts_sweep(struct memory *m, int64_t now_ms)
{
	struct memory_broadcast **at = &m->broadcasts, *b;
	int n = 0;

	while ((b = *at)) {
		if (b->b.plain.created_ms < now_ms - DRIVER_BROADCAST_KEEP_MS) {
			*at = b->next;
			n += 1 + rows_drop(m, b->b.plain.id);
			broadcast_free(b);
		} else {
			at = &b->next;
		}
	}
	return n;
}

int memory_broadcast_create(void *self, const struct driver_broadcast *b,
			    const struct audit_entry *audit, struct arena *a,
			    struct driver_broadcast *existing_out, struct err *err)
{
	struct memory *m = self;
	struct memory_broadcast *old, *new;

	(void)err;
	pthread_mutex_lock(&m->lock);
	old = find_request(m, b->plain.request_key);
	if (!old)
		old = memory_broadcast_by_id(m, b->plain.id);
	if (old) {
		*existing_out = copy_broadcast(&old->b, a);
	} else {
		new = mem_alloc(sizeof *new);
		new->b = copy_broadcast(b, &new->a);
		new->b.plain.revision = 1;
		new->next = m->broadcasts;
		m->broadcasts = new;
		memory_audit_put(m, audit);
	}
	pthread_mutex_unlock(&m->lock);
	return old ? 0 : 1;
}

int memory_broadcast_get(void *self, const char *id, struct arena *a,
			 struct driver_broadcast *b_out, struct err *err)
{
	struct memory *m = self;
	struct memory_broadcast *b;

	(void)err;
	pthread_mutex_lock(&m->lock);
	b = memory_broadcast_by_id(m, id);
	if (b)
		*b_out = copy_broadcast(&b->b, a);
	pthread_mutex_unlock(&m->lock);
	return b ? 1 : 0;
}

int memory_broadcast_find(void *self, const char *request_key, struct arena *a,
			  struct driver_broadcast *b_out, struct err *err)
{
	struct memory *m = self;
	struct memory_broadcast *b;

	(void)err;
	pthread_mutex_lock(&m->lock);
	b = find_request(m, request_key);
	if (b)
		*b_out = copy_broadcast(&b->b, a);
	pthread_mutex_unlock(&m->lock);
	return b ? 1 : 0;
}

/* What a change may write; the rest is frozen. */
static void broadcast_write(struct memory_broadcast *b, const struct broadcast *from)
{
	struct driver_broadcast changed = b->b;
	struct arena old = b->a;

	changed.plain.state = from->state;
	changed.plain.why = from->why;
	changed.plain.why_code = from->why_code;
	changed.plain.round = from->round;
	changed.plain.cursor = from->cursor;
	changed.plain.send_at_ms = from->send_at_ms;
	changed.plain.planned_ms = from->planned_ms;
	changed.plain.planner_ms = from->planner_ms;
	changed.plain.finished_ms = from->finished_ms;
	changed.plain.revision++;
	b->a = (struct arena){ 0 };
	b->b = copy_broadcast(&changed, &b->a);
	arena_free(&old);
}

int memory_broadcast_change(void *self, const struct driver_broadcast *b,
			    const struct audit_entry *audit, struct err *err)
{
	struct memory *m = self;
	struct memory_broadcast *now;
	bool done;

	(void)err;
	pthread_mutex_lock(&m->lock);
	now = memory_broadcast_by_id(m, b->plain.id);
	done = now && now->b.plain.revision == b->plain.revision;
	if (done) {
		broadcast_write(now, &b->plain);
		if (audit)
			memory_audit_put(m, audit);
	}
	pthread_mutex_unlock(&m->lock);
	return done ? 1 : 0;
}

static bool is_before(const struct broadcast *b, int64_t ms, const char *id)
{
	return b->created_ms < ms || (b->created_ms == ms && strcmp(b->id, id) < 0);
}

static bool is_listed(const struct broadcast *b, bool open_only, int64_t before_ms,
		      const char *before_id)
{
	if (before_ms > 0 && !is_before(b, before_ms, before_id))
		return false;
	return !open_only || b->state == BROADCAST_RUNNING || b->state == BROADCAST_PAUSED;
}

/* Keeps the newest `max` in order: a broadcast is a rare thing. Returns how many there are. */
static size_t insert_newest(const struct driver_broadcast **list, size_t n, unsigned max,
			    const struct driver_broadcast *b)
{
	size_t at = n;

	while (at > 0 && is_before(&list[at - 1]->plain, b->plain.created_ms, b->plain.id))
		at--;
	if (at == max)
		return n;
	if (n == max)
		n--;
	memmove(&list[at + 1], &list[at], (n - at) * sizeof(const struct driver_broadcast *));
	list[at] = b;
	return n + 1;
}

int memory_broadcast_list(void *self, bool open_only, int64_t before_ms, const char *before_id,
			  unsigned max, struct arena *a, struct driver_broadcast **list_out,
			  size_t *count_out, struct err *err)
{
	struct memory *m = self;
	struct driver_broadcast *list = arena_array(a, max, sizeof *list);
	const struct driver_broadcast **newest = mem_array(max, sizeof *newest);
	size_t n = 0;

	(void)err;
	pthread_mutex_lock(&m->lock);
	for (const struct memory_broadcast *b = m->broadcasts; b; b = b->next)
		if (is_listed(&b->b.plain, open_only, before_ms, before_id))
			n = insert_newest(newest, n, max, &b->b);
	for (size_t i = 0; i < n; i++)
		list[i] = copy_broadcast(newest[i], a);
	pthread_mutex_unlock(&m->lock);
	free(newest);
	*list_out = list;
	*count_out = n;
	return 0;
}

/* ---- recipients ---- */

static void count_row(const struct driver_outbound *row, struct arena *a,
		      struct broadcast_count **list, size_t *n)
{
	struct broadcast_count c = { row->state, row->reason, row->status, row->error_code, 1 };
	struct broadcast_count *grown;

	for (size_t i = 0; i < *n; i++) {
		struct broadcast_count *at = &(*list)[i];

		if (at->state == c.state && at->reason == c.reason && at->status == c.status &&
		    at->error_code == c.error_code) {
			at->rows++;
			return;
		}
	}
	grown = arena_array(a, *n + 1, sizeof *grown);
	if (*n > 0)
		memcpy(grown, *list, *n * sizeof *grown);
	grown[(*n)++] = c;
	*list = grown;
}

int memory_broadcast_counts(void *self, const char *id, struct arena *a,
			    struct broadcast_count **list_out, size_t *count_out, struct err *err)
{
	struct memory *m = self;

	(void)err;
	*list_out = NULL;
	*count_out = 0;
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < MEM_BUCKETS; i++)
		for (const struct memory_contact *c = m->buckets[i]; c; c = c->next)
			for (const struct memory_row *r = c->rows; r; r = r->next)
				if (strcmp(r->row.broadcast, id) == 0)
					count_row(&r->row, a, list_out, count_out);
	pthread_mutex_unlock(&m->lock);
	return 0;
}

int memory_recipients_add(void *self, const struct driver_outbound *rows, size_t count,
			  struct err *err)
{
	struct memory *m = self;

	(void)err;
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < count; i++)
		memory_row_add(memory_contact_find(m, rows[i].contact, true), &rows[i],
			       rows[i].created_ms);
	pthread_mutex_unlock(&m->lock);
	return 0;
}

static int compare_rows(const void *x, const void *y)
{
	const struct driver_outbound *a = *(const struct driver_outbound *const *)x;
	const struct driver_outbound *b = *(const struct driver_outbound *const *)y;

	return strcmp(a->id, b->id);
}

/* The rows of a broadcast behind the id `after`, by id; the caller frees the array. */
static const struct driver_outbound **rows_behind(struct memory *m, const char *broadcast,
						  const char *after, size_t *count_out)
{
	const struct driver_outbound **found = NULL;
	size_t n = 0, room = 0;

	for (size_t i = 0; i < MEM_BUCKETS; i++) {
		for (const struct memory_contact *c = m->buckets[i]; c; c = c->next) {
			for (const struct memory_row *r = c->rows; r; r = r->next) {
				if (strcmp(r->row.broadcast, broadcast) != 0 ||
				    strcmp(r->row.id, after) <= 0)
					continue;
				if (n == room) {
					room = room ? 2 * room : 64;
					found = mem_grow(found, room, sizeof *found);
				}
				found[n++] = &r->row;
			}
		}
	}
	if (n > 0)
		qsort(found, n, sizeof *found, compare_rows);
	*count_out = n;
	return found;
}

int memory_recipients_page(void *self, const char *broadcast, const char *cursor, unsigned max,
			   struct arena *a, struct driver_outbound **rows_out, size_t *count_out,
			   const char **next_out, struct err *err)
{
	struct memory *m = self;
	struct driver_outbound *rows = arena_array(a, max, sizeof *rows);
	const struct driver_outbound **found;
	size_t total, n = 0;

	(void)err;
	pthread_mutex_lock(&m->lock);
	found = rows_behind(m, broadcast, cursor, &total);
	for (; n < total && n < max; n++)
		rows[n] = copy_outbound(found[n], a);
	free(found);
	pthread_mutex_unlock(&m->lock);
	*next_out = n < total ? rows[n - 1].id : "";
	*rows_out = rows;
	*count_out = n;
	return 0;
}

/* ---- audience ---- */

/* Where a page begins: behind the contact that the cursor names. Contacts stay, and new ones
 * come at the head of their bucket, so what is behind it stays behind it. */
static int audience_start(struct memory *m, const char *cursor, size_t *bucket_out,
			  struct memory_contact **at_out, struct err *err)
{
	struct memory_contact *c;

	*bucket_out = 0;
	*at_out = m->buckets[0];
	if (!*cursor)
		return 0;
	c = memory_contact_find(m, cursor, false);
	if (!c)
		return err_set(err, ERR_INPUT, "store: not a cursor of an audience");
	*bucket_out = memory_bucket(cursor);
	*at_out = c->next;
	return 0;
}

static struct driver_member member_of(const struct memory_contact *c, bool with_boxes,
				      struct arena *a)
{
	struct driver_member d = { .contact = copy_text(c->name, a), .facts = memory_facts(c) };
	struct driver_session session = c->session;

	if (!with_boxes)
		session.box = (struct str){ "", 0 };
	d.session = copy_session(&session, a);
	return d;
}

int memory_audience_page(void *self, const char *step, const char *cursor, unsigned max,
			 bool with_boxes, int64_t now_ms, struct arena *a,
			 struct driver_member **list_out, size_t *count_out, const char **next_out,
			 struct err *err)
{
	struct memory *m = self;
	struct driver_member *list = arena_array(a, max, sizeof *list);
	struct memory_contact *c;
	size_t bucket, n = 0;
	int ret;

	pthread_mutex_lock(&m->lock);
	ret = audience_start(m, cursor, &bucket, &c, err);
	while (ret == 0 && n < max && bucket < MEM_BUCKETS) {
		for (; c && n < max; c = c->next)
			if (memory_session_lives(c, now_ms) &&
			    (!*step || strcmp(c->session.shown_step, step) == 0))
				list[n++] = member_of(c, with_boxes, a);
		if (!c && ++bucket < MEM_BUCKETS)
			c = m->buckets[bucket];
	}
	pthread_mutex_unlock(&m->lock);
	*next_out = n == max ? list[n - 1].contact : "";
	*list_out = list;
	*count_out = n;
	return ret;
}
