/*
 * Findings `vulnerable` of a report, told by their advisories: which of which feed is about what,
 * and which version mends it. A report itself names three ids of a finding.
 */
#ifndef HALLMARK_SIGNER_POLICIES_ADVISED_H
#define HALLMARK_SIGNER_POLICIES_ADVISED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "policy/policy.h"
#include "proto/bytes.h"
#include "signer/policies/finding_groups.h"
#include "signer/policies/told_report.h"

struct advised_advisory {
	struct buf id, feed, mended; /* the last empty: no version mends it */
};

/* A package, or a file: of one finding. */
struct advised_item {
	struct buf package, value, mended;
	size_t advisory_count;
	struct advised_advisory *advisory;
};

struct advised {
	size_t most; /* that are kept */
	size_t count;
	struct advised_item *item; /* [i] is of the group's finding[i] */
};

/*
 * Those of a group's findings that are kept. False, and nothing in `out`, for findings of another
 * code. Aborts for want of memory.
 */
bool advised_by(const struct told_report *r, const struct finding_group *g, struct advised *out);
void advised_free(struct advised *a);

/* In lines, with what an operator would state where it does not matter for this entry. */
void advised_print(const struct advised *a, const struct policy_rule *rule, FILE *to);

/* Appends the member "advisories" of a finding (doc/outputs.md). */
void advised_write(const struct advised *a, size_t index, struct buf *to);

#endif
