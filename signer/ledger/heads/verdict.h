/*
 * How each workload is: as its newest report was judged, or silent. How many are how is counted,
 * and each change is said:
 *
 *   event=verdict workload= collector= was= now= finding= index=
 *
 * `finding` is the worst of the report; `overdue` of one that is silent, `none` where there is
 * none. `index` is that of the entry that says so.
 */
#ifndef HALLMARK_SIGNER_LEDGER_HEADS_VERDICT_H
#define HALLMARK_SIGNER_LEDGER_HEADS_VERDICT_H

#include <stdint.h>

#include "proto/report/report.h"
#include "signer/ledger/heads/workload.h"

/* From the best. The ledger's classes of workloads (workload.h). */
enum verdict_kind {
	VERDICT_NEW, /* no report of it yet */
	VERDICT_AFFIRMING,
	VERDICT_NONE,
	VERDICT_WARNING,
	VERDICT_SILENT, /* absent since its newest report, whatever that said */
	VERDICT_CONTRAINDICATED,
	VERDICT_COUNT,
};

/* "new", "affirming", "none", "warning", "silent", "contraindicated" */
const char *verdict_name(enum verdict_kind v);

enum verdict_kind verdict_of(const struct workload *w);

/* What the newest report said, silent or not. */
enum verdict_kind verdict_reported(const struct workload *w);

/* The code of its finding, as above. */
struct view verdict_finding(const struct workload *w);
struct view verdict_code(const struct chain_verdict *v); /* the same, whoever is silent */

/* What this report will be in the head of `w`, whose head is still the one before. */
struct chain_verdict verdict_next(const struct workload *w, const struct report *r);

/* An absence of `iat_s` is the newest entry, and is counted in `head`: the first of a row is noted.
 */
void verdict_falls_silent(struct chain_head *head, uint64_t iat_s);

/* The head of `w` has changed, or what is due of it: counts, and says what is new. */
void verdict_settle(struct workload_table *t, struct workload *w);

/* Counts without a word: what a start finds is nothing new. */
void verdict_settle_silently(struct workload_table *t, struct workload *w);

#endif
