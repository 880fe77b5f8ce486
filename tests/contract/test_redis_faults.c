/*
 * test_redis_faults.c - the Redis driver while its server is killed, restarted,
 * deaf, absent or talking nonsense: which error, how soon, and that it recovers.
 */
#include "redis_fixture.c"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"

enum {
	SHORT_MS = 1000,   /* the driver's time limit where a test waits for it */
	LONG_MS = 20000,   /* where it must not matter, also under sanitizers */
	SLACK_MS = 2000,   /* busy machine; far below LONG_MS */
	RECOVER_MS = 20000 /* back-off is at most 5 s */
};

static int ping(struct redis_fixture *f)
{
	return f->driver->ping(f->self, &f->err);
}

/* Asks until it answers: it must come back by itself. */
static void assert_recovers(struct redis_fixture *f)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int64_t until = clock_mono_ms() + RECOVER_MS;

	while (ping(f) < 0) {
		assert_int_equal(f->err.kind, ERR_TEMP);
		if (clock_mono_ms() > until)
			fail_msg("not back after %d ms: %s", RECOVER_MS, f->err.text);
		nanosleep(&pause, NULL);
	}
}

static int try_commit(struct redis_fixture *f, const struct driver_turn *t)
{
	enum commit_result result;
	bool is_inline;

	return f->driver->commit(f->self, t, &result, &is_inline, &f->err);
}

static int try_load(struct redis_fixture *f)
{
	struct driver_view v = { 0 };

	return f->driver->load(f->self, WHO, "SM1", NOW, &f->a, &v, &f->err);
}

static void killed_and_restarted(void **state)
{
	const struct redis_server_options options = { .keep = true };
	struct redis_fixture *f = fixture_start(&options, LONG_MS);
	struct driver_turn t = a_turn(WHO, "SM1", 0), u = a_turn(WHO, "SM2", 1);
	int64_t start;

	(void)state;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	redis_server_kill(&f->server);
	start = clock_mono_ms();
	/* The dead connection is noticed before the write: nothing is unsure. */
	assert_err(f, try_commit(f, &u), ERR_TEMP);
	for (int i = 0; i < 1000; i++) {
		assert_err(f, try_load(f), ERR_TEMP);
		assert_err(f, try_commit(f, &u), ERR_TEMP);
	}
	assert_true(clock_mono_ms() - start < LONG_MS / 2);
	assert_int_equal(redis_server_restart(&f->server), 0);
	assert_recovers(f);
	assert_int_equal(load(f, WHO, "SM1").reply_state, REPLY_INLINE);
	assert_int_equal(commit(f, &u), COMMIT_DONE);
	fixture_end(f);
}

struct reader {
	struct redis_fixture *f;
	pthread_barrier_t *together;
};

static void *read_once(void *arg)
{
	struct reader *r = arg;
	struct arena a = { 0 };
	struct driver_view v = { 0 };
	struct err err = { 0 };

	pthread_barrier_wait(r->together);
	(void)r->f->driver->load(r->f->self, WHO, NULL, NOW, &a, &v, &err);
	arena_free(&a);
	return NULL;
}

/* Eight threads at once. */
static void read_together(struct redis_fixture *f)
{
	enum { READERS = 8 };
	pthread_t threads[READERS];
	pthread_barrier_t together;
	struct reader r = { f, &together };

	pthread_barrier_init(&together, NULL, READERS);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_once, &r), 0);
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&together);
}

static void restart_between_calls_is_not_felt(void **state)
{
	const struct redis_server_options options = { .keep = true };
	struct redis_fixture *f = fixture_start(&options, LONG_MS);
	struct driver_turn t = a_turn(WHO, NULL, 0);

	(void)state;
	for (uint64_t i = 0; i < 5; i++) {
		/* The first to meet the dead connections of last time is a write. */
		t.session.revision = i;
		assert_int_equal(commit(f, &t), COMMIT_DONE);
		read_together(f);
		redis_server_kill(&f->server);
		assert_int_equal(redis_server_restart(&f->server), 0);
	}
	assert_true(load(f, WHO, NULL).session.revision == 5);
	fixture_end(f);
}

