/*
 * Who vouches for the evidence that a replay has looked at, as it is told: how many reports, under
 * which CA, and for each workload how many are not vouched for.
 */
#ifndef HALLMARK_AUDITOR_TELL_VOUCHED_H
#define HALLMARK_AUDITOR_TELL_VOUCHED_H

#include <stdbool.h>

#include "auditor/tell/display.h"
#include "log/walk/walk.h"

/* Workloads that are listed unless all are wanted: those that lack something go first. */
#define VOUCHED_LINES_MAX 20

/*
 * Good, or where it is demanded unknown if nobody who was named vouches for each report. The member
 * "vouching" of an open object, with every workload.
 */
enum outcome vouched_tell(const struct display *d, struct json *j, const struct walk *w,
    bool demanded, bool full) MUST_USE;

/* The same of one report, by its own signature; the member "vouched_by". */
enum outcome vouched_tell_one(
    const struct display *d, struct json *j, const struct vouched *v, bool demanded) MUST_USE;

#endif
