#include "signer/ground/counters.h"

#define STEPS 4 /* buckets per power of two */

const uint64_t latency_bound_us[LATENCY_BOUNDS] = {100, 250, 500, 1000, 2500, 5000, 10000, 25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

static unsigned bucket_of(uint64_t us);
static uint64_t bucket_limit(unsigned bucket);

void
traffic_opened(struct traffic *t)
{
	atomic_fetch_add_explicit(&t->connections, 1, memory_order_relaxed);
}

void
traffic_closed(struct traffic *t)
{
	atomic_fetch_sub_explicit(&t->connections, 1, memory_order_relaxed);
}

void
traffic_shaken(struct traffic *t, bool resumed)
{
	atomic_fetch_add_explicit(&t->handshakes, 1, memory_order_relaxed);
	if (resumed)
		atomic_fetch_add_explicit(&t->handshakes_resumed, 1, memory_order_relaxed);
}

void
traffic_count(struct traffic *t, enum err e)
{
	atomic_fetch_add_explicit(&t->refusals[err_index(e)], 1, memory_order_relaxed);
}

uint64_t
traffic_connections(struct traffic *t)
{
	return atomic_load_explicit(&t->connections, memory_order_relaxed);
}

void
traffic_turned(struct traffic *t, uint64_t woke_ms, uint64_t now_us)
{
	uint_fast64_t gap_us = now_us - woke_ms * 1000;
	uint_fast64_t seen = atomic_load_explicit(&t->loop_gap_max_us, memory_order_relaxed);

	while (woke_ms != 0 && gap_us > seen &&
	       !atomic_compare_exchange_weak_explicit(
		   &t->loop_gap_max_us, &seen, gap_us, memory_order_relaxed, memory_order_relaxed))
		;
}

uint64_t
traffic_loop_gap_max_us(struct traffic *t)
{
	return atomic_load_explicit(&t->loop_gap_max_us, memory_order_relaxed);
}

void
counters_with_traffic(const struct counters *c, struct traffic *t, struct counters *out)
{
	*out = *c;
	out->handshakes += atomic_load_explicit(&t->handshakes, memory_order_relaxed);
	out->handshakes_resumed +=
	    atomic_load_explicit(&t->handshakes_resumed, memory_order_relaxed);
	for (unsigned i = 0; i < COUNTER_REFUSALS_MAX; i++)
		out->refusals[i] += atomic_load_explicit(&t->refusals[i], memory_order_relaxed);
}

void
latency_add(struct latency *l, uint64_t us)
{
	l->bucket[bucket_of(us)]++;
	for (unsigned i = 0; i < LATENCY_BOUNDS; i++) {
		if (us <= latency_bound_us[i]) {
			l->within[i]++;
			break;
		}
	}
	l->count++;
	l->sum_us += us;
	if (us > l->max_us)
		l->max_us = us;
}

uint64_t
latency_quantile_us(const struct latency *l, double quantile)
{
	double wanted = quantile * (double)l->count;
	uint64_t seen = 0;

	if (l->count == 0)
		return 0;
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		seen += l->bucket[i];
		if ((double)seen >= wanted && seen > 0)
			return bucket_limit(i) < l->max_us ? bucket_limit(i) : l->max_us;
	}
	return l->max_us;
}

/* Values under 4 have a bucket each; above, the two bits after the leading one choose. */
static unsigned
bucket_of(uint64_t us)
{
	unsigned power, bucket;

	if (us < STEPS)
		return (unsigned)us;
	power = 63U - (unsigned)__builtin_clzll(us);
	bucket = (power - 1) * STEPS + (unsigned)((us >> (power - 2)) & (STEPS - 1));
	return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

static uint64_t
bucket_limit(unsigned bucket)
{
	unsigned power = bucket / STEPS + 1;

	if (bucket < STEPS)
		return bucket;
	return ((uint64_t)(STEPS + bucket % STEPS + 1) << (power - 2)) - 1;
}
