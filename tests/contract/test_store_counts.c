/*
 * test_store_counts.c - the store's contract: whatever four threads do to the rows of a
 * broadcast at the same time, its counts are those of its rows, and nobody is lost.
 *
 * Operations and rows are drawn from a fixed seed per thread, so that a failure can be run
 * again; what the threads do to each other differs each time.
 */
#include "store_fixture.c"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 4, PEOPLE = 40, STEPS = 120, PAGE = 5 };

struct crowd {
	struct store *store;
	char broadcast[ID_HEX_SIZE];
	char people[PEOPLE][48];
	_Atomic int64_t now_ms; /* moves on with every step, so that leases lapse */
	_Atomic int errors;
};

struct actor { /* one thread; uses no assertion: cmocka must not jump out of a foreign thread */
	struct crowd *crowd;
	uint32_t seed;
	struct fixture f;      /* of its own: an arena is one thread's */
	struct outbound stale; /* from a claim long ago */
	bool has_stale;
	char stale_contact[48];
};

static uint32_t draw(struct actor *t, uint32_t below)
{
	t->seed = t->seed * 1664525u + 1013904223u;
	return (t->seed >> 8) % below;
}

static void check(struct actor *t, const char *what, int ret)
{
	if (ret >= 0)
		return;
	print_error("%s: %s\n", what, t->f.err.text);
	t->crowd->errors++;
}

static const char *anybody(struct actor *t)
{
	return t->crowd->people[draw(t, PEOPLE)];
}

static void do_add(struct actor *t)
{
	struct outbound rows[PAGE];

	for (int i = 0; i < PAGE; i++) {
		rows[i] = *a_recipient(&t->f, t->crowd->broadcast, anybody(t));
		if (draw(t, 5) == 0) {
			rows[i].state = OUTBOUND_DEAD;
			rows[i].reason = OUTBOUND_OPTED_OUT;
		}
	}
	check(t, "add", store_recipients_add(t->f.store, rows, PAGE, &t->f.err));
}

static void draw_outcome(struct actor *t, struct outbound *row, int64_t now_ms)
{
	static const enum outbound_state outcomes[] = { OUTBOUND_ACCEPTED, OUTBOUND_ACCEPTED,
							OUTBOUND_WAITING, OUTBOUND_UNSURE,
							OUTBOUND_DEAD };

	row->state = outcomes[draw(t, 5)];
	row->due_ms = now_ms + draw(t, 40);
	row->reason = row->state == OUTBOUND_DEAD ? OUTBOUND_FAILED : OUTBOUND_NO_REASON;
	row->error_code = row->state == OUTBOUND_DEAD ? 63003 : 0;
	if (row->state == OUTBOUND_ACCEPTED) {
		row->external_id = arena_printf(&t->f.a, "SM%.20s", row->id);
		row->status = STATUS_QUEUED;
	}
}

/* Claims from the queue or the lines, and settles most of it; one is kept until later. */
static void do_send(struct actor *t, const char *broadcast, int64_t now_ms)
{
	struct outbox_claim *claims;
	struct outbound rows[PAGE];
	size_t n = 0, settled = 0;

	check(t, "claim",
	      store_outbox_claim(t->f.store, broadcast, broadcast ? 3 : 0, now_ms, now_ms + 30,
				 PAGE, &t->f.a, &claims, &n, &t->f.err));
	for (size_t i = 0; i < n; i++) {
		struct outbound *row = &claims[i].row;

		if (!t->has_stale && draw(t, 3) == 0) {
			(void)snprintf(t->stale_contact, sizeof t->stale_contact, "%s",
				       row->contact);
			t->stale = *row;
			t->has_stale = true;
			continue; /* its lease lapses */
		}
		draw_outcome(t, row, now_ms);
		rows[settled++] = *row;
	}
	check(t, "settle", store_outbox_settle(t->f.store, rows, settled, now_ms, &t->f.err));
}

static void do_settle_stale(struct actor *t, int64_t now_ms)
{
	struct outbound row = t->stale;

	if (!t->has_stale)
		return;
	row.contact = t->stale_contact;
	row.broadcast = t->crowd->broadcast;
	row.channel = "twilio";
	row.sender = row.account = row.text = row.external_id = "";
	row.content_sid = row.content_variables = "";
	draw_outcome(t, &row, now_ms);
	check(t, "stale", store_outbox_settle(t->f.store, &row, 1, now_ms, &t->f.err));
	t->has_stale = false;
}

static void do_hear(struct actor *t, int64_t now_ms)
{
	static const enum status heard[] = { STATUS_SENT, STATUS_DELIVERED, STATUS_READ,
					     STATUS_UNDELIVERED, STATUS_FAILED };
	const struct outbound *row = a_recipient(&t->f, t->crowd->broadcast, anybody(t));
	enum status status = heard[draw(t, 5)];
	int code = status == STATUS_FAILED || status == STATUS_UNDELIVERED ? 63016 : 0;

	for (unsigned times = 1 + draw(t, 2); times > 0; times--)
		check(t, "status",
		      store_status_apply(t->f.store, row->contact, row->id,
					 draw(t, 4) ? arena_printf(&t->f.a, "SM%.20s", row->id)
						    : "SMother",
					 status, code, now_ms, &t->f.err));
}

