/*
 * test_store_alike.c - the store's contract, by chance: many steps in a random order, done on
 * the memory driver and on the driver under test, must have the same answers and leave the same
 * rows, counts and facts behind.
 *
 * The seed is fixed, so a failure comes again; its step is printed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "base/id.h"
#include "store_fixture.c"

enum { STEPS = 600, CONTACTS = 5, MAX_KNOWN = 512, MAX_TAKEN = 64, LEASE_MS = 60000 };

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

static unsigned chance(struct world *w, unsigned below)
{
	w->seed = w->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)((w->seed >> 33) % below);
}

static const char *anybody(struct world *w)
{
	return w->contacts[chance(w, CONTACTS)];
}

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
	qsort(rows[0], n[0], sizeof *rows[0], by_id);
	qsort(rows[1], n[1], sizeof *rows[1], by_id);
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

/* ---- steps ---- */

static void remember(struct world *w, const char *id, unsigned who)
{
	struct known_row *k = &w->known[w->known_count];

	if (w->known_count == MAX_KNOWN)
		return;
	memcpy(k->id, id, strlen(id) + 1);
	k->who = who;
	w->known_count++;
}

static const struct known_row *any_row(struct world *w)
{
	static const struct known_row none = { .id = "none" };

	return w->known_count ? &w->known[chance(w, (unsigned)w->known_count)] : &none;
}

static struct outbound new_row(struct world *w, unsigned who, const char *name)
{
	struct outbound o = { .channel = "twilio",
			      .contact = w->contacts[who],
			      .sender = "",
			      .account = "",
			      .text = "hello",
			      .created_ms = w->now_ms,
			      .due_ms = w->now_ms };

	outbound_successor_id(name, w->contacts[who], o.id);
	return o;
}

static void do_add(struct world *w)
{
	const char *b = broadcasts[chance(w, 2)];
	struct outbound rows[CONTACTS];
	char name[32];
	int ret[2];

	(void)snprintf(name, sizeof name, "add %u", w->step);
	for (unsigned i = 0; i < CONTACTS; i++) {
		rows[i] = new_row(w, i, name);
		rows[i].kind = OUTBOUND_BROADCAST;
		rows[i].broadcast = b;
		if (chance(w, 6) == 0) {
			rows[i].state = OUTBOUND_DEAD;
			rows[i].reason = OUTBOUND_OPTED_OUT;
		}
		remember(w, rows[i].id, i);
	}
	BOTH(ret, store_recipients_add(store, rows, CONTACTS, &w->f->err));
}

static void do_turn(struct world *w)
{
	unsigned who = chance(w, CONTACTS);
	struct outbound row;
	struct consent_event event = { CONSENT_OUT, "STOP", "" };
	bool consents = chance(w, 8) == 0;
	enum commit_result result[2];
	char name[32];
	int ret[2];

	(void)snprintf(name, sizeof name, "turn %u", w->step);
	row = new_row(w, who, name);
	event.consent = chance(w, 2) ? CONSENT_OUT : CONSENT_IN;
	remember(w, row.id, who);
	for (int s = 0; s < 2; s++) {
		struct session first = { .flow = "f",
					 .step = "name",
					 .shown_step = "name",
					 .created_ms = w->now_ms,
					 .expires_ms = w->now_ms + DAY };
		struct turn_view v;
		struct turn t = {
			.contact = w->contacts[who],
			.now_ms = w->now_ms,
			.facts = { .language = "en", .first_in_ms = NOW, .last_in_ms = w->now_ms },
			.outbox = &row,
			.outbox_count = 1,
			.consent = consents ? &event : NULL
		};

		ret[s] =
			store_load(w->stores[s], t.contact, NULL, w->now_ms, &w->a, &v, &w->f->err);
		assert_int_equal(ret[s], 0);
		t.session = v.session ? v.session : &first;
		assert_int_equal(store_commit(w->stores[s], &t, &result[s], NULL, &w->f->err), 0);
	}
	ALIKE(result[0], result[1]);
}

