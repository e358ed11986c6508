/*
 * `hallmark-signer check`: the files of the feeds of advisories that a policy wants.
 */
#ifndef HALLMARK_SIGNER_CHECK_CHECK_FEEDS_H
#define HALLMARK_SIGNER_CHECK_CHECK_FEEDS_H

#include <stdint.h>

#include "config/faults.h"
#include "config/signer_config.h"
#include "policy/policy.h"

/*
 * A file that is no feed is a fault: the signer would go on with the one before. A note where one
 * is not there, older than the policy wants it, or where the configuration names no directory.
 */
void check_feeds(const struct signer_config *c, const struct policy *p, uint64_t now_s,
    struct faults *faults, struct faults *notes);

#endif
