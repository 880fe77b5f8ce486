/*
 * memory.c - the store of tests and the reference of what a driver means.
 *
 * One mutex, one hash table of contacts, plain lists below. Each stored thing
 * owns a small arena with its deep copy. Nothing survives close(). Here are turns and calls;
 * memory_outbox.c, memory_broadcast.c and memory_record.c have the rest.
 */
#include "memory_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "copy_private.h"
#include "rules_private.h"

static void turn_free(struct memory_turn *t)
{
	arena_free(&t->a);
	free(t);
}

static void contact_free(struct memory_contact *c)
{
	struct memory_turn *t;

	arena_free(&c->session_arena);
	while ((t = c->turns)) {
		c->turns = t->next;
		turn_free(t);
	}
	memory_rows_free(c);
	memory_consents_free(c);
	free(c->name);
	free(c);
}

static void memory_close(void *self)
{
	struct memory *m = self;
	struct memory_contact *c;
	struct memory_member *w;

	for (size_t i = 0; i < MEM_BUCKETS; i++) {
		while ((c = m->buckets[i])) {
			m->buckets[i] = c->next;
			contact_free(c);
		}
	}
	memory_broadcasts_free(m);
	memory_records_free(m);
	while ((w = m->members)) {
		m->members = w->next;
		arena_free(&w->a);
		free(w);
	}
	pthread_mutex_destroy(&m->lock);
	free(m);
}

size_t memory_bucket(const char *name)
{
	return hash64(str_of(name)) % MEM_BUCKETS;
}

struct memory_contact *memory_contact_find(struct memory *m, const char *name, bool make)
{
	struct memory_contact **at = &m->buckets[memory_bucket(name)];
	struct memory_contact *c;

	for (c = *at; c; c = c->next)
		if (strcmp(c->name, name) == 0)
			return c;
	if (!make)
		return NULL;
	c = mem_alloc(sizeof *c);
	c->name = mem_strdup(name);
	c->next = *at;
	*at = c;
	return c;
}

static struct memory_turn *turn_find(struct memory_contact *c, const char *external_id)
{
	struct memory_turn *t = c && external_id ? c->turns : NULL;

	while (t && strcmp(t->external_id, external_id) != 0)
		t = t->next;
	return t;
}

bool memory_session_lives(const struct memory_contact *c, int64_t now_ms)
{
	return c->has_session && c->session.expires_ms > now_ms;
}

static int memory_ping(void *self, struct err *err)
{
	(void)self;
	(void)err;
	return 0;
}

static int memory_load(void *self, const char *contact, const char *external_id, int64_t now_ms,
		       struct arena *a, struct driver_view *view_out, struct err *err)
{
	struct memory *m = self;
	struct memory_contact *c;
	struct memory_turn *t;

	(void)err;
	pthread_mutex_lock(&m->lock);
	c = memory_contact_find(m, contact, false);
	t = turn_find(c, external_id);
	if (t) {
		view_out->reply_state = t->reply_state;
		view_out->reply_box = copy_box(t->reply_box, a);
	}
	if (c) {
		view_out->facts = memory_facts(c);
		view_out->has_session = memory_session_lives(c, now_ms);
	}
	if (view_out->has_session)
		view_out->session = copy_session(&c->session, a);
	pthread_mutex_unlock(&m->lock);
	return 0;
}

static void reply_set(struct memory_turn *t, enum reply_state state, struct str box)
{
	t->reply_state = state;
	t->reply_box = copy_box(box, &t->a);
}

static void turn_add(struct memory_contact *c, const struct driver_turn *from)
{
	struct memory_turn *t = mem_alloc(sizeof *t);

	t->external_id = arena_strdup(&t->a, from->external_id);
	t->at_ms = from->now_ms;
	t->inbound_box = copy_box(from->inbound_box, &t->a);
	reply_set(t, from->reply_state, from->reply_box);
	t->next = c->turns;
	c->turns = t;
}

