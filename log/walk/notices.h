/*
 * The notices of a log: each names the one before, and what is in force behind it follows from what
 * was before it (policy/standing.h).
 *
 * Without evidence only what the notices themselves say is followed: how they hang together, and
 * which manifest is in force.
 */
#ifndef HALLMARK_LOG_WALK_NOTICES_H
#define HALLMARK_LOG_WALK_NOTICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/evidence_reader.h"
#include "log/reason.h"
#include "log/retired.h"
#include "log/walk/log_keys.h"
#include "policy/due.h"
#include "policy/governance/amendments.h"
#include "proto/digest.h"
#include "proto/report/notice.h"
#include "proto/statement/statement.h"

struct notices;

/*
 * `evidence` may be NULL. `approvers`: ids of the keys of which one has to approve the first
 * manifest; none: nobody has to; they need evidence. All must outlive it. NULL for want of memory.
 */
struct notices *notices_new(const char *origin, struct evidence_reader *evidence,
    const struct digest *approvers, size_t approver_count);
void notices_free(struct notices **n);

/*
 * The next notice, whose entry is at `place`; `before_s`: iat of the entry before it, 0 if it is
 * the first. What is wrong is added to `reason`; it is followed all the same, from what the list in
 * the evidence says is in force.
 */
void notices_take(struct notices *n, const struct notice *notice, const struct entry_place *place,
    uint64_t before_s, struct reason *reason);

/*
 * Instead of all notices up to this one: what its list in the evidence says is believed. Unknown
 * without it.
 */
void notices_resume(struct notices *n, const struct notice *newest, const struct entry_place *place,
    struct reason *reason);

/*
 * A key notice before the newest: the key of the log that it says. As log_keys_take, which see;
 * they are recalled in their order, and before the next key notice is taken.
 */
enum err notices_recall_key(struct notices *n, const struct notice *notice,
    const struct entry_place *place, struct reason *reason) MUST_USE;

/* The newest; NULL: there was none. */
const struct entry_place *notices_newest(const struct notices *n);

/* In force by what the notices say; NULL: none is. */
const struct digest *notices_manifest(const struct notices *n);

/* The log's keys so far. */
const struct log_keys *notices_keys(const struct notices *n);

/*
 * Keys of the log that statements have retired, which were judged. `unread` is how many notices say
 * that there was such a statement, and it could not be judged: of which key is not known.
 */
const struct retired_keys *notices_retired(const struct notices *n, uint64_t *unread);

/* The transcript of the ceremony that the log's first notice names; NULL: it names none. */
const struct digest *notices_transcript(const struct notices *n);

/* The statement that the newest notice is about, if it was taken; NULL otherwise. */
const struct statement *notices_statement(const struct notices *n);

/* Windows of maintenance in force, until the next notice. False if that is not known. */
bool notices_windows(const struct notices *n, const struct due_window **windows, size_t *count);

/* What an appraisal has to know of what is in force, likewise. NULL: nothing. */
bool notices_amendments(const struct notices *n, const struct amendments **amendments);

/*
 * How many approvals the next manifest needs: 0 if the one in force names no operators. False if
 * that is not known.
 */
bool notices_needed(const struct notices *n, uint32_t *count);

/*
 * Whether one of the approvers has approved the first manifest, by a time not after `now_s`. Good
 * also where there are none, or no manifest yet; unknown if a statement was not in the evidence.
 */
enum outcome notices_first_is_approved(struct notices *n, uint64_t now_s) MUST_USE;

#endif
