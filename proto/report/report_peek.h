/*
 * Whose report it is, and for how long it is good, without taking it apart: for whoever has a whole
 * log to look through, or every report that comes.
 */
#ifndef HALLMARK_PROTO_REPORT_REPORT_PEEK_H
#define HALLMARK_PROTO_REPORT_REPORT_PEEK_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

/*
 * Collector and workload, as views into the report. ERR_UNSUPPORTED where that takes a parser:
 * another spelling than report_write's, or a name that holds an escape. It promises nothing about
 * the rest of the report: report_parse checks.
 */
enum err report_peek(struct view json, struct view *collector, struct view *workload) MUST_USE;

/* Until when a relying party may rely on it, exp; ERR_UNSUPPORTED for what does not begin so. */
enum err report_peek_expiry(struct view json, uint64_t *expires_s) MUST_USE;

#endif