/* Consent and what follows it are not a turn's. */
static void facts_put(struct memory_contact *c, const struct contact_facts *from)
{
	struct contact_facts f = c->facts;

	f.known = from->known;
	memcpy(f.language, from->language, sizeof f.language);
	f.first_in_ms = from->first_in_ms;
	f.last_in_ms = from->last_in_ms;
	f.unfinished = from->unfinished;
	c->facts = f;
}

static void session_put(struct memory_contact *c, const struct driver_turn *t)
{
	arena_free(&c->session_arena);
	c->session = copy_session(&t->session, &c->session_arena);
	c->session.revision = t->session.revision + 1;
	c->call_due_ms = t->call_due_ms;
	c->has_session = true;
	facts_put(c, &t->facts);
}

static void turn_store(struct memory *m, struct memory_contact *c, const struct driver_turn *t,
		       bool *inline_out)
{
	struct rule_answer rule = { .store_rows = true };
	struct memory_turn *answered = turn_find(c, t->answers);

	if (t->answers)
		rule = rule_answer(answered ? answered->reply_state : REPLY_NONE, t->answer_state);
	if (rule.decide)
		reply_set(answered, t->answer_state, t->answer_box);
	if (t->external_id)
		turn_add(c, t);
	session_put(c, t);
	for (size_t i = 0; rule.store_rows && i < t->outbox_count; i++)
		memory_row_add(c, &t->outbox[i], t->now_ms);
	for (size_t i = 0; i < t->record_count; i++)
		memory_record_put(m, &t->records[i]);
	if (t->has_consent)
		memory_consent_put(c, &(struct driver_consent){ t->consent, t->consent_external_id,
								t->now_ms, t->consent_box });
	*inline_out = rule.is_inline;
}

static bool is_conflict(const struct memory_contact *c, const struct driver_turn *t)
{
	bool lives = memory_session_lives(c, t->now_ms);
	struct contact_facts facts = memory_facts(c);

	if ((lives ? c->session.revision : 0) != t->session.revision)
		return true;
	return t->held &&
	       !rule_held(t->held, lives ? c->session.updated_ms : 0, facts.consent, facts.parked);
}

static int memory_commit(void *self, const struct driver_turn *t, enum commit_result *result_out,
			 bool *inline_out, struct err *err)
{
	struct memory *m = self;
	struct memory_contact *c;

	(void)err;
	pthread_mutex_lock(&m->lock);
	c = memory_contact_find(m, t->contact, true);
	if (turn_find(c, t->external_id)) {
		*result_out = COMMIT_SEEN;
	} else if (is_conflict(c, t)) {
		*result_out = COMMIT_CONFLICT;
	} else {
		turn_store(m, c, t, inline_out);
		*result_out = COMMIT_DONE;
	}
	pthread_mutex_unlock(&m->lock);
	return 0;
}

static int memory_reply_load(void *self, const char *contact, const char *external_id,
			     struct arena *a, enum reply_state *state_out, struct str *box_out,
			     struct err *err)
{
	struct memory *m = self;
	struct memory_turn *t;

	(void)err;
	pthread_mutex_lock(&m->lock);
	t = turn_find(memory_contact_find(m, contact, false), external_id);
	*state_out = t ? t->reply_state : REPLY_NONE;
	if (t)
		*box_out = copy_box(t->reply_box, a);
	pthread_mutex_unlock(&m->lock);
	return 0;
}

static int memory_reply_decide(void *self, const char *contact, const char *external_id,
			       struct str box, struct arena *a, enum reply_state *state_out,
			       struct str *box_out, struct err *err)
{
	struct memory *m = self;
	struct memory_turn *t;

	(void)err;
	pthread_mutex_lock(&m->lock);
	t = turn_find(memory_contact_find(m, contact, false), external_id);
	if (t && t->reply_state == REPLY_OPEN)
		reply_set(t, REPLY_LATE, box);
	*state_out = t ? t->reply_state : REPLY_NONE;
	if (t)
		*box_out = copy_box(t->reply_box, a);
	pthread_mutex_unlock(&m->lock);
	return 0;
}

