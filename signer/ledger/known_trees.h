/*
 * The sizes of the trees that the present key process takes a token's proof to: the state that it
 * began with and those it has signed since, as far as it remembers (KEYCHANNEL_TREES).
 */
#ifndef HALLMARK_SIGNER_LEDGER_KNOWN_TREES_H
#define HALLMARK_SIGNER_LEDGER_KNOWN_TREES_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/wire/keychannel.h"

struct known_trees {
	uint64_t count; /* since the key process began; the newest are here, in a ring */
	uint64_t size[KEYCHANNEL_TREES];
};

/* A fresh key process, whose state is the tree of `size`. */
void known_trees_begin(struct known_trees *t, uint64_t size);

/* It has signed the tree of `size`, not smaller than the last. */
void known_trees_add(struct known_trees *t, uint64_t size);

/*
 * Of a tree that was signed, by this process or an earlier one: whether this one takes a proof to
 * it that is sent now. One less than it remembers, because the checkpoint that is being signed may
 * push out one more before the request is read.
 */
bool known_trees_has(const struct known_trees *t, uint64_t size);

#endif
