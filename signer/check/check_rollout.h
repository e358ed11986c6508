/*
 * `hallmark-signer check`: whether a policy that is rolled out may follow the one in force.
 */
#ifndef HALLMARK_SIGNER_CHECK_CHECK_ROLLOUT_H
#define HALLMARK_SIGNER_CHECK_CHECK_ROLLOUT_H

#include "config/faults.h"
#include "config/signer_config.h"
#include "policy/policy.h"

/*
 * A fault, which names the manifest in force as the published log has it, where the signer would
 * refuse this one. A note where that cannot be read. Of a policy that is rolled out against nothing
 * nothing is read.
 */
void check_rollout(const struct signer_config *c, const struct policy *p, struct faults *faults,
    struct faults *notes);

#endif
