/*
 * `hallmark-signer check`: whether the key process's profiles give the tokens that the policy
 * wants.
 */
#ifndef HALLMARK_SIGNER_CHECK_CHECK_TOKENS_H
#define HALLMARK_SIGNER_CHECK_CHECK_TOKENS_H

#include "config/faults.h"
#include "config/hsm_config.h"
#include "policy/policy.h"

/*
 * Faults: a profile that is not there, an audience that it does not list, a workload that it
 * does not cover, where the policy names it without a wildcard: those receipts would leave without
 * the token. Notes: a lifetime that it cuts. Each is told at its place in the policy, with `path`,
 * that of `hsm`. What else
 * a profile does not cover, each report shows.
 */
void check_tokens(const char *path, const struct hsm_config *hsm, const struct policy *p,
    struct faults *faults, struct faults *notes);

/* Of another user's key process, behind a socket: what only that one can look at. */
void check_tokens_elsewhere(const struct policy *p, struct faults *notes);

#endif
