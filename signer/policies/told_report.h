/*
 * A report of a log, with the policy that it was judged by and what was measured for it.
 */
#ifndef HALLMARK_SIGNER_POLICIES_TOLD_REPORT_H
#define HALLMARK_SIGNER_POLICIES_TOLD_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "log/evidence_reader.h"
#include "log/stored/measured.h"
#include "log/stored/noticed.h"
#include "log/stored/policy_cache.h"
#include "policy/policy.h"
#include "proto/report/report.h"

struct told_report {
	uint64_t index;
	struct buf entry;
	struct report_document document;
	struct evidence_reader *evidence;
	struct policy_cache *policies;
	const struct policy *policy;    /* its own: the one in force */
	const struct policy *decided;   /* the same, or the one before, that decided */
	const struct policy_rule *rule; /* of that, by which it was judged */
	struct standing *in_force;      /* at its notice */
	struct measured measured;
};

/*
 * Of the entry with this number, a decimal. False, with what is wrong on stderr, if anything of it
 * cannot be had. To be freed whatever comes out.
 */
bool told_report_read(
    const char *number, const char *log, const char *evidence, struct told_report *out);

/* The same of the entry alone: `document` is all there is. */
bool told_report_entry(const char *number, const char *log, struct told_report *out);
void told_report_free(struct told_report *r);

#endif
