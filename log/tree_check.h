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

/* Entries that follow one another, as they were read. Valid during the call. */
struct tree_check_entries {
	uint64_t first; /* index */
	size_t count;
	const struct view *entry;
	const struct digest *leaf; /* of each */
};

/* Called with all entries that could be read, in order, some at a time. */
typedef void tree_check_visit(void *context, const struct tree_check_entries *entries);

struct tree_check_result {
	uint64_t entries;       /* read and hashed */
	uint64_t entries_bytes; /* in them */
	uint64_t tiles;         /* hash tiles read */
	uint64_t hashes;        /* in them */
};

struct tree_check;

/* `visit` may be NULL. Defects and context must outlive it. NULL for want of memory. */
struct tree_check *tree_check_new(struct defects *defects, tree_check_visit *visit, void *context);
void tree_check_free(struct tree_check **t);

/*
 * Goes on to the checkpoint that the reader has, from where the run before ended: so a log that
 * grows can be followed. Adds to the defects what is wrong, until they are full, and tells their
 * listener of its progress.
 */
void tree_check_run(struct tree_check *t, const struct log_reader *l);

/*
 * Goes on from the reader's checkpoint, of which everything is forgotten but its size: it was
 * checked before. The tiles of its right edge have to lead to its root: ERR_PROOF; the errors of
 * log_read_tile. After an error it is good for nothing but another call.
 */
enum err tree_check_resume(struct tree_check *t, const struct log_reader *l) MUST_USE;

/* What was found since it was made, or went on from a checkpoint. */
enum tree_check_state {
	TREE_CHECK_GOOD,
	TREE_CHECK_LACKS, /* nothing is wrong, but files were not there, or could not be read */
	TREE_CHECK_WRONG,
};

enum tree_check_state tree_check_state(const struct tree_check *t);

/* Entries that were looked at. */
uint64_t tree_check_size(const struct tree_check *t);

/* Of all runs. */
const struct tree_check_result *tree_check_result(const struct tree_check *t);

#endif
