/*
 * Many requests against a peer in this process: none is sent twice, the queue
 * and what is in flight are bounded, closing tells everybody.
 */
#include "base/clock.h"
#include "base/cond.h"
#include "base/metric.h"
#include "check.h"
#include "net.h"
#include "net_peer.h"

enum { PATIENT_MS = 20000, SHORT_MS = 300 };

static struct net *open_net(unsigned max_in_flight, unsigned max_queued)
{
	const struct net_settings set = { max_in_flight, max_queued, "tester/1" };
	struct net *net = NULL;

	assert_int_equal(net_open(&set, &net, NULL), 0);
	return net;
}

/* ---------------------------------------------------------------- never twice */

static void test_dying_connection(void **state)
{
	static const struct {
		const char *name;
		const char *method;
		const char *path;
		const char *body;
		enum net_outcome second;
		unsigned requests;
	} cases[] = {
		/* The peer read the second request before it left: who knows what it did. */
		{ "POST, read and dropped", "POST", "/first-only", "x", NET_BROKEN, 2 },
		{ "empty POST, read and dropped", "POST", "/first-only", "", NET_BROKEN, 2 },
		{ "DELETE, read and dropped", "DELETE", "/first-only", "", NET_BROKEN, 2 },
		{ "GET may be repeated", "GET", "/first-only", "", NET_ANSWERED, 3 },
		/* Closed while idle: seen before anything is sent. */
		{ "POST, closed while idle", "POST", "/bye", "x", NET_ANSWERED, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct peer *peer = peer_start();
		struct net *net = open_net(0, 0);
		char url[128];
		struct net_request req = { .method = cases[i].method,
					   .url = peer_url(peer->port, cases[i].path, url),
					   .body = str_of(cases[i].body),
					   .timeout_ms = PATIENT_MS };
		struct net_answer answer;

		CHECK_CASE(net_perform(net, &req, &answer, NULL, NULL) == 0, cases[i].name);
		CHECK_CASE(answer.outcome == NET_ANSWERED, cases[i].name);
		if (strcmp(cases[i].path, "/bye") == 0)
			CHECK_CASE(peer_wait(peer, &peer->closed, 1), cases[i].name);
		CHECK_CASE(net_perform(net, &req, &answer, NULL, NULL) == 0, cases[i].name);
		if (answer.outcome != cases[i].second)
			fail_msg("%s: %s (%s)", cases[i].name, net_outcome_name(answer.outcome),
				 answer.trouble);
		CHECK_CASE(peer_count(peer, &peer->requests) == cases[i].requests, cases[i].name);
		net_close(&net, 0);
		peer_stop(peer);
	}
}

/* ---------------------------------------------------------------- queue and end */

struct tally {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned ended;
	unsigned by[NET_TOO_LARGE + 1];
};

static void tally_init(struct tally *t)
{
	*t = (struct tally){ 0 };
	pthread_mutex_init(&t->lock, NULL);
	cond_init(&t->changed);
}

static void on_ended(void *arg, const struct net_answer *answer)
{
	struct tally *t = arg;

	pthread_mutex_lock(&t->lock);
	t->ended++;
	t->by[answer->outcome]++;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

static void tally_wait(struct tally *t, unsigned n)
{
	const int64_t until = clock_mono_ms() + PATIENT_MS;

	pthread_mutex_lock(&t->lock);
	while (t->ended < n && cond_wait_until(&t->changed, &t->lock, until))
		;
	assert_true(t->ended >= n);
	pthread_mutex_unlock(&t->lock);
}

static int submit(struct net *net, struct peer *peer, const char *path, int timeout_ms,
		  struct tally *t, struct err *err)
{
	char url[128];
	struct net_request req = { .method = "POST",
				   .url = peer_url(peer->port, path, url),
				   .timeout_ms = timeout_ms };

	return net_submit(net, &req, on_ended, t, err);
}

static void test_in_flight_is_bounded(void **state)
{
	struct peer *peer = peer_start();
	struct net *net = open_net(2, 0);
	struct tally t;

	(void)state;
	tally_init(&t);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(submit(net, peer, "/hold", PATIENT_MS, &t, NULL), 0);
	assert_true(peer_wait(peer, &peer->holding, 2));
	for (unsigned i = 1; i <= 6; i++) {
		peer_release(peer, 1);
		tally_wait(&t, i);
	}
	assert_int_equal(t.by[NET_ANSWERED], 6);
	assert_int_equal(peer_count(peer, &peer->most_holding), 2);
	assert_true(peer_count(peer, &peer->connections) <= 2);
	net_close(&net, 0);
	peer_stop(peer);
}

static void test_waiting_counts_and_is_bounded(void **state)
{
	struct peer *peer = peer_start();
	struct net *net = open_net(1, 2);
	struct metric *refused = metric_counter("samvad_http_out_total", "outcome=\"refused\"", "");
	int64_t before = metric_value(refused);
	struct err err = { 0 };
	struct tally t;
	int64_t began;

	(void)state;
	tally_init(&t);
	assert_int_equal(submit(net, peer, "/hold", PATIENT_MS, &t, NULL), 0);
	assert_true(peer_wait(peer, &peer->holding, 1));
	began = clock_mono_ms();
	assert_int_equal(submit(net, peer, "/echo", PATIENT_MS, &t, NULL), 0);
	assert_int_equal(submit(net, peer, "/echo", SHORT_MS, &t, NULL), 0);
	assert_int_equal(submit(net, peer, "/echo", PATIENT_MS, &t, &err), -1);
	assert_int_equal(err.kind, ERR_TEMP);
	assert_int_equal(metric_value(refused) - before, 1);
	tally_wait(&t, 1); /* the impatient one, behind a patient one */
	assert_int_equal(t.by[NET_NOT_SENT], 1);
	assert_true(clock_mono_ms() - began >= SHORT_MS);
	assert_int_equal(submit(net, peer, "/echo", PATIENT_MS, &t, NULL), 0); /* room again */
	peer_release(peer, 1);
	tally_wait(&t, 4);
	assert_int_equal(t.by[NET_ANSWERED], 3);
	assert_int_equal(peer_count(peer, &peer->requests), 3);
	net_close(&net, 0);
	peer_stop(peer);
}

static void test_close_tells_everybody(void **state)
{
	struct peer *peer = peer_start();
	struct net *net = open_net(2, 0);
	struct tally t;

	(void)state;
	tally_init(&t);
	assert_int_equal(submit(net, peer, "/hang", PATIENT_MS, &t, NULL), 0);
	assert_int_equal(submit(net, peer, "/hang", PATIENT_MS, &t, NULL), 0);
	assert_true(peer_wait(peer, &peer->requests, 2));
	assert_int_equal(submit(net, peer, "/echo", PATIENT_MS, &t, NULL), 0);
	net_close(&net, 50);
	assert_null(net);
	assert_int_equal(t.ended, 3);
	assert_int_equal(t.by[NET_BROKEN], 2);
	assert_int_equal(t.by[NET_NOT_SENT], 1);
	assert_int_equal(peer_count(peer, &peer->requests), 2);
	net_close(&net, 0); /* closed already: fine */
	peer_stop(peer);
}

static void *close_patiently(void *arg)
{
	net_close(arg, PATIENT_MS);
	return NULL;
}

static void test_close_lets_flights_land(void **state)
{
	struct peer *peer = peer_start();
	struct net *net = open_net(0, 0), *same = net;
	struct err err = { 0 };
	struct tally t;
	pthread_t closer;
	unsigned accepted = 1;

	(void)state;
	tally_init(&t);
	assert_int_equal(submit(net, peer, "/hold", PATIENT_MS, &t, NULL), 0);
	assert_true(peer_wait(peer, &peer->holding, 1));
	assert_int_equal(pthread_create(&closer, NULL, close_patiently, &same), 0);
	/* What is accepted before the closer comes is answered or told; then nothing is accepted.
	 */
	while (submit(net, peer, "/echo", PATIENT_MS, &t, &err) == 0)
		tally_wait(&t, accepted++);
	assert_int_equal(err.kind, ERR_TEMP);
	peer_release(peer, 1);
	pthread_join(closer, NULL);
	assert_int_equal(t.ended, accepted);
	assert_int_equal(t.by[NET_BROKEN] + t.by[NET_TIMED_OUT], 0);
	assert_true(t.by[NET_ANSWERED] >= 1);
	peer_stop(peer);
}

/* ---------------------------------------------------------------- many threads */

enum { THREADS = 8, EACH = 40 };

struct crowd {
	struct net *net;
	struct peer *peer;
	unsigned number;
	unsigned right;
};

static void *ask_often(void *arg)
{
	struct crowd *me = arg;
	struct buf body;
	char url[128];

	buf_init(&body, 1000);
	for (unsigned i = 0; i < EACH; i++) {
		char text[32];
		struct net_request req = { .method = "POST",
					   .url = peer_url(me->peer->port, "/echo", url),
					   .timeout_ms = PATIENT_MS };
		struct net_answer answer;

		snprintf(text, sizeof text, "%u-%u", me->number, i);
		req.body = str_of(text);
		if (net_perform(me->net, &req, &answer, &body, NULL) == 0 &&
		    answer.outcome == NET_ANSWERED && str_is(answer.body, text))
			me->right++;
	}
	buf_free(&body);
	return NULL;
}

static void test_many_threads(void **state)
{
	struct metric *answered = metric_counter("samvad_http_out_total", "outcome=\"answered\"",
						 "HTTP requests made, by outcome");
	int64_t before = metric_value(answered);
	struct peer *peer = peer_start();
	struct net *net = open_net(0, 0);
	struct crowd crowd[THREADS];
	pthread_t threads[THREADS];

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		crowd[i] = (struct crowd){ net, peer, i, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &crowd[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(crowd[i].right, EACH);
	}
	assert_true(peer_count(peer, &peer->connections) <= THREADS);
	assert_int_equal(metric_value(answered) - before, THREADS * EACH);
	net_close(&net, 0);
	peer_stop(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dying_connection),
		cmocka_unit_test(test_in_flight_is_bounded),
		cmocka_unit_test(test_waiting_counts_and_is_bounded),
		cmocka_unit_test(test_close_tells_everybody),
		cmocka_unit_test(test_close_lets_flights_land),
		cmocka_unit_test(test_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