static void take(struct world *w, const struct outbound *row)
{
	struct outbound *o =
		&w->taken[w->taken_count < MAX_TAKEN ? w->taken_count++ : chance(w, MAX_TAKEN)];

	*o = (struct outbound){ .attempts = row->attempts };
	memcpy(o->id, row->id, sizeof o->id);
	for (unsigned i = 0; i < CONTACTS; i++)
		if (strcmp(w->contacts[i], row->contact) == 0)
			o->contact = w->contacts[i];
}

static int claim_order(const void *x, const void *y)
{
	return by_id(&((const struct outbox_claim *)x)->row,
		     &((const struct outbox_claim *)y)->row);
}

static void do_claim(struct world *w)
{
	unsigned which = chance(w, 3);
	const char *b = which < 2 ? broadcasts[which] : NULL;
	/* With a pace, rows of one contact and queue compete, and any of them may win. */
	struct outbox_claim *claims[2];
	size_t n[2];
	int ret[2];

	BOTH(ret, store_outbox_claim(store, b, 0, w->now_ms, w->now_ms + LEASE_MS, 1000, &w->a,
				     &claims[s], &n[s], &w->f->err));
	ALIKE(n[0], n[1]);
	for (int s = 0; s < 2; s++)
		qsort(claims[s], n[s], sizeof *claims[s], claim_order);
	for (size_t i = 0; i < n[0]; i++) {
		same_row(w, &claims[0][i].row, &claims[1][i].row);
		/* A claim of the same contact's next row may have moved it meanwhile. */
		claims[0][i].facts.last_out_ms = claims[1][i].facts.last_out_ms;
		same_facts(w, &claims[0][i].facts, &claims[1][i].facts);
		take(w, &claims[1][i].row);
	}
}

static void do_settle(struct world *w)
{
	static const enum outbound_state states[] = { OUTBOUND_WAITING, OUTBOUND_UNSURE,
						      OUTBOUND_ACCEPTED, OUTBOUND_ACCEPTED,
						      OUTBOUND_DEAD };
	unsigned count = 1 + chance(w, 4);
	struct outbound rows[4];
	int ret[2];

	if (w->taken_count == 0)
		return;
	for (unsigned i = 0; i < count; i++) {
		struct outbound *o = &rows[i];

		*o = w->taken[chance(w, (unsigned)w->taken_count)];
		o->state = states[chance(w, 5)];
		o->due_ms = w->now_ms + chance(w, 100000);
		o->reason = chance(w, 2) ? OUTBOUND_UNTOLD : OUTBOUND_FAILED;
		if (o->state == OUTBOUND_ACCEPTED) {
			o->external_id = arena_printf(&w->a, "SM%.6s%u", o->id, o->attempts % 2);
			o->status = STATUS_QUEUED;
		} else {
			o->error_code = chance(w, 2) ? 21211 : 0;
		}
	}
	BOTH(ret, store_outbox_settle(store, rows, count, w->now_ms, &w->f->err));
}

static void do_status(struct world *w)
{
	const struct known_row *k = any_row(w);
	const char *external_id =
		chance(w, 8) ? arena_printf(&w->a, "SM%.6s%u", k->id, chance(w, 2)) : "";
	const char *our_id = chance(w, 2) ? k->id : "";
	enum status news = (enum status)(STATUS_QUEUED + chance(w, STATUS_UNDELIVERED));
	int code = news >= STATUS_FAILED ? 63016 : 0, ret[2];

	for (int i = 0; i < 2; i++)
		ret[i] = store_status_apply(w->stores[i], w->contacts[k->who], our_id, external_id,
					    news, code, w->now_ms, &w->f->err);
	assert_true(ret[0] >= 0 && ret[1] >= 0);
	/* An external id that a row had once may lead to it still: known, and nothing changes. */
	if (*our_id)
		ALIKE(ret[0], ret[1]);
}

