/*
 * The tokens that an entry of `workloads` wants: `token`, a list of {profile, audience,
 * lifetime_s}; and the summary that its `start` wants, which goes the same way: `summary`, the name
 * of a profile. Whether the key process's profiles can give them is not known here.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_TOKENS_H
#define HALLMARK_POLICY_COMPILE_POLICY_TOKENS_H

#include "policy/compile/draft.h"

/* Of the entry of this number; what is wrong is a fault of the draft. */
void policy_tokens_compile(struct draft *d, size_t index);

/* The same of a `start`. */
void policy_tokens_compile_summary(struct draft *d, const struct draft_entry *entry);

#endif
