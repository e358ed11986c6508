/*
 * What operators have revoked, is in force in a signer's log, and touches a workload.
 */
#ifndef HALLMARK_SIGNER_POLICIES_REVOKED_H
#define HALLMARK_SIGNER_POLICIES_REVOKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "policy/policy.h"
#include "policy/words/revoked_words.h"
#include "proto/bytes.h"
#include "signer/policies/in_force.h"

struct revoked_list {
	bool known; /* else the log, or its evidence, could not be read; or there is none */
	size_t count;
	struct revoked_one {
		const struct revoke *revoke;
		struct revoked_use use;
	} * one; /* in the order of struct amendments */
	struct in_force in_force;
};

/*
 * Of the workload by this policy, and by the one that it is rolled out against, which is brought
 * from the evidence. Nothing where no entry is for it. A log that has not begun has nothing in
 * force; what else is wrong is told on stderr. To be freed, before the policy, whatever comes out.
 */
void revoked_read(const char *log, const char *evidence, struct policy *policy,
    struct view workload, struct revoked_list *out);
void revoked_free(struct revoked_list *r);

/* A part of their own, beside column `column`; nothing where nothing is known to be revoked. */
void revoked_print(const struct revoked_list *r, size_t column, FILE *to);

/* The member `revoked` of the open object that `to` ends in; null where it is not known. */
void revoked_append(const struct revoked_list *r, struct buf *to);

#endif
