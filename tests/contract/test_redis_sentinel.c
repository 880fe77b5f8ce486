/*
 * test_redis_sentinel.c - the Redis driver with a master, a replica and three sentinels.
 */
#include "redis_fixture.c"
#include "redis_nodes.c"
#include "redis_writers.c"

enum { TIMEOUT_MS = 20000, SHORT_MS = 2000, SENTINELS = 3 };

static struct set { /* one for all tests here, in their order */
	struct redis_server master, replica, sentinels[SENTINELS];
	char replica_of[8], file[512], url[256];
	const char *more[8];
} set;

static const char *const master_more[] = { "--masterauth", "pw", "--repl-diskless-sync-delay", "0",
					   NULL };

static bool sentinels_know(void)
{
	for (size_t i = 0; i < SENTINELS; i++)
		if (!nodes_says(&set.sentinels[i], "INFO sentinel", "status=ok") ||
		    !nodes_says(&set.sentinels[i], "INFO sentinel", "slaves=1,sentinels=3"))
			return false;
	return nodes_in_step(&set.master);
}

static void name_places(void)
{
	const char *const more[] = { "--replicaof",
				     "127.0.0.1",
				     set.replica_of,
				     "--masterauth",
				     "pw",
				     "--repl-diskless-sync-delay",
				     "0",
				     NULL };

	(void)snprintf(set.replica_of, sizeof set.replica_of, "%d", set.master.port);
	memcpy(set.more, more, sizeof more);
	(void)snprintf(set.file, sizeof set.file,
		       "requirepass pw\n"
		       "sentinel sentinel-pass pw\n"
		       "sentinel monitor our-set 127.0.0.1 %d 2\n"
		       "sentinel auth-pass our-set pw\n"
		       "sentinel down-after-milliseconds our-set 1500\n"
		       "sentinel failover-timeout our-set 5000\n",
		       set.master.port);
}

static int start_all(void)
{
	struct redis_server_options options = { .password = "pw", .more = master_more };

	if (redis_server_start(&set.master, &options) < 0)
		return -1;
	name_places();
	options.more = set.more;
	if (redis_server_start(&set.replica, &options) < 0)
		return -1;
	options = (struct redis_server_options){ .password = "pw", .sentinel = set.file };
	for (size_t i = 0; i < SENTINELS; i++)
		if (redis_server_start(&set.sentinels[i], &options) < 0)
			return -1;
	return 0;
}

static int start_set(void **state)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	int64_t until = clock_mono_ms() + NODES_DEADLINE_MS;

	(void)state;
	if (start_all() < 0)
		return -1;
	while (!sentinels_know()) {
		if (clock_mono_ms() > until) {
			fprintf(stderr, "the sentinels do not find each other\n");
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	(void)snprintf(set.url, sizeof set.url,
		       "redis+sentinel://:pw@127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d/our-set/0",
		       set.sentinels[0].port, set.sentinels[1].port, set.sentinels[2].port);
	return 0;
}

static int stop_set(void **state)
{
	(void)state;
	for (size_t i = 0; i < SENTINELS; i++)
		redis_server_free(&set.sentinels[i]);
	redis_server_free(&set.replica);
	redis_server_free(&set.master);
	return 0;
}

static void finds_the_master(void **state)
{
	struct redis_fixture *f = fixture_on(set.url, TIMEOUT_MS);
	struct driver_turn t = a_turn(WHO, "SM1", 0);

	(void)state;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(load(f, WHO, "SM1").reply_state, REPLY_INLINE);
	fixture_end(f);
}

static void any_sentinel_will_do(void **state)
{
	struct redis_fixture *f;
	char url[200];

	(void)state;
	(void)snprintf(url, sizeof url, "redis+sentinel://:pw@127.0.0.1:%d,127.0.0.1:%d/our-set",
		       redis_server_free_port(), set.sentinels[2].port);
	f = fixture_on(url, TIMEOUT_MS);
	if (f->driver->ping(f->self, &f->err) < 0)
		fail_msg("%s", f->err.text);
	fixture_end(f);
}

static void what_is_wrong_is_said(void **state)
{
	const struct {
		const char *name, *login, *set;
		int port;
		enum err_kind kind;
		const char *says;
	} rows[] = {
		{ "no such set", ":pw@", "other", set.sentinels[0].port, ERR_TEMP,
		  "no master named other" },
		{ "wrong password", ":hunter2@", "our-set", set.sentinels[0].port, ERR_PERM,
		  "password" },
		{ "no password", "", "our-set", set.sentinels[0].port, ERR_PERM, "NOAUTH" },
		{ "no sentinel at all", ":pw@", "our-set", set.master.port, ERR_PERM,
		  "no sentinel" },
		{ "nobody there", ":pw@", "our-set", redis_server_free_port(), ERR_TEMP,
		  "refused" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct redis_fixture *f;
		char url[200];

		(void)snprintf(url, sizeof url, "redis+sentinel://%s127.0.0.1:%d/%s", rows[i].login,
			       rows[i].port, rows[i].set);
		f = fixture_on(url, TIMEOUT_MS);
		if (f->driver->ping(f->self, &f->err) != -1 || f->err.kind != rows[i].kind ||
		    !strstr(f->err.text, rows[i].says) || strstr(f->err.text, "hunter"))
			fail_msg("%s: %s %s", rows[i].name, err_kind_name(f->err.kind),
				 f->err.text);
		fixture_end(f);
	}
}

/* The sentinels still name it, but it has become a replica: not a word is written to it. */
static void a_master_that_is_none_is_left(void **state)
{
	struct redis_fixture *f = fixture_on(set.url, TIMEOUT_MS);
	struct driver_turn t = a_turn(WHO, "SM2", 1);
	enum commit_result result;
	bool is_inline;
	char command[64];
	redisReply *reply;

	(void)state;
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	(void)snprintf(command, sizeof command, "REPLICAOF 127.0.0.1 1");
	reply = nodes_ask(&set.master, command);
	freeReplyObject(reply);
	assert_err(f, f->driver->commit(f->self, &t, &result, &is_inline, &f->err), ERR_TEMP);
	/* READONLY first; then its ROLE is looked at. */
	assert_err(f, f->driver->commit(f->self, &t, &result, &is_inline, &f->err), ERR_TEMP);
	assert_non_null(strstr(f->err.text, "no master"));
	freeReplyObject(nodes_ask(&set.master, "REPLICAOF NO ONE"));
	while (f->driver->commit(f->self, &t, &result, &is_inline, &f->err) < 0)
		assert_int_equal(f->err.kind, ERR_TEMP);
	assert_int_equal(result, COMMIT_DONE);
	fixture_end(f);
}

static void the_master_dies(void **state)
{
	struct redis_fixture *f = fixture_on(set.url, SHORT_MS);
	struct writers w;

	(void)state;
	while (!sentinels_know()) /* after what was done to it */
		;
	writers_start(&w, "7", f->driver, f->self);
	writers_wait(&w, 500);
	assert_int_equal(nodes_kill_in_step(&set.master), 0);
	writers_wait(&w, 500);
	writers_finish(&w);
	assert_true(w.unsure > 0);
	assert_true(nodes_says(&set.replica, "INFO replication", "role:master"));
	fixture_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_master),
		cmocka_unit_test(any_sentinel_will_do),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(a_master_that_is_none_is_left),
		cmocka_unit_test(the_master_dies),
	};

	return cmocka_run_group_tests_name("redis sentinel", tests, start_set, stop_set);
}
