/*
 * A whole log against its sealed checkpoint: every hash of every tile, every entry against its
 * leaf, what else lies in the directory; on demand every report and every workload's chain.
 */
#ifndef HALLMARK_LOG_LOG_CHECK_H
#define HALLMARK_LOG_LOG_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "log/chains.h"
#include "log/defects.h"
#include "log/log_reader.h"
#include "log/policies.h"
#include "log/tree_check.h"

struct log_check_wanted {
	bool reports;                      /* parse every report and follow the chains: slower */
	struct policies_expected policies; /* which count as good; of the reports */
	uint64_t faults_max;
};

/* What was found so far; complete after log_check_run. */
struct log_check {
	const struct log_reader *log;
	struct defects defects;
	struct policies *policies; /* NULL unless the reports are wanted */
	struct chains *chains;     /* likewise */
	struct tree_check_result tree;
};

/* Reader and listener must outlive it. ERR_MEMORY; to be ended all the same. */
enum err log_check_begin(struct log_check *c, const struct log_reader *l,
    const struct log_check_wanted *wanted, const struct findings *f) MUST_USE;
void log_check_end(struct log_check *c);

/* `directory` is the path that the reader was opened by. Stops where the defects are full. */
enum outcome log_check_run(struct log_check *c, const char *directory) MUST_USE;

/* All that is bad is that reports were judged by policies that are not expected. */
bool log_check_only_unexpected(const struct log_check *c);

#endif
