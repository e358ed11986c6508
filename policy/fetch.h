/*
 * Fetching what a log has stored, by a callback, checked against its digest; and of a manifest what
 * a log needs to go on behind it: the operators that it names, and what it is rolled out against.
 */
#ifndef HALLMARK_POLICY_FETCH_H
#define HALLMARK_POLICY_FETCH_H

#include <stdbool.h>

#include "policy/governance/operators.h"
#include "policy/policy.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

/*
 * The operators that a manifest names, the caller's, NULL if none; and what it is rolled out
 * against, if it is. As manifest_parse and operators_parse say; ERR_DIGEST; what `fetch` returned.
 */
enum err fetch_manifest(const struct digest *manifest, policy_fetch *fetch, void *context,
    struct operators **operators, bool *rolls_out, struct digest *rollout) MUST_USE;

/*
 * Appends what is stored to an empty buffer. ERR_DIGEST if it is another; ERR_MEMORY; what `fetch`
 * returned.
 */
enum err fetch_checked(policy_fetch *fetch, void *context, enum pack_kind kind,
    const struct digest *digest, struct buf *to) MUST_USE;

#endif
