/*
 * hallmark-signer policy advisories: a feed of what publishers say about vulnerabilities
 * (policy/feeds/import/feed_source.h)
 */
#ifndef HALLMARK_SIGNER_POLICY_ADVISORIES_H
#define HALLMARK_SIGNER_POLICY_ADVISORIES_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/sources/source_options.h"

/* Of what `policy --help` says. */
#define POLICY_ADVISORIES_SYNOPSIS                                                                 \
	"       hallmark-signer policy advisories FROM... -o FEED [--release NAME]...\n"           \
	"                       [--packages FILE]...\n"
#define POLICY_ADVISORIES_HELP                                                                     \
	"advisories\n"                                                                             \
	"         makes a feed of advisories: OSV (a file, a zip, a directory), Debian's\n"        \
	"         security tracker (JSON), CSAF 2.0 (a file, a directory); and tells what\n"       \
	"         it left out. --release: which counts, as OSV (\"Debian:12\") or the\n"           \
	"         tracker (\"bookworm\") name it; --packages: lists of packages, by which\n"       \
	"         the names of sources become those of what is installed (Packages,\n"             \
	"         /var/lib/dpkg/status, APKINDEX). 1: faults; nothing is written then\n"

/* As on the command line, whose strings it borrows. */
struct policy_advisories_words {
	const char **from;
	size_t from_count; /* 1 or more */
	const char *output;
	struct source_texts releases, packages;
};

/* False for none or two of what there is to be one of; nothing is to be freed then. */
bool policy_advisories_arguments(int argc, char **argv, struct policy_advisories_words *out);
void policy_advisories_words_free(struct policy_advisories_words *w);

/*
 * Writes the feed, tells how much is in it and what was left out on stdout. Of a source with faults
 * nothing is written; these are on stderr. The exit status: 0, or 1.
 */
int policy_advisories(const struct policy_advisories_words *w);

#endif
