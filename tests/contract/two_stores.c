/*
 * two_stores.c - the store under test beside one in memory: what both answer, and what both hold.
 * Included by the test, as store_fixture.c is.
 */
#include <stdlib.h>

#include "base/id.h"
#include "store_fixture.c"

enum { CONTACTS = 5, MAX_KNOWN = 512, MAX_TAKEN = 64, LEASE_MS = 60000 };

static const char *const broadcasts[] = { "b1", "b2" };

struct known_row {
	char id[ID_HEX_SIZE];
	unsigned who;
};

struct world {
	struct fixture *f;
	struct store *stores[2]; /* the one under test, and memory */
	struct arena a;		 /* of one step */
	uint64_t seed;
	unsigned step;
	const char *what;
	int64_t now_ms;
	char contacts[CONTACTS][32];
	struct known_row known[MAX_KNOWN];
	size_t known_count;
	struct outbound taken[MAX_TAKEN]; /* claims, also stale ones; only their plain fields */
	size_t taken_count;
};

#define ALIKE(x, y)                                                                                \
	do {                                                                                       \
		long long ours = (long long)(x), theirs = (long long)(y);                          \
		if (ours != theirs)                                                                \
			fail_msg("step %u, %s: " #x " is %lld, in memory %lld", w->step, w->what,  \
				 ours, theirs);                                                    \
	} while (0)

#define ALIKE_TEXT(x, y)                                                                           \
	do {                                                                                       \
		const char *ours = (x), *theirs = (y);                                             \
		if (strcmp(ours, theirs) != 0)                                                     \
			fail_msg("step %u, %s: " #x " is <%s>, in memory <%s>", w->step, w->what,  \
				 ours, theirs);                                                    \
	} while (0)

/* Both ways of one call; neither may fail. */
#define BOTH(ret, call)                                                                            \
	do {                                                                                       \
		for (int s = 0; s < 2; s++) {                                                      \
			struct store *store = w->stores[s];                                        \
			(ret)[s] = (call);                                                         \
			if ((ret)[s] < 0)                                                          \
				fail_msg("step %u, %s: %s", w->step, w->what, w->f->err.text);     \
		}                                                                                  \
		ALIKE((ret)[0], (ret)[1]);                                                         \
	} while (0)

/* ---- comparing ---- */

static void sorted(void *list, size_t n, size_t size, int (*order)(const void *, const void *))
{
	if (n > 0) /* an empty list may be NULL */
		qsort(list, n, size, order);
}

static int by_id(const void *x, const void *y)
{
	return strcmp(((const struct outbound *)x)->id, ((const struct outbound *)y)->id);
}

static void same_row(struct world *w, const struct outbound *x, const struct outbound *y)
{
	bool due = x->state == OUTBOUND_WAITING || x->state == OUTBOUND_CLAIMED ||
		   x->state == OUTBOUND_UNSURE;

	ALIKE_TEXT(x->id, y->id);
	ALIKE(x->state, y->state);
	ALIKE(x->kind, y->kind);
	ALIKE(x->reason, y->reason);
	ALIKE(x->status, y->status);
	ALIKE(x->error_code, y->error_code);
	ALIKE(x->attempts, y->attempts);
	ALIKE(x->created_ms, y->created_ms);
	if (due)
		ALIKE(x->due_ms, y->due_ms);
	ALIKE_TEXT(x->external_id, y->external_id);
	ALIKE_TEXT(x->broadcast, y->broadcast);
	ALIKE_TEXT(x->contact, y->contact);
	ALIKE_TEXT(x->text, y->text);
}

static void same_rows(struct world *w, struct outbound *rows[2], const size_t n[2])
{
	ALIKE(n[0], n[1]);
	sorted(rows[0], n[0], sizeof *rows[0], by_id);
	sorted(rows[1], n[1], sizeof *rows[1], by_id);
	for (size_t i = 0; i < n[0]; i++)
		same_row(w, &rows[0][i], &rows[1][i]);
}

