/*
 * What a policy is known by: its manifest, the digest of that, and the objects it consists of. Only
 * policy/ includes this.
 */
#ifndef HALLMARK_POLICY_POLICY_SEAL_H
#define HALLMARK_POLICY_POLICY_SEAL_H

#include "policy/rules/rule.h"

#define POLICY_ID_MARK "@sha256:" /* between name and digest */

/* Fills them in, of a policy without faults. */
void policy_seal(struct policy *p);

#endif
