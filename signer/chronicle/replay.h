/*
 * At a start: notices and dues made again from what recovery reads (ledger_replay.h).
 *
 * Dues are told as of each chain's newest entry, which knew the windows of its time. What notices
 * behind that entry did to them is done at the end, for all chains, in the order of the log. What
 * stood behind a notice, and the policy that a bundle was judged under, come out of the evidence
 * store; of few at a time.
 *
 * How it fails. Of what the store has lost, the configured policy may have a part; a list is made
 * again from the statements that the notices name. Where a statement is lost as well, nobody can
 * say what is in force: the start ends. A policy that cannot be read leaves workloads without a
 * due, for the auditor as for us.
 */
#ifndef HALLMARK_SIGNER_CHRONICLE_REPLAY_H
#define HALLMARK_SIGNER_CHRONICLE_REPLAY_H

#include "signer/chronicle/notice_writer.h"
#include "signer/ledger/ledger_replay.h"

struct replay;

/*
 * `notices` gets what stands behind the newest notice. `configured` is the policy of the
 * configuration, which is there as long as the ledger recovers. ERR_MEMORY.
 */
enum err replay_new(struct notice_writer *notices, struct workload_table *workloads,
    const struct policy *configured, struct replay **out) MUST_USE;
void replay_free(struct replay **r);

/* For the ledger. */
struct ledger_replay replay_events(struct replay *r);

#endif
