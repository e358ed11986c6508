/*
 * The steps from the trees of several files to one. Only policy/layout/ includes this.
 */
#ifndef HALLMARK_POLICY_LAYOUT_JOIN_H
#define HALLMARK_POLICY_LAYOUT_JOIN_H

#include "config/yaml_tree.h"
#include "policy/layout/limits.h"
#include "policy/layout/softened.h"

struct joining {
	struct yaml_tree *tree;
	struct faults *faults;
	/* The policy, then what it includes, each walked as a part; mappings all. */
	struct yaml_node *file[1 + LAYOUT_INCLUDES_MAX];
	size_t file_count;

	/* What join_files finds: blocks that no workload uses, by their names. */
	const struct yaml_node **unused;
	size_t unused_count;
	struct softenings softened;
};

/* One tree of all, with every workload written out. */
struct yaml_node *join_files(struct joining *j);

#endif
