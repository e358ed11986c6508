/*
 * What a rule of files accepts by name: executable memory without a file, and what a component may
 * have been made with. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_ACCEPT_H
#define HALLMARK_POLICY_COMPILE_POLICY_ACCEPT_H

#include "policy/compile/draft.h"

/* Fills that part of `to`, of the rule at `key`, such as "workloads[2].libraries". */
void policy_accept_compile(
    struct draft *d, const char *key, const struct raw_file_rule *raw, struct file_rule *to);

#endif
