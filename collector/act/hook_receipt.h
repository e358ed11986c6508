/*
 * What a receipt says of a workload, for who acts on it: nothing of it is believed but what the
 * log's pinned key has signed for.
 *
 * Verified are the checkpoint's signature by a `log_certificate` of the configuration, the proof
 * from the report to its root, and the report's form; that it is by this log, about this workload
 * of this collector, of evidence that was gathered when the signer asked for it, and not over.
 * Whoever gives the receipt may be hijacked: an older one of a workload than was heard before is
 * refused, too.
 */
#ifndef HALLMARK_COLLECTOR_ACT_HOOK_RECEIPT_H
#define HALLMARK_COLLECTOR_ACT_HOOK_RECEIPT_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "config/collector/collector_config.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/bundle_extensions.h"
#include "proto/evidence/identity.h"
#include "proto/tlog/checkpoint.h"

/* The keys of all logs of a configuration, and who its collector is; zero-initialised: none. */
struct hook_keys {
	EVP_PKEY **key;
	size_t count;
	char collector[IDENTITY_SIZE_MAX + 1]; /* whose receipts: of this host's certificate */
};

/* Replaces what was there; at an error that stays. ERR_CONFIG, ERR_MEMORY, with the trouble. */
enum err hook_keys_load(
    struct hook_keys *k, const struct collector_config *config, struct trouble *t) MUST_USE;
void hook_keys_free(struct hook_keys *k);

/* The newest that is known of a workload; zero-initialised: nothing. */
struct hook_said {
	bool any;
	enum bundle_verdict verdict;
	char log[CHECKPOINT_ORIGIN_MAX + 1];
	uint64_t index, issued_s;
	struct digest leaf; /* of the report */
	/* JSON members, each with a comma before it, of a hook's input: all that the report says.
	 */
	struct buf members;
};

/*
 * Takes the file of a receipt (C2SP tlog-proof, with the report) of `workload`; `now_s` since 1970.
 * On an error `said` stays as it was: those of tlogproof_parse and note_verify; ERR_MISMATCH about
 * another workload or log; ERR_PROOF; ERR_EVIDENCE_TIME if it is over, older than what is known, or
 * gathered offline.
 */
enum err hook_receipt_take(const struct hook_keys *k, struct view file, const char *workload,
    uint64_t now_s, struct hook_said *said, struct trouble *t) MUST_USE;

#endif
