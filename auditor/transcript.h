/*
 * The record of the ceremony in which the log's key was made, held against the log: its first
 * notice names the file that those present have signed, by its SHA-256 (PROTOCOL.md, section 13).
 */
#ifndef HALLMARK_AUDITOR_TRANSCRIPT_H
#define HALLMARK_AUDITOR_TRANSCRIPT_H

#include "auditor/tell/display.h"
#include "log/log_reader.h"
#include "log/outcome.h"
#include "log/walk/walk.h"

/*
 * Whether the file is the one that the log names, is of this log and its first key, and has the
 * signatures of all who were present; who they are is shown. Bad where one of these is not so. Told
 * as steps.
 */
enum outcome transcript_check(const char *path, const struct log_reader *log, const struct walk *w,
    const struct display *d) MUST_USE;

#endif
