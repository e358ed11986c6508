/*
 * The command line of `hallmark-signer policy`.
 */
#ifndef HALLMARK_SIGNER_TRIAL_TRIAL_ARGUMENTS_H
#define HALLMARK_SIGNER_TRIAL_TRIAL_ARGUMENTS_H

#include <stdbool.h>

#include "signer/trial/trial.h"

/* `file`: the signer's configuration, for log and evidence; NULL: both are named. */
bool trial_arguments_read(int argc, char **argv, struct trial_options *out, const char **file);

/* "90s", "15m", "36h", "7d"; false for what is none, or 0. */
bool trial_last_parse(const char *text, uint64_t *seconds);

#endif
