/*
 * Whose statements count: judged by an operators file (policy/governance/operators.h) at a time of
 * the log. PROTOCOL.md, "Statements", has the rules and their order.
 */
#ifndef HALLMARK_POLICY_GOVERNANCE_APPROVALS_H
#define HALLMARK_POLICY_GOVERNANCE_APPROVALS_H

#include <stdint.h>

#include "policy/governance/operators.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/statement/statement.h"
#include "proto/tlog/transition.h"

/*
 * Whether a statement may be taken in a log of this origin, at this time. `operators` are those of
 * the manifest in force, NULL where it names none; `number` is the largest that the key has used, 0
 * if it has used none. The codes 221 to 229 in the order of PROTOCOL.md; ERR_MEMORY.
 */
enum err approvals_judge(const struct statement_document *d, struct view origin,
    const struct operators *operators, uint64_t number, uint64_t iat_s) MUST_USE;

/*
 * Whose approval of this manifest it is, at this time and by these operators; NULL if it is none
 * that counts. Whether it is in force otherwise (not revoked) is the caller's to know. Its
 * signature is looked at too: it may come from a list that only says that it was judged.
 */
const struct operator_entry *approvals_operator(const struct statement_document *d,
    const struct operators *operators, const struct digest *manifest, uint64_t iat_s);

/*
 * The operator who says that the log goes on as this succession has it, at this time; NULL if it is
 * no statement of that, or one that does not count. As approvals_operator.
 */
const struct operator_entry *approvals_continuer(const struct statement_document *d,
    const struct operators *operators, const struct transition *succession, uint64_t iat_s);

#endif
