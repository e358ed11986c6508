/*
 * What stands in a log behind its newest notice: the manifest in force and whose statements count
 * under it, the largest number that each key has used, the statements in force. The same for the
 * signer, which writes notices, and for the auditor, who checks that each follows from those
 * before. PROTOCOL.md, "Statements" and "In force", has the rules in words.
 *
 * No clock and no file: times are those of notices (`iat`, seconds since 1970), and what is stored
 * comes by a callback. Whatever is refused leaves all as it was.
 */
#ifndef HALLMARK_POLICY_STANDING_H
#define HALLMARK_POLICY_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/due.h"
#include "policy/feeds/feed.h"
#include "policy/feeds_in_force.h"
#include "policy/governance/amendments.h"
#include "policy/governance/operators.h"
#include "policy/policy.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/report/notice.h"
#include "proto/statement/statement.h"
#include "proto/tlog/transition.h"

struct standing;

/* As before a log's first entry: nothing stands. The origin is copied. ERR_MEMORY. */
enum err standing_new(struct view origin, struct standing **out) MUST_USE;

/*
 * As behind a notice, by its list (proto/report/inforce.h). `fetch` gives manifest, operators file
 * and envelopes; what it gives is checked against the digest. Nothing is judged again.
 * ERR_UNSUPPORTED if the list, the manifest or a statement says something of a later version;
 * ERR_FORMAT; ERR_DIGEST; ERR_MISMATCH if a statement is for another log or of another kind than
 * the list says, or its number larger than the list's; ERR_CONFIG if the operators file does not
 * load; ERR_MEMORY; what `fetch` returned. Sets *out to NULL first.
 */
enum err standing_load(struct view list, struct view origin, policy_fetch *fetch, void *context,
    struct standing **out) MUST_USE;
void standing_free(struct standing **s);

/* Before a notice of this time: statements whose time is over go. */
void standing_expire(struct standing *s, uint64_t iat_s);

/* Appends the list, whose SHA-256 is the notice's hallmark.in-force. ERR_FORMAT_SIZE, ERR_MEMORY.
 */
enum err standing_write(const struct standing *s, struct buf *to) MUST_USE;

/*
 * Judges a statement for a notice of this time, by the operators of the manifest in force, and
 * takes it: its number is used, it is in force, and what it revokes is not any more. The codes 220
 * to 229, in the order that PROTOCOL.md gives, with ERR_STATEMENT_SUBJECT at its end for a revoke
 * of what is not in force, and for a clock statement that does not set back from `before_s`, iat of
 * the entry before; ERR_FORMAT_SIZE if the list would be too large; ERR_MEMORY. `out`, if not NULL,
 * gets what was taken: the standing's, as long as it is in force.
 */
enum err standing_take_statement(struct standing *s, struct view envelope, uint64_t iat_s,
    uint64_t before_s, const struct statement_document **out) MUST_USE;

/* What a manifest needs to follow the one in force, and what of it is there. */
struct standing_approvals {
	uint32_t needed; /* 0: none are, because nothing is in force or it names no operators */
	uint32_t found;  /* by different operators, about the same author; at most `needed` */
	struct digest statement[NOTICE_APPROVALS_MAX]; /* `found` of them, rising */
};

void standing_find_approvals(const struct standing *s, const struct digest *manifest,
    uint64_t iat_s, struct standing_approvals *out);

/*
 * Takes a manifest that rests on these approvals, which rise: it is in force from a notice of this
 * time on, and no approval is any more: each was about what may follow the manifest before.
 * ERR_MISMATCH if they are not just what the manifest in force demands (of the first: none);
 * ERR_CHAIN if it is rolled out against another than standing_may_follow says; else as
 * standing_load says of the manifest and its operators file.
 */
enum err standing_take_manifest(struct standing *s, const struct digest *manifest,
    const struct digest *approvals, size_t count, uint64_t iat_s, policy_fetch *fetch,
    void *context) MUST_USE;

/*
 * Whether a succession may stand in a notice of this time: ERR_MISMATCH unless all the statements
 * that it names are in force, say just that, and are by as many different operators as are
 * demanded.
 */
enum err standing_check_succession(
    const struct standing *s, const struct transition *succession, uint64_t iat_s) MUST_USE;

/*
 * Whether a manifest may be rolled out against this one: it is in force, or what is in force is
 * rolled out against it. So no policy decides again that has given way. NULL, for one that is not
 * rolled out: true.
 */
bool standing_may_follow(const struct standing *s, const struct digest *older);

/* What the manifest in force is rolled out against; NULL: nothing. */
const struct digest *standing_rollout(const struct standing *s);

/* NULL: none is in force yet. */
const struct digest *standing_manifest(const struct standing *s);

/* Of the manifest in force; NULL: there is none, or it names none. */
const struct operators *standing_operators(const struct standing *s);

/* Those in force, in no order, as long as nothing is taken or expires. */
size_t standing_statement_count(const struct standing *s);
const struct statement_document *standing_statement_at(const struct standing *s, size_t index);

/* Of the maintenance statements among them, by their beginnings; as long as they. */
const struct due_window *standing_windows(const struct standing *s, size_t *count);

/*
 * These advisories are in force under this name, instead of those before, from a notice of this
 * time on; their file was written at `written_s`. ERR_FORMAT_SIZE if there would be more than
 * INFORCE_FEEDS_MAX names, or the list too large; ERR_MEMORY.
 */
enum err standing_take_feed(struct standing *s, struct view name, const struct digest *digest,
    uint64_t written_s, uint64_t iat_s) MUST_USE;

/* NULL: none of this name is. */
const struct feed_in_force *standing_feed(const struct standing *s, struct view name);

/*
 * What is in force is known by its digest. Before standing_amendments are used, the texts have to
 * be there: given (moved; where it is none that is wanted it is freed), or fetched, if they are
 * not. ERR_DIGEST, ERR_CONFIG if one is no feed, ERR_MEMORY; what `fetch` returned.
 */
void standing_give_feed(struct standing *s, struct feed **feed);
enum err standing_fetch_feeds(struct standing *s, policy_fetch *fetch, void *context) MUST_USE;

/* What an appraisal has to know of them, as long as they; NULL: nothing. */
const struct amendments *standing_amendments(const struct standing *s);

#endif
