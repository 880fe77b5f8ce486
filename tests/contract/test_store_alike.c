/*
 * test_store_alike.c - the store's contract, by chance: many steps in a random order, done on
 * the memory driver and on the driver under test, must have the same answers and leave the same
 * rows, counts and facts behind.
 *
 * The seed is fixed, so a failure comes again; its step is printed.
 */
#include <stdio.h>

#include "two_stores.c"

enum { STEPS = 600 };

static unsigned chance(struct world *w, unsigned below)
{
	w->seed = w->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)((w->seed >> 33) % below);
}

static const char *anybody(struct world *w)
{
	return w->contacts[chance(w, CONTACTS)];
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
		sorted(claims[s], n[s], sizeof *claims[s], claim_order);
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
