/*
 * How many workloads the policy in force has judged, by the groups in which it has found them, and
 * of how many of them the verdict would be worse if it decided everywhere: what has to be known of
 * a policy that is rolled out, before it is turned on.
 *
 * By their newest reports, as the heads have them, so that a start finds the same numbers. Whoever
 * has brought evidence gathered offline since is counted again from its next fresh report on.
 * Starts are no workloads here, as in verdict.h.
 */
#ifndef HALLMARK_SIGNER_LEDGER_HEADS_JUDGED_H
#define HALLMARK_SIGNER_LEDGER_HEADS_JUDGED_H

#include <stdint.h>

#include "signer/ledger/heads/workload.h"

/* Another policy is in force, by this entry: it has judged nobody yet. */
void judged_begin(struct workload_table *t, uint64_t policy_index);

/* As it, at a start: counts whom it had judged before. */
void judged_resume(struct workload_table *t, uint64_t policy_index);

/* The head of `w` changes to this one. */
void judged_move(struct workload_table *t, const struct workload *w, const struct chain_head *to);

#endif
