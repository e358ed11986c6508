/*
 * The head of a hash chain, as it is stored: of one workload of one collector, its newest report,
 * its newest entry of any kind, when the next report is due, and how it was judged.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_CHAIN_HEAD_H
#define HALLMARK_SIGNER_LEDGER_STORE_CHAIN_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/due.h"
#include "proto/digest.h"

/* The verdict of the newest report, as short as it can be said. */
struct chain_verdict {
	uint32_t since_s; /* iat of the first report of those in a row that have this status */
	uint8_t status;   /* enum report_status */
	uint8_t finding;  /* the first and worst, enum finding; FINDING_COUNT: none */
	uint8_t group;    /* of the policy in force then, from 1; 0: in none */
	bool falls;       /* that would have said worse, and did not decide */
};

#define CHAIN_TIME_MASK ((1ULL << 48) - 1) /* all of BUNDLE_TIME_MS_MAX */

/*
 * A gap record - evidence gathered offline, that came behind a fresh bundle - moves the chain and
 * nothing else: not what is said of the workload now. So time, due and verdict are those of the
 * newest bundle that is none. Packed, since a signer has a million of these.
 */
struct chain_head {
	uint64_t seq;
	uint64_t time_ms : 48;  /* of measurement */
	uint64_t gaps : 16;     /* gap records behind the newest bundle that is none */
	uint64_t index;         /* of the newest report */
	uint64_t last_signed_s; /* iat of the last report with a collector's signature; 0: never */
	struct digest bundle_digest;
	uint64_t entry_index;     /* of the newest entry: the report, or an absence after it */
	struct digest entry_leaf; /* its leaf hash */
	struct due due;           /* as of that entry; later notices may have moved it */
	struct chain_verdict verdict;
};

/* The log was set back to this time: nothing of the chain is of a later one any more. */
static inline void
chain_head_set_back(struct chain_head *h, uint64_t iat_s)
{
	if (h->time_ms > iat_s * 1000)
		h->time_ms = iat_s * 1000 & CHAIN_TIME_MASK;
	if (h->last_signed_s > iat_s)
		h->last_signed_s = iat_s;
	if (h->verdict.since_s > iat_s)
		h->verdict.since_s = (uint32_t)iat_s;
}

#endif
