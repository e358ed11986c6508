/*
 * What a key proves that others may have had since some time (log/retired.h). Its signature does
 * not tell when it was made: so nothing, unless a witness whom the reader believes has seen the
 * tree before that time. It may have seen the receipt's own checkpoint, or another one, in whose
 * tree a copy of the log shows the receipt's entry.
 */
#ifndef HALLMARK_LOG_RETIRED_CHECK_H
#define HALLMARK_LOG_RETIRED_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "log/anchor.h"
#include "log/cosigners.h"
#include "log/findings.h"
#include "log/fork_check.h"
#include "log/log_reader.h"
#include "log/outcome.h"
#include "log/receipt_check.h"
#include "log/retired.h"
#include "log/seal.h"

struct retired_wanted {
	const struct seal_wanted *seal;
	struct retired_keys keys;
	struct cosigners witnesses;
	const struct anchor *cosigned; /* a checkpoint that is kept apart; or NULL */
	const struct log_reader *log;  /* a copy of the log; or NULL */
};

struct retired_found {
	const struct retired_key *key;  /* NULL: the receipt rests on no such key */
	const struct cosigner *witness; /* who saw the tree before; NULL: nobody */
	uint64_t witnessed_s;           /* when; seconds since 1970 */
};

/*
 * Of a receipt that is included. Good where it rests on no retired key, or a witness saw its entry
 * before; unknown where nobody did; bad where a witness's line is wrong. All of it is told.
 */
enum outcome retired_check_receipt(const struct retired_wanted *w, const struct receipt_check *c,
    const struct findings *f, struct retired_found *out) MUST_USE;

/*
 * Of a receipt that is included, whatever key it rests on: good where a witness saw its entry at
 * `by_s` or before, unknown where nobody did, bad where a witness's line is wrong. All of it is
 * told.
 */
enum outcome retired_check_seen(const struct retired_wanted *w, const struct receipt_check *c,
    uint64_t by_s, const struct findings *f) MUST_USE;

/*
 * Of a proof that a log has forked. Bad, as it is, where neither checkpoint rests on a retired key,
 * or a witness saw each that does before; else unknown: somebody else may have signed that one.
 */
enum outcome retired_check_fork(
    const struct retired_wanted *w, const struct fork_check *c, const struct findings *f) MUST_USE;

/*
 * The retired key that a note rests on: none where another key that is wanted has signed it as
 * well. `by`: whose key signed it first.
 */
const struct retired_key *retired_check_note(const struct seal_wanted *seal,
    const struct retired_keys *keys, const struct digest *by, struct view note);

#endif
