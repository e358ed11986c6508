/*
 * A file that the auditor leaves behind, although it can write none (auditor/sandbox.h): what it
 * writes into a pipe, another process puts there, which reads nothing else.
 */
#ifndef HALLMARK_AUDITOR_HANDOVER_H
#define HALLMARK_AUDITOR_HANDOVER_H

#include <stdio.h>

/*
 * To be called before anything is read. Returns in the process that goes on as the auditor, with
 * the pipe in `to`: to be closed when all is written. The other one waits for its end, makes the
 * file if something was written, and exits as it did; where the file cannot be made, which must not
 * be there yet, with 2 unless that was 1. NULL in `to` if there can be no such process: explained
 * on stderr.
 */
void handover_begin(const char *path, FILE **to);

#endif
