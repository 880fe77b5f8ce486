/*
 * base/metric.h - counters, gauges and histograms in Prometheus text format 0.0.4.
 *
 * A metric lives for ever. Finding it takes a lock, so a hot road keeps the
 * pointer; adding is one atomic operation. Label values come from code or
 * configuration, never from a message. Any thread.
 */
#ifndef SAMVAD_BASE_METRIC_H
#define SAMVAD_BASE_METRIC_H

#include <stdint.h>

#include "base/buf.h"

struct metric;

/* Finds or makes the metric with this name and these labels
 * ("outcome=\"done\"", or NULL). Asserts on one name with two kinds. */
struct metric *metric_counter(const char *name, const char *labels, const char *help);
struct metric *metric_gauge(const char *name, const char *labels, const char *help);
/* Buckets fit turns: 0.5 ms to 15 s. Unit of observations: microseconds; shown in seconds. */
struct metric *metric_histogram(const char *name, const char *labels, const char *help);

void metric_add(struct metric *m, int64_t n); /* counter, gauge */
void metric_set(struct metric *m, int64_t n); /* gauge */
void metric_observe_us(struct metric *m, int64_t us);
int64_t metric_value(const struct metric *m); /* histogram: number of observations */

/* Appends all metrics, grouped by name, HELP and TYPE once each. */
int metric_write(struct buf *out);

#endif
