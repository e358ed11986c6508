/*
 * What a running workload has, as a reference set: its programs, what they have mapped, and what
 * its `files` name, measured as in a round.
 *
 * What is not in a file, or not what is in the file now, is left out and told: it is to be looked
 * at before anybody signs for it.
 */
#ifndef HALLMARK_COLLECTOR_WORKLOAD_SET_H
#define HALLMARK_COLLECTOR_WORKLOAD_SET_H

#include <stdbool.h>

#include "config/faults.h"
#include "policy/sources/set_draft.h"
#include "proto/err.h"

/*
 * Goes on as the process that reports (command_begin). ERR_CONFIG, with faults of `path` or told:
 * nothing is to be made of it.
 */
enum err workload_set(const char *path, const char *workload, bool content_only,
    struct faults *faults, struct set_draft *to) MUST_USE;

/*
 * What its pages have, a line for each value, as a package list of a policy has them; `*count` of
 * them. Else the same. Also ERR_CONFIG: it has no pages, or they could not be fetched.
 */
enum err workload_pages(const char *path, const char *workload, struct faults *faults,
    struct buf *to, size_t *count) MUST_USE;

#endif
