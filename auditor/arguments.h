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

/* What it says; NULL, 0 or false where it does not. Texts point into it. */
struct arguments {
	const char *certificate, *origin, *log, *evidence, *report;
	char **files;
	size_t file_count;
	struct digest *policies;
	size_t policy_count;
	char **approvers;
	struct digest *approver_ids; /* room for as many */
	size_t approver_count;
	bool json, explain, tree_only, all, has_index;
	uint64_t index, faults_max;
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
