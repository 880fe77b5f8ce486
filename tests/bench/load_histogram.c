/*
 * load_histogram.c - rows of doubling width, each of 64 equal buckets.
 */
#include "load.h"

static size_t bucket_of(uint64_t ns)
{
	unsigned row = 0;
	size_t i;

	while (ns >> row >= HISTOGRAM_SUB)
		row++;
	i = (size_t)row * HISTOGRAM_SUB + (size_t)(ns >> row);
	return i < HISTOGRAM_ROWS * HISTOGRAM_SUB ? i : HISTOGRAM_ROWS * HISTOGRAM_SUB - 1;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
	h->counts[bucket_of(ns)]++;
	h->total++;
	if (ns > h->most)
		h->most = ns;
}

double histogram_us(const struct histogram *h, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)h->total + 0.5), seen = 0;

	if (wanted < 1)
		wanted = 1;
	for (size_t i = 0; i < HISTOGRAM_ROWS * HISTOGRAM_SUB; i++) {
		seen += h->counts[i];
		if (seen >= wanted) /* the upper end: never prettier than it was */
			return (double)((uint64_t)(i % HISTOGRAM_SUB + 1) << i / HISTOGRAM_SUB) /
			       1000;
	}
	return 0;
}
