/*
 * Whether a report may stand in a log. report.h says what report_check looks at; this is for
 * whoever read one.
 */
#ifndef HALLMARK_PROTO_REPORT_REPORT_CHECK_H
#define HALLMARK_PROTO_REPORT_REPORT_CHECK_H

#include "proto/report/report.h"

/* report_check, but for what reading made sure: that the strings are printable. */
enum err report_check_read(const struct report *r) MUST_USE;

#endif
