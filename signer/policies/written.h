/*
 * A stored policy put back on a disk.
 */
#ifndef HALLMARK_SIGNER_POLICIES_WRITTEN_H
#define HALLMARK_SIGNER_POLICIES_WRITTEN_H

#include <stdbool.h>

#include "policy/policy.h"

#define WRITTEN_POLICY "policy.yaml" /* the name of the policy itself there */

/*
 * Makes the directory, and in it the policy and each file that it names, in the same place beside
 * it. Nothing is written over, or outside of the directory: what the policy names by an absolute
 * path, or by one with "..", is there as <kind>-<name>, which is told. False, with what is wrong on
 * stderr; what was written until then stays.
 */
bool written_policy(const char *directory, const struct policy *policy);

#endif
