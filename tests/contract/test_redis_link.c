/*
 * test_redis_link.c - many callers on one connection: each gets its own replies, in time, and
 * when something breaks, what is said of each command is true.
 */
#include "redis_fixture.c"
#include "redis_proxy.c"

#include "base/clock.h"
#include "base/metric.h"

enum {
	LONG_MS = 20000, /* a limit that must not matter, also under sanitizers */
	SLACK_MS = 2000,
	MANY = 64,
	GIANT = 30 * 1024 * 1024,
};

static struct redis_servers *servers_of(struct redis_fixture *f)
{
	return ((struct redis_store *)f->self)->servers;
}

/* One command, by words; the answer's kind, and its text into `a` when it is asked for. */
static enum err_kind ask(struct redis_fixture *f, struct arena *a, enum redis_kind kind,
			 int64_t deadline, const char *const *words, const char **text_out)
{
	struct redis_batch b;
	struct redis_command *c;
	redisReply *reply;
	struct err err = { 0 };

	redis_batch_init(&b, a, kind);
	b.deadline = deadline;
	c = redis_command(&b, words[0]);
	for (size_t i = 1; words[i]; i++)
		redis_arg_text(c, words[i]);
	if (redis_exchange_one(servers_of(f), &b, &reply, &err) < 0)
		return err.kind;
	if (text_out)
		*text_out = redis_reply_text(reply, a);
	freeReplyObject(reply);
	return ERR_NONE;
}

/* A thread that puts one command in and keeps what came of it. */
struct caller {
	struct redis_fixture *f;
	enum redis_kind kind;
	int limit_ms; /* 0: the store's */
	const char *words[4];
	enum err_kind got;
	int64_t took_ms;
	pthread_t thread;
};

static void *call_once(void *arg)
{
	struct caller *c = arg;
	struct arena a = { 0 };
	int64_t start = clock_mono_ms();

	c->got = ask(c->f, &a, c->kind, c->limit_ms ? start + c->limit_ms : 0, c->words, NULL);
	c->took_ms = clock_mono_ms() - start;
	arena_free(&a);
	return NULL;
}

static void caller_start(struct caller *c)
{
	assert_int_equal(pthread_create(&c->thread, NULL, call_once, c), 0);
}

static void caller_end(struct caller *c)
{
	pthread_join(c->thread, NULL);
}

/* Until the server has so many of our bytes unanswered, or the line so many calls: no test
 * can see either, so these wait for an effect that can be seen. */
static void wait_until(bool (*there)(void *), void *arg, const char *what)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	int64_t until = clock_mono_ms() + LONG_MS;

	while (!there(arg)) {
		if (clock_mono_ms() > until)
			fail_msg("waited in vain for %s", what);
		nanosleep(&pause, NULL);
	}
}

/* ---- order ---- */

struct echoer {
	struct redis_fixture *f;
	int number;
	int rounds;
	atomic_int *wrong;
};

/* Batches of one to seven ECHOs; every answer must be the word that was said. */
static void *echo_many(void *arg)
{
	struct echoer *e = arg;

	for (int round = 0; round < e->rounds; round++) {
		struct arena a = { 0 };
		struct redis_batch b;
		redisReply **replies;
		const char *words[7];
		size_t count = 1 + (size_t)((round + e->number) % 7);
		struct err err = { 0 };

		redis_batch_init(&b, &a, REDIS_READ);
		for (size_t i = 0; i < count; i++) {
			words[i] = arena_printf(&a, "%d %d %zu %*s", e->number, round, i,
						round * 37 % 3000, "");
			redis_arg_text(redis_command(&b, "ECHO"), words[i]);
		}
		if (redis_exchange(servers_of(e->f), &b, &replies, &err) < 0) {
			(*e->wrong)++;
		} else {
			for (size_t i = 0; i < count; i++)
				if (strcmp(redis_reply_text(replies[i], &a), words[i]) != 0)
					(*e->wrong)++;
			redis_replies_free(replies, count);
		}
		arena_free(&a);
	}
	return NULL;
}