static void do_replace(struct actor *t, int64_t now_ms)
{
	const struct outbound *row = a_recipient(&t->f, t->crowd->broadcast, anybody(t));
	struct outbound next = *row;

	outbound_successor_id(row->id, "next", next.id);
	next.kind = draw(t, 2) ? OUTBOUND_REPLY : OUTBOUND_BROADCAST;
	next.state = draw(t, 2) ? OUTBOUND_PARKED : OUTBOUND_WAITING;
	check(t, "replace",
	      store_outbox_replace(t->f.store, row->id, STATUS_FAILED, 63016, &next, now_ms,
				   &t->f.err));
}

static void do_anything(struct actor *t)
{
	int64_t now_ms = ++t->crowd->now_ms;

	switch (draw(t, 9)) {
	case 0:
	case 1:
		do_add(t);
		break;
	case 2:
	case 3:
		do_send(t, t->crowd->broadcast, now_ms);
		break;
	case 4:
		do_send(t, NULL, now_ms);
		break;
	case 5:
		do_settle_stale(t, now_ms);
		break;
	case 6:
		do_hear(t, now_ms);
		break;
	case 7:
		do_replace(t, now_ms);
		break;
	default:
		check(t, "unpark", store_outbox_unpark(t->f.store, anybody(t), now_ms, &t->f.err));
	}
	arena_free(&t->f.a);
}

static void *act(void *arg)
{
	struct actor *t = arg;

	for (int i = 0; i < STEPS && t->crowd->errors == 0; i++)
		do_anything(t);
	return NULL;
}

static struct crowd *a_crowd(struct fixture *f)
{
	struct crowd *c = arena_alloc(&f->a, sizeof *c);

	c->store = f->store;
	c->now_ms = NOW;
	memcpy(c->broadcast, a_broadcast(f, "")->id, ID_HEX_SIZE);
	for (int i = 0; i < PEOPLE; i++)
		(void)snprintf(c->people[i], sizeof c->people[i], "whatsapp:+91987%07d", i);
	return c;
}

static void run_crowd(struct crowd *c, uint32_t seed)
{
	pthread_t threads[THREADS];
	struct actor actors[THREADS];

	for (uint32_t i = 0; i < THREADS; i++) {
		actors[i] = (struct actor){ .crowd = c,
					    .seed = seed * THREADS + i,
					    .f.store = c->store };
		assert_int_equal(pthread_create(&threads[i], NULL, act, &actors[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(c->errors, 0);
}

static unsigned parked_rows(struct fixture *f, const struct crowd *c)
{
	unsigned parked = 0;

	for (int i = 0; i < PEOPLE; i++)
		parked += load_at(f, c->people[i], NULL, NOW).facts.parked;
	return parked;
}

static void counts_are_those_of_the_rows(struct fixture *f)
{
	struct crowd *c = a_crowd(f);

	for (uint32_t round = 1; round <= 3; round++) {
		run_crowd(c, round);
		assert_counts(f, c->broadcast);
		assert_int_equal(counted(f, c->broadcast, OUTBOUND_PARKED, OUTBOUND_NO_REASON),
				 parked_rows(f, c));
	}
}

/* After any disorder, honest workers bring every row to its end. */
static void everything_ends_when_workers_are_honest(struct fixture *f)
{
	struct crowd *c = a_crowd(f);
	struct outbox_claim *claims;
	int64_t at;
	size_t n;

	run_crowd(c, 7);
	at = c->now_ms + HOUR;
	for (int i = 0; i < PEOPLE; i++)
		assert_true(store_outbox_unpark(f->store, c->people[i], at, &f->err) >= 0);
	do {
		size_t lines = claim_queue(f, NULL, 0, at, &claims);

		for (size_t i = 0; i < lines; i++)
			settle(f, &claims[i].row, OUTBOUND_ACCEPTED, 0);
		n = claim_queue(f, c->broadcast, 0, at, &claims);
		for (size_t i = 0; i < n; i++)
			settle(f, &claims[i].row, OUTBOUND_ACCEPTED, 0);
		n += lines;
	} while (n > 0);
	for (enum outbound_state s = OUTBOUND_WAITING; s <= OUTBOUND_PARKED; s++)
		if (s != OUTBOUND_ACCEPTED && s != OUTBOUND_DEAD)
			assert_int_equal(counted(f, c->broadcast, s, OUTBOUND_NO_REASON), 0);
	assert_true(counted(f, c->broadcast, OUTBOUND_ACCEPTED, OUTBOUND_NO_REASON) > 0);
	assert_counts(f, c->broadcast);
}

static const struct contract_case cases[] = {
	{ .name = "counts are those of the rows", .run = counts_are_those_of_the_rows },
	{ .name = "everything ends when workers are honest",
	  .run = everything_ends_when_workers_are_honest },
};

int main(void)
{
	return contract_run("store counts", cases, sizeof cases / sizeof *cases);
}
