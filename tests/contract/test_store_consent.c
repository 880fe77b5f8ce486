/*
 * test_store_consent.c - the store's contract: the ledger of consents, trouble, and that no
 * turn undoes what was said beside it.
 */
#include "store_fixture.c"

#include <pthread.h>
#include <stdatomic.h>

static struct contact_facts facts_of(struct fixture *f, const char *contact)
{
	return load_at(f, contact, NULL, NOW).facts;
}

static size_t ledger(struct fixture *f, const char *contact, unsigned max,
		     struct consent_entry **list_out)
{
	size_t n = 0;

	must(f, store_consent_list(f->store, contact, max, &f->a, list_out, &n, &f->err));
	return n;
}

static int say(struct fixture *f, const char *contact, enum consent consent, const char *words,
	       int64_t now_ms)
{
	const struct consent_event e = { consent, words, "SM1" };
	int ret = store_consent_add(f->store, contact, &e, now_ms, &f->err);

	must(f, ret);
	return ret;
}

static void a_doubled_stop_is_one_row(struct fixture *f)
{
	struct consent_entry *list;

	assert_int_equal(ledger(f, WHO, 10, &list), 0);
	assert_int_equal(say(f, WHO, CONSENT_OUT, "stop \xe0\xa4\xac\xe0\xa4\x82\xe0\xa4\xa6", NOW),
			 1);
	assert_int_equal(say(f, WHO, CONSENT_OUT, "21610", NOW + 1), 0);
	assert_int_equal(ledger(f, WHO, 10, &list), 1);
	assert_int_equal(list[0].event.consent, CONSENT_OUT);
	assert_string_equal(list[0].event.words, "stop \xe0\xa4\xac\xe0\xa4\x82\xe0\xa4\xa6");
	assert_string_equal(list[0].event.external_id, "SM1");
	assert_int_equal(list[0].at_ms, NOW);
	assert_int_equal(facts_of(f, WHO).consent, CONSENT_OUT);
	assert_int_equal(facts_of(f, WHO).consent_ms, NOW);
	assert_false(facts_of(f, WHO).known); /* we have not met by that */
	assert_int_equal(facts_of(f, OTHER).consent, CONSENT_NONE);
}

static void the_ledger_is_newest_first(struct fixture *f)
{
	struct consent_entry *list;

	for (int i = 0; i < 6; i++)
		assert_int_equal(say(f, WHO, i % 2 ? CONSENT_IN : CONSENT_OUT,
				     arena_printf(&f->a, "w%d", i), NOW + i),
				 1);
	assert_int_equal(ledger(f, WHO, 4, &list), 4);
	for (int i = 0; i < 4; i++) {
		assert_string_equal(list[i].event.words, arena_printf(&f->a, "w%d", 5 - i));
		assert_int_equal(list[i].at_ms, NOW + 5 - i);
	}
	assert_int_equal(facts_of(f, WHO).consent, CONSENT_IN);
	assert_int_equal(facts_of(f, WHO).consent_ms, NOW + 5);
}

static void a_turn_brings_consent_with_its_event(struct fixture *f)
{
	const struct consent_event start = { CONSENT_IN, "START", "SM2" };
	struct session *s = a_session(f, "name");
	struct turn t = a_turn(f, WHO, "SM2", REPLY_INLINE, "x", s);
	struct consent_entry *list;

	assert_int_equal(say(f, WHO, CONSENT_OUT, "STOP", NOW - HOUR), 1);
	t.consent = &start;
	t.facts.consent = CONSENT_IN;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(facts_of(f, WHO).consent, CONSENT_IN);
	assert_int_equal(facts_of(f, WHO).consent_ms, NOW);
	assert_int_equal(ledger(f, WHO, 10, &list), 2);
	assert_string_equal(list[0].event.words, "START");
	assert_true(facts_of(f, WHO).known);
}

