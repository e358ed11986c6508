/*
 * hallmark-signer policy import: a reference set of what builds and publishers give
 * (policy/sources/source.h).
 */
#ifndef HALLMARK_SIGNER_POLICY_IMPORT_H
#define HALLMARK_SIGNER_POLICY_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/sources/source_options.h"

/* As on the command line, whose strings it borrows. */
struct policy_import_words {
	const char **from;
	size_t from_count; /* 1 or more */
	const char *output;
	struct source_options options;
};

/* False for none or two of what there is to be one of; nothing is to be freed then. */
bool policy_import_arguments(int argc, char **argv, struct policy_import_words *out);
void policy_import_words_free(struct policy_import_words *w);

/*
 * Writes the set, tells how much is in it and what was left out on stdout. Of a source with faults
 * nothing is written; these are on stderr. The exit status: 0, or 1.
 */
int policy_import(const struct policy_import_words *w);

#endif
