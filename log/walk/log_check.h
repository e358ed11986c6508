/*
 * A whole log against its sealed checkpoint: every hash of every tile, every entry against its
 * leaf, what else lies in the directory, and what the entries say (log/walk/walk.h).
 */
#ifndef HALLMARK_LOG_WALK_LOG_CHECK_H
#define HALLMARK_LOG_WALK_LOG_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "log/defects.h"
#include "log/log_reader.h"
#include "log/tree_check.h"
#include "log/walk/walk.h"

/* A checkpoint that somebody has, authentic: whether it was that key's to sign is in the log. */
struct log_check_signed {
	const char *what;
	struct digest key; /* SHA-256 of its SubjectPublicKeyInfo */
	uint64_t size;
};

struct log_check_wanted {
	bool tree_only;                      /* entries are hashed, and nobody reads them */
	struct walk_wanted walk;             /* else; its origin is the reader's */
	const struct log_check_signed *kept; /* beside the log's own; outlives the check */
	size_t kept_count;
	uint64_t faults_max;
};

/* What was found so far; complete after log_check_run. */
struct log_check {
	const struct log_reader *log;
	struct defects defects;
	struct tree_check *tree;
	struct walk *walk; /* NULL: only the tree is checked */
	const struct log_check_signed *kept;
	size_t kept_count;
};

/* Reader, listener and what is wanted must outlive it. ERR_MEMORY; to be ended all the same. */
enum err log_check_begin(struct log_check *c, const struct log_reader *l,
    const struct log_check_wanted *wanted, const struct findings *f) MUST_USE;
void log_check_end(struct log_check *c);

/*
 * Up to the reader's checkpoint. `leftovers`: and what else lies in its directory. Stops where the
 * defects are full.
 */
enum outcome log_check_run(struct log_check *c, bool leftovers) MUST_USE;

/* All that is bad is that policies were in force that nobody expects... */
bool log_check_only_unexpected(const struct log_check *c);

/* ... or that, and who vouched for collectors. */
bool log_check_only_foreign(const struct log_check *c);

#endif
