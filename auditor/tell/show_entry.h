/*
 * An entry of a log, readable, whatever kind it is of; with what it names, as far as the evidence
 * has it.
 */
#ifndef HALLMARK_AUDITOR_TELL_SHOW_ENTRY_H
#define HALLMARK_AUDITOR_TELL_SHOW_ENTRY_H

#include <stdio.h>

#include "auditor/tell/display.h"
#include "log/evidence_reader.h"
#include "log/outcome.h"
#include "proto/bytes.h"
#include "proto/report/absence.h"
#include "proto/report/notice.h"

/*
 * `evidence` may be NULL. `raw`: where the entry's bytes go, and a newline, instead of being shown;
 * NULL: shown. Bad if it is in none of the forms; unknown if it is in one of a later version, which
 * is shown as it stands.
 */
enum outcome show_entry(struct view bytes, struct evidence_reader *evidence,
    const struct display *d, FILE *raw) MUST_USE;

void show_absence(const struct absence *a, const struct display *d);
void show_notice(const struct notice *n, struct evidence_reader *evidence, const struct display *d);

#endif
