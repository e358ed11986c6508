/*
 * Whether a workload may start: what is there before it runs is measured, reported in a chain of
 * its own (proto/evidence/bundle_chain.h), and the verdict is what the receipt says, once that is
 * verified. One bundle, one answer; nothing waits for later.
 *
 * A receipt is believed by log_certificate of the configuration alone: where a signer has none, its
 * answer is none. The newest one of a workload is kept below the directory of receipts, in `start`,
 * so that the chain goes on from it, and so that it may serve again (`max_age_s`); not for a user
 * who may not read the collector's key, and goes through the running one (lender.h).
 */
#ifndef HALLMARK_COLLECTOR_GATE_GATE_H
#define HALLMARK_COLLECTOR_GATE_GATE_H

#include <stdint.h>

#include "collector/ground/trouble.h"
#include "collector/processes/measurer.h"
#include "config/collector/collector_config.h"
#include "proto/bytes.h"

/* The exit status that says so. */
enum gate_answer {
	GATE_ALLOWED = 0, /* the verdict is affirming */
	GATE_DENIED = 1,  /* it is another one */
	GATE_UNKNOWN = 2, /* there is none */
};

#define GATE_BUSY_TRIES 10  /* where others write to the chain, or the signer is busy */
#define GATE_BUSY_MS    200 /* the longest wait between two of these; each is another one */

struct gate_wish {
	size_t workload;    /* number of the one that has its `start` */
	uint64_t max_age_s; /* a receipt of the same components that is no older may serve; 0: none
			       does */
	bool summary;       /* without one there is no answer */
	const char *demanded; /* file of a summary that answers in the place of the signer, no older
				 than max_age_s; or NULL */
	const char *verifier; /* id that this has to be by; NULL: any */
};

/* What the answer rests on; nothing where it is unknown. */
struct gate_given {
	struct buf receipt; /* a tlog-proof */
	struct buf summary; /* where it was wanted */
};

/*
 * Measures, and asks. `t`: why it is not allowed, in a sentence; where it is, by which report.
 */
enum gate_answer gate_ask(const struct collector_config *config, struct measurer *measurer,
    const struct gate_wish *wish, struct gate_given *given, struct trouble *t);

#endif
