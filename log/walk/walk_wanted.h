/*
 * What a walk over a log is asked for, and what it counts.
 */
#ifndef HALLMARK_LOG_WALK_WALK_WANTED_H
#define HALLMARK_LOG_WALK_WALK_WANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/evidence_reader.h"
#include "log/walk/manifests.h"
#include "log/walk/vouching_trust.h"
#include "log/walk/walk_visited.h"
#include "proto/report/notice.h"
#include "proto/report/report.h"

#define WALK_RANKS 4 /* of report_status_rank */

struct walk_wanted {
	const char *origin;               /* that every entry has to be of */
	struct evidence_reader *evidence; /* NULL: none */
	bool verdicts;                    /* make each again; needs evidence */
	struct manifests_expected manifests;
	/* Ids of keys of which one has to approve the first manifest; 0: none has to. */
	const struct digest *approvers;
	size_t approver_count;
	const struct vouching_trust
	    *trust;        /* who may vouch for collectors; NULL: nobody is named */
	walk_visit *visit; /* told of each entry, in order; NULL: nobody is */
	void *visit_context;
};

struct walk_counts {
	uint64_t reports[WALK_RANKS]; /* by report_status_rank */
	uint64_t absences;            /* entries */
	uint64_t absent;              /* workloads in them */
	uint64_t notices[NOTICE_OTHER + 1];
	uint64_t unknown; /* entries of a kind or form that is not known */
	uint64_t stops;   /* start notices but the first */
	uint64_t down_s;  /* in which by those no bundles were taken */
	/* verdicts, where they are made again */
	uint64_t same, different, not_possible;
	uint64_t unexpected; /* bad for a policy that nobody expects, and for nothing else */
	uint64_t foreign;    /* the same for who vouched, who is none of those named */
};

#endif
