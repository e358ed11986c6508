/*
 * Lines for a terminal of 80 columns: what is longer goes on below, further in. Nothing is cut.
 */
#ifndef HALLMARK_AUDITOR_TELL_WRAPPED_H
#define HALLMARK_AUDITOR_TELL_WRAPPED_H

#include "auditor/tell/display.h"
#include "proto/bytes.h"

#define WRAPPED_COLUMNS 80

/* `text` behind `head`, which is short and printable; made printable (display.h) before. */
void wrapped_view(const struct display *d, const char *head, struct view text);
void wrapped_line(const struct display *d, const char *head, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
