/*
 * One case: what a policy makes of its evidence, and whether that is what was expected.
 */
#ifndef HALLMARK_SIGNER_CASES_CASE_RUN_H
#define HALLMARK_SIGNER_CASES_CASE_RUN_H

#include <stdbool.h>

#include "policy/policy.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "signer/cases/cases_file.h"
#include "signer/cases/coverage.h"
#include "signer/cases/evidence_file.h"

struct case_result {
	bool passed;
	enum case_expected found;
	struct buf words; /* printable lines: what is not as expected */
};

/*
 * Judges the evidence as at the case's time. What decided is added to `coverage`. ERR_MEMORY. `out`
 * is to be freed whatever comes out.
 */
enum err case_run(const struct policy *p, const struct case_entry *c,
    const struct evidence_components *evidence, struct coverage *coverage,
    struct case_result *out) MUST_USE;
void case_result_free(struct case_result *r);

#endif