static void echo_from_many(struct redis_fixture *f, int rounds)
{
	pthread_t threads[MANY];
	struct echoer e[MANY];
	atomic_int wrong = 0;

	for (int i = 0; i < MANY; i++) {
		e[i] = (struct echoer){ f, i, rounds, &wrong };
		assert_int_equal(pthread_create(&threads[i], NULL, echo_many, &e[i]), 0);
	}
	for (int i = 0; i < MANY; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(wrong, 0);
}

static void each_gets_its_own(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);

	(void)state;
	echo_from_many(f, 200);
	fixture_end(f);
}

static void open_by_proxy(struct redis_fixture *f, const struct proxy *p, int timeout_ms)
{
	(void)snprintf(f->url, sizeof f->url, "redis://127.0.0.1:%d", p->port);
	assert_int_equal(fixture_open(f, f->url, timeout_ms), 0);
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
}

static void a_slow_reader_gets_everything(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);
	struct proxy p = { .sip = 1000 };

	(void)state;
	proxy_start(&p, f->server.port);
	open_by_proxy(f, &p, 3 * LONG_MS);
	echo_from_many(f, 3);
	f->driver->close(f->self);
	f->self = NULL;
	proxy_stop(&p);
	fixture_end(f);
}

/* ---- deadlines ---- */

static void who_leaves_disturbs_nobody(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);
	struct caller read = { f, REDIS_READ, 300, { "ECHO", "never heard" }, ERR_NONE, 0, 0 };
	struct caller write = { f, REDIS_WRITE, 300, { "SET", "left", "1" }, ERR_NONE, 0, 0 };
	struct caller stay = { f, REDIS_WRITE, 0, { "SET", "stayed", "1" }, ERR_BUG, 0, 0 };

	(void)state;
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	redis_server_pause(&f->server);
	caller_start(&read);
	caller_start(&write);
	caller_start(&stay);
	caller_end(&read);
	caller_end(&write);
	assert_int_equal(read.got, ERR_TEMP);
	assert_int_equal(write.got, ERR_UNSURE);
	assert_in_range(read.took_ms, 300, 300 + SLACK_MS);
	assert_in_range(write.took_ms, 300, 300 + SLACK_MS);
	redis_server_resume(&f->server);
	caller_end(&stay);
	assert_int_equal(stay.got, ERR_NONE);
	/* Their replies were swallowed, not handed to the next ones. */
	echo_from_many(f, 5);
	/* Unsure was the truth: it was done. */
	assert_int_equal(look_int(f, "EXISTS left stayed"), 2);
	fixture_end(f);
}

static char *giant_text(void)
{
	char *text = mem_alloc(GIANT + 1);

	memset(text, 'x', GIANT);
	return text;
}

static bool line_was_full(void *arg)
{
	(void)arg;
	return metric_value(metric_counter("samvad_redis_events_total", "event=\"line full\"",
					   "What befell connections to Redis.")) > 0;
}

static bool behind_is_there(void *arg)
{
	return look_int(arg, "EXISTS behind") == 1;
}

/* A giant fills the road to a deaf server; what comes behind it never leaves. */
static void what_was_not_written_is_not_unsure(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);
	char *text = giant_text();
	struct caller giant = { f, REDIS_WRITE, 0, { "SET", "giant", text }, ERR_BUG, 0, 0 };
	struct caller more[3];
	struct caller behind = { f, REDIS_WRITE, 500, { "SET", "behind", "1" }, ERR_NONE, 0, 0 };
	int full = 0;

	(void)state;
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	redis_server_pause(&f->server);
	caller_start(&giant);
	caller_start(&behind);
	caller_end(&behind);
	/* Either it went first, or it never went. */
	assert_true(behind.got == ERR_TEMP || behind.got == ERR_UNSURE);

	/* Two more fit into the line, the third does not. */
	assert_false(line_was_full(NULL));
	for (int i = 0; i < 3; i++) {
		more[i] = giant;
		more[i].limit_ms = 3000;
		caller_start(&more[i]);
	}
	wait_until(line_was_full, NULL, "a full line");
	for (int i = 0; i < 3; i++) {
		caller_end(&more[i]);
		assert_int_equal(more[i].got, ERR_TEMP);
		full += more[i].took_ms < 2000;
	}
	assert_int_equal(full, 1);
	redis_server_resume(&f->server);
	caller_end(&giant);
	assert_int_equal(giant.got, ERR_NONE);
	if (behind.got == ERR_UNSURE)
		wait_until(behind_is_there, f, "what was unsure");
	assert_int_equal(look_int(f, "EXISTS behind"), behind.got == ERR_UNSURE);
	free(text);
	fixture_end(f);
}

