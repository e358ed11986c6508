/*
 * A report, readable, in sections: who, when, verdict, findings, evidence, chain.
 */
#ifndef HALLMARK_AUDITOR_TELL_SHOW_REPORT_H
#define HALLMARK_AUDITOR_TELL_SHOW_REPORT_H

#include "auditor/tell/display.h"
#include "proto/report/report.h"

void show_report(const struct report *r, const struct display *d);

#endif
