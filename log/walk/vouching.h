/*
 * The collector's signature that a report carries, checked with the certificates in the evidence.
 */
#ifndef HALLMARK_LOG_WALK_VOUCHING_H
#define HALLMARK_LOG_WALK_VOUCHING_H

#include "log/evidence_reader.h"
#include "log/reason.h"
#include "log/walk/vouching_trust.h"
#include "policy/policy.h"
#include "proto/report/report.h"

/* Bytes of a collector's chain: what one can show in TLS (proto/PROTOCOL.md, section 1). */
#define VOUCHING_CHAIN_SIZE_MAX 16384

/* Of one report: who stands behind its collector's signature. */
enum vouching_state {
	VOUCHING_UNSIGNED,
	VOUCHING_VOUCHED,  /* somebody who was named */
	VOUCHING_UNNAMED,  /* whoever it is: nobody was named */
	VOUCHING_REJECTED, /* nobody who was named, or not at that time */
};

struct vouched {
	enum vouching_state state;
	struct vouching_found by; /* but for UNSIGNED and UNNAMED */
	bool is_foreign;          /* REJECTED, which is bad: it is of none of those named, or was
				     revoked */
};

/*
 * Bad if the certificates are none, the first of them is not this collector's or did not sign this
 * bundle, or if the policy names CAs and none of them stands behind it, at whatever time: a
 * connection may outlive a certificate, and the signer has checked it when it began. Unknown if
 * they are not in the evidence. Good without a signature.
 *
 * Who vouches is told in `out` and not in `reason`: by the CAs that `trust` names; where it names
 * none, by the policy's if `policy_is_approved`.
 */
void vouching_check(struct evidence_reader *evidence, const struct policy *policy,
    const struct vouching_trust *trust, bool policy_is_approved, const struct report *logged,
    struct reason *reason, struct vouched *out);

#endif
