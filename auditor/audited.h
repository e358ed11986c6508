/*
 * A log that fsck or replay looks at: what both of them are told, and what both do before and
 * behind it.
 */
#ifndef HALLMARK_AUDITOR_AUDITED_H
#define HALLMARK_AUDITOR_AUDITED_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "auditor/kept.h"
#include "auditor/retirement.h"
#include "auditor/tell/display.h"
#include "auditor/trusted.h"
#include "log/evidence_reader.h"
#include "log/log_reader.h"

#define AUDITED_FAULTS_DEFAULT 50

struct audited_options {
	const char *log;
	const char *evidence; /* NULL: what needs none is checked */
	const struct argument_list *certificates;
	const char *origin; /* NULL: whichever a certificate's key signed under */
	struct trusted trusted;
	struct kept_options kept;
	struct retirement_options retirement;
	uint64_t faults_max;
	bool json, full;
};

/* Zero-initialised but for the options; in place, since it points into itself. */
struct audited {
	const struct audited_options *options;
	FILE *to;
	struct trusted trusted; /* read */
	struct progress progress;
	struct display head, d;
	struct findings findings;
	struct json json;  /* an open object */
	struct json found; /* an open array: what is told */
	struct seal_wanted wanted;
	struct log_reader log;
	struct evidence_reader *evidence;
	struct kept kept;
	struct retirement retirement;
};

/*
 * Reads what is trusted, opens log and evidence, holds the log against what was kept. What was
 * kept is judged by audited_close, and does not keep the log from being looked at.
 */
enum outcome audited_open(
    struct audited *a, const struct audited_options *options, FILE *to) MUST_USE;

/*
 * Says the verdict: `words`, of the log itself, unless only what was kept makes it worse. To be
 * called whatever came out of audited_open; gives the outcome with what was kept.
 */
enum outcome audited_close(struct audited *a, enum outcome o, const char *words) MUST_USE;

#endif
