/*
 * Looking through all processes for the one of a workload, by program or by systemd unit; the rules
 * stand in collector/subject/process_find.h.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_PROCESS_SCAN_H
#define HALLMARK_COLLECTOR_SUBJECT_PROCESS_SCAN_H

#include "collector/subject/process.h"

enum err process_scan_executable(const char *path, struct process *out, struct trouble *t) MUST_USE;
enum err process_scan_unit(const char *unit, struct process *out, struct trouble *t) MUST_USE;

#endif
