/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a hash under a key, for tables whose keys others
 * choose. Without the key nobody finds names that meet in one place.
 */
#ifndef HALLMARK_PROTO_SIPHASH_H
#define HALLMARK_PROTO_SIPHASH_H

#include <stdint.h>

#include "proto/bytes.h"

/* Of random bits; two words of 64. */
struct siphash_key {
	uint64_t word[2];
};

uint64_t siphash(const struct siphash_key *key, struct view message);

#endif
