/*
 * Files in a log directory that the checkpoint does not rely on: partial tiles of older sizes,
 * which must agree with the newer ones; tiles beyond the checkpoint; names that are none of the
 * format's.
 */
#ifndef HALLMARK_AUDITOR_LEFTOVERS_H
#define HALLMARK_AUDITOR_LEFTOVERS_H

#include "auditor/log_reader.h"

/* Names up to `faults_max` faults (counted in `faults`) and as many surprises. */
void leftovers_check(const struct log_reader *l, uint64_t *faults, uint64_t faults_max);

#endif
