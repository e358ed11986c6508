/*
 * What a trial has found, for people - causes before counts, never a list of a thousand - and as
 * JSON, which has everything.
 */
#ifndef HALLMARK_SIGNER_TRIAL_TRIAL_PRINT_H
#define HALLMARK_SIGNER_TRIAL_TRIAL_PRINT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "signer/trial/trial_results.h"

struct trial_summary {
	const struct policy *policy;
	uint64_t reports;      /* appraised again */
	uint64_t from_s, to_s; /* issue times of the first and the last of them */
	uint64_t took_ms;
	uint64_t unreadable; /* entries that could not be read at all */
	size_t workload_count;
	struct trial_workload *const *workloads; /* sorted */
};

void trial_print_text(const struct trial_summary *s, bool all, FILE *to);

/* False for want of memory. */
bool trial_print_json(const struct trial_summary *s, FILE *to);

#endif
