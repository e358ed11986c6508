/*
 * A queue of a chain (collector/store/chain.h), made anew: its records are numbered behind what is
 * acknowledged, and each names the one before it. What does not change by that keeps its signature.
 */
#ifndef HALLMARK_COLLECTOR_STORE_CHAIN_REWRITE_H
#define HALLMARK_COLLECTOR_STORE_CHAIN_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/store/chain_file.h"
#include "proto/bytes.h"
#include "proto/err.h"

/* The records that wait: `count` of them in the file `queue`, from this offset on. */
struct chain_old {
	int queue; /* borrowed */
	uint64_t begin;
	size_t count;
};

/* What becomes of them, beside that all are renumbered. */
struct chain_change {
	struct view first, signature; /* put before the others; size 0: none */
	size_t drop_from, drop_count; /* these are taken out */
	bool delays_head;             /* it becomes a gap record, in the order of times */
	bool places;                  /* all gap records are of the present place */
};

/*
 * Appends the new queue to `to`; `last` is what it follows. ERR_NOT_FOUND, ERR_FORMAT and ERR_IO of
 * a record that cannot be read; ERR_MEMORY.
 */
enum err chain_rewrite(const struct chain_old *old, const struct chain_last *last,
    const struct chain_change *change, struct buf *to) MUST_USE;

#endif
