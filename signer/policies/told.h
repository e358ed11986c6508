/*
 * What the commands about policies share: policies read from files, and what they print as JSON.
 */
#ifndef HALLMARK_SIGNER_POLICIES_TOLD_H
#define HALLMARK_SIGNER_POLICIES_TOLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "policy/policy.h"
#include "policy/words/clauses.h"
#include "proto/bytes.h"
#include "proto/report/report.h"

/* The policy of a file; NULL, with its faults on stderr, if it has any. To be freed. */
struct policy *told_policy(const char *path);

/* A policy_fetch: out of the evidence reader that `context` is. */
enum err told_fetch(
    void *context, enum pack_kind kind, const struct digest *digest, struct buf *to) MUST_USE;

/* All of it, to a file. False with errno. */
bool told_write(int fd, struct view content);

/* What could not be done, on stderr. False. */
bool told_failure(const char *what, const char *why);

/* Members of the object or array that `to` ends in, with a comma where one is needed. */
void told_text(struct buf *to, const char *name, struct view value);
void told_number(struct buf *to, const char *name, uint64_t value);

/* Members that say which clause it is; and one with what it says, null for NULL. */
void told_clause_name(struct buf *to, const struct clause *c);
void told_clause_words(struct buf *to, const char *name, const struct clause *c);

/* Prints what was written, and frees it. False for want of memory, which is told. */
bool told_print(struct buf *text, FILE *to);

#endif
