/*
 * Last words within a session (`leaving` of bundles): what is said, of which workloads, and for how
 * long that is tried. Those of reporter.h, and what a change of signers needs.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_REPORTER_LEAVE_H
#define HALLMARK_COLLECTOR_REPORT_REPORTER_LEAVE_H

#include "collector/report/reporter_state.h"

/*
 * Says of all workloads that they move to the log `origin`, unless it is the one spoken to, within
 * REPORTER_FAREWELL_MS. The session may be over afterwards. ERR_IO: the state cannot be kept
 * (told).
 */
enum err reporter_leave_for(struct reporter *r, struct view origin) MUST_USE;

#endif
