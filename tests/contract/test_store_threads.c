/*
 * test_store_threads.c - the store's contract under sixteen threads: no update
 * is lost, one message is one turn, one row has one worker.
 */
#include "store_fixture.c"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/id.h"

enum { THREADS = 16, INCREMENTS = 6, MESSAGES = 12, ROWS = 160 };

struct crew { /* what the threads of one case share */
	struct store *store;
	pthread_barrier_t start;
	_Atomic int done;
	_Atomic int seen;
	_Atomic int conflicts;
	_Atomic int errors;
	_Atomic int claimed[ROWS];
	char ids[ROWS][ID_HEX_SIZE];
};

struct member {
	struct crew *crew;
	int number;
};

static void crew_run(struct crew *c, void *(*work)(void *))
{
	pthread_t threads[THREADS];
	struct member members[THREADS];

	assert_int_equal(pthread_barrier_init(&c->start, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++) {
		members[i] = (struct member){ c, i };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &members[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&c->start);
}

/* Loads, adds 1 to "n", commits. Returns the commit's result, or -1. Uses no
 * assertion: cmocka's jump out must not leave a foreign thread. */
static int increment(struct store *store, const char *external_id)
{
	struct fixture f = { .store = store };
	struct turn_view v;
	struct turn t;
	struct session *s;
	enum commit_result result = COMMIT_DONE;
	int ret = -1, n = 0;

	if (store_load(store, WHO, external_id, NOW, &f.a, &v, &f.err) < 0)
		goto out;
	if (v.reply.state != REPLY_NONE) {
		ret = COMMIT_SEEN;
		goto out;
	}
	s = v.session ? v.session : a_session(&f, "name");
	if (session_get(s, "n"))
		n = (int)strtol(session_get(s, "n"), NULL, 10);
	if (session_set(s, &f.a, "n", arena_printf(&f.a, "%d", n + 1), &f.err) < 0)
		goto out;
	t = a_turn(&f, WHO, external_id, REPLY_INLINE, arena_printf(&f.a, "%d", n + 1), s);
	if (store_commit(store, &t, &result, NULL, &f.err) == 0)
		ret = (int)result;
out:
	if (ret < 0)
		print_error("%s\n", f.err.text);
	arena_free(&f.a);
	return ret;
}

/* Repeats an increment until it is in. */
static void increment_until_done(struct crew *c, const char *external_id)
{
	for (;;) {
		int ret = increment(c->store, external_id);

		if (ret == COMMIT_CONFLICT) {
			c->conflicts++;
			continue;
		}
		if (ret == COMMIT_DONE)
			c->done++;
		else if (ret == COMMIT_SEEN)
			c->seen++;
		else
			c->errors++;
		return;
	}
}

static void *many_messages(void *arg)
{
	const struct member *m = arg;
	char id[32];

	pthread_barrier_wait(&m->crew->start);
	for (int i = 0; i < INCREMENTS; i++) {
		(void)snprintf(id, sizeof id, "SM%d-%d", m->number, i);
		increment_until_done(m->crew, id);
	}
	return NULL;
}

static void no_update_is_lost(struct fixture *f)
{
	struct crew *c = arena_alloc(&f->a, sizeof *c);
	struct turn_view v;

	c->store = f->store;
	crew_run(c, many_messages);
	assert_int_equal(c->errors, 0);
	assert_int_equal(c->done, THREADS * INCREMENTS);
	assert_int_equal(c->seen, 0);
	v = load_at(f, WHO, NULL, NOW);
	assert_int_equal(v.session->revision, THREADS * INCREMENTS);
	assert_int_equal(strtol(session_get(v.session, "n"), NULL, 10), THREADS * INCREMENTS);
}

static void *same_messages(void *arg)
{
	const struct member *m = arg;
	char id[32];

	for (int i = 0; i < MESSAGES; i++) {
		pthread_barrier_wait(&m->crew->start);
		(void)snprintf(id, sizeof id, "SM%d", i);
		increment_until_done(m->crew, id);
	}
	return NULL;
}

static void one_message_is_one_turn(struct fixture *f)
{
	struct crew *c = arena_alloc(&f->a, sizeof *c);
	char id[32], text[32];

	c->store = f->store;
	crew_run(c, same_messages);
	assert_int_equal(c->errors, 0);
	assert_int_equal(c->done, MESSAGES);
	assert_int_equal(c->seen, (THREADS - 1) * MESSAGES);
	assert_int_equal(load_at(f, WHO, NULL, NOW).session->revision, MESSAGES);
	for (int i = 0; i < MESSAGES; i++) {
		(void)snprintf(id, sizeof id, "SM%d", i);
		(void)snprintf(text, sizeof text, "%d", i + 1);
		assert_reply(reply_of(f, WHO, id), REPLY_INLINE, text);
	}
}

static int row_number(const struct crew *c, const char *id)
{
	for (int i = 0; i < ROWS; i++)
		if (strcmp(c->ids[i], id) == 0)
			return i;
	return -1;
}

static void *claim_all(void *arg)
{
	const struct member *m = arg;
	struct crew *c = m->crew;
	struct outbox_claim *claims;
	struct err err;
	size_t n = 1;

	pthread_barrier_wait(&c->start);
	while (n > 0 && c->errors == 0) {
		struct arena a = { 0 };

		n = 0;
		if (store_outbox_claim(c->store, NULL, 0, NOW, NOW + HOUR, 7, &a, &claims, &n,
				       &err) < 0)
			c->errors++;
		for (size_t i = 0; i < n; i++) {
			struct outbound *row = &claims[i].row;
			int number = row_number(c, row->id);

			if (number >= 0)
				c->claimed[number]++;
			row->state = OUTBOUND_ACCEPTED;
			if (number < 0 || store_outbox_settle(c->store, row, 1, NOW, &err) < 0)
				c->errors++;
		}
		arena_free(&a);
	}
	return NULL;
}

static void one_row_has_one_worker(struct fixture *f)
{
	struct crew *c = arena_alloc(&f->a, sizeof *c);
	struct outbound *rest;

	c->store = f->store;
	for (int i = 0; i < ROWS; i += 4) { /* contacts with four rows each */
		const char *contact = arena_printf(&f->a, "whatsapp:+91987654%04d", i);
		struct turn t = a_result(f, contact, a_session(f, "name"));
		struct outbound rows[4];

		for (int k = 0; k < 4; k++) {
			rows[k] = *a_row(f, contact, "hello");
			memcpy(c->ids[i + k], rows[k].id, ID_HEX_SIZE);
		}
		t.outbox = rows;
		t.outbox_count = 4;
		assert_int_equal(commit(f, &t), COMMIT_DONE);
	}
	crew_run(c, claim_all);
	assert_int_equal(c->errors, 0);
	/* A worker may have ended while the last rows waited behind others'. */
	while (claim(f, NOW, &rest) > 0) {
		c->claimed[row_number(c, rest[0].id)]++;
		settle(f, &rest[0], OUTBOUND_ACCEPTED, 0);
	}
	for (int i = 0; i < ROWS; i++)
		assert_true(c->claimed[i] <= 1);
}

static void *claim_calls(void *arg)
{
	const struct member *m = arg;
	struct call_due *due;
	struct err err;
	size_t n = 1;

	pthread_barrier_wait(&m->crew->start);
	while (n > 0) {
		struct arena a = { 0 };

		n = 0;
		if (store_calls_claim(m->crew->store, NOW, NOW + HOUR, 3, &a, &due, &n, &err) < 0)
			m->crew->errors++;
		m->crew->done += (int)n;
		arena_free(&a);
	}
	return NULL;
}

static void one_call_has_one_worker(struct fixture *f)
{
	struct crew *c = arena_alloc(&f->a, sizeof *c);

	c->store = f->store;
	for (int i = 0; i < 50; i++) {
		struct session *s = a_session(f, "confirmation");
		struct turn t = a_result(f, arena_printf(&f->a, "whatsapp:+9198765432%02d", i), s);

		s->call.id = "c1";
		t.call_due_ms = NOW;
		assert_int_equal(commit(f, &t), COMMIT_DONE);
	}
	crew_run(c, claim_calls);
	assert_int_equal(c->errors, 0);
	assert_int_equal(c->done, 50);
}

static const struct contract_case cases[] = {
	{ .name = "no update is lost", .run = no_update_is_lost },
	{ .name = "one message is one turn", .run = one_message_is_one_turn },
	{ .name = "one row has one worker", .run = one_row_has_one_worker },
	{ .name = "one call has one worker", .run = one_call_has_one_worker },
};

int main(void)
{
	return contract_run("store threads", cases, sizeof cases / sizeof *cases);
}
