/*
 * The collector's signature that a report carries, checked with the certificates in the evidence.
 */
#ifndef HALLMARK_LOG_WALK_VOUCHING_H
#define HALLMARK_LOG_WALK_VOUCHING_H

#include "log/evidence_reader.h"
#include "log/walk/reason.h"
#include "policy/policy.h"
#include "proto/report/report.h"

/*
 * Bad if the certificates are none, the first of them is not this collector's or did not sign this
 * bundle, or if the policy names CAs and none of them stands behind it. Dates do not count: a
 * connection may outlive a certificate, and the signer has checked it when it began. Unknown if
 * they are not in the evidence. Good without a signature.
 */
void vouching_check(struct evidence_reader *evidence, const struct policy *policy,
    const struct report *logged, struct reason *reason);

#endif
