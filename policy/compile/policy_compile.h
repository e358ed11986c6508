/*
 * From a policy file as it stands to rules: every name resolved, every default filled in, every
 * fault of meaning noted. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_COMPILE_H
#define HALLMARK_POLICY_COMPILE_POLICY_COMPILE_H

#include "config/faults.h"
#include "policy/compile/policy_parts.h"
#include "policy/rules/rule.h"

/* Fills all of `p`, whose `yaml` is loaded, with faults or without. */
void policy_compile(struct policy *p, const char *file, policy_part_read *read, void *context,
    struct faults *faults);

#endif
