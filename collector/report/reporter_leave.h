/*
 * Last words within a session (`leaving` of bundles): what is said, of which workloads, and for how
 * long that is tried. Those of reporter.h, and what a change of signers needs.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_REPORTER_LEAVE_H
#define HALLMARK_COLLECTOR_REPORT_REPORTER_LEAVE_H

#include "collector/report/reporter_state.h"

/*
 * Says of the workloads that `next` lacks that they are retired, and of the others, if the log
 * `origin` is another one than that spoken to, that they move there; within REPORTER_FAREWELL_MS.
 * The session may be over afterwards. An origin of size 0: nobody moves. ERR_IO: the state cannot
 * be kept (told).
 */
enum err reporter_leave_before(
    struct reporter *r, const struct collector_config *next, struct view origin) MUST_USE;

/* Whether it would say anything. */
bool reporter_has_last_words(
    const struct reporter *r, const struct collector_config *next, struct view origin);

#endif
