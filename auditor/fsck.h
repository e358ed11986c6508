/*
 * hallmark-audit fsck: a whole log against a certificate. Seal, every hash of every tile, every
 * entry against its leaf, leftovers; and what the entries say, held against each other and, if it
 * is given, against the evidence.
 */
#ifndef HALLMARK_AUDITOR_FSCK_H
#define HALLMARK_AUDITOR_FSCK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "auditor/trusted.h"
#include "log/outcome.h"

#define FSCK_FAULTS_DEFAULT 50

struct fsck_options {
	const char *log;
	const char *evidence; /* NULL: what needs none is checked */
	const char *certificate;
	const char *origin; /* NULL: whichever the certificate's key signed under */
	bool tree_only;     /* entries are hashed, and nobody reads them */
	struct trusted trusted;
	uint64_t faults_max;
};

enum outcome fsck_run(const struct fsck_options *options, FILE *to) MUST_USE;

#endif
