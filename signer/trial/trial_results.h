/*
 * What a trial has found, by workload: how many reports stay, fall or rise, and the newest of those
 * that change.
 */
#ifndef HALLMARK_SIGNER_TRIAL_TRIAL_RESULTS_H
#define HALLMARK_SIGNER_TRIAL_TRIAL_RESULTS_H

#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/report/report.h"

/* Of a workload what its reports come to: a fall, if one of them falls. */
enum trial_change { TRIAL_FALLS, TRIAL_UNKNOWN, TRIAL_RISES, TRIAL_STAYS, TRIAL_CHANGES };

/* A status, or that the policy lets nobody speak for it, which is worse than all of them. */
#define TRIAL_REFUSED 4

struct trial_workload {
	char *collector, *workload;
	const struct policy_rule *rule; /* of the new policy; NULL: it refuses it */
	uint64_t reports[TRIAL_CHANGES];
	size_t group;   /* number of that in which its newest report would be found; 0: in none */
	uint64_t index; /* of the newest report of the worst change */
	int was, is;    /* ranks of its status (report_status_rank), or TRIAL_REFUSED */
	char *cause;    /* in words; "" where there is none */
};

struct trial_results;

struct trial_results *trial_results_new(void); /* NULL for want of memory */
void trial_results_free(struct trial_results **r);

/* The workload of a report, which is new if it was not there: with its rule. NULL: no memory. */
struct trial_workload *trial_results_find(
    struct trial_results *r, const struct policy *policy, const struct report *report);

/* A report of it, with ranks. `cause` may be NULL. ERR_MEMORY. */
enum err trial_workload_add(struct trial_workload *w, uint64_t index, int was, int is,
    const struct report_finding *cause) MUST_USE;

/* One whose evidence cannot be had, `why`. ERR_MEMORY. */
enum err trial_workload_add_unknown(
    struct trial_workload *w, uint64_t index, int was, const char *why) MUST_USE;

enum trial_change trial_workload_change(const struct trial_workload *w);

/*
 * All of them, sorted: by change, then the worst to come first, by cause, workload and collector.
 * To be freed, they are not. NULL for want of memory.
 */
struct trial_workload **trial_results_sorted(const struct trial_results *r, size_t *count);

#endif
