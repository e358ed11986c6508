/*
 * Who hears of every finding of an appraisal, also those that a report has no room for.
 */
#ifndef HALLMARK_POLICY_APPRAISAL_FINDING_LISTENER_H
#define HALLMARK_POLICY_APPRAISAL_FINDING_LISTENER_H

#include "proto/report/report.h"

/* Takes a finding, and what it yields; the views are valid during the call. */
struct finding_listener {
	void (*take)(void *context, enum report_status outcome, const struct report_finding *f);
	void *context;
};

#endif
