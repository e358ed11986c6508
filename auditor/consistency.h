/*
 * hallmark-audit consistency: did a log only grow between two of its states, each of them a
 * checkpoint, a receipt or a copy of the log.
 */
#ifndef HALLMARK_AUDITOR_CONSISTENCY_H
#define HALLMARK_AUDITOR_CONSISTENCY_H

#include <stdbool.h>
#include <stdio.h>

#include "auditor/arguments.h"
#include "log/outcome.h"

struct consistency_options {
	const struct argument_list *certificates;
	const char *origin;        /* NULL: whichever a certificate's key signed under */
	const char *older, *newer; /* files, or the directories of copies */
	bool json;
	FILE *fork_proof; /* takes the proof of a fork; or NULL */
};

/*
 * Good: the newer one's tree begins with the older one's. Bad: it does not, which is a fork, or has
 * fewer entries. Unknown where these two cannot tell, which receipts and checkpoints alone often
 * can not; a copy of the log always can.
 */
enum outcome consistency_run(const struct consistency_options *options, FILE *to) MUST_USE;

#endif
