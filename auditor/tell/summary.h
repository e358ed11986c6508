/*
 * What a log holds and what was said about it, in lines under a check of all its entries.
 */
#ifndef HALLMARK_AUDITOR_TELL_SUMMARY_H
#define HALLMARK_AUDITOR_TELL_SUMMARY_H

#include "auditor/tell/display.h"
#include "log/walk/walk.h"

/*
 * Counts of entries; the policies that were in force, with what they rest on; whether changes of
 * policy need an approval; what operators have revoked; what this version does not know.
 */
void summary_show(const struct display *d, const struct walk *w);

/* The same as members of an open object. */
void summary_write(struct json *j, const struct walk *w);

#endif
