/*
 * What is different between two policies: what they say, clause by clause, and what is in their
 * reference sets. Only what counts: comments, the order of keys and what a default says anyhow are
 * no difference.
 */
#ifndef HALLMARK_POLICY_WORDS_DIFFERENCE_H
#define HALLMARK_POLICY_WORDS_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"
#include "policy/words/clauses.h"
#include "policy/words/set_difference.h"
#include "proto/bytes.h"

enum difference_about {
	DIFFERENCE_CLAUSE, /* `was`, `is`, one of them NULL where a clause came or went */
	DIFFERENCE_SET,    /* a set that both have */
	DIFFERENCE_ENTRY,  /* an entry that came (`came`) or went */
	DIFFERENCE_ORDER,  /* entries that both have are tried in another order */
};

/* Valid during the call that tells it. */
struct difference {
	enum difference_about about;
	struct view entry; /* its pattern; size 0: at the top */
	bool came;
	const struct clause *was, *is;
	struct view set;            /* its name */
	size_t files_was, files_is; /* entries of it */
	struct set_difference paths;
};

typedef void difference_tell(void *context, const struct difference *d);

/* Top, sets, entries: each in the order of its policy. Aborts for want of memory. */
void difference_find(
    const struct policy *was, const struct policy *is, difference_tell *tell, void *context);

#endif
