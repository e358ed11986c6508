/*
 * hallmark-audit history: what was so from when to when, out of a log that is walked and replayed
 * as `replay --all` does it.
 */
#ifndef HALLMARK_AUDITOR_HISTORY_H
#define HALLMARK_AUDITOR_HISTORY_H

#include <stdbool.h>
#include <stdio.h>

#include "auditor/audited.h"
#include "auditor/history/past.h"
#include "log/outcome.h"

struct history_options {
	struct audited_options log; /* with evidence */
	struct past_wanted wanted;
	bool csv; /* on `to`; what was checked then goes to `aside` */
};

enum outcome history_run(const struct history_options *options, FILE *to, FILE *aside) MUST_USE;

#endif
