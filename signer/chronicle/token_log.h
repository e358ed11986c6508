/*
 * What the log says of the tokens that its keys are in, and so what of what a key process tells is
 * new in it (proto/report/token_seen.h, PROTOCOL.md, "Notices").
 *
 * A notice is due where the log has none yet, where the newest is of another record (another token,
 * or the key process has lost what it knew), or where a change is told with a number above those
 * that the log has of that record. So what is told twice is noted once, over all restarts of either
 * process; and what was told and not noted, because one of them died, is told again.
 *
 * A token that is never the same twice does not fill the log: of TOKEN_LOG_NOTICES in an hour of
 * the log's time the next waits. What is told meanwhile waits with it, the newest of each kind.
 */
#ifndef HALLMARK_SIGNER_CHRONICLE_TOKEN_LOG_H
#define HALLMARK_SIGNER_CHRONICLE_TOKEN_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/report/token_seen.h"
#include "signer/ledger/store/notice_row.h"

#define TOKEN_LOG_NOTICES 6 /* an hour: 53,000 a year at most, some 1 KB each */
#define TOKEN_LOG_HOUR_S  3600

struct token_log {
	struct token_log_record {
		struct digest name;
		uint64_t number; /* the newest that the log has */
	} * record;
	size_t count, newest;
	uint64_t noted_s[TOKEN_LOG_NOTICES]; /* iat of the last ones, in turn */
	unsigned next;
};

/* A token notice of this log, in its order. ERR_MEMORY. */
enum err token_log_note(struct token_log *t, const struct notice_row *row) MUST_USE;
void token_log_free(struct token_log *t);

/* Whether what is told is to be noted; and whether at this time, when there is room for a notice.
 */
bool token_log_lacks(const struct token_log *t, const struct token_seen *told);
bool token_log_is_due(const struct token_log *t, const struct token_seen *told, uint64_t iat_s);

/* What it says: what is told, of the changes only those that the log does not have. */
void token_log_new(
    const struct token_log *t, const struct token_seen *told, struct token_seen *out);

#endif
