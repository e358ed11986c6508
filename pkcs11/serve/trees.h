/*
 * The trees that reports may be proved in: the last KEYCHANNEL_TREES (proto/wire/keychannel.h) that
 * the guard let be signed. In memory alone: who comes after a restart proves from the state again.
 */
#ifndef HALLMARK_PKCS11_SERVE_TREES_H
#define HALLMARK_PKCS11_SERVE_TREES_H

#include <stdint.h>

#include "proto/digest.h"
#include "proto/wire/keychannel.h"

struct trees {
	uint64_t count; /* added so far; the newest KEYCHANNEL_TREES of them are here, in a ring */
	struct tree {
		uint64_t size; /* leaves */
		struct digest root;
	} tree[KEYCHANNEL_TREES];
};

/* Sizes rise; the newest tree once more changes nothing. */
void trees_add(struct trees *t, uint64_t size, const struct digest *root);

/* The root of the tree of that size, or NULL. */
const struct digest *trees_root(const struct trees *t, uint64_t size);

#endif
