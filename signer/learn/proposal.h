/*
 * What is proposed, in memory: the policy file, a reference set for each kind of files, and what
 * people should look at. Written from what was seen (signer/learn/seen.h).
 * Where the program of the main processes was upgraded there is a family besides: a set for each
 * release.
 */
#ifndef HALLMARK_SIGNER_LEARN_PROPOSAL_H
#define HALLMARK_SIGNER_LEARN_PROPOSAL_H

#include <stddef.h>

#include "proto/bytes.h"
#include "signer/learn/releases.h"
#include "signer/learn/seen.h"

struct proposal {
	const struct seen *seen;
	const char *workloads; /* the pattern */
	struct buf policy, review;
	struct buf set[COMPONENT_KIND_COUNT]; /* lines; empty where there is none */
	struct releases releases;
	struct buf release_set[RELEASES_MAX];
	bool divided[COMPONENT_KIND_COUNT];  /* has lines in sets of releases */
	struct buf rules;                    /* of the policy's entry */
	bool recorded[COMPONENT_KIND_COUNT]; /* was seen, and no rule looks at it */
	size_t rule_count;
	size_t noted; /* lines of the review so far */
};

void proposal_free(struct proposal *p);

/* A line of the review: what, of which item, and where it was seen. */
void proposal_note(struct proposal *p, const char *what, const struct seen_item *item);

/* The items of a kind from the first on; `*end` is behind the last. */
size_t proposal_range(const struct seen *s, enum component_kind kind, bool made, size_t *end);

#endif
