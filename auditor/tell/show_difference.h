/*
 * In what two reports differ: of one workload at two times, or of two hosts. What they say
 * themselves, their findings, and, where the evidence is at hand, what was measured, item by item.
 */
#ifndef HALLMARK_AUDITOR_TELL_SHOW_DIFFERENCE_H
#define HALLMARK_AUDITOR_TELL_SHOW_DIFFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "auditor/tell/display.h"
#include "log/evidence_reader.h"
#include "log/stored/component_difference.h"
#include "proto/report/report.h"

struct compared_reports {
	const struct report *report[DIFFERENCE_SIDES];
	uint64_t index[DIFFERENCE_SIDES]; /* their entries */
	/* The entries of the notices that they name (log/stored/noticed.h); empty: not known. */
	struct view notice[DIFFERENCE_SIDES];
	struct evidence_reader *evidence; /* NULL: components are compared by their digests */
	bool full;                        /* for people: no item is left out, digests are whole */
};

/*
 * Shown on `d` in 80 columns; `json`, if it is not NULL, is an open object that takes it instead.
 * Unknown if something is not in the evidence, bad if it is not what the report names: then the
 * rest is shown all the same.
 */
enum outcome show_difference(
    const struct compared_reports *c, const struct display *d, struct json *json) MUST_USE;

#endif
