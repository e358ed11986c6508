/*
 * What a report was made from, readable: every component that its bundle names, item by item, and
 * every finding, also those that the report has no room for.
 */
#ifndef HALLMARK_AUDITOR_TELL_SHOW_MEASURED_H
#define HALLMARK_AUDITOR_TELL_SHOW_MEASURED_H

#include "auditor/tell/display.h"
#include "log/evidence_reader.h"
#include "log/outcome.h"
#include "proto/report/report.h"

struct show_measured_wanted {
	bool components, findings;
	struct view notice; /* the one that the report names; size 0: it cannot be had */
};

/*
 * Shown on `d`; `json`, if it is not NULL, is an open object that takes `components` and `findings`
 * instead. Unknown if something is not in the evidence; bad if it is not what the report names.
 */
enum outcome show_measured(const struct report *r, struct evidence_reader *evidence,
    const struct show_measured_wanted *wanted, const struct display *d, struct json *json) MUST_USE;

#endif
