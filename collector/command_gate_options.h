/*
 * What the gate is asked for on its command line.
 */
#ifndef HALLMARK_COLLECTOR_COMMAND_GATE_OPTIONS_H
#define HALLMARK_COLLECTOR_COMMAND_GATE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define GATE_TIMEOUT_S 90 /* measuring has 45 by default, a signer's answer a while */

struct gate_options {
	const char *config, *name;
	const char *program; /* that would start; NULL: the command, or the workload's */
	const char *root;    /* a tree that is judged in its place; as the kernel has it */
	const char *image;   /* the same of an image; and which one of several */
	const char *platform, *tag;
	const char *receipt;  /* file for it; NULL: it is not wanted */
	const char *summary;  /* the same of the verification summary */
	const char *demanded; /* file of a summary, in the place of the signer's answer */
	const char *verifier; /* whose that has to be; NULL: anybody's of the log */
	char **command;       /* ends with NULL; NULL: nothing is started */
	uint64_t max_age_s, timeout_s;
};

/* False: usage, which is told. */
bool gate_options_parse(int count, char **list, struct gate_options *out);

#endif
