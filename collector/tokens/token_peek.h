/*
 * What a token says of itself (PROTOCOL.md, "Tokens"): for whom it is, until when, and about which
 * report. Who made it is not verified: it came with the receipt of that very report.
 */
#ifndef HALLMARK_COLLECTOR_TOKENS_TOKEN_PEEK_H
#define HALLMARK_COLLECTOR_TOKENS_TOKEN_PEEK_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

struct token_peek {
	struct view audience; /* of what is owned below */
	uint64_t issued_s, expires_s;
	struct digest leaf; /* of the report */
	bool is_bound;
	struct digest key; /* thumbprint of the one that it is bound to */
	struct buf claims, strings;
};

/* Zero-initialised or used before. ERR_FORMAT, ERR_MEMORY; to be freed in any case. */
enum err token_peek(struct view jws, struct token_peek *out) MUST_USE;
void token_peek_free(struct token_peek *p);

#endif
