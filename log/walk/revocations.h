/*
 * What operators have revoked in a log, as its notices say one after the other: the collectors,
 * workloads, contents and sets of statements of kind `revoke` that were taken (PROTOCOL.md, section
 * 13). What each statement says is in the evidence.
 */
#ifndef HALLMARK_LOG_WALK_REVOCATIONS_H
#define HALLMARK_LOG_WALK_REVOCATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/report/notice.h"
#include "proto/statement/statement.h"

#define REVOCATIONS_MAX 512 /* more are counted: each was signed by a human */

struct revocation {
	struct digest statement; /* its name */
	uint64_t index;          /* of the notice by which it is in force */
	uint64_t from_s;         /* its iat */
	uint64_t until_s;        /* over then, unless it was revoked itself */
	bool is_ended;           /* that was in the log, too, by the entry `ended_index` */
	uint64_t ended_index;
	size_t member_count;
	struct statement_member member[STATEMENT_MEMBERS_MAX]; /* its subject */
	struct view reason;
	struct buf words; /* in which they stand */
};

/* Zero-initialised. */
struct revocations {
	size_t count;
	struct revocation *one; /* in the log's order */
	uint64_t others;        /* that had no place */
	uint64_t unread;        /* of which is not known what they say */
};

void revocations_free(struct revocations *r);

/*
 * A notice that a statement of kind `revoke` was taken: `said`, or NULL where that is not known.
 * One of a statement ends what that has revoked. ERR_MEMORY.
 */
enum err revocations_take(struct revocations *r, const struct notice *n, uint64_t index,
    const struct statement *said) MUST_USE;

#endif
