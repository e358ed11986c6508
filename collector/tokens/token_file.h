/*
 * A token in a file, for its owner: replaced whole, and never there in half, nor for a moment with
 * another owner or mode. It lies in a directory that nobody but root and this process's user can
 * write to, which is looked at each time: else somebody would put another file in its place.
 */
#ifndef HALLMARK_COLLECTOR_TOKENS_TOKEN_FILE_H
#define HALLMARK_COLLECTOR_TOKENS_TOKEN_FILE_H

#include "collector/ground/trouble.h"
#include "config/collector/collector_workload.h"
#include "proto/bytes.h"
#include "proto/err.h"

/* Nothing is synced: a token is worth nothing after a crash. ERR_IO, ERR_NOT_FOUND (the owner). */
enum err token_file_write(const struct collector_token_file *file, const char *host_root,
    struct view jws, struct trouble *t) MUST_USE;

/* Also one that an earlier run has left, and what that has left beside it. ERR_IO: it is there. */
enum err token_file_remove(const struct collector_token_file *file, struct trouble *t) MUST_USE;

#endif
