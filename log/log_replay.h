/*
 * The verdicts of a log made again from its stored policies and evidence: of one entry, or of all,
 * in order, with tree and chains checked.
 */
#ifndef HALLMARK_LOG_LOG_REPLAY_H
#define HALLMARK_LOG_LOG_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "log/chains.h"
#include "log/defects.h"
#include "log/evidence_reader.h"
#include "log/log_reader.h"
#include "log/policies.h"
#include "log/rederive.h"
#include "proto/report/report.h"

struct log_replay_wanted {
	bool all;                          /* else single entries, whose chains are not followed */
	struct policies_expected policies; /* which count as good */
	uint64_t faults_max;
};

/* What was found so far. */
struct log_replay {
	const struct log_reader *log;
	struct report_document document; /* of the entry that is replayed */
	struct defects defects;
	struct rederive *rederive;
	struct policies *policies;
	struct chains *chains;             /* NULL unless all are replayed */
	uint64_t same, different, unknown; /* verdicts */
	uint64_t unexpected; /* bad for their policy, where chains do not count them */
};

/* Readers and listener must outlive it. ERR_MEMORY; to be ended all the same. */
enum err log_replay_begin(struct log_replay *r, const struct log_reader *l,
    struct evidence_reader *evidence, const struct log_replay_wanted *wanted,
    const struct findings *f) MUST_USE;
void log_replay_end(struct log_replay *r);

/* Every entry, if `all` was wanted. Stops where the defects are full. */
void log_replay_all(struct log_replay *r);

/* One entry, after proving that it is in the log; if `all` was not wanted. */
void log_replay_index(struct log_replay *r, uint64_t index);

/* All that is bad is that reports were judged by policies that are not expected. */
bool log_replay_only_unexpected(const struct log_replay *r);

#endif
