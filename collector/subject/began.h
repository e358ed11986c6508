/*
 * Whether a file was changed after a process began.
 *
 * A process's start is known in ticks of a clock that runs from boot, the times of a file by the
 * clock of the day. The first is told by the second as it is set now. So where the clock was set
 * (not slewed) between the two, a file may look older or newer than it is by as much: who may set
 * the clock of a host decides that, too. The user of a file sets its mtime as he likes, but not
 * its ctime; that one also tells of a new name, mode or owner.
 *
 * Both are of some coarseness, a tick each: what was changed within BEGAN_TICKS of the start counts
 * as before it, so that what was installed and started at once is not said to have been changed.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_BEGAN_H
#define HALLMARK_COLLECTOR_SUBJECT_BEGAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define BEGAN_TICKS 2 /* of a hundredth of a second */

/*
 * `start_ticks` is the field of /proc/PID/stat. Of a file that has no name any more only mtime
 * counts: it lost its last name later than it was changed.
 */
bool began_before_change(uint64_t start_ticks, const struct stat *s);

/* The same with so many ticks a second, where the clock of the day showed `boot_ns` at boot. */
bool began_before_change_by(
    uint64_t start_ticks, uint64_t ticks_per_s, int64_t boot_ns, const struct stat *s);

#endif