/* A record and a broadcast, for what takes two exchanges. */
static void store_two(struct redis_fixture *f)
{
	const struct driver_record record = { "ticket", "r1", WHO, "new", NOW, NOW, { "box", 3 } };
	struct driver_turn t = a_turn(WHO, NULL, 0);

	t.records = &record;
	t.record_count = 1;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	create_broadcast(f, "once");
}

static bool store_answers(void *arg)
{
	struct redis_fixture *f = arg;

	return f->driver->ping(f->self, &f->err) == 0;
}

/* Each exchange alone keeps the limit, two of them do not. */
static void exchanges_share_one_limit(void **state)
{
	enum { SHORT_MS = 1000, DELAY_MS = 700 };
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);
	struct proxy p = { 0 };
	struct driver_broadcast b;
	int64_t start;

	(void)state;
	store_two(f);
	proxy_start(&p, f->server.port);
	open_by_proxy(f, &p, SHORT_MS);
	p.delay_ms = DELAY_MS;
	start = clock_mono_ms();
	assert_err(f, f->driver->broadcast_find(f->self, "once", &f->a, &b, &f->err), ERR_TEMP);
	assert_in_range(clock_mono_ms() - start, SHORT_MS, SHORT_MS + SLACK_MS);
	p.delay_ms = 0;
	wait_until(store_answers, f, "the end of what was late");
	p.delay_ms = DELAY_MS;
	start = clock_mono_ms();
	assert_int_equal(
		f->driver->record_change(f->self, "ticket", "r1", "new", "old", NOW, NULL, &f->err),
		-1);
	/* A busy machine may not come as far as the write. */
	assert_true(f->err.kind == ERR_UNSURE || f->err.kind == ERR_TEMP);
	assert_in_range(clock_mono_ms() - start, SHORT_MS, SHORT_MS + SLACK_MS);
	f->driver->close(f->self);
	f->self = NULL;
	proxy_stop(&p);
	fixture_end(f);
}

/* ---- a connection that ends ---- */

static bool reply_was_kept(void *arg)
{
	return ((struct proxy *)arg)->replies_kept > 0;
}

static bool was_cut(void *arg)
{
	return ((struct proxy *)arg)->mode == PROXY_PASS;
}

static void lost_answer_is_unsure(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);
	struct caller write = { f, REDIS_WRITE, 0, { "INCR", "n" }, ERR_NONE, 0, 0 };
	struct caller read = { f, REDIS_READ, 0, { "INCR", "m" }, ERR_BUG, 0, 0 };
	struct proxy p = { 0 };

	(void)state;
	proxy_start(&p, f->server.port);
	open_by_proxy(f, &p, LONG_MS);
	p.mode = PROXY_KEEP_REPLIES;
	caller_start(&write);
	caller_start(&read); /* says that it may be asked again, and counts how often it was */
	wait_until(reply_was_kept, &p, "an answer");
	while (look_int(f, "GET n") + look_int(f, "GET m") < 2)
		;
	p.mode = PROXY_CUT;
	caller_end(&write);
	caller_end(&read);
	assert_int_equal(write.got, ERR_UNSURE);
	assert_int_equal(read.got, ERR_NONE);
	assert_int_equal(look_int(f, "GET n"), 1);
	assert_int_equal(look_int(f, "GET m"), 2);
	f->driver->close(f->self);
	f->self = NULL;
	proxy_stop(&p);
	fixture_end(f);
}

