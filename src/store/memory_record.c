/*
 * memory_record.c - records, audit entries and consent in the memory driver.
 */
#include "memory_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "copy_private.h"

/* ---- records ---- */

static struct memory_record *record_find(struct memory *m, const char *type, const char *id)
{
	struct memory_record *r = m->records;

	while (r && (strcmp(r->record.type, type) != 0 || strcmp(r->record.id, id) != 0))
		r = r->next;
	return r;
}

void memory_record_put(struct memory *m, const struct driver_record *from)
{
	struct memory_record *r = record_find(m, from->type, from->id);
	int64_t created_ms = from->created_ms;

	if (r) {
		created_ms = r->record.created_ms;
		arena_free(&r->a);
	} else {
		r = mem_alloc(sizeof *r);
		r->next = m->records;
		m->records = r;
	}
	r->record = copy_record(from, &r->a);
	r->record.created_ms = created_ms;
}

void memory_records_free(struct memory *m)
{
	struct memory_record *r;
	struct memory_audit *e;

	while ((r = m->records)) {
		m->records = r->next;
		arena_free(&r->a);
		free(r);
	}
	while ((e = m->audits)) {
		m->audits = e->next;
		arena_free(&e->a);
		free(e);
	}
}

int memory_record_get(void *self, const char *type, const char *id, struct arena *a,
		      struct driver_record *record_out, struct err *err)
{
	struct memory *m = self;
	struct memory_record *r;

	(void)err;
	pthread_mutex_lock(&m->lock);
	r = record_find(m, type, id);
	if (r)
		*record_out = copy_record(&r->record, a);
	pthread_mutex_unlock(&m->lock);
	return r ? 1 : 0;
}

/* Newest first; of one moment, by id backwards. */
static int record_order(int64_t x_ms, const char *x_id, int64_t y_ms, const char *y_id)
{
	if (x_ms != y_ms)
		return x_ms > y_ms ? -1 : 1;
	return strcmp(y_id, x_id);
}

static int compare_records(const void *x, const void *y)
{
	const struct driver_record *a = *(const struct driver_record *const *)x;
	const struct driver_record *b = *(const struct driver_record *const *)y;

	return record_order(a->created_ms, a->id, b->created_ms, b->id);
}

/* All that match, newest first; the caller frees the array. */
static const struct driver_record **records_of(struct memory *m, const char *type,
					       const char *contact, const char *state,
					       size_t *count_out)
{
	const struct driver_record **found = NULL;
	size_t n = 0, room = 0;

	for (const struct memory_record *r = m->records; r; r = r->next) {
		if (strcmp(r->record.type, type) != 0 ||
		    (contact && strcmp(r->record.contact, contact) != 0) ||
		    (*state && strcmp(r->record.state, state) != 0))
			continue;
		if (n == room) {
			room = room ? 2 * room : 64;
			found = mem_grow(found, room, sizeof *found);
		}
		found[n++] = &r->record;
	}
	if (n > 0)
		qsort(found, n, sizeof *found, compare_records);
	*count_out = n;
	return found;
}

/* A cursor is the place of the last one shown: "<created_ms> <id>". */
static int read_cursor(const char *cursor, int64_t *ms_out, const char **id_out, struct err *err)
{
	char *end = NULL;

	*ms_out = INT64_MAX;
	*id_out = "";
	if (!*cursor)
		return 0;
	*ms_out = strtoll(cursor, &end, 10);
	if (end == cursor || *end != ' ')
		return err_set(err, ERR_INPUT, "store: not a cursor of records");
	*id_out = end + 1;
	return 0;
}

int memory_record_list(void *self, const char *type, const char *contact, const char *state,
		       const char *cursor, unsigned max, struct arena *a,
		       struct driver_record **list_out, size_t *count_out, const char **next_out,
		       struct err *err)
{
	struct memory *m = self;
	struct driver_record *list = arena_array(a, max, sizeof *list);
	const struct driver_record **found;
	const char *after_id;
	int64_t after_ms;
	size_t total, i = 0, n = 0;

	if (read_cursor(cursor, &after_ms, &after_id, err) < 0)
		return -1;
	pthread_mutex_lock(&m->lock);
	found = records_of(m, type, contact, state, &total);
	while (i < total &&
	       record_order(found[i]->created_ms, found[i]->id, after_ms, after_id) <= 0)
		i++;
	for (; i < total && n < max; i++)
		list[n++] = copy_record(found[i], a);
	*next_out = "";
	if (n > 0 && i < total)
		*next_out =
			arena_printf(a, "%" PRId64 " %s", list[n - 1].created_ms, list[n - 1].id);
	free(found);
	pthread_mutex_unlock(&m->lock);
	*list_out = list;
	*count_out = n;
	return 0;
}

