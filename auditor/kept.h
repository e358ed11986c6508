/*
 * Is a copy of a log all of it: held against what somebody has kept apart from it. A copy that was
 * cut is as well signed as the whole; only a receipt, a later checkpoint or the clock can tell.
 */
#ifndef HALLMARK_AUDITOR_KEPT_H
#define HALLMARK_AUDITOR_KEPT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "auditor/arguments.h"
#include "auditor/tell/display.h"
#include "log/log_reader.h"
#include "log/outcome.h"
#include "log/walk/log_check.h"

struct kept_options {
	const struct argument_list *receipts; /* files; each has to be of this log */
	const struct argument_list *at_least; /* checkpoints that it has to have grown from */
	bool has_newest_within;
	uint64_t newest_within_s; /* its newest entry is not older */
	FILE *fork_proof;         /* takes the proof of a fork; or NULL */
};

/* What is wrong, the worst first. */
enum kept_verdict {
	KEPT_GOOD,
	KEPT_FORK,    /* bad: it and something kept, or two of those, cannot both be true */
	KEPT_WRONG,   /* bad: a file that was kept is no receipt or checkpoint of this log */
	KEPT_SHORT,   /* bad: entries that were signed are not in it */
	KEPT_OLD,     /* bad: its newest entry is too old */
	KEPT_UNKNOWN, /* something could not be read */
};

struct kept {
	enum kept_verdict verdict;
	bool newest_is_known;
	uint64_t newest_s;                   /* iat of the newest entry; seconds since 1970 */
	struct log_check_signed *checkpoint; /* of all that is authentic; owned */
	size_t checkpoint_count;
	const char **unheld; /* files of which it was not shown that the log has them; owned */
	size_t unheld_count;
	bool only_retired; /* then: each rests on a key that others may have had (retirement.h) */
};

/*
 * Tells the newest entry, and each file; members "newest", "kept" and "fork" of an open object.
 * `name`: the log's directory.
 */
void kept_check(const struct kept_options *options, const struct log_reader *l, const char *name,
    const struct seal_wanted *wanted, const struct display *d, struct json *j, struct kept *out);

void kept_free(struct kept *k);

enum outcome kept_outcome(enum kept_verdict v);

/* A remark where nothing was kept to hold it against. */
void kept_warn(const struct kept_options *options, const struct display *d);

#endif
