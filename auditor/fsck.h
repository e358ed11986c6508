/*
 * hallmark-audit fsck: a whole log against a certificate. Seal, every hash of every tile, every
 * entry against its leaf, leftovers; and what the entries say, held against each other and, if it
 * is given, against the evidence.
 */
#ifndef HALLMARK_AUDITOR_FSCK_H
#define HALLMARK_AUDITOR_FSCK_H

#include <stdbool.h>
#include <stdio.h>

#include "auditor/audited.h"
#include "log/outcome.h"

struct fsck_options {
	struct audited_options log;
	bool tree_only;         /* entries are hashed, and nobody reads them */
	const char *transcript; /* file that is to be the one that entry 0 names; or NULL */
};

enum outcome fsck_run(const struct fsck_options *options, FILE *to) MUST_USE;

#endif