static void deaf_server(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);
	struct driver_turn t = a_turn(WHO, "SM1", 0);
	int64_t start;

	(void)state;
	assert_int_equal(fixture_open(f, f->url, SHORT_MS), 0);
	assert_int_equal(ping(f), 0);
	read_together(f);
	redis_server_pause(&f->server);
	start = clock_mono_ms();
	assert_err(f, try_commit(f, &t), ERR_UNSURE);
	assert_true(clock_mono_ms() - start >= SHORT_MS - 1);
	assert_true(clock_mono_ms() - start < SHORT_MS + SLACK_MS);
	/* From now on it is known to be deaf: no write leaves, so none is unsure. */
	start = clock_mono_ms();
	assert_err(f, try_commit(f, &t), ERR_TEMP);
	assert_true(clock_mono_ms() - start < SHORT_MS + SLACK_MS);
	redis_server_resume(&f->server);
	assert_recovers(f);
	/* It was heard after all: unsure was the truth. */
	assert_int_equal(commit(f, &t), COMMIT_SEEN);
	fixture_end(f);
}

static void deaf_to_a_read(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);
	int64_t start;

	(void)state;
	assert_int_equal(fixture_open(f, f->url, SHORT_MS), 0);
	assert_int_equal(ping(f), 0);
	redis_server_pause(&f->server);
	start = clock_mono_ms();
	assert_err(f, try_load(f), ERR_TEMP);
	assert_true(clock_mono_ms() - start < SHORT_MS + SLACK_MS);
	/* While it is backed off from, calls cost nothing; few of them try. */
	start = clock_mono_ms();
	assert_err(f, try_load(f), ERR_TEMP);
	for (int i = 0; i < 10000; i++) {
		assert_err(f, try_load(f), ERR_TEMP);
		assert_true(clock_mono_ms() - start < 30 * SHORT_MS);
	}
	redis_server_resume(&f->server);
	assert_recovers(f);
	fixture_end(f);
}

static void claims_keep_the_limit(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);
	struct driver_claim *rows;
	struct store_stats st;
	int64_t start;
	size_t n;

	(void)state;
	assert_int_equal(fixture_open(f, f->url, SHORT_MS), 0);
	assert_int_equal(ping(f), 0);
	redis_server_pause(&f->server);
	start = clock_mono_ms();
	/* Looking what is due is a read: nothing was claimed. */
	assert_err(
		f,
		f->driver->outbox_claim(f->self, NULL, 0, NOW, NOW, 9, &f->a, &rows, &n, &f->err),
		ERR_TEMP);
	assert_err(f, f->driver->stats(f->self, NOW, &f->a, &st, &f->err), ERR_TEMP);
	assert_err(f, f->driver->sweep(f->self, NOW, &f->err), ERR_TEMP);
	assert_true(clock_mono_ms() - start < 3 * (SHORT_MS + SLACK_MS));
	redis_server_resume(&f->server);
	fixture_end(f);
}

struct waiter {
	struct redis_fixture *f;
	enum err_kind kind;
	int64_t took_ms;
};

static void *wait_in_line(void *arg)
{
	struct waiter *w = arg;
	int64_t start = clock_mono_ms();
	struct err err = { 0 };

	if (w->f->driver->ping(w->f->self, &err) < 0)
		w->kind = err.kind;
	w->took_ms = clock_mono_ms() - start;
	return NULL;
}

static void waiting_in_line_ends(void **state)
{
	enum { WAITERS = 6 };
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);
	pthread_t threads[WAITERS];
	struct waiter w[WAITERS];

	(void)state;
	assert_int_equal(fixture_open(f, f->url, SHORT_MS), 0);
	assert_int_equal(ping(f), 0);
	redis_server_pause(&f->server);
	for (int i = 0; i < WAITERS; i++) {
		w[i] = (struct waiter){ .f = f, .kind = ERR_NONE };
		assert_int_equal(pthread_create(&threads[i], NULL, wait_in_line, &w[i]), 0);
	}
	for (int i = 0; i < WAITERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(w[i].kind, ERR_TEMP);
		assert_true(w[i].took_ms < SHORT_MS + SLACK_MS);
	}
	redis_server_resume(&f->server);
	assert_recovers(f);
	fixture_end(f);
}

static void one_connection_is_enough(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);
	redisReply *clients;
	int lines = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		read_together(f);
	clients = look(f, "CLIENT LIST");
	for (const char *p = clients->str; (p = strchr(p, '\n')); p++)
		lines++;
	freeReplyObject(clients);
	assert_int_equal(lines, 2); /* ours and the second pair of eyes */
	fixture_end(f);
}

