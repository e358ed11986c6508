/*
 * The paths that a rule of files names: `path`, `demand`. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_NAMED_H
#define HALLMARK_POLICY_COMPILE_POLICY_NAMED_H

#include "policy/compile/draft.h"

/* `key` is the rule's. */
void policy_named_compile(
    struct draft *d, const char *key, const struct raw_file_rule *raw, struct file_rule *to);

#endif
