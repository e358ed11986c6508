/*
 * Durations in microseconds, counted in buckets whose width is under 1 % of their value.
 */
#ifndef HALLMARK_LOAD_HISTOGRAM_H
#define HALLMARK_LOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 4096 /* 128 for each power of two, up to 2^37 us */

struct histogram {
	uint64_t count;
	uint64_t max_us;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *h);
void histogram_add(struct histogram *h, uint64_t us);

/* The upper end of the bucket that quantile `q` (0 to 1) falls into; 0 of an empty one. */
uint64_t histogram_quantile_us(const struct histogram *h, double q);

/* Prints `"p50_us":3000,"p99_us":5000,"p999_us":7000,"max_us":9000,`. */
void histogram_print(const struct histogram *h);

#endif
