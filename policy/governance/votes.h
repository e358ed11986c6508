/*
 * How many operators stand behind something: of the statements in force those that count, by as
 * many different operators as an operators file demands. Whose statement counts says
 * policy/governance/approvals.h; PROTOCOL.md, "Statements", has the rules.
 */
#ifndef HALLMARK_POLICY_GOVERNANCE_VOTES_H
#define HALLMARK_POLICY_GOVERNANCE_VOTES_H

#include <stddef.h>
#include <stdint.h>

#include "policy/governance/operators.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/statement/statement.h"
#include "proto/tlog/transition.h"

/* An approval that counts; what it points at is the statement's, and the operators'. */
struct vote {
	struct view author;
	const struct operator_entry *by;
	const struct digest *statement;
};

/* Statements in force, and by whom they are judged, at a time of the log; the caller's. */
struct votes_ground {
	struct statement_document *const *statement;
	size_t count;
	const struct operators *operators; /* NULL: the manifest names none */
	uint64_t iat_s;
};

/*
 * The approvals of a manifest that are there: at most `needed`, by different operators, about the
 * same author, which go to `found`, rising; returns how many. `vote` has room for as many as there
 * are statements, and is overwritten. The same for the same statements, in whatever order. The
 * operators are there; `needed` is at most NOTICE_APPROVALS_MAX.
 */
uint32_t votes_find_approvals(const struct votes_ground *g, const struct digest *manifest,
    uint32_t needed, struct vote *vote, struct digest *found);

/*
 * Whether a manifest may rest on these approvals: they rise, are just as many as are demanded (none
 * where there are no operators), in force, by as many operators, about one author. ERR_MISMATCH.
 */
enum err votes_check_approvals(const struct votes_ground *g, const struct digest *manifest,
    const struct digest *approvals, size_t count) MUST_USE;

/*
 * Whether all the statements that a succession names are in force, say just that, and are by as
 * many different operators as are demanded. ERR_MISMATCH.
 */
enum err votes_check_succession(
    const struct votes_ground *g, const struct transition *succession) MUST_USE;

#endif