static void never_there(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);
	int64_t start = clock_mono_ms();

	(void)state;
	redis_server_kill(&f->server);
	(void)snprintf(f->url, sizeof f->url, "redis://:hunter2@localhost:%d", f->server.port);
	assert_int_equal(fixture_open(f, f->url, LONG_MS), 0);
	assert_err(f, ping(f), ERR_TEMP);
	assert_non_null(strstr(f->err.text, "localhost"));
	assert_null(strstr(f->err.text, "hunter2"));
	assert_int_equal(fixture_open(f, "redis://no-such-host.invalid", LONG_MS), 0);
	assert_err(f, ping(f), ERR_TEMP);
	assert_non_null(strstr(f->err.text, "no-such-host.invalid"));
	assert_true(clock_mono_ms() - start < 2 * LONG_MS);
	fixture_end(f);
}

/* ---- a server that is none ---- */

struct impostor {
	int listener;
	int port;
	const char *says; /* sent to everybody, a byte each 20 ms when slow; NULL: nothing */
	bool slow;
	bool hangs_up;
	atomic_bool over;
	pthread_t thread;
};

static void talk(struct impostor *s, int fd)
{
	size_t n = s->says ? strlen(s->says) : 0;

	if (!s->slow && n > 0)
		(void)!send(fd, s->says, n, MSG_NOSIGNAL);
	while (!s->over && !s->hangs_up) {
		struct pollfd p = { .fd = s->listener, .events = POLLIN };

		/* Ends with a new visitor, or when the test is over. */
		if (poll(&p, 1, 20) > 0)
			break;
		if (s->slow && send(fd, s->says, 1, MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
}

static void *impostor_run(void *arg)
{
	struct impostor *s = arg;

	while (!s->over) {
		struct pollfd p = { .fd = s->listener, .events = POLLIN };
		int fd;

		if (poll(&p, 1, 20) <= 0)
			continue;
		fd = accept(s->listener, NULL, NULL);
		if (fd >= 0)
			talk(s, fd);
	}
	return NULL;
}

static void impostor_start(struct impostor *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(s->listener >= 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&at, n), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &n), 0);
	assert_int_equal(listen(s->listener, 16), 0);
	s->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, impostor_run, s), 0);
}

static void impostor_stop(struct impostor *s)
{
	s->over = true;
	pthread_join(s->thread, NULL);
	close(s->listener);
}

static void impostors(void **state)
{
	static const struct {
		const char *name, *says;
		bool slow, hangs_up;
		enum err_kind kind;
	} rows[] = {
		{ "says nothing", NULL, false, false, ERR_TEMP },
		{ "hangs up", NULL, false, true, ERR_TEMP },
		{ "another protocol", "HTTP/1.1 400 Bad Request\r\n\r\n", false, false, ERR_TEMP },
		{ "dribbles", "$", true, false, ERR_TEMP },
		{ "half an answer", "+PO", false, true, ERR_TEMP },
		{ "still loading", "-LOADING Redis is loading\r\n", false, false, ERR_TEMP },
		{ "wants a password", "-NOAUTH Authentication required.\r\n", false, false,
		  ERR_PERM },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct impostor s = { .says = rows[i].says,
				      .slow = rows[i].slow,
				      .hangs_up = rows[i].hangs_up };
		struct store_settings set = { .timeout_ms = SHORT_MS };
		const struct store_driver *driver;
		void *self;
		struct err err = { 0 };
		char url[64];
		int64_t start = clock_mono_ms();

		impostor_start(&s);
		(void)snprintf(url, sizeof url, "redis://127.0.0.1:%d", s.port);
		set.redis_url = url;
		assert_int_equal(driver_redis_open(&set, &driver, &self, &err), 0);
		if (driver->ping(self, &err) != -1 || err.kind != rows[i].kind)
			fail_msg("%s: %s %s", rows[i].name, err_kind_name(err.kind), err.text);
		if (clock_mono_ms() - start > SHORT_MS + SLACK_MS)
			fail_msg("%s: took too long", rows[i].name);
		driver->close(self);
		impostor_stop(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_and_restarted),
		cmocka_unit_test(restart_between_calls_is_not_felt),
		cmocka_unit_test(deaf_server),
		cmocka_unit_test(deaf_to_a_read),
		cmocka_unit_test(claims_keep_the_limit),
		cmocka_unit_test(waiting_in_line_ends),
		cmocka_unit_test(one_connection_is_enough),
		cmocka_unit_test(never_there),
		cmocka_unit_test(impostors),
	};

	return cmocka_run_group_tests_name("redis faults", tests, NULL, NULL);
}
