/*
 * hallmark-audit replay: are the verdicts of a log what its stored policies and evidence give.
 */
#ifndef HALLMARK_AUDITOR_REPLAY_H
#define HALLMARK_AUDITOR_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "auditor/trusted.h"
#include "log/outcome.h"

struct replay_options {
	const char *log;
	const char *evidence;
	const char *certificate;
	const char *origin; /* NULL: whichever the certificate's key signed under */
	bool all;           /* every entry, in order, with the tree checked; else `index` */
	uint64_t index;
	struct trusted trusted; /* approvers only with `all` */
	uint64_t faults_max;
};

enum outcome replay_run(const struct replay_options *options, FILE *to) MUST_USE;

#endif
