/*
 * metric.c - counters, gauges and histograms.
 *
 * Families (one name, one kind) hold their series (one set of labels) in the
 * order of registration; both lists only grow. The lock guards the lists, the
 * values are atomics: counting takes no lock.
 */
#include "base/metric.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

static const int64_t bucket_us[] = {
	500,	1000,	2500,	 5000,	  10000,   25000,   50000,    100000,
	250000, 500000, 1000000, 2500000, 5000000, 8000000, 15000000,
};

enum { BUCKETS = sizeof bucket_us / sizeof *bucket_us };

struct metric {
	struct metric *next;
	enum metric_kind kind;
	char *labels;			    /* "" when there are none */
	_Atomic int64_t value;		    /* histogram: sum of microseconds */
	_Atomic int64_t above[BUCKETS + 1]; /* observations by bucket, the last beyond all */
};

struct family {
	struct family *next;
	enum metric_kind kind;
	char *name;
	char *help;
	struct metric *first;
};

static pthread_mutex_t families_lock = PTHREAD_MUTEX_INITIALIZER;
static struct family *families;

static bool is_name(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_:";
	static const char rest[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_:0123456789";

	return strspn(name, letters) > 0 && name[strspn(name, rest)] == '\0';
}

static struct family *family_of(const char *name, const char *help, enum metric_kind kind)
{
	struct family **at = &families;

	for (; *at; at = &(*at)->next) {
		if (strcmp((*at)->name, name) == 0) {
			assert((*at)->kind == kind);
			return *at;
		}
	}
	*at = mem_alloc(sizeof **at);
	(*at)->kind = kind;
	(*at)->name = mem_strdup(name);
	(*at)->help = mem_strdup(help);
	return *at;
}

static struct metric *series_of(struct family *family, const char *labels)
{
	struct metric **at = &family->first;

	for (; *at; at = &(*at)->next) {
		if (strcmp((*at)->labels, labels) == 0)
			return *at;
	}
	*at = mem_alloc(sizeof **at);
	(*at)->kind = family->kind;
	(*at)->labels = mem_strdup(labels);
	return *at;
}

static struct metric *find_or_make(enum metric_kind kind, const char *name, const char *labels,
				   const char *help)
{
	struct metric *m;

	assert(is_name(name) && help);
	pthread_mutex_lock(&families_lock);
	m = series_of(family_of(name, help, kind), labels ? labels : "");
	pthread_mutex_unlock(&families_lock);
	return m;
}

struct metric *metric_counter(const char *name, const char *labels, const char *help)
{
	return find_or_make(METRIC_COUNTER, name, labels, help);
}

struct metric *metric_gauge(const char *name, const char *labels, const char *help)
{
	return find_or_make(METRIC_GAUGE, name, labels, help);
}

struct metric *metric_histogram(const char *name, const char *labels, const char *help)
{
	return find_or_make(METRIC_HISTOGRAM, name, labels, help);
}

void metric_add(struct metric *m, int64_t n)
{
	assert(m->kind == METRIC_GAUGE || (m->kind == METRIC_COUNTER && n >= 0));
	atomic_fetch_add_explicit(&m->value, n, memory_order_relaxed);
}

void metric_set(struct metric *m, int64_t n)
{
	assert(m->kind == METRIC_GAUGE);
	atomic_store_explicit(&m->value, n, memory_order_relaxed);
}

void metric_observe_us(struct metric *m, int64_t us)
{
	int i = 0;

	assert(m->kind == METRIC_HISTOGRAM);
	if (us < 0)
		us = 0;
	while (i < BUCKETS && us > bucket_us[i])
		i++;
	atomic_fetch_add_explicit(&m->above[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&m->value, us, memory_order_relaxed);
}

static int64_t bucket(const struct metric *m, int i)
{
	return atomic_load_explicit(&m->above[i], memory_order_relaxed);
}

int64_t metric_value(const struct metric *m)
{
	int64_t n = 0;

	if (m->kind != METRIC_HISTOGRAM)
		return atomic_load_explicit(&m->value, memory_order_relaxed);
	for (int i = 0; i <= BUCKETS; i++)
		n += bucket(m, i);
	return n;
}

/* Microseconds as seconds, exactly and without needless zeros. */
static void add_seconds(struct buf *out, int64_t us)
{
	char fraction[8] = "";
	int n = 6;

	fraction[0] = '.';
	for (int64_t rest = us % 1000000; n > 0; n--, rest /= 10)
		fraction[n] = (char)('0' + rest % 10);
	for (n = 6; n >= 0 && (fraction[n] == '0' || fraction[n] == '.'); n--)
		fraction[n] = '\0';
	(void)buf_addf(out, "%" PRId64 "%s", us / 1000000, fraction);
}

/* name_suffix{labels}, with a blank behind it. */
static void add_series(struct buf *out, const char *name, const char *suffix, const char *labels)
{
	(void)buf_addf(out, "%s%s", name, suffix);
	if (*labels)
		(void)buf_addf(out, "{%s}", labels);
	(void)buf_addc(out, ' ');
}

/* The count is the sum of the buckets as read here, so that they agree. */
static void add_histogram(struct buf *out, const char *name, const struct metric *m)
{
	int64_t sum = atomic_load_explicit(&m->value, memory_order_relaxed);
	int64_t count = 0;

	for (int i = 0; i <= BUCKETS; i++) {
		count += bucket(m, i);
		(void)buf_addf(out, "%s_bucket{%s%sle=\"", name, m->labels, *m->labels ? "," : "");
		if (i < BUCKETS)
			add_seconds(out, bucket_us[i]);
		else
			(void)buf_adds(out, "+Inf");
		(void)buf_addf(out, "\"} %" PRId64 "\n", count);
	}
	add_series(out, name, "_sum", m->labels);
	add_seconds(out, sum);
	(void)buf_addc(out, '\n');
	add_series(out, name, "_count", m->labels);
	(void)buf_addf(out, "%" PRId64 "\n", count);
}

static void add_help(struct buf *out, const struct family *family)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };

	(void)buf_addf(out, "# HELP %s ", family->name);
	for (const char *c = family->help; *c; c++) {
		if (*c == '\\')
			(void)buf_adds(out, "\\\\");
		else if (*c == '\n')
			(void)buf_adds(out, "\\n");
		else
			(void)buf_addc(out, *c);
	}
	(void)buf_addf(out, "\n# TYPE %s %s\n", family->name, types[family->kind]);
}

int metric_write(struct buf *out)
{
	pthread_mutex_lock(&families_lock);
	for (const struct family *f = families; f; f = f->next) {
		add_help(out, f);
		for (const struct metric *m = f->first; m; m = m->next) {
			if (m->kind == METRIC_HISTOGRAM) {
				add_histogram(out, f->name, m);
				continue;
			}
			add_series(out, f->name, "", m->labels);
			(void)buf_addf(out, "%" PRId64 "\n", metric_value(m));
		}
	}
	pthread_mutex_unlock(&families_lock);
	return out->full ? -1 : 0;
}
