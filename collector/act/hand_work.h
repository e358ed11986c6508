/*
 * What is done to a workload, and what undoes it.
 *
 *   freeze   "1" is written into cgroup.freeze of the control group (cgroup v2), until the kernel
 *            says that all within stands still; "0" thaws it
 *   stop     of a unit: `systemctl stop`; of a control group: "1" into cgroup.kill, until nobody is
 *            in it. Nothing undoes it: whoever may start it may start it again
 *   isolate  a table of nftables of our own, by the workload's name, drops whatever comes to or
 *            from sockets of the control group, of this network namespace; made anew each time, so
 *            it may be done again. A group that is made again under the same path is another one
 *            to the kernel: then it has to be done again
 *
 * Each may be done where it was done already. A group that is this program's own, or above it, is
 * left alone. What cannot be done is undone as far as it was, and told.
 */
#ifndef HALLMARK_COLLECTOR_ACT_HAND_WORK_H
#define HALLMARK_COLLECTOR_ACT_HAND_WORK_H

#include <stdbool.h>

#include "collector/ground/trouble.h"
#include "config/collector/collector_workload.h"
#include "proto/err.h"

/* The kernel has so long to stop what is frozen or killed. */
#define HAND_STILL_MS 3000

/* And a program that is run for it. */
#define HAND_PROGRAM_S 30

/*
 * `control`: a socket whose other end is who wants it, without whom a program is ended. ERR_IO,
 * ERR_NOT_FOUND (no such group), ERR_MISMATCH (it is our own) with the trouble, which is also told
 * where it was done and there is something to say.
 */
enum err hand_work_do(const struct collector_workload *w, const struct collector_act *act,
    bool undo, int control, struct trouble *t) MUST_USE;

#endif
