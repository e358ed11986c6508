#include "tests/bench/load/histogram.h"

#include <stdio.h>
#include <string.h>

#define HALF 128 /* buckets for each power of two */

static unsigned bucket_of(uint64_t us);
static uint64_t end_of(unsigned bucket);

void
histogram_clear(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
}

void
histogram_add(struct histogram *h, uint64_t us)
{
	h->bucket[bucket_of(us)]++;
	h->count++;
	if (us > h->max_us)
		h->max_us = us;
}

uint64_t
histogram_quantile_us(const struct histogram *h, double q)
{
	uint64_t wanted = (uint64_t)(q * (double)h->count), seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen > wanted)
			return end_of(i) < h->max_us ? end_of(i) : h->max_us;
	}
	return h->max_us;
}

/* Below 256 a bucket is a microsecond; above, the eight highest bits of the value count. */
static unsigned
bucket_of(uint64_t us)
{
	unsigned shift, bucket;

	if (us < 2 * HALF)
		return (unsigned)us;
	shift = 63U - (unsigned)__builtin_clzll(us) - 7;
	bucket = shift * HALF + (unsigned)(us >> shift);
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static uint64_t
end_of(unsigned bucket)
{
	unsigned shift = bucket < 2 * HALF ? 0 : bucket / HALF - 1;

	return (((uint64_t)bucket - shift * HALF + 1) << shift) - 1;
}

void
histogram_print(const struct histogram *h)
{
	printf("\"p50_us\":%llu,\"p99_us\":%llu,\"p999_us\":%llu,\"max_us\":%llu,",
	    (unsigned long long)histogram_quantile_us(h, 0.5),
	    (unsigned long long)histogram_quantile_us(h, 0.99),
	    (unsigned long long)histogram_quantile_us(h, 0.999), (unsigned long long)h->max_us);
}
