/*
 * Who vouches for the reports of each workload. A collector's signature is over the chain of its
 * bundles (PROTOCOL.md, section 3), so it vouches for all reports of the chain before it that
 * nobody has vouched for yet, as long as the chain holds together.
 */
#ifndef HALLMARK_LOG_WALK_VOUCHERS_H
#define HALLMARK_LOG_WALK_VOUCHERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/walk/vouching.h"
#include "proto/err.h"

/* A CA, and the reports that it stands behind. */
struct voucher {
	struct digest ca; /* SHA-256 of its certificate */
	char name[VOUCHING_NAME_SIZE];
	uint64_t reports;
};

/* Of a whole log; zero-initialised. */
struct vouchers {
	size_t count;
	struct voucher *all;
	uint64_t vouched; /* reports */
	uint64_t not_vouched;
	uint64_t is_signed; /* reports that carry a signature which verifies */
	uint64_t unnamed;   /* of these: nobody was named who could stand behind them */
	uint64_t rejected;  /* of these: nobody who was named does, or not at that time */
};

/* Of one workload; zero-initialised. What is not vouched for is `pending` and `lost`. */
struct vouched_chain {
	uint64_t pending; /* since the last that is; a later signature vouches for them */
	uint64_t from;    /* index and iat of the first of these, as whoever counts them says */
	uint64_t from_s;
	uint64_t lost; /* before a break of the chain */
	size_t by_count;
	struct {
		size_t voucher; /* place in `all` */
		uint64_t reports;
	} * by;
};

/* The chain's next report. `breaks`: it does not follow from the one before. ERR_MEMORY. */
enum err vouchers_take(
    struct vouchers *all, struct vouched_chain *c, const struct vouched *v, bool breaks) MUST_USE;

void vouchers_free(struct vouchers *all);
void vouched_chain_free(struct vouched_chain *c);

#endif
