/*
 * What a report states, apart from whose it is and when: the part that reports of one workload, and
 * of many, repeat. Two reports with one digest are in one interval.
 *
 * The words of a finding about the bundle hold ages, which are others each time: they are left out,
 * and stand in the report.
 */
#ifndef HALLMARK_REGISTER_VIEW_STATED_H
#define HALLMARK_REGISTER_VIEW_STATED_H

#include "log/outcome.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/report/report.h"

/* `scratch` is used, so that nothing is allocated for most. ERR_MEMORY. */
enum err stated_digest(
    const struct report *r, enum outcome checked, struct buf *scratch, struct digest *out) MUST_USE;

/*
 * The tier that the view gives it: the report's where its verdict was made again, else none. Nobody
 * is shown as good because a log says so.
 */
enum report_status stated_tier(const struct report *r, enum outcome checked);

/*
 * Appends it as JSON: {"checked":,"claimed":,"vector":{},"group":?,"rollout":?,"references":[],
 * "feeds":[],"components":{},"finding_count":,"findings":[],"not_checked":[],"accepted":[],
 * "exceptions":[]}. ERR_MEMORY.
 */
enum err stated_body(const struct report *r, enum outcome checked, struct buf *to) MUST_USE;

#endif
