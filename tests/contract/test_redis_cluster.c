/*
 * test_redis_cluster.c - the Redis driver on a real Cluster of six: three masters, a replica each.
 *
 * Slots move and a master dies while turns are written; every turn that was
 * acknowledged must be there once.
 */
#include "redis_fixture.c"
#include "redis_nodes.c"
#include "redis_writers.c"

enum { TIMEOUT_MS = 20000, SHORT_MS = 2000 };

static struct nodes nodes; /* one for all tests here, in their order */

static int start_nodes(void **state)
{
	(void)state;
	return nodes_start(&nodes, 3, 1);
}

static int stop_nodes(void **state)
{
	(void)state;
	nodes_stop(&nodes);
	return 0;
}

static const char *contact_in(struct redis_fixture *f, unsigned shard)
{
	for (unsigned i = 0;; i++) {
		const char *contact = arena_printf(&f->a, "whatsapp:+91%u", i);

		if (redis_shard(contact) == shard)
			return contact;
	}
}

static void every_shard_has_a_node(void **state)
{
	struct redis_fixture *f = fixture_on(nodes.url, TIMEOUT_MS);
	struct store_stats st;

	(void)state;
	if (f->driver->ping(f->self, &f->err) < 0)
		fail_msg("%s", f->err.text);
	for (unsigned shard = 0; shard < REDIS_SHARDS; shard++) {
		const char *who = contact_in(f, shard);
		struct driver_turn t = a_turn(who, "SM1", 0);

		assert_int_equal(commit(f, &t), COMMIT_DONE);
		assert_int_equal(commit(f, &t), COMMIT_SEEN);
		assert_int_equal(load(f, who, "SM1").session.revision, 1);
	}
	assert_int_equal(f->driver->stats(f->self, NOW, &f->a, &st, &f->err), 0);
	assert_int_equal(st.sessions, REDIS_SHARDS);
	fixture_end(f);
}

static void any_seed_will_do(void **state)
{
	struct redis_fixture *f;
	char url[200];
	int dead = redis_server_free_port();

	(void)state;
	(void)snprintf(url, sizeof url, "redis://127.0.0.1:%d,127.0.0.1:%d", dead,
		       nodes.servers[4].port); /* a replica knows the map as well */
	f = fixture_on(url, TIMEOUT_MS);
	if (f->driver->ping(f->self, &f->err) < 0)
		fail_msg("%s", f->err.text);
	fixture_end(f);

	(void)snprintf(url, sizeof url, "redis+cluster://localhost:%d", nodes.servers[2].port);
	f = fixture_on(url, TIMEOUT_MS);
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	fixture_end(f);

	(void)snprintf(url, sizeof url, "redis+cluster://127.0.0.1:%d", dead);
	f = fixture_on(url, SHORT_MS);
	assert_err(f, f->driver->ping(f->self, &f->err), ERR_TEMP);
	fixture_end(f);
}

static void one_server_and_a_cluster_are_told_apart(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	char url[64];
	int wrong = 0;

	(void)state;
	(void)snprintf(url, sizeof url, "redis+cluster://127.0.0.1:%d", f->server.port);
	assert_int_equal(fixture_open(f, url, TIMEOUT_MS), 0);
	assert_err(f, f->driver->ping(f->self, &f->err), ERR_PERM);
	(void)snprintf(url, sizeof url, "redis://127.0.0.1:%d", nodes.servers[0].port);
	assert_int_equal(fixture_open(f, url, TIMEOUT_MS), 0);
	for (unsigned shard = 0; shard < 16; shard++) {
		struct driver_view v;

		if (f->driver->load(f->self, contact_in(f, shard), NULL, NOW, &f->a, &v, &f->err) ==
		    0)
			continue;
		assert_int_equal(f->err.kind, ERR_PERM);
		assert_non_null(strstr(f->err.text, "redis+cluster://"));
		wrong++;
	}
	assert_true(wrong > 0);
	fixture_end(f);
}

static void forget_scripts(void)
{
	for (size_t i = 0; i < 3; i++) {
		redisReply *reply = nodes_ask(&nodes.servers[i], "SCRIPT FLUSH");

		assert_non_null(reply);
		freeReplyObject(reply);
	}
}

/* Claims go to all nodes in one batch; each has to be told its scripts again. */
static void scripts_come_back_on_every_node(void **state)
{
	enum { ROWS = 30 };
	struct redis_fixture *f = fixture_on(nodes.url, TIMEOUT_MS);
	struct driver_outbound rows[ROWS];
	struct driver_claim *got;
	size_t n;

	(void)state;
	for (unsigned i = 0; i < ROWS; i++) {
		const char *who = contact_in(f, i * 8);
		struct driver_turn t = a_turn(who, NULL, load(f, who, NULL).session.revision);

		rows[i] = a_row(arena_printf(&f->a, "row%u", i), who);
		t.outbox = &rows[i];
		t.outbox_count = 1;
		assert_int_equal(commit(f, &t), COMMIT_DONE);
	}
	forget_scripts();
	n = claim(f, NULL, 100, &got);
	assert_int_equal(n, ROWS);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(got[i].row.attempts, 1);
	fixture_end(f);
}

static void resharding_is_not_felt(void **state)
{
	struct redis_fixture *f = fixture_on(nodes.url, TIMEOUT_MS);
	struct writers w;

	(void)state;
	writers_start(&w, "7", f->driver, f->self);
	writers_wait(&w, 500);
	assert_int_equal(nodes_reshard(&nodes, 0, 1, "400"), 0);
	writers_wait(&w, 500);
	assert_int_equal(nodes_reshard(&nodes, 1, 2, "600"), 0);
	writers_wait(&w, 500);
	writers_finish(&w);
	assert_int_equal(w.temp, 0);
	assert_int_equal(w.unsure, 0);
	fixture_end(f);
}

static void a_master_dies(void **state)
{
	struct redis_fixture *f = fixture_on(nodes.url, SHORT_MS);
	struct writers w;
	long before;

	(void)state;
	writers_start(&w, "8", f->driver, f->self);
	writers_wait(&w, 500);
	assert_int_equal(nodes_kill_in_step(&nodes.servers[2]), 0);
	before = w.done;
	/* All contacts: no turn of those in its slots passes before the replica is promoted. */
	writers_wait(&w, 3 * WRITERS * CONTACTS_EACH);
	writers_finish(&w);
	assert_true(w.unsure > 0);
	assert_true(w.done > before);
	if (f->driver->ping(f->self, &f->err) < 0)
		fail_msg("%s", f->err.text);
	fixture_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shard_has_a_node),
		cmocka_unit_test(any_seed_will_do),
		cmocka_unit_test(one_server_and_a_cluster_are_told_apart),
		cmocka_unit_test(scripts_come_back_on_every_node),
		cmocka_unit_test(resharding_is_not_felt),
		cmocka_unit_test(a_master_dies),
	};

	return cmocka_run_group_tests_name("redis cluster", tests, start_nodes, stop_nodes);
}
