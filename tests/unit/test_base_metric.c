/*
 * Metrics: the text that Prometheus reads, identity, threads. One process, one
 * registry: every test uses names of its own.
 */
#include "base_check.h"

#include <pthread.h>
#include <stdio.h>

#include "base/metric.h"

/* The lines of one family, in the order of the whole text. */
static const char *family(const char *name)
{
	static char found[8192];
	struct buf all;
	char *rest, *text;
	size_t n = 0;

	buf_init(&all, 1 << 20);
	assert_int_equal(metric_write(&all), 0);
	found[0] = '\0';
	for (text = strtok_r(all.data, "\n", &rest); text; text = strtok_r(NULL, "\n", &rest)) {
		const char *at = strncmp(text, "# ", 2) == 0 ? text + 7 : text;

		if (strncmp(at, name, strlen(name)) != 0)
			continue;
		n += (size_t)snprintf(found + n, sizeof found - n, "%s\n", text);
		assert_true(n < sizeof found);
	}
	buf_free(&all);
	return found;
}

static void test_counter_and_gauge(void **state)
{
	struct metric *done, *failed, *plain, *depth;

	(void)state;
	done = metric_counter("a_turns_total", "outcome=\"done\"", "Turns by\noutcome \\.");
	depth = metric_gauge("b_depth", NULL, "Rows.");
	failed = metric_counter("a_turns_total", "outcome=\"failed\"", "Ignored.");
	plain = metric_counter("a_turns_total", NULL, "Ignored.");
	assert_ptr_equal(done, metric_counter("a_turns_total", "outcome=\"done\"", "x"));
	assert_ptr_equal(plain, metric_counter("a_turns_total", "", "x"));
	assert_ptr_not_equal(done, failed);
	metric_add(done, 2);
	metric_add(done, 3);
	metric_add(plain, 1);
	metric_set(depth, 10);
	metric_add(depth, -12);
	assert_int_equal(metric_value(done), 5);
	assert_int_equal(metric_value(depth), -2);
	assert_string_equal(family("a_turns_total"),
			    "# HELP a_turns_total Turns by\\noutcome \\\\.\n"
			    "# TYPE a_turns_total counter\n"
			    "a_turns_total{outcome=\"done\"} 5\n"
			    "a_turns_total{outcome=\"failed\"} 0\n"
			    "a_turns_total 1\n");
	assert_string_equal(family("b_depth"), "# HELP b_depth Rows.\n"
					       "# TYPE b_depth gauge\n"
					       "b_depth -2\n");
}

static void test_histogram(void **state)
{
	static const int64_t observed[] = { 0, -5, 500, 501, 25000, 15000000, 15000001, 1000 };
	struct metric *m = metric_histogram("c_seconds", "step=\"name\"", "Time.");

	(void)state;
	for (size_t i = 0; i < COUNT(observed); i++)
		metric_observe_us(m, observed[i]);
	assert_int_equal(metric_value(m), 8);
	assert_string_equal(family("c_seconds"), "# HELP c_seconds Time.\n"
						 "# TYPE c_seconds histogram\n"
						 "c_seconds_bucket{step=\"name\",le=\"0.0005\"} 3\n"
						 "c_seconds_bucket{step=\"name\",le=\"0.001\"} 5\n"
						 "c_seconds_bucket{step=\"name\",le=\"0.0025\"} 5\n"
						 "c_seconds_bucket{step=\"name\",le=\"0.005\"} 5\n"
						 "c_seconds_bucket{step=\"name\",le=\"0.01\"} 5\n"
						 "c_seconds_bucket{step=\"name\",le=\"0.025\"} 6\n"
						 "c_seconds_bucket{step=\"name\",le=\"0.05\"} 6\n"
						 "c_seconds_bucket{step=\"name\",le=\"0.1\"} 6\n"
						 "c_seconds_bucket{step=\"name\",le=\"0.25\"} 6\n"
						 "c_seconds_bucket{step=\"name\",le=\"0.5\"} 6\n"
						 "c_seconds_bucket{step=\"name\",le=\"1\"} 6\n"
						 "c_seconds_bucket{step=\"name\",le=\"2.5\"} 6\n"
						 "c_seconds_bucket{step=\"name\",le=\"5\"} 6\n"
						 "c_seconds_bucket{step=\"name\",le=\"8\"} 6\n"
						 "c_seconds_bucket{step=\"name\",le=\"15\"} 7\n"
						 "c_seconds_bucket{step=\"name\",le=\"+Inf\"} 8\n"
						 "c_seconds_sum{step=\"name\"} 30.027002\n"
						 "c_seconds_count{step=\"name\"} 8\n");
	m = metric_histogram("d_seconds", NULL, "Time.");
	metric_observe_us(m, 1);
	assert_non_null(strstr(family("d_seconds"), "d_seconds_bucket{le=\"0.0005\"} 1\n"));
	assert_non_null(strstr(family("d_seconds"), "d_seconds_sum 0.000001\n"));
}

static void *count_up(void *arg)
{
	struct metric *m = metric_counter("e_total", NULL, "Counted together.");
	struct metric *h = metric_histogram("e_seconds", NULL, "Observed together.");

	(void)arg;
	for (int i = 0; i < 10000; i++) {
		metric_add(m, 1);
		metric_observe_us(h, i);
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up, NULL), 0);
	(void)family("e_total"); /* reading meanwhile is fine */
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(metric_value(metric_counter("e_total", NULL, "")), 40000);
	assert_int_equal(metric_value(metric_histogram("e_seconds", NULL, "")), 40000);
	assert_non_null(strstr(family("e_total"), "\ne_total 40000\n"));
}

static void test_full(void **state)
{
	struct buf b;

	(void)state;
	(void)metric_counter("f_total", NULL, "Some.");
	buf_init(&b, 10);
	assert_int_equal(metric_write(&b), -1);
	buf_free(&b);
}

static void two_kinds(void)
{
	(void)metric_counter("g_total", NULL, "x");
	(void)metric_gauge("g_total", "a=\"b\"", "x");
}

static void bad_name(void)
{
	(void)metric_counter("1-total", NULL, "x");
}

static void counter_goes_down(void)
{
	metric_add(metric_counter("h_total", NULL, "x"), -1);
}

static void counter_is_set(void)
{
	metric_set(metric_counter("h_total", NULL, "x"), 1);
}

static void gauge_is_observed(void)
{
	metric_observe_us(metric_gauge("h_now", NULL, "x"), 1);
}

static void test_bugs_assert(void **state)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = {
		{ "one name, two kinds", two_kinds },	    { "bad name", bad_name },
		{ "counter goes down", counter_goes_down }, { "counter is set", counter_is_set },
		{ "gauge is observed", gauge_is_observed },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_CASE(aborts(cases[i].run), cases[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counter_and_gauge), cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_threads),		  cmocka_unit_test(test_full),
		cmocka_unit_test(test_bugs_assert),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
