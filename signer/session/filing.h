/*
 * Filing: a bundle from its arrival to its report in the ledger. Whose it is, whether it is fresh
 * and the next of its chain, and then its appraisal. Nothing here answers the collector.
 */
#ifndef HALLMARK_SIGNER_SESSION_FILING_H
#define HALLMARK_SIGNER_SESSION_FILING_H

#include "signer/session/appraiser.h"
#include "signer/session/session_state.h"

/*
 * Sets the workload of this collector, and the rule for it. A name that policy does not allow
 * leaves nothing behind. ERR_UNAUTHORIZED, ERR_MEMORY.
 */
enum err filing_find_workload(struct session *s, struct filing *f) MUST_USE;

/*
 * Of a bundle whose workload was found: nonce, place in the chain, and signature. Looks
 * at the clock, and sets what its nonce says. ERR_STORAGE while the disks are low, ERR_IN_FLIGHT,
 * ERR_NONCE_REUSED, ERR_CLOCK, ERR_SEQUENCE, ERR_CHAIN, ERR_GAP_PLACE, ERR_EVIDENCE_TIME; else as
 * nonce_check and identity_verify_bundle say.
 */
enum err filing_check(struct session *s, struct filing *f) MUST_USE;

/* Who wants the receipt of a bundle whose workload was found, and with what. */
struct ledger_wanted filing_wanted(struct session *s, const struct filing *f);

/* Writes the report of a bundle whose components are all there, and stages it: it is in flight. */
enum err filing_stage(
    struct session *s, struct filing *f, const struct appraiser_components *components) MUST_USE;

#endif
