/*
 * Every hash of every tile of a log, and every entry against its leaf, in one pass from the left
 * with memory that does not grow with the log.
 *
 * Each level keeps the hashes of its unfinished tile twice: as they follow from the entries, and as
 * they follow from the stored tiles one level below. A stored hash that equals neither is a defect
 * of its own; one that equals only one of them says on which side the damage lies, and a damaged
 * file is named once and not again on every level above. The log is good only if no hash differs
 * and the entries lead to the signed root.
 */
#ifndef HALLMARK_LOG_TREE_CHECK_H
#define HALLMARK_LOG_TREE_CHECK_H

#include <stdint.h>

#include "log/defects.h"
#include "log/log_reader.h"
#include "proto/bytes.h"

/* Called for each entry that could be read, in order. */
typedef void tree_check_visit(void *context, uint64_t index, struct view entry);

struct tree_check_result {
	uint64_t entries;       /* read and hashed */
	uint64_t entries_bytes; /* in them */
	uint64_t tiles;         /* hash tiles read */
	uint64_t hashes;        /* in them */
};

/*
 * Adds to `defects` what is wrong, until they are full, and tells their listener of its progress.
 * `visit` may be NULL.
 */
void tree_check_run(const struct log_reader *l, struct defects *defects, tree_check_visit *visit,
    void *context, struct tree_check_result *out);

#endif
