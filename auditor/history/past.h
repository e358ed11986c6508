/*
 * A log's past as intervals, out of one walk over it (log/walk/walk_visited.h): per host and
 * workload what was so from when to when. Memory is per workload, and per finding that is open.
 *
 * An interval lasts as long as reports say the same verdict by the same policy of the same
 * components. A deviation is a finding as long as each report of its workload has it. Both begin
 * where they began, be that before the period, and are told if some of them lies in it. A report
 * writes out its first 16 findings only: of others nothing is told here.
 *
 * A gap is the time between two reports, or from the newest one to the end of what is looked at. A
 * gap record (measured while there was no connection) ends no gap.
 */
#ifndef HALLMARK_AUDITOR_HISTORY_PAST_H
#define HALLMARK_AUDITOR_HISTORY_PAST_H

#include <stdbool.h>
#include <stdint.h>

#include "auditor/history/history_rows.h"
#include "log/walk/walk_visited.h"
#include "proto/err.h"

struct past_wanted {
	uint64_t from_s, to_s;       /* the second is not in it */
	const char *host, *workload; /* NULL: all */
};

struct past;

/* Both must outlive it. ERR_MEMORY. */
enum err past_new(
    const struct past_wanted *wanted, struct history_rows *rows, struct past **out) MUST_USE;
void past_free(struct past **p);

/* A walk_visit, with the past as its context. */
void past_visit(void *context, const struct walk_visited *v);

/* Tells what goes on at the end, and each workload. Once. */
void past_conclude(struct past *p);

/* False where something is left out for want of memory. */
bool past_is_whole(const struct past *p);

#endif
