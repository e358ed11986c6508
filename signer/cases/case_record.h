/*
 * `hallmark-signer policy record`: a report of the log, made a case.
 */
#ifndef HALLMARK_SIGNER_CASES_CASE_RECORD_H
#define HALLMARK_SIGNER_CASES_CASE_RECORD_H

#include <stdio.h>

struct case_record_options {
	const char *report;         /* number of its entry */
	const char *evidence_file;  /* a new file, for what was measured */
	const char *log, *evidence; /* directories */
};

/*
 * Writes what was measured for the report as signer/cases/evidence_file.h reads it, and prints a
 * file of one case (signer/cases/cases_file.h), which expects what the report says. Returns the
 * exit status: 0 or 2. What is wrong goes to stderr.
 */
int case_record(const struct case_record_options *options, FILE *to);

#endif
