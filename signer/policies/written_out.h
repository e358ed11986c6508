/*
 * `hallmark-signer policy fmt --expanded`: a policy as if it stood in one file, with all that its
 * entries have from defaults, blocks and included files.
 */
#ifndef HALLMARK_SIGNER_POLICIES_WRITTEN_OUT_H
#define HALLMARK_SIGNER_POLICIES_WRITTEN_OUT_H

#include <stdio.h>

#define WRITTEN_OUT_EXIT_NONE    1 /* no entry is for the workload */
#define WRITTEN_OUT_EXIT_UNKNOWN 2 /* the policy could not be read */

/* Of all of it; or of the entry for a workload, if that is not NULL. Returns the exit status. */
int written_out_print(const char *path, const char *workload, FILE *to);

#endif
