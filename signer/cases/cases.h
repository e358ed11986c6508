/*
 * `hallmark-signer policy test`: the cases of a policy, run. Lines of TAP, JUnit's XML where
 * wanted, and which keys of the rules no case has made decide.
 */
#ifndef HALLMARK_SIGNER_CASES_CASES_H
#define HALLMARK_SIGNER_CASES_CASES_H

#include <stdio.h>

/* Of the help of `policy`. */
#define POLICY_CASES_SYNOPSIS                                                                      \
	"       hallmark-signer policy test CASES [--policy FILE] [--junit FILE]\n"                \
	"       hallmark-signer policy record N (-c FILE | --log DIR --evidence DIR)\n"            \
	"                       -o FILE\n"
#define POLICY_CASES_HELP                                                                          \
	"test     runs the cases of a policy: CASES is their file, or a directory with\n"          \
	"         cases.yaml in it; prints TAP, and which keys of rules no case has\n"             \
	"         made decide. 1: a case came out otherwise; 2: not all could be read\n"           \
	"record   makes a case of the report with this number in the log: what was\n"              \
	"         measured goes to the new FILE, and the file of cases to have beside it\n"        \
	"         is printed; a further case goes below it without the first line\n"

#define CASES_EXIT_FAILED  1 /* a case came out otherwise */
#define CASES_EXIT_UNKNOWN 2 /* policy, cases or evidence could not be read */

struct cases_options {
	const char *cases;  /* a file, or a directory with cases.yaml in it */
	const char *policy; /* NULL: what the cases say, or policy.yaml beside them */
	const char *junit;  /* a file to write; or NULL */
};

/* Returns the exit status. Faults go to stderr. */
int cases_run(const struct cases_options *options, FILE *to);

#endif
