/*
 * What a log's token notices tell: the token that its signer spoke of last, and how often something
 * of one was another than before. The signer's word; nothing follows from it.
 */
#ifndef HALLMARK_LOG_TOLD_TOKEN_H
#define HALLMARK_LOG_TOLD_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/report/token_seen.h"

struct told_token {
	bool known;
	uint64_t index; /* of the newest notice, and its iat */
	uint64_t issued_s;
	char label[TOKEN_SEEN_TEXT_MAX + 1], manufacturer[TOKEN_SEEN_TEXT_MAX + 1];
	char model[TOKEN_SEEN_TEXT_MAX + 1];
	char serial[TOKEN_SEEN_TEXT_MAX + 1], firmware[TOKEN_SEEN_TEXT_MAX + 1];
	uint64_t changes;       /* in all notices */
	uint64_t changed_index; /* of the newest that has one */
};

/* The next token notice of the log. */
void told_token_take(
    struct told_token *t, const struct token_seen *seen, uint64_t index, uint64_t issued_s);

#endif
