/*
 * What two reports say themselves, compared: one value beside the other, and lists of texts.
 */
#ifndef HALLMARK_AUDITOR_TELL_REPORT_ROWS_H
#define HALLMARK_AUDITOR_TELL_REPORT_ROWS_H

#include <stdbool.h>

#include "auditor/tell/display.h"
#include "auditor/tell/text_list.h"
#include "proto/report/report.h"

/* The values that differ: a line each; in JSON the member `values`, by name. */
void report_rows_show(const struct report *const report[DIFFERENCE_SIDES], const struct display *d,
    struct json *json);

/* Shows one list; in JSON its texts are written as they are to stand. */
typedef enum err report_list_show(const char *name, const struct text_list *a,
    const struct text_list *b, bool full, const struct display *d, struct json *json);

/* Reference sets that were used, what was accepted, what no rule looked at. ERR_MEMORY. */
enum err report_lists_show(const struct report *const report[DIFFERENCE_SIDES], bool full,
    const struct display *d, struct json *json, report_list_show *show) MUST_USE;

#endif
