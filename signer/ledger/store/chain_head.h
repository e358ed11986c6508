/*
 * The head of a hash chain, as it is stored: the newest report of one workload of one collector.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_CHAIN_HEAD_H
#define HALLMARK_SIGNER_LEDGER_STORE_CHAIN_HEAD_H

#include <stdint.h>

#include "proto/digest.h"

struct chain_head {
	uint64_t seq;
	uint64_t time_ms;       /* of measurement */
	uint64_t index;         /* of the report */
	uint64_t last_signed_s; /* iat of the last report with a collector's signature; 0: never */
	struct digest bundle_digest;
	struct digest report_digest; /* SHA-256 of the report */
};

#endif
