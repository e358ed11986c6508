/*
 * From what was seen to a proposal: the policy file around the rules, the families, and the
 * review's beginning.
 */
#ifndef HALLMARK_SIGNER_LEARN_PROPOSE_H
#define HALLMARK_SIGNER_LEARN_PROPOSE_H

#include <stdbool.h>

#include "signer/learn/proposal.h"

/* Fills `policy`, `review` `set` and `release_set`; false for want of memory, or if nothing can be
 * proposed. */
bool propose(struct proposal *p);

#endif
