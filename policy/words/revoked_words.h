/*
 * Revocations (policy/governance/amendments.h) for who asks about a workload or its signer: whether
 * one touches what an entry of a policy is for, and what it says.
 */
#ifndef HALLMARK_POLICY_WORDS_REVOKED_WORDS_H
#define HALLMARK_POLICY_WORDS_REVOKED_WORDS_H

#include <stdbool.h>

#include "policy/governance/amendments.h"
#include "policy/policy.h"
#include "proto/bytes.h"

/* By what; of a source nothing is told. Points into the policy. */
struct revoked_use {
	struct view set;  /* that is revoked, or has the content; size 0: an exception has it */
	struct view path; /* of the content */
};

/*
 * Whether it touches a workload for which this is the entry: whose name is revoked or may be said
 * by a collector that is; whose rules use the revoked set; or a set or an exception that has the
 * revoked content. A pattern of collectors that stands for more than one may be anybody's. It reads
 * all lines of the sets.
 */
bool revoked_touches(const struct revoke *r, const struct policy_rule *rule, struct view workload,
    struct revoked_use *out);

/* Appends members of a JSON object: subject, statement, until, reason (doc/outputs.md). */
void revoked_write(const struct revoke *r, struct buf *to);

#endif
