/*
 * Where a content stands in the reference sets of a policy, whichever rules use them.
 */
#ifndef HALLMARK_POLICY_WORDS_KNOWN_H
#define HALLMARK_POLICY_WORDS_KNOWN_H

#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/evidence/component.h"

#define KNOWN_MAX 8 /* places that are told: more say nothing more */

/* Points into the policy. */
struct known {
	size_t count; /* of `at` */
	size_t more;  /* that are not told */
	struct known_place {
		struct view set; /* its name */
		struct view path;
	} at[KNOWN_MAX];
};

/* All entries of all sets of a policy, by digest. As long as the policy. */
struct known_index;

/* To be freed; aborts for want of memory. */
struct known_index *known_index_new(const struct policy *p);
void known_index_free(struct known_index **i);

void known_by_digest(
    const struct known_index *index, const struct digest *digest, struct known *out);

/*
 * Appends the names of the sets that the rule for this part compares with at that time, ", "
 * between them; nothing where it compares with none.
 */
void known_counting(
    const struct policy_rule *r, enum component_kind part, uint64_t at_s, struct buf *to);

#endif
