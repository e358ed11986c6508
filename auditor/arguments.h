/*
 * The command line of hallmark-audit.
 */
#ifndef HALLMARK_AUDITOR_ARGUMENTS_H
#define HALLMARK_AUDITOR_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/digest.h"
#include "proto/err.h"

#define ARGUMENT_STATUSES 4 /* of report_status_rank */

/* Values of an option that may be there more than once, in order. */
struct argument_list {
	const char **value;
	size_t count;
};

/* What it says; NULL, 0 or false where it does not. Texts point into it. */
struct arguments {
	char **files;
	size_t file_count;
	struct argument_list certificates, receipts, at_least, approvers, collectors_ca, crl,
	    retired, operators, witnesses, log_ca, log_crl;
	const char *origin, *log, *evidence, *report, *transcript, *fork_proof, *workload,
	    *collector, *cosigned, *framework, *out, *inventory, *host;
	struct digest *policies;
	size_t policy_count;
	struct digest *approver_ids;    /* room for as many as approvers */
	bool status[ARGUMENT_STATUSES]; /* by report_status_rank */
	bool any_status, json, explain, full, tree_only, all, vouched, findings, components, csv,
	    zip;
	bool has_index, has_second_index, has_max_age, has_at, has_cosigned_by, has_newest_within,
	    has_faults_max, has_from, has_to;
	uint64_t index, second_index, faults_max, max_age_s, at_s, cosigned_by_s, newest_within_s,
	    from_s, to_s;
};

/*
 * Options and files in any order; "--" ends the options. `options`: those that the command takes,
 * as letters of the table in arguments.c; f: files. `odd` is NULL, or the argument that does not
 * fit. `out` has the defaults, and is to be freed whatever comes out. ERR_MEMORY.
 */
enum err arguments_read(
    int argc, char **argv, const char *options, struct arguments *out, const char **odd) MUST_USE;
void arguments_free(struct arguments *a);

#endif