static int memory_reply_divert(void *self, const char *contact, const char *external_id,
			       struct str notice_box, const struct driver_outbound *rows,
			       size_t row_count, bool *done_out, struct err *err)
{
	struct memory *m = self;
	struct memory_contact *c;
	struct memory_turn *t;

	(void)err;
	pthread_mutex_lock(&m->lock);
	c = memory_contact_find(m, contact, false);
	t = turn_find(c, external_id);
	*done_out = t && t->reply_state != REPLY_LATE;
	for (size_t i = 0; t && t->reply_state == REPLY_INLINE && i < row_count; i++)
		memory_row_add(c, &rows[i], rows[i].created_ms);
	if (*done_out)
		reply_set(t, REPLY_LATE, notice_box);
	pthread_mutex_unlock(&m->lock);
	return 0;
}

static int memory_calls_claim(void *self, int64_t now_ms, int64_t lease_ms, unsigned max,
			      struct arena *a, struct call_due **due_out, size_t *count_out,
			      struct err *err)
{
	struct memory *m = self;
	struct call_due *due = arena_array(a, max, sizeof *due);
	size_t n = 0;

	(void)err;
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < MEM_BUCKETS; i++) {
		for (struct memory_contact *c = m->buckets[i]; c && n < max; c = c->next) {
			if (!memory_session_lives(c, now_ms) || c->call_due_ms == 0 ||
			    c->call_due_ms > now_ms)
				continue;
			c->call_due_ms = lease_ms;
			due[n++].contact = arena_strdup(a, c->name);
		}
	}
	pthread_mutex_unlock(&m->lock);
	*due_out = due;
	*count_out = n;
	return 0;
}

static int memory_call_renew(void *self, const char *contact, const char *call_id, int64_t lease_ms,
			     struct err *err)
{
	struct memory *m = self;
	struct memory_contact *c;
	int ret;

	(void)err;
	pthread_mutex_lock(&m->lock);
	c = memory_contact_find(m, contact, false);
	ret = c && c->has_session && c->call_due_ms > 0 && strcmp(c->session.call_id, call_id) == 0;
	if (ret)
		c->call_due_ms = lease_ms;
	pthread_mutex_unlock(&m->lock);
	return ret;
}

static int memory_allow(void *self, const char *key, const char *member, unsigned limit,
			int64_t window_ms, int64_t now_ms, struct err *err)
{
	struct memory *m = self;
	struct memory_member *w;
	unsigned others = 0;
	int ret = -1;

	(void)err;
	pthread_mutex_lock(&m->lock);
	for (w = m->members; w && ret < 0; w = w->next) {
		if (strcmp(w->key, key) != 0 || w->at_ms <= now_ms - window_ms)
			continue;
		others++;
		if (strcmp(w->member, member) == 0)
			ret = 1;
	}
	if (ret < 0)
		ret = others < limit;
	else
		limit = 0; /* counted already */
	if (ret == 1 && limit > 0) {
		w = mem_alloc(sizeof *w);
		w->key = arena_strdup(&w->a, key);
		w->member = arena_strdup(&w->a, member);
		w->at_ms = now_ms;
		w->until_ms = now_ms + window_ms;
		w->next = m->members;
		m->members = w;
	}
	pthread_mutex_unlock(&m->lock);
	return ret;
}

static void count_step(struct store_stats *s, const char *step, struct arena *a)
{
	struct store_step_count *grown;

	for (size_t i = 0; i < s->step_count; i++) {
		if (strcmp(s->steps[i].step, step) == 0) {
			s->steps[i].sessions++;
			return;
		}
	}
	grown = arena_array(a, s->step_count + 1, sizeof *grown);
	for (size_t i = 0; i < s->step_count; i++)
		grown[i] = s->steps[i];
	grown[s->step_count].step = arena_strdup(a, step);
	grown[s->step_count++].sessions = 1;
	s->steps = grown;
}

static int memory_stats(void *self, int64_t now_ms, struct arena *a, struct store_stats *stats_out,
			struct err *err)
{
	struct memory *m = self;

