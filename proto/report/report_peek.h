/*
 * Whose report it is, without taking it apart: for whoever has a whole log to look through.
 */
#ifndef HALLMARK_PROTO_REPORT_REPORT_PEEK_H
#define HALLMARK_PROTO_REPORT_REPORT_PEEK_H

#include "proto/bytes.h"
#include "proto/err.h"

/*
 * Collector and workload, as views into the report. ERR_UNSUPPORTED where that takes a parser:
 * another spelling than report_write's, or a name that holds an escape. It promises nothing about
 * the rest of the report: report_parse checks.
 */
enum err report_peek(struct view json, struct view *collector, struct view *workload) MUST_USE;

#endif
