/*
 * What ties the reports of a workload together: each names the entry of its chain before it, report
 * or absence, each bundle the bundle before it; sequence numbers rise, times do not fall. A gap
 * record is of a time before, and names what was accepted before it was measured: something fresh
 * was accepted since. It ends no silence.
 */
#ifndef HALLMARK_LOG_WALK_CHAINS_H
#define HALLMARK_LOG_WALK_CHAINS_H

#include <stdbool.h>
#include <stdint.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "log/reason.h"
#include "log/walk/dues.h"
#include "log/walk/vouchers.h"
#include "policy/due.h"
#include "policy/policy.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/report/absence.h"
#include "proto/report/report.h"

/*
 * Workloads that are followed, some 400 bytes each. A log with more is not wrong, only more than
 * one run can tell.
 */
#define CHAINS_MAX 2000000

/* One collector's workload, as the log has it so far. */
struct chain {
	struct digest name;
	uint64_t report;      /* index of its newest report */
	struct digest newest; /* leaf hash of its newest entry, report or absence */
	uint64_t seq;
	uint64_t fresh;    /* seq of its newest report that is no gap record */
	uint64_t time_ms;  /* of that */
	uint64_t absences; /* since that */
	uint64_t last_signed_s;
	struct digest bundle;

	/* When it has to be heard of again (log/walk/silence.h), under the rule that judges it. */
	struct dues_item item;
	struct due due;
	bool due_is_known;
	uint64_t policy; /* serial number of the policy that `rule` is of; 0: of none */
	const struct policy_rule *rule, *older; /* the one that it is rolled out against */

	struct vouched_chain vouched; /* only where verdicts are made again */

	UT_hash_handle hh;
	size_t collector_size, workload_size;
	uint8_t names[]; /* one behind the other */
};

struct view chain_collector(const struct chain *c);
struct view chain_workload(const struct chain *c);

/* Zero-initialised. */
struct chains {
	struct chain *all; /* by name; hh.next is the next one */
	uint8_t salt[16];  /* of names, random */
};

/* No chain yet. ERR_MEMORY, also where there is no chance. */
enum err chains_init(struct chains *c) MUST_USE;
void chains_free(struct chains *c);

/* The log was set back to this time: nothing of what was before is of a later one any more. */
void chains_set_back(struct chains *c, uint64_t iat_s);

/* NULL if nothing is followed under this name. */
struct chain *chains_find(const struct chains *c, struct view collector, struct view workload);

/* One of which all else comes from elsewhere. NULL: it is there, or there is no room for it. */
struct chain *chains_restore(struct chains *c, struct view collector, struct view workload);

/*
 * Checks the next report of the log, and follows it whatever is found. `leaf`: its leaf hash.
 * Unknown beyond CHAINS_MAX and for want of memory: then NULL.
 */
struct chain *chains_take_report(struct chains *c, const struct report *r, uint64_t index,
    const struct digest *leaf, struct reason *reason);

/* The same for one workload of an absence; NULL if it has not reported before. */
struct chain *chains_take_absence(struct chains *c, struct view collector,
    const struct absence_workload *a, const struct digest *leaf, struct reason *reason);

#endif
