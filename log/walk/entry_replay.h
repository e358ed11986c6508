/*
 * One entry of a log, alone: proved to be in it, and what it says made again from the evidence as
 * far as that needs no other entry than the notice that it names.
 */
#ifndef HALLMARK_LOG_WALK_ENTRY_REPLAY_H
#define HALLMARK_LOG_WALK_ENTRY_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "log/defects.h"
#include "log/evidence_reader.h"
#include "log/log_reader.h"
#include "log/walk/vouching.h"
#include "log/walk/walk_wanted.h"
#include "proto/bytes.h"
#include "proto/report/entry.h"

struct entry_replay {
	enum outcome outcome; /* but for what nobody expects */
	enum entry_kind kind; /* of what was proved; ENTRY_NONE also if nothing was */
	bool only_unexpected; /* bad, because nobody expects its policy, and for nothing else */
	bool only_foreign;    /* bad, because nobody who was named vouches, and perhaps for that */
	struct vouched vouched; /* for a report, by its own signature */
	struct buf policy_id;   /* of a report */
	struct buf entry;
};

/*
 * A report: its verdict, and that it was judged by the manifest in force at its notice. An absence:
 * that the report it names is one of the workload. A notice: that it follows from the one before
 * it. What hangs on the entries in between is not looked at. Of what is wanted the policies that
 * are expected count, and the trust. `out` is to be freed.
 */
void entry_replay_run(const struct log_reader *l, struct evidence_reader *evidence, uint64_t index,
    const struct walk_wanted *wanted, struct defects *defects, struct entry_replay *out);
void entry_replay_free(struct entry_replay *r);

#endif
