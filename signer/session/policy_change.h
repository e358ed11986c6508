/*
 * Which policy the signer judges by: the one that is in force in its log. One that is configured
 * comes into force with a manifest notice, which may need approvals (policy/standing.h); until they
 * are there it waits, and what is in force goes on. The first policy of a log is taken as it is.
 *
 * A signer whose policy names no operators starts under none that does: a site without operators
 * has not named them, and whoever had its signer judges by that policy.
 */
#ifndef HALLMARK_SIGNER_SESSION_POLICY_CHANGE_H
#define HALLMARK_SIGNER_SESSION_POLICY_CHANGE_H

#include "policy/policy.h"
#include "proto/err.h"
#include "signer/session/service.h"

/*
 * At the start, behind the start notice: `service->policy` is the configured one. If another one is
 * in force, it is loaded from the evidence store, unless the configured one may follow it. ERR_IO
 * if it cannot be loaded, ERR_CONFIG if it is not to be, which has been said; ERR_MEMORY.
 */
enum err policy_change_begin(struct service *s) MUST_USE;

/* Another one is configured (moved). */
void policy_change_offer(struct service *s, struct policy *configured);

/* Whether the one that waits has what it needs by now. */
void policy_change_look(struct service *s);

#endif
