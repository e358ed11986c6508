/*
 * A notice, as a start needs it: which it is, and what it may have done to dues.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_NOTICE_ROW_H
#define HALLMARK_SIGNER_LEDGER_STORE_NOTICE_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/digest.h"
#include "proto/report/notice.h"
#include "proto/statement/statement_kind.h"

struct notice_row {
	uint64_t index;    /* in the log */
	uint64_t issued_s; /* iat */
	uint64_t from_s; /* of a start; of a clock statement, which sets back to it, iat; of a token
			    notice the number of the newest change; else 0 */
	enum notice_kind kind;
	struct digest leaf;
	struct digest in_force;
	struct digest subject; /* the manifest's or the envelope's; of others as below */
};

/* What stands there of this notice. */
static inline uint64_t
notice_row_from_s(const struct notice *n)
{
	if (n->kind == NOTICE_START)
		return n->from_s;
	if (n->kind == NOTICE_TOKEN)
		return n->token.number;
	return n->kind == NOTICE_STATEMENT &&
		       statement_kind_from_name(n->statement_kind) == STATEMENT_CLOCK
		   ? n->issued_s
		   : 0;
}

/*
 * What it is about; of a start the transcript that it names, zero if it names none; of a token
 * notice the key process's record of the token.
 */
static inline struct digest
notice_row_subject(const struct notice *n)
{
	struct digest transcript = {{0}};

	if (n->kind == NOTICE_TOKEN)
		return n->token.record;
	if (n->kind != NOTICE_START)
		return n->sha256;
	(void)notice_transcript(n, &transcript);
	return transcript;
}

/* Whether it sets the log back. */
static inline bool
notice_row_sets_back(const struct notice_row *r)
{
	return r->kind == NOTICE_STATEMENT && r->from_s != 0;
}

#endif
