/*
 * One value laid over another: how the defaults, the blocks and the own words of a workload become
 * one entry.
 */
#ifndef HALLMARK_POLICY_LAYOUT_MERGE_H
#define HALLMARK_POLICY_LAYOUT_MERGE_H

#include "config/yaml_tree.h"

/*
 * Mappings are merged key by key, lists of facts are joined, since all of them have to hold; else
 * `over` takes the place of `under`. Neither is changed, and what only one of them says is shared.
 */
struct yaml_node *merge_over(struct yaml_tree *t, struct yaml_node *under, struct yaml_node *over);

/* A mapping without the pair of that key; the same one, where it has none. */
struct yaml_node *merge_without(struct yaml_tree *t, struct yaml_node *mapping, struct view key);

/* The entries of both lists, in the place of the first. */
struct yaml_node *merge_joined(
    struct yaml_tree *t, struct yaml_node *first, const struct yaml_node *second);

#endif
