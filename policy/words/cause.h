/*
 * Why a report has a finding: which key of its policy decided it, and what would mend it.
 */
#ifndef HALLMARK_POLICY_WORDS_CAUSE_H
#define HALLMARK_POLICY_WORDS_CAUSE_H

#include <stdbool.h>

#include "policy/policy.h"
#include "proto/evidence/component.h"
#include "proto/report/report.h"

struct cause {
	struct view sentence;     /* what the code means; size 0: it is of a later version */
	const char *mend;         /* without a full stop; NULL likewise */
	enum component_kind part; /* whose rule it is; COMPONENT_KIND_COUNT: the entry's own */
	const char *key;          /* that decided it, below the part; NULL: there is none */
	bool said;                /* the policy has the key; else what it leaves out has decided */
	const char *file;         /* that the key is written in; else its part, else the entry */
	unsigned line;            /* there */
};

/* What would mend a finding of this code, without a full stop; NULL: nothing is known. */
const char *cause_mend(struct view code);

/* `r` is the rule that the finding was made by. */
void cause_of(const struct policy *p, const struct policy_rule *r, const struct report_finding *f,
    struct cause *out);

#endif