static void do_replace(struct world *w)
{
	const struct known_row *k = any_row(w);
	struct outbound row = new_row(w, k->who, k->id);
	int ret[2];

	if (chance(w, 2)) {
		row.kind = OUTBOUND_BROADCAST;
		row.broadcast = broadcasts[chance(w, 2)];
	} else if (chance(w, 2)) {
		row.broadcast = broadcasts[chance(w, 2)];
	}
	if (chance(w, 3))
		row.state = OUTBOUND_PARKED;
	BOTH(ret,
	     store_outbox_replace(store, k->id, STATUS_FAILED, 63016, &row, w->now_ms, &w->f->err));
	if (ret[0] == 1)
		remember(w, row.id, k->who);
}

static void do_unpark(struct world *w)
{
	const char *who = anybody(w);
	int ret[2];

	BOTH(ret, store_outbox_unpark(store, who, w->now_ms, &w->f->err));
}

static void do_consent(struct world *w)
{
	const struct consent_event e = { chance(w, 2) ? CONSENT_OUT : CONSENT_IN, "21610", "" };
	const char *who = anybody(w);
	int ret[2];

	BOTH(ret, store_consent_add(store, who, &e, w->now_ms, &w->f->err));
}

static void do_trouble(struct world *w)
{
	int code = chance(w, 3) ? 63015 : 0, ret[2];
	const char *who = anybody(w);

	BOTH(ret, store_trouble_set(store, who, code, w->now_ms, &w->f->err));
}

static void do_ask(struct world *w)
{
	struct outbound *rows[2];
	size_t n[2];
	int ret[2];

	BOTH(ret, store_status_claim(store, w->now_ms, 1000, &w->a, &rows[s], &n[s], &w->f->err));
	same_rows(w, rows, n);
}

static void do_wait(struct world *w)
{
	static const int64_t waits_ms[] = { 1, 20000, 61000, 301000, HOUR };

	w->now_ms += waits_ms[chance(w, 5)];
}

static const struct {
	const char *name;
	void (*run)(struct world *w);
	unsigned weight;
} steps[] = {
	{ "recipients are added", do_add, 2 },
	{ "a turn", do_turn, 4 },
	{ "a claim", do_claim, 8 },
	{ "a settlement", do_settle, 10 },
	{ "a status", do_status, 10 },
	{ "a replacement", do_replace, 3 },
	{ "parked rows go", do_unpark, 2 },
	{ "consent", do_consent, 2 },
	{ "trouble", do_trouble, 1 },
	{ "questions", do_ask, 3 },
	{ "time", do_wait, 5 },
};

static void one_step(struct world *w)
{
	unsigned all = 0, at;
	size_t i = 0;

	for (size_t k = 0; k < sizeof steps / sizeof *steps; k++)
		all += steps[k].weight;
	for (at = chance(w, all); at >= steps[i].weight; i++)
		at -= steps[i].weight;
	w->what = steps[i].name;
	steps[i].run(w);
	arena_free(&w->a);
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
		qsort(list[s], n[s], sizeof *list[s], by_situation);
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

static void run(struct fixture *f, uint64_t seed)
{
	struct world *w = mem_alloc(sizeof *w);

	*w = (struct world){ .f = f, .seed = seed, .now_ms = NOW };
	w->stores[0] = f->store;
	assert_int_equal(store_open_memory(&f->set, &w->stores[1], &f->err), 0);
	for (unsigned i = 0; i < CONTACTS; i++)
		(void)snprintf(w->contacts[i], sizeof w->contacts[i], "whatsapp:+91987654321%u", i);
	for (w->step = 1; w->step <= STEPS; w->step++) {
		one_step(w);
		if (w->step % 50 == 0)
			same_world(w);
	}
	store_close(&w->stores[1]);
	free(w);
}

static void by_chance(struct fixture *f)
{
	run(f, 1);
}

static void by_another_chance(struct fixture *f)
{
	run(f, 4711);
}

static const struct contract_case cases[] = {
	{ .name = "the same by chance", .run = by_chance },
	{ .name = "the same by another chance", .run = by_another_chance },
};

int main(void)
{
	return contract_run("store alike", cases, sizeof cases / sizeof *cases);
}
