/*
 * hallmark-audit verify: receipts, and proofs of forks, against a log's certificate, without a
 * network.
 */
#ifndef HALLMARK_AUDITOR_VERIFY_H
#define HALLMARK_AUDITOR_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "auditor/arguments.h"
#include "auditor/demands.h"
#include "auditor/retirement.h"
#include "log/outcome.h"

struct verify_options {
	const struct argument_list *certificates;
	const struct argument_list *ca, *ca_crl; /* with the first: who has to stand behind those */
	const char *origin; /* NULL: whichever a certificate's key signed under */
	bool explain;       /* the output is a shell script; all else in it is commentary */
	bool full;          /* every step is shown */
	bool json;
	size_t file_count;
	char *const *files;
	const char *report; /* of the one receipt there is, where it has none in it; or NULL */
	struct demands demands;
	struct retirement_options retirement;
	bool has_cosigned_by;   /* a witness has to have seen each entry by then, */
	uint64_t cosigned_by_s; /* in seconds since 1970 */
	FILE *fork_proof; /* takes the proof, where two of the files cannot both be true; or NULL */
};

/*
 * The worst outcome of all files. Bad also: a demand that is not met, two files that cannot both be
 * true, and the proof of a fork that is one. A proof of a fork that proves nothing is unknown.
 */
enum outcome verify_run(const struct verify_options *options, FILE *to) MUST_USE;

#endif
