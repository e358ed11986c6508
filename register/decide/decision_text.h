/*
 * A decision as an answer of HTTP: status, the fields X-Hallmark-*, and a few lines for people.
 */
#ifndef HALLMARK_REGISTER_DECIDE_DECISION_TEXT_H
#define HALLMARK_REGISTER_DECIDE_DECISION_TEXT_H

#include "config/register_config.h"
#include "register/decide/decision.h"
#include "register/front/response.h"

/* 200, 403, 404, 503. */
unsigned decision_status(enum decision_kind kind);

/* "allow", "unknown", "cannot-know", "deny". */
const char *decision_kind_name(enum decision_kind kind);

/*
 *   X-Hallmark-Decision  allow, deny, unknown, cannot-know
 *   X-Hallmark-Why       in words
 *   X-Hallmark-Tier      of the report that decides
 *   X-Hallmark-Finding   its first finding, if it has one
 *   X-Hallmark-Age       seconds since its iat
 *   X-Hallmark-Until     until when it is good, seconds since 1970; of an admission alone
 *   X-Hallmark-Entry     log/index
 *   X-Hallmark-Proof     path of its receipt
 *   X-Hallmark-Members   well/all, of a group
 */
void decision_write(const struct decision *d, const struct register_config *config, uint64_t now_s,
    struct response *out);

#endif