	(void)err;
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < MEM_BUCKETS; i++) {
		for (struct memory_contact *c = m->buckets[i]; c; c = c->next) {
			memory_rows_count(c, stats_out);
			if (!memory_session_lives(c, now_ms))
				continue;
			stats_out->sessions++;
			stats_out->completed += c->session.completed;
			stats_out->calls_waiting += c->call_due_ms > 0 && *c->session.call_id;
			count_step(stats_out, c->session.shown_step, a);
		}
	}
	pthread_mutex_unlock(&m->lock);
	return 0;
}

static int sweep_contact(struct memory *m, struct memory_contact *c, int64_t now_ms)
{
	struct memory_turn **at = &c->turns, *t;
	int n = memory_rows_sweep(m, c, now_ms);

	if (c->has_session && c->session.expires_ms <= now_ms) {
		arena_free(&c->session_arena);
		c->has_session = false;
		n++;
	}
	while ((t = *at)) {
		if (t->at_ms < now_ms - m->seen_keep_ms) {
			*at = t->next;
			turn_free(t);
			n++;
		} else {
			at = &t->next;
		}
	}
	return n;
}

static int memory_sweep(void *self, int64_t now_ms, struct err *err)
{
	struct memory *m = self;
	struct memory_member **at, *w;
	int n = 0;

	(void)err;
	pthread_mutex_lock(&m->lock);
	n = memory_broadcasts_sweep(m, now_ms) + memory_audits_sweep(m, now_ms);
	for (size_t i = 0; i < MEM_BUCKETS; i++)
		for (struct memory_contact *c = m->buckets[i]; c; c = c->next)
			n += sweep_contact(m, c, now_ms);
	for (at = &m->members; (w = *at);) {
		if (w->until_ms <= now_ms) {
			*at = w->next;
			arena_free(&w->a);
			free(w);
			n++;
		} else {
			at = &w->next;
		}
	}
	pthread_mutex_unlock(&m->lock);
	return n;
}

static const struct store_driver driver_memory = {
	.name = "memory",
	.close = memory_close,
	.ping = memory_ping,
	.load = memory_load,
	.commit = memory_commit,
	.reply_load = memory_reply_load,
	.reply_decide = memory_reply_decide,
	.reply_divert = memory_reply_divert,
	.calls_claim = memory_calls_claim,
	.call_renew = memory_call_renew,
	.allow = memory_allow,
	.outbox_claim = memory_outbox_claim,
	.outbox_settle = memory_outbox_settle,
	.status_apply = memory_status_apply,
	.outbox_get = memory_outbox_get,
	.outbox_replace = memory_outbox_replace,
	.outbox_unpark = memory_outbox_unpark,
	.status_claim = memory_status_claim,
	.consent_add = memory_consent_add,
	.consent_list = memory_consent_list,
	.trouble_set = memory_trouble_set,
	.audit_add = memory_audit_add,
	.audit_list = memory_audit_list,
	.broadcast_create = memory_broadcast_create,
	.broadcast_get = memory_broadcast_get,
	.broadcast_find = memory_broadcast_find,
	.broadcast_change = memory_broadcast_change,
	.broadcast_list = memory_broadcast_list,
	.broadcast_counts = memory_broadcast_counts,
	.audience_page = memory_audience_page,
	.recipients_add = memory_recipients_add,
	.recipients_page = memory_recipients_page,
	.record_get = memory_record_get,
	.record_list = memory_record_list,
	.record_change = memory_record_change,
	.stats = memory_stats,
	.sweep = memory_sweep,
};

int driver_memory_open(const struct store_settings *set, const struct store_driver **driver_out,
		       void **self_out, struct err *err)
{
	struct memory *m = mem_alloc(sizeof *m);

	if (pthread_mutex_init(&m->lock, NULL) != 0) {
		free(m);
		return err_set(err, ERR_TEMP, "store: no mutex");
	}
	m->seen_keep_ms = set->seen_keep_ms > 0 ? set->seen_keep_ms : DRIVER_SEEN_KEEP_MS;
	*driver_out = &driver_memory;
	*self_out = m;
	return 0;
}