static void a_turn_leaves_the_rest_alone(struct fixture *f)
{
	struct session *s = a_session(f, "name");
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "x", s);
	struct outbound *got;
	struct contact_facts now;

	t.outbox = a_row(f, WHO, "hello");
	t.outbox_count = 1;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(claim(f, NOW + 5, &got), 1);
	must(f, store_trouble_set(f->store, WHO, 63024, NOW + 6, &f->err));
	assert_int_equal(say(f, WHO, CONSENT_OUT, "STOP", NOW + 7), 1);

	s->revision = 1; /* a turn that had loaded before all that */
	t = a_turn(f, WHO, "SM2", REPLY_INLINE, "x", s);
	t.facts.consent = CONSENT_IN;
	t.facts.unfinished = true;
	memcpy(t.facts.language, "hi", 3);
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	now = facts_of(f, WHO);
	assert_string_equal(now.language, "hi");
	assert_true(now.unfinished);
	assert_int_equal(now.consent, CONSENT_OUT);
	assert_int_equal(now.consent_ms, NOW + 7);
	assert_int_equal(now.last_out_ms, NOW + 5);
	assert_int_equal(now.trouble_code, 63024);
	assert_int_equal(now.trouble_ms, NOW + 6);
}

static void trouble_comes_and_goes(struct fixture *f)
{
	must(f, store_trouble_set(f->store, WHO, 63003, NOW, &f->err));
	must(f, store_trouble_set(f->store, WHO, 63024, NOW + 1, &f->err));
	assert_int_equal(facts_of(f, WHO).trouble_code, 63024);
	assert_int_equal(facts_of(f, WHO).trouble_ms, NOW + 1);
	assert_int_equal(facts_of(f, OTHER).trouble_code, 0);
	must(f, store_trouble_set(f->store, WHO, 0, NOW + 2, &f->err));
	assert_int_equal(facts_of(f, WHO).trouble_code, 0);
}

/* ---- a race ---- */

enum { ROUNDS = 20 };

struct race {
	struct store *store;
	pthread_barrier_t start;
	_Atomic int errors;
};

static void *keep_writing(void *arg)
{
	struct race *r = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct fixture f = { .store = r->store };
		enum commit_result result;
		struct turn_view v;
		struct turn t;

		pthread_barrier_wait(&r->start);
		if (store_load(r->store, WHO, NULL, NOW, &f.a, &v, &f.err) < 0)
			r->errors++;
		t = a_result(&f, WHO, v.session ? v.session : a_session(&f, "name"));
		t.facts.consent = v.facts.consent;
		if (store_commit(r->store, &t, &result, NULL, &f.err) < 0)
			r->errors++;
		arena_free(&f.a);
		pthread_barrier_wait(&r->start);
	}
	return NULL;
}

static void a_racing_turn_keeps_the_opt_out(struct fixture *f)
{
	struct race *r = arena_alloc(&f->a, sizeof *r);
	enum consent wanted[ROUNDS], found[ROUNDS];
	pthread_t thread;

	r->store = f->store;
	assert_int_equal(pthread_barrier_init(&r->start, NULL, 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, keep_writing, r), 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct consent_event e = { i % 2 ? CONSENT_IN : CONSENT_OUT, "w", "SM1" };
		struct turn_view v = { .reply.state = REPLY_NONE };

		wanted[i] = e.consent;
		pthread_barrier_wait(&r->start);
		if (store_consent_add(f->store, WHO, &e, NOW + i, &f->err) != 1)
			r->errors++;
		pthread_barrier_wait(&r->start);
		if (store_load(f->store, WHO, NULL, NOW, &f->a, &v, &f->err) < 0)
			r->errors++;
		found[i] = v.facts.consent;
	}
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&r->start);
	assert_int_equal(r->errors, 0);
	assert_memory_equal(found, wanted, sizeof found);
}

static const struct contract_case cases[] = {
	{ .name = "a doubled STOP is one row", .run = a_doubled_stop_is_one_row },
	{ .name = "the ledger is newest first", .run = the_ledger_is_newest_first },
	{ .name = "a turn brings consent with its event",
	  .run = a_turn_brings_consent_with_its_event },
	{ .name = "a turn leaves the rest alone", .run = a_turn_leaves_the_rest_alone },
	{ .name = "trouble comes and goes", .run = trouble_comes_and_goes },
	{ .name = "a racing turn keeps the opt-out", .run = a_racing_turn_keeps_the_opt_out },
};

int main(void)
{
	return contract_run("store consent", cases, sizeof cases / sizeof *cases);
}
