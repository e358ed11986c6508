/*
 * Which feeds of advisories a policy wants, and each entry of it. Only policy/compile includes
 * this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_FEEDS_H
#define HALLMARK_POLICY_COMPILE_POLICY_FEEDS_H

#include "policy/compile/draft.h"

/* Those of the policy, before its entries. */
void policy_feeds_compile(struct draft *d);

/* Those of an entry: all of the policy's where it names none. */
void policy_feeds_of_entry(struct draft *d, size_t index);

#endif
