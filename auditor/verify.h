/*
 * `hallmark-audit verify`: is this receipt true? With nothing but the log's public certificate.
 */
#ifndef HALLMARK_AUDITOR_VERIFY_H
#define HALLMARK_AUDITOR_VERIFY_H

#include "auditor/outcome.h"
#include "proto/report.h"

/*
 * Verifies one receipt and prints each step. `origin`: the log it must be of; NULL: whatever the
 * checkpoint says, which is printed. `explain`: prints the steps as shell commands too.
 */
enum outcome verify_receipt(
    const char *path, const char *certificate, const char *origin, bool explain);

/* The steps on a report that verify and show share: who, what, verdict. */
void verify_say_report(const struct report *r);

#endif
