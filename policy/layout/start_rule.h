/*
 * What an entry of `workloads` says in `start`, of what is measured before the workload runs, rests
 * on what it says of the running one: rules for the kinds that can be there then, and what they
 * yield. What `start` says itself is laid over that (policy/layout/merge.h); its `facts` take the
 * place of the other ones. So what is written out says the same when it is read again.
 */
#ifndef HALLMARK_POLICY_LAYOUT_START_RULE_H
#define HALLMARK_POLICY_LAYOUT_START_RULE_H

#include "config/yaml_node.h"
#include "config/yaml_tree.h"

/*
 * The entry with its `start` written out, in the tree's memory; as it is where it has none. `size`
 * grows by the nodes of that.
 */
struct yaml_node *start_rule_write_out(struct yaml_tree *t, struct yaml_node *entry, size_t *size);

#endif
