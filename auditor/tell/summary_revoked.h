/*
 * What operators have revoked in the entries of a log that were read.
 */
#ifndef HALLMARK_AUDITOR_TELL_SUMMARY_REVOKED_H
#define HALLMARK_AUDITOR_TELL_SUMMARY_REVOKED_H

#include "auditor/tell/display.h"
#include "auditor/tell/json.h"
#include "log/walk/revocations.h"

void summary_revoked_show(const struct display *d, const struct revocations *r);

/* The same as members of an open object. */
void summary_revoked_write(struct json *j, const struct revocations *r);

#endif
