/*
 * Notices: how they get into the log, and what stands behind the newest one (policy/standing.h).
 *
 * A notice and all that it names (the list of what is in force, an envelope, a policy) go into the
 * open batch together, so that they are durable together and in that order. Whatever cannot be
 * undone in the middle of this ends the process: it is for want of memory alone.
 */
#ifndef HALLMARK_SIGNER_CHRONICLE_NOTICE_WRITER_H
#define HALLMARK_SIGNER_CHRONICLE_NOTICE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"
#include "policy/standing.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/report/entry.h"
#include "proto/report/notice.h"
#include "signer/chronicle/token_log.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/store/evidence.h"

struct notice_writer {
	struct view origin; /* of the log; the owner's */
	struct evidence_store *evidence;
	struct ledger *ledger;
	struct standing *standing; /* of nothing, while there is no notice */
	bool has_newest;
	struct entry_place newest;
	uint64_t policy_index;    /* of the entry by which the policy is in force */
	struct digest transcript; /* that entry 0 names; zero: it is not there, or names none */
	struct token_log tokens;
};

/* `standing` is moved. */
void notice_writer_init(struct notice_writer *n, struct view origin,
    struct evidence_store *evidence, struct standing *standing);
void notice_writer_free(struct notice_writer *n);

/*
 * No bundles were taken since the newest entry, whose time it gives; `iat_s` where there is none.
 * That one, entry 0, names the transcript; NULL: none.
 */
uint64_t notice_writer_put_start(struct notice_writer *n, enum notice_cause cause, uint64_t iat_s,
    const struct digest *transcript);

/*
 * This policy is in force from here on, by these approvals, which are those that
 * standing_find_approvals found.
 */
void notice_writer_put_policy(struct notice_writer *n, const struct policy *p,
    const struct standing_approvals *approvals, uint64_t iat_s);

/*
 * These advisories (moved) are in force from here on under this name, whose text stands in the
 * store, or in the open batch. A file of a later time than the notice is of the notice's.
 * ERR_FORMAT_SIZE, and nothing is put, if a log has no room for another name.
 */
enum err notice_writer_put_feed(struct notice_writer *n, struct view name, struct feed **feed,
    uint64_t written_s, uint64_t iat_s) MUST_USE;

/* The same are in force under this name, where some are, and were written again. */
void notice_writer_renew_feed(
    struct notice_writer *n, struct view name, uint64_t written_s, uint64_t iat_s);

/*
 * The log's key gives way to the one that this transition names, which is in its one form: its last
 * checkpoint is the one over this entry. ledger_entry_fits; nothing does behind it in this batch.
 */
void notice_writer_put_key(struct notice_writer *n, struct view transition, uint64_t iat_s);

/*
 * What the key process has told of its token, where that is to be noted (token_log.h).
 * ledger_entry_fits.
 */
bool notice_writer_owes_token(const struct notice_writer *n, uint64_t iat_s);
void notice_writer_put_token(struct notice_writer *n, uint64_t iat_s);

/*
 * The log goes on without its key: what the key process has brought (transition_part), the
 * statements first, then the key notice. Refused, as standing_take_statement, or ERR_MISMATCH where
 * the log's own operators do not say just that: then the log has what cannot be taken back, and the
 * caller ends before any of it is durable.
 */
enum err notice_writer_put_succession(
    struct notice_writer *n, struct view brought, uint64_t iat_s) MUST_USE;

/*
 * Judges a statement and, if it counts, puts the notice of it; `waiter` as ledger_notice_end has
 * it. Refused: as standing_take_statement.
 */
enum err notice_writer_put_statement(struct notice_writer *n, struct view envelope, uint64_t iat_s,
    void *waiter, const struct statement_document **out) MUST_USE;

#endif
