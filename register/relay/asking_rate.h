/*
 * How often may be asked: by one name, and by all. Buckets that fill with time; on the loop alone.
 */
#ifndef HALLMARK_REGISTER_RELAY_ASKING_RATE_H
#define HALLMARK_REGISTER_RELAY_ASKING_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A signer takes 10 a second of a relay after its first 20 (PROTOCOL.md, 210): below that, so that
 * who asks too often is told so here, and others have room. */
#define ASKING_ALL_BURST   16
#define ASKING_ALL_EACH_MS 125
#define ASKING_ONE_BURST   8
#define ASKING_ONE_EACH_MS 500

/* Names are told apart by a hash into so many buckets; who shares one shares its rate. */
#define ASKING_BUCKETS 1024

/* Zero-initialised. Each value: when the bucket is full again. */
struct asking_rate {
	uint64_t all_ms, one_ms[ASKING_BUCKETS];
};

/* Counts it if it may be asked now; `name` may be NULL, which is a name as well. */
bool asking_rate_take(struct asking_rate *r, const char *name, uint64_t now_ms);

#endif
