/*
 * hallmark-audit fsck: a whole log against a certificate. Seal, every hash of every tile, every
 * entry against its leaf, leftovers; on demand every report and every workload's chain.
 */
#ifndef HALLMARK_AUDITOR_FSCK_H
#define HALLMARK_AUDITOR_FSCK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "log/outcome.h"
#include "log/policies.h"

#define FSCK_FAULTS_DEFAULT 50

struct fsck_options {
	const char *log;
	const char *certificate;
	const char *origin;                /* NULL: whichever the certificate's key signed under */
	bool reports;                      /* parse every report and follow the chains: slower */
	struct policies_expected policies; /* which count as good; of the reports */
	uint64_t faults_max;
};

enum outcome fsck_run(const struct fsck_options *options, FILE *to) MUST_USE;

#endif
