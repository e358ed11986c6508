/*
 * What follows from a revocation (policy/governance/amendments.h) for workloads that have reported:
 * those that it touches are measured at once, and no report from before it is vouched for by a
 * token any more.
 *
 *   statements.c                  here                               challenge.c
 *     a revoke is taken    ->     recall_begin
 *                                 a walk over all workloads,     ->  the collector is sent
 * `measure` a piece a turn                 <-  its report is sealed, or not
 *
 * Touched is whose collector or workload is revoked, whose rule names a set that is, in the policy
 * in force or in the one that it is rolled out against, and by a digest everybody: only a new
 * measurement shows who has it. Who has reported behind the notice, or has no connection, is not
 * asked, nor whose newest report says `revoked` already. So many are asked at once that relays have
 * room beside them; who could not be asked for want of anything but a connection is asked later.
 */
#ifndef HALLMARK_SIGNER_SESSION_RECALL_H
#define HALLMARK_SIGNER_SESSION_RECALL_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/governance/amendments.h"
#include "signer/session/service.h"

/* This was taken, by the newest notice. */
void recall_begin(struct service *s, const struct revoke *r);

/* At a start: nothing that was reported before it is vouched for while a content is revoked. */
void recall_resume(struct service *s);

/* In each turn. True if the next one should not wait for anything else. */
bool recall_go_on(struct service *s);

/* A few times a second. */
void recall_tick(struct service *s);

/* Whether there may be a token about this workload's entry. */
bool recall_may_vouch(const struct service *s, const struct workload *w, uint64_t index);

#endif
