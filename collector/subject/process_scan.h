/*
 * Looking through all processes for the one of a workload, by program or by systemd unit; the rules
 * stand in collector/subject/process_find.h.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_PROCESS_SCAN_H
#define HALLMARK_COLLECTOR_SUBJECT_PROCESS_SCAN_H

#include <stdbool.h>

#include "collector/subject/process.h"

enum err process_scan_executable(const char *path, struct process *out, struct trouble *t) MUST_USE;
enum err process_scan_unit(const char *unit, struct process *out, struct trouble *t) MUST_USE;

/* The process whose /proc directory is `dir` is in the control group of the unit, or below. */
bool process_scan_is_in_unit(int dir, const char *unit);

#endif
