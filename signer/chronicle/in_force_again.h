/*
 * A list of what is in force (proto/report/inforce.h) that the evidence store has lost, made again
 * from the notices up to the one that it is of, and the statements that they name. Nothing is
 * judged again: the list's digest says whether it is right.
 */
#ifndef HALLMARK_SIGNER_CHRONICLE_IN_FORCE_AGAIN_H
#define HALLMARK_SIGNER_CHRONICLE_IN_FORCE_AGAIN_H

#include <stddef.h>

#include "policy/policy.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "signer/ledger/store/notice_row.h"

/*
 * Appends the list behind the last of these notices, which are all there are up to it, at least
 * one. `fetch` gives envelopes. ERR_MISMATCH if what comes out is not what that notice has; what
 * `fetch` returned; ERR_FORMAT; ERR_MEMORY.
 */
enum err in_force_again(const struct notice_row *row, size_t count, policy_fetch *fetch,
    void *context, struct buf *to) MUST_USE;

#endif
