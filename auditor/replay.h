/*
 * hallmark-audit replay: are the verdicts of a log what its stored policies and evidence give, and
 * who vouches that the evidence is the collectors' own.
 */
#ifndef HALLMARK_AUDITOR_REPLAY_H
#define HALLMARK_AUDITOR_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "auditor/audited.h"
#include "log/outcome.h"

struct replay_options {
	struct audited_options log; /* with evidence; approvers only with `all` */
	bool all;                   /* every entry, in order, with the tree checked; else `index` */
	uint64_t index;
	bool vouched; /* demanded: somebody who is named vouches for each report */
};

enum outcome replay_run(const struct replay_options *options, FILE *to) MUST_USE;

#endif
