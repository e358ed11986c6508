/*
 * What a relying party demands of a report that was proved: by whom, about what, how it came out,
 * how old. A receipt proves that the log says something; whether that is enough is decided here.
 *
 * With a status, an age or a time demanded the report has to be in force at that time, which is now
 * if none is named: issued, and not over.
 */
#ifndef HALLMARK_AUDITOR_DEMANDS_H
#define HALLMARK_AUDITOR_DEMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/receipt_check.h"

#define DEMANDS_MAX      5
#define DEMAND_TEXT_SIZE 640 /* bytes: a time, or an identity of 512 */
#define DEMAND_SKEW_S    60  /* that a signer's clock may be ahead of this one */
#define DEMAND_STATUSES  4   /* of report_status_rank */

struct demands {
	bool any_status, status[DEMAND_STATUSES]; /* by report_status_rank: any of those set */
	const char *workload, *collector;         /* NULL: any */
	bool has_max_age, has_at;
	uint64_t max_age_s;
	uint64_t at_s; /* seconds since 1970 */
};

struct demand {
	const char
	    *name; /* static text: "status", "workload", "collector", "age", "time", "entry" */
	bool met;
	char expected[DEMAND_TEXT_SIZE], found[DEMAND_TEXT_SIZE];
};

/* Anything is demanded. */
bool demands_any(const struct demands *d);

/* Each of them, held against the entry; `now_s` is the time unless one is demanded. */
size_t demands_judge(const struct demands *d, const struct receipt_check *c, uint64_t now_s,
    struct demand out[DEMANDS_MAX]);

#endif
