/*
 * What `hallmark-signer check` warns of in a policy: what can never match or never fail, what
 * nobody uses, what is over, what is not looked at. Nothing of it makes a policy wrong, and a
 * verdict knows none of it.
 */
#ifndef HALLMARK_POLICY_ADVICE_POLICY_ADVICE_H
#define HALLMARK_POLICY_ADVICE_POLICY_ADVICE_H

#include <stdint.h>

#include "policy/advice/advice.h"
#include "policy/policy.h"

/*
 * Adds what is to be said of a policy as at `now_s`, seconds since 1970; sorted by file and line.
 * It depends on nothing else.
 */
void policy_advise(const struct policy *p, uint64_t now_s, struct advices *to);

/*
 * The same of the files that a policy was read from: `file`, and all that it names, with the
 * directories above them. It looks at who may write to them now, other than root and the service.
 */
void policy_advise_writers(
    const struct policy *p, const char *file, uint32_t service_uid, struct advices *to);

#endif
