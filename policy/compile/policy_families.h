/*
 * Which reference sets a policy has: those of its own, and the releases of its families, with the
 * windows in which they count. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_FAMILIES_H
#define HALLMARK_POLICY_COMPILE_POLICY_FAMILIES_H

#include "policy/compile/draft.h"

/* Fills all of the policy's families, and of its references all but what is in their files. */
void policy_families_compile(struct draft *d);

/* The key of the file of such a reference, such as "families[2].releases[0].file". */
void policy_families_file_key(const struct policy *p, size_t reference, char key[DRAFT_KEY_MAX]);

#endif
