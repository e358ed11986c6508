/*
 * Every report of a log, parsed, and what ties them together: per workload of a collector, each
 * report names the one before it, each bundle the bundle before it, sequence numbers rise, times do
 * not fall.
 */
#ifndef HALLMARK_LOG_CHAINS_H
#define HALLMARK_LOG_CHAINS_H

#include <stdint.h>

#include "log/outcome.h"
#include "log/policies.h"
#include "proto/bytes.h"
#include "proto/report/report.h"

/*
 * Workloads that are followed, some 200 bytes each. A log with more is not wrong, only more than
 * one run can tell.
 */
#define CHAINS_MAX 2000000

struct chains;

/*
 * `issuer`: the log that every report must be of. `policies`: where each report's policy is
 * counted; NULL: nowhere; must outlive it. NULL for want of memory.
 */
struct chains *chains_new(const char *issuer, struct policies *policies);
void chains_free(struct chains **c);

/*
 * The next entry of the log, in order of index; all of them must be handed in. Bad if it is no
 * report in its one form, is of another log, breaks its chain, or is the first that was judged by a
 * policy that is not expected; unknown beyond CHAINS_MAX. `what`
 * then says what was expected and found, until the next call.
 */
enum outcome chains_check(struct chains *c, struct view entry, const char **what) MUST_USE;

uint64_t chains_workloads(const struct chains *c);

/* How often chains_check was bad for a policy that is not expected, and for nothing else. */
uint64_t chains_unexpected(const struct chains *c);

uint64_t chains_reports(const struct chains *c, enum report_status s); /* that parsed */

#endif
