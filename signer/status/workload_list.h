/*
 * The workloads that the signer knows, for its status socket: a part at a time, so that neither the
 * loop nor the memory of an answer grows with how many there are.
 */
#ifndef HALLMARK_SIGNER_STATUS_WORKLOAD_LIST_H
#define HALLMARK_SIGNER_STATUS_WORKLOAD_LIST_H

#include <stdbool.h>

#include "proto/bytes.h"
#include "signer/ledger/heads/workload.h"

/* Looked at for one answer: a third of a millisecond. */
#define WORKLOAD_LIST_LOOKS 4096

/* Told in one answer, of 1 KB at most: below what whoever asks takes (journal/asking.c). */
#define WORKLOAD_LIST_TOLD 400

/*
 * Appends a part of them, in any order, or of these those alone that are not affirming, without
 * what was measured before starts, as
 *
 *   {"workloads":[{"collector":str,"workload":str,"verdict":str,"last":str,"since":time,
 *   "seen":time,"finding":str,"index":N}...],"next":str}
 *
 * and a line feed. `cursor`: where it begins, the `next` of the part before (size 0: at the
 * beginning); null: this was the last one. ERR_NOT_FOUND if the cursor does not hold any more,
 * since the table has grown: whoever asks begins anew.
 */
enum err workload_list_write(
    const struct workload_table *t, struct view cursor, bool troubled, struct buf *to) MUST_USE;

#endif
