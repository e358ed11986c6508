/*
 * The entries of a log, one after the other from the first: what each says, held against those
 * before it and against the evidence. PROTOCOL.md, "What a reader checks", has the rules in order.
 *
 * Without evidence all is checked that needs none: forms, times, chains of reports, absences and
 * notices, and which manifest is in force. With it also what statements and manifests rest on, when
 * workloads were due, and on demand every verdict.
 *
 * Nothing here ends: whoever follows a log that grows hands in what comes. What a later version has
 * written proves nobody wrong, nor does what follows from it: that is "could not tell".
 */
#ifndef HALLMARK_LOG_WALK_WALK_H
#define HALLMARK_LOG_WALK_WALK_H

#include <stdint.h>

#include "log/defects.h"
#include "log/told_token.h"
#include "log/tree_check.h"
#include "log/walk/chains.h"
#include "log/walk/log_keys.h"
#include "log/walk/manifests.h"
#include "log/walk/revocations.h"
#include "log/walk/unknowns.h"
#include "log/walk/walk_wanted.h"

struct walk;

/* What was wanted, but for the structure itself, and defects must outlive it. ERR_MEMORY. */
enum err walk_new(
    const struct walk_wanted *wanted, struct defects *defects, struct walk **out) MUST_USE;
void walk_free(struct walk **w);

/*
 * The next entries. Those that are left out could not be read: what hangs on them is not told. Ends
 * early where the defects are full.
 */
void walk_take(struct walk *w, const struct tree_check_entries *entries);

/* What can be said of all so far and is not of one entry; once. */
void walk_conclude(struct walk *w);

/*
 * Whether one of those named has approved the log's first manifest so far, as
 * notices_first_is_approved has it; then `index` is its notice's.
 */
enum outcome walk_first_approval(struct walk *w, uint64_t *index) MUST_USE;

/*
 * A checkpoint of this size, `what`, was signed by this key: tells where it was not that key's to
 * sign, by the key notices so far.
 */
void walk_check_key(
    struct walk *w, const char *what, const struct digest *key, uint64_t checkpoint_size);

const struct walk_counts *walk_counts(const struct walk *w);
uint64_t walk_workloads(const struct walk *w);
const struct manifests *walk_manifests(const struct walk *w);
const struct revocations *walk_revocations(const struct walk *w);
const struct log_keys *walk_keys(const struct walk *w);
const struct digest *walk_transcript(const struct walk *w); /* as notices_transcript */
const struct retired_keys *walk_retired(
    const struct walk *w, uint64_t *unread); /* as notices_retired */
const struct unknowns *walk_unknowns(const struct walk *w);
const struct told_token *walk_token(const struct walk *w);

/* Who vouched, where verdicts are made again; and each workload, the first by hh.next. */
const struct vouchers *walk_vouchers(const struct walk *w);
const struct chain *walk_first_chain(const struct walk *w);

#endif