static void same_facts(struct world *w, const struct contact_facts *x,
		       const struct contact_facts *y)
{
	ALIKE(x->known, y->known);
	ALIKE(x->last_in_ms, y->last_in_ms);
	ALIKE(x->consent, y->consent);
	ALIKE(x->consent_ms, y->consent_ms);
	ALIKE(x->last_out_ms, y->last_out_ms);
	ALIKE(x->trouble_code, y->trouble_code);
	if (x->trouble_code)
		ALIKE(x->trouble_ms, y->trouble_ms);
	ALIKE(x->parked, y->parked);
}

/* ---- what is left behind ---- */

static int by_situation(const void *x, const void *y)
{
	const struct broadcast_count *a = x, *b = y;

	if (a->state != b->state)
		return a->state < b->state ? -1 : 1;
	if (a->reason != b->reason)
		return a->reason < b->reason ? -1 : 1;
	if (a->status != b->status)
		return a->status < b->status ? -1 : 1;
	return (a->error_code > b->error_code) - (a->error_code < b->error_code);
}

static void same_counts(struct world *w, const char *b)
{
	struct broadcast_count *list[2];
	size_t n[2];
	int ret[2];

	BOTH(ret, store_broadcast_counts(store, b, &w->a, &list[s], &n[s], &w->f->err));
	ALIKE(n[0], n[1]);
	for (int s = 0; s < 2; s++)
		sorted(list[s], n[s], sizeof *list[s], by_situation);
	for (size_t i = 0; i < n[0]; i++) {
		assert_int_equal(by_situation(&list[0][i], &list[1][i]), 0);
		ALIKE(list[0][i].rows, list[1][i].rows);
	}
}

static void same_recipients(struct world *w, const char *b)
{
	struct outbound *all[2];
	size_t n[2] = { 0, 0 };

	for (int s = 0; s < 2; s++) {
		const char *cursor = "";

		all[s] = arena_array(&w->a, 2 * MAX_KNOWN, sizeof *all[s]);
		do {
			struct outbound *page;
			size_t got;

			assert_int_equal(store_recipients_page(w->stores[s], b, cursor, 7, &w->a,
							       &page, &got, &cursor, &w->f->err),
					 0);
			for (size_t i = 0; i < got && n[s] < 2 * MAX_KNOWN; i++)
				all[s][n[s]++] = page[i];
		} while (*cursor);
	}
	same_rows(w, all, n);
}

static void same_contacts(struct world *w)
{
	for (unsigned i = 0; i < CONTACTS; i++) {
		struct turn_view v[2];
		struct consent_entry *list[2];
		size_t n[2];
		int ret[2];

		BOTH(ret,
		     store_load(store, w->contacts[i], NULL, w->now_ms, &w->a, &v[s], &w->f->err));
		same_facts(w, &v[0].facts, &v[1].facts);
		BOTH(ret, store_consent_list(store, w->contacts[i], 100, &w->a, &list[s], &n[s],
					     &w->f->err));
		ALIKE(n[0], n[1]);
		for (size_t k = 0; k < n[0]; k++) {
			ALIKE(list[0][k].event.consent, list[1][k].event.consent);
			ALIKE(list[0][k].at_ms, list[1][k].at_ms);
			ALIKE_TEXT(list[0][k].event.words, list[1][k].event.words);
		}
	}
}

static void same_world(struct world *w)
{
	struct store_stats stats[2];
	int ret[2];

	w->what = "afterwards";
	for (size_t i = 0; i < w->known_count; i++) {
		struct outbound row[2];
		const struct known_row *k = &w->known[i];

		BOTH(ret, store_outbox_get(store, w->contacts[k->who], k->id, NULL, &w->a, &row[s],
					   &w->f->err));
		if (ret[0] == 1)
			same_row(w, &row[0], &row[1]);
	}
	for (int b = 0; b < 2; b++) {
		same_counts(w, broadcasts[b]);
		same_recipients(w, broadcasts[b]);
	}
	same_contacts(w);
	BOTH(ret, store_stats(store, w->now_ms, &w->a, &stats[s], &w->f->err));
	ALIKE(stats[0].sessions, stats[1].sessions);
	ALIKE(stats[0].outbox_waiting, stats[1].outbox_waiting);
	ALIKE(stats[0].outbox_unsure, stats[1].outbox_unsure);
	ALIKE(stats[0].outbox_dead, stats[1].outbox_dead);
	ALIKE(stats[0].outbox_parked, stats[1].outbox_parked);
	arena_free(&w->a);
}
