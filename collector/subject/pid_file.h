/*
 * A process that is named by a pid file.
 *
 * Whoever can write the file chooses what is measured, and what stands in it may be anything once
 * the configuration names the wrong file. So only a regular file is read, under its own name and
 * not through a symbolic link; it belongs to root or to the user as whom the process runs, and not
 * everybody may write it; and no message says anything of its content, not even the number: it
 * could be a PIN.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_PID_FILE_H
#define HALLMARK_COLLECTOR_SUBJECT_PID_FILE_H

#include <sys/types.h>

#include "collector/ground/trouble.h"
#include "collector/subject/process.h"
#include "proto/bytes.h"
#include "proto/err.h"

/*
 * Finds and pins the process that the file names, the leader of its threads. The path is one of the
 * host's (collector/subject/host_root.h); links lead to its directory, but not to it.
 *
 * ERR_NOT_FOUND (no file, or no such process now), ERR_IO (may not look), ERR_FORMAT (no
 * process number alone in the first line), ERR_FORMAT_SIZE (over 4,096 bytes), ERR_MISMATCH (no
 * regular file, somebody else's, or the number of a thread); with the trouble in words. To be
 * closed by process_close.
 */
enum err pid_file_find(
    const char *host_root, const char *path, struct process *out, struct trouble *t) MUST_USE;

/* The number in the first line: decimal, white space around it allowed. ERR_FORMAT. */
enum err pid_file_parse(struct view text, pid_t *out) MUST_USE;

#endif