static void killed_with_calls_in_flight(void **state)
{
	const struct redis_server_options options = { .keep = true };
	struct redis_fixture *f = fixture_start(&options, LONG_MS);
	struct caller c[MANY];
	char keys[MANY][16];

	(void)state;
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	redis_server_pause(&f->server);
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(keys[i], sizeof keys[i], "k%d", i);
		c[i] = (struct caller){ .f = f,
					.kind = i % 2 ? REDIS_READ : REDIS_WRITE,
					.words = { i % 2 ? "GET" : "INCR", keys[i] } };
		caller_start(&c[i]);
	}
	/* A pong cannot come; that its time passes shows that the others are on their way. */
	{
		struct caller late = { f, REDIS_READ, 300, { "PING" }, ERR_NONE, 0, 0 };

		caller_start(&late);
		caller_end(&late);
		assert_int_equal(late.got, ERR_TEMP);
	}
	redis_server_kill(&f->server);
	for (int i = 0; i < MANY; i++) {
		caller_end(&c[i]);
		assert_int_equal(c[i].got, i % 2 ? ERR_TEMP : ERR_UNSURE);
		assert_true(c[i].took_ms < LONG_MS / 2);
	}
	assert_int_equal(redis_server_restart(&f->server), 0);
	fixture_end(f);
}

/* A command that left by half is not executed; of two, the first may have been. */
static void half_written(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);
	struct proxy p = { 0 };
	char *text = giant_text();
	struct arena a = { 0 };

	(void)state;
	proxy_start(&p, f->server.port);
	for (int count = 1; count <= 2; count++) {
		struct redis_batch b;
		struct redis_command *c;
		redisReply **replies;
		struct err err = { 0 };

		open_by_proxy(f, &p, 1000);
		p.mode = PROXY_DEAF;
		redis_batch_init(&b, &a, REDIS_WRITE);
		if (count == 2)
			redis_arg_text(redis_command(&b, "INCR"), "n");
		c = redis_command(&b, "SET");
		redis_arg_text(c, "giant");
		redis_arg_text(c, text);
		b.deadline = clock_mono_ms() + LONG_MS; /* the server's silence ends it */
		assert_int_equal(redis_exchange(servers_of(f), &b, &replies, &err), -1);
		assert_int_equal(err.kind, count == 1 ? ERR_TEMP : ERR_UNSURE);
		p.mode = PROXY_CUT;
		wait_until(was_cut, &p, "the cut");
	}
	assert_int_equal(look_int(f, "EXISTS giant"), 0);
	f->driver->close(f->self);
	f->self = NULL;
	proxy_stop(&p);
	arena_free(&a);
	free(text);
	fixture_end(f);
}

static void too_long_for_one_step(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, LONG_MS);
	char *text = giant_text();
	struct arena a = { 0 };
	struct redis_batch b;
	redisReply **replies;

	(void)state;
	redis_batch_init(&b, &a, REDIS_WRITE);
	for (int i = 0; i < 3; i++)
		redis_arg_text(redis_command(&b, "ECHO"), text);
	assert_err(f, redis_exchange(servers_of(f), &b, &replies, &f->err), ERR_INPUT);
	arena_free(&a);
	free(text);
	fixture_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_gets_its_own),
		cmocka_unit_test(a_slow_reader_gets_everything),
		cmocka_unit_test(who_leaves_disturbs_nobody),
		cmocka_unit_test(what_was_not_written_is_not_unsure),
		cmocka_unit_test(exchanges_share_one_limit),
		cmocka_unit_test(lost_answer_is_unsure),
		cmocka_unit_test(killed_with_calls_in_flight),
		cmocka_unit_test(half_written),
		cmocka_unit_test(too_long_for_one_step),
	};

	return cmocka_run_group_tests_name("redis link", tests, NULL, NULL);
}
