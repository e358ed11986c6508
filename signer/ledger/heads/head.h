/*
 * What a report does to the head of its chain: the same when it is staged, and when recovery reads
 * it again.
 */
#ifndef HALLMARK_SIGNER_LEDGER_HEADS_HEAD_H
#define HALLMARK_SIGNER_LEDGER_HEADS_HEAD_H

#include "proto/report/report.h"
#include "signer/ledger/heads/workload.h"

/*
 * The head of `w` behind this report, its next. The places in the log are not set, and `due` is the
 * one before: a gap record moves none.
 */
struct chain_head head_after(const struct workload *w, const struct report *r);

#endif