int memory_record_change(void *self, const char *type, const char *id, const char *from,
			 const char *to, int64_t now_ms, const struct audit_entry *audit,
			 struct err *err)
{
	struct memory *m = self;
	struct memory_record *r;
	bool done;

	(void)err;
	pthread_mutex_lock(&m->lock);
	r = record_find(m, type, id);
	done = r && (!*from || strcmp(r->record.state, from) == 0);
	if (done) {
		r->record.state = copy_text(to, &r->a);
		r->record.updated_ms = now_ms;
		if (audit)
			memory_audit_put(m, audit);
	}
	pthread_mutex_unlock(&m->lock);
	return done ? 1 : 0;
}

/* ---- audit ---- */

void memory_audit_put(struct memory *m, const struct audit_entry *e)
{
	struct memory_audit *new = mem_alloc(sizeof *new);

	new->entry = copy_audit(e, &new->a);
	new->next = m->audits;
	m->audits = new;
}

int memory_audits_sweep(struct memory *m, int64_t now_ms)
{
	struct memory_audit **at = &m->audits, *e;
	size_t kept = 0;
	int n = 0;

	while ((e = *at)) {
		if (e->entry.at_ms < now_ms - DRIVER_AUDIT_KEEP_MS || kept == DRIVER_AUDIT_MAX) {
			*at = e->next;
			arena_free(&e->a);
			free(e);
			n++;
		} else {
			at = &e->next;
			kept++;
		}
	}
	return n;
}

int memory_audit_add(void *self, const struct audit_entry *e, struct err *err)
{
	struct memory *m = self;

	(void)err;
	pthread_mutex_lock(&m->lock);
	memory_audit_put(m, e);
	pthread_mutex_unlock(&m->lock);
	return 0;
}

int memory_audit_list(void *self, const char *object, unsigned max, struct arena *a,
		      struct audit_entry **list_out, size_t *count_out, struct err *err)
{
	struct memory *m = self;
	struct audit_entry *list = arena_array(a, max, sizeof *list);
	size_t n = 0;

	(void)err;
	pthread_mutex_lock(&m->lock);
	for (const struct memory_audit *e = m->audits; e && n < max; e = e->next)
		if (!object || strcmp(e->entry.object, object) == 0)
			list[n++] = copy_audit(&e->entry, a);
	pthread_mutex_unlock(&m->lock);
	*list_out = list;
	*count_out = n;
	return 0;
}

/* ---- consent and reach ---- */

void memory_consent_put(struct memory_contact *c, const struct driver_consent *entry)
{
	struct memory_consent *new = mem_alloc(sizeof *new);

	new->entry = copy_consent(entry, &new->a);
	new->next = c->consents;
	c->consents = new;
	if (c->facts.consent != entry->consent)
		c->facts.consent_ms = entry->at_ms; /* since when it is as it is */
	c->facts.consent = entry->consent;
}

void memory_consents_free(struct memory_contact *c)
{
	struct memory_consent *e;

	while ((e = c->consents)) {
		c->consents = e->next;
		arena_free(&e->a);
		free(e);
	}
}

int memory_consent_add(void *self, const char *contact, const struct driver_consent *entry,
		       struct err *err)
{
	struct memory *m = self;
	struct memory_contact *c;
	bool done;

	(void)err;
	pthread_mutex_lock(&m->lock);
	c = memory_contact_find(m, contact, true);
	done = c->facts.consent != entry->consent;
	if (done)
		memory_consent_put(c, entry);
	pthread_mutex_unlock(&m->lock);
	return done ? 1 : 0;
}

int memory_consent_list(void *self, const char *contact, unsigned max, struct arena *a,
			struct driver_consent **list_out, size_t *count_out, struct err *err)
{
	struct memory *m = self;
	struct driver_consent *list = arena_array(a, max, sizeof *list);
	struct memory_contact *c;
	size_t n = 0;

	(void)err;
	pthread_mutex_lock(&m->lock);
	c = memory_contact_find(m, contact, false);
	for (const struct memory_consent *e = c ? c->consents : NULL; e && n < max; e = e->next)
		list[n++] = copy_consent(&e->entry, a);
	pthread_mutex_unlock(&m->lock);
	*list_out = list;
	*count_out = n;
	return 0;
}

int memory_trouble_set(void *self, const char *contact, int code, int64_t now_ms, struct err *err)
{
	struct memory *m = self;
	struct memory_contact *c;

	(void)err;
	pthread_mutex_lock(&m->lock);
	c = memory_contact_find(m, contact, true);
	c->facts.trouble_code = code;
	c->facts.trouble_ms = code ? now_ms : 0;
	pthread_mutex_unlock(&m->lock);
	return 0;
}
