/*
 * Chains: workloads of which each bundle follows its predecessor, as the protocol demands.
 */
#ifndef HALLMARK_LOAD_CHAIN_H
#define HALLMARK_LOAD_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/wire/message.h"

#define CHAIN_NAME_MAX 64 /* bytes, with NUL */

struct link;

/* What a workload shows: an executable, /usr/bin/app. */
struct chain_evidence {
	struct buf bytes;
	struct digest digest;
	size_t content_offset; /* where the digest of the executable's content stands */
};

struct chain {
	char name[CHAIN_NAME_MAX];
	struct link *link;
	uint64_t seq;
	struct digest prev;
	struct chain_evidence own; /* empty: the known one, as everybody's */
	uint64_t due_us;           /* when the bundle under way was to be sent; 0: none is */
	struct chain *next;        /* among those that are idle */
};

/* The content that the tests' policy knows. Made once; ends the program for want of memory. */
const struct chain_evidence *chain_known_evidence(void);

/* A new content, which nobody has shown before. */
void chain_change(struct chain *c);

/* Appends the next bundle's message to `to`. */
void chain_bundle(struct chain *c, const uint8_t nonce[NONCE_SIZE], struct buf *to);

/* Appends the component that the last bundle named. */
void chain_part(const struct chain *c, struct buf *to);

#endif
