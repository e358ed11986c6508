/*
 * Files in a log directory that the checkpoint does not rely on: partial tiles of older sizes,
 * which must be the beginning of what replaced them; tiles beyond the checkpoint; names that are
 * none of the format's.
 */
#ifndef HALLMARK_LOG_LEFTOVERS_H
#define HALLMARK_LOG_LEFTOVERS_H

#include "log/defects.h"
#include "log/log_reader.h"

/* Symbolic links are named, not followed. */
void leftovers_check(const struct log_reader *l, struct defects *defects);

#endif
