/*
 * hallmark-signer policy import: a reference set of what builds and publishers give
 * (policy/sources/source.h).
 */
#ifndef HALLMARK_SIGNER_POLICY_IMPORT_H
#define HALLMARK_SIGNER_POLICY_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/sources/source_options.h"

/* Of what `policy --help` says. */
#define POLICY_IMPORT_SYNOPSIS                                                                     \
	"       hallmark-signer policy import FROM... -o SET [--content-only]\n"                   \
	"                       [--under DIR] [--key PEM]... [--builder ID]...\n"                  \
	"                       [--build-type URI]... [--parameter NAME=VALUE]...\n"               \
	"                       [--predicate-type URI]...\n"
#define POLICY_IMPORT_HELP                                                                         \
	"import   makes a reference set of packages (.deb), SBOMs (CycloneDX, SPDX 2.3),\n"        \
	"         signed in-toto statements and SLSA provenance (DSSE) and other sets,\n"          \
	"         and tells what it left out. --content-only: without owner and mode;\n"           \
	"         --under: where files with relative names are installed. Of what is\n"            \
	"         signed, whose word counts: keys, builders, types, and all external\n"            \
	"         parameters; with --key, nothing that is not signed is taken.\n"                  \
	"         1: faults; nothing is written then\n"

/* As on the command line, whose strings it borrows. */
struct policy_import_words {
	const char **from;
	size_t from_count; /* 1 or more */
	const char *output;
	struct source_texts keys; /* files */
	struct source_options options;
};

/*
 * False for none or two of what there is to be one of, a directory that is not absolute, a
 * parameter without "="; nothing is to be freed then.
 */
bool policy_import_arguments(int argc, char **argv, struct policy_import_words *out);
void policy_import_words_free(struct policy_import_words *w);

/*
 * Writes the set, tells how much is in it and what was left out on stdout. Of a source with faults
 * nothing is written; these are on stderr. The exit status: 0, or 1.
 */
int policy_import(struct policy_import_words *w);

#endif
