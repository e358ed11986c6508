/*
 * `hallmark-signer policy show`: a policy that the evidence store keeps, with all the files that it
 * names; and written to a directory, from which it loads again, the same to the byte.
 */
#ifndef HALLMARK_SIGNER_POLICIES_STORED_H
#define HALLMARK_SIGNER_POLICIES_STORED_H

#include <stdbool.h>
#include <stdio.h>

#define STORED_EXIT_UNKNOWN 2 /* it is not there, or could not be read or written */

struct stored_options {
	/* "name@sha256:<hex>", the digest alone, or the number of a report's entry that names it */
	const char *id;
	const char *log; /* directory, for the number of an entry; else NULL will do */
	const char *evidence;
	const char *output; /* a directory that is made, and may not be there yet; NULL: none */
	bool json;
};

/* Returns the exit status. */
int stored_show(const struct stored_options *options, FILE *to);

#endif
