/*
 * How fast the guard may grow by signing. Whoever controls the signer can prove that a tree of any
 * size continues the last one; without a bound one request takes the guard to a size that no honest
 * log ever reaches, and for good, because it never goes back. What was signed elsewhere is no
 * growth of this kind: observe (observe.h) is not bounded.
 *
 * A bucket of KEYCHANNEL_GROWTH_MAX entries (proto/wire/keychannel.h) that is filled with
 * GROWTH_PER_S a second. It does not begin full, or a new process would be a new bucket: it begins
 * with what has come in since the guard's state was written last.
 */
#ifndef HALLMARK_PKCS11_SERVE_GROWTH_H
#define HALLMARK_PKCS11_SERVE_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

/* Ten times what a signer takes with one core, and so more than it takes with all of 16 loops. */
#define GROWTH_PER_S (1U << 20)

struct growth {
	uint64_t level; /* entries that may come now */
	uint64_t at_us; /* when that was so, by CLOCK_MONOTONIC */
};

/* `rested_us`: for how long the state has not been written. */
void growth_begin(struct growth *g, uint64_t now_us, uint64_t rested_us);

/* How many entries may come now; `now_us` never goes back. */
uint64_t growth_level(struct growth *g, uint64_t now_us);

/* So many have come, no more than the level. */
void growth_take(struct growth *g, uint64_t count);

#endif
