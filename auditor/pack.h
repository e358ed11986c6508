/*
 * hallmark-audit pack: a folder for somebody who trusts nobody. What a log says of a time, after
 * all of it was checked as `replay --all` does, with receipts, proofs, keys and policies, and a
 * script that verifies these with openssl and coreutils alone.
 *
 *   index.html       for people: what a framework demands, and the rows that answer it
 *   history.csv      rows as `history --csv` has them; changes.csv: policies and statements
 *   receipts/        of the first report of each deviation, and of samples (samples.txt)
 *   checkpoints/     end.txt, signed; start.txt and consistency.txt
 *   keys/, certificates/, policies/, statements/
 *   audit.txt        what was checked, and what came of it
 *   verify.sh, VERIFY.txt, SHA256SUMS, hallmark-verify.html where that is installed
 */
#ifndef HALLMARK_AUDITOR_PACK_H
#define HALLMARK_AUDITOR_PACK_H

#include <stdio.h>

#include "auditor/audited.h"
#include "auditor/history/past.h"
#include "auditor/pack/framework.h"
#include "log/outcome.h"

struct pack_options {
	struct audited_options log; /* with evidence; not in JSON */
	struct past_wanted wanted;  /* all hosts and workloads */
	const struct framework *framework;
	const char *inventory; /* file: a line "host" or "host,workload"; NULL: none */
};

/* `parcel`: of parcel_begin. What was checked is said on `to` too. */
enum outcome pack_run(const struct pack_options *options, FILE *parcel, FILE *to) MUST_USE;

#endif
