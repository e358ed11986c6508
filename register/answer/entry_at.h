/*
 * Entries and proofs out of the directory of a log that is followed, by the checkpoint that it was
 * followed to: nothing is served that was not checked, and each entry is proved to be in that tree
 * before it is.
 */
#ifndef HALLMARK_REGISTER_ANSWER_ENTRY_AT_H
#define HALLMARK_REGISTER_ANSWER_ENTRY_AT_H

#include <stdbool.h>
#include <stdint.h>

#include "log/log_reader.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "register/view/view_reader.h"

/*
 * The newest entry that was issued at this second or before it; false: there is
 * none. Where the log was set back it is one of those that fit. Of a log whose directory cannot be
 * read it is up to 255 entries before.
 */
bool entry_at(struct view_reader *reader, const char *directory, struct view checkpoint,
    uint64_t seconds, uint64_t *out);

/* A log's directory under this checkpoint; to be closed by log_close whatever it says. */
enum err entry_open_log(
    const char *directory, struct view checkpoint, struct log_reader *out) MUST_USE;

#endif
